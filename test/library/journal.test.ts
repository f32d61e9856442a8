/** Frames of `tickshard/journal` are the reader's own. Found here: they were views of memory that was read again. */
import { expect, it } from 'vitest';
import { compactSegment } from '../../src/journal/compact.js';
import { readEvents, readJournal } from '../../src/library/journal.js';
import { stampAt, writerIn } from '../journal/made.js';
import { inFolder } from '../parquet/candles.js';

const BLOCKS = 40;
const FRAMES = 100;
const frame = (k: number): Buffer => Buffer.alloc(379, k);

it.each(['raw', 'compacted'])(
  'a frame of a %s journal keeps its bytes while others are read',
  async (form) => {
    await inFolder(async (folder) => {
      const writer = writerIn(folder);
      await writer.start({ taken: () => undefined, written: () => undefined });
      for (let k = 0; k < BLOCKS; k++) {
        writer.open(stampAt(k));
        for (let n = 0; n < FRAMES; n++) writer.frame(frame(k + n));
        await writer.flush();
      }
      await writer.stop();
      if (form === 'compacted') expect(await compactSegment(folder, 1)).toMatchObject({ number: 1 });
      const all: Uint8Array[] = [];
      for await (const { bytes } of readJournal(folder)) all.push(bytes);
      expect(all).toHaveLength(BLOCKS * FRAMES);
      const wrong = all.filter((bytes, at) => !frame(Math.floor(at / FRAMES) + (at % FRAMES)).equals(bytes));
      expect(wrong).toEqual([]);
      expect(all[0]).not.toBeInstanceOf(Buffer);
    });
  },
);

it('a folder without a journal is refused with a code, frames and events alike', () =>
  inFolder(async (folder) => {
    await expect(readJournal(folder).next()).rejects.toMatchObject({ name: 'FeedError', code: 'JOURNAL' });
    await expect(readEvents(folder).next()).rejects.toMatchObject({ name: 'FeedError', code: 'JOURNAL' });
  }));
