/**
 * A journal is read as written, whatever was done to its files: up to the last whole block, with the rest
 * counted, and no exception but EngineError. Mutations that were caught: the checksum is not compared, the
 * block's number is not compared, `size` has no bound, several blocks' checksums are accepted together.
 */
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { KIND } from '../../src/journal/format.js';
import { readJournal } from '../../src/journal/reader.js';
import { perTier } from '../volume.js';
import { endsOf, found, foundByDocument, frameOf, journalOf, stampAt, writerIn, type Entry } from './made.js';

const BLOCKS = 12;
/** Bytes between two places of damage. Odd, so that every bit of a byte has its turn. */
const STEP = perTier(7, 1, 1);

it('holds what was written, by its own reader and by one that was made from the document', async () => {
  await inFolder(async (folder) => {
    await journalOf(folder, BLOCKS);
    const { extent, entries } = await found(folder);
    expect(extent).toMatchObject({
      runId: 'run-1',
      segments: 1,
      blocks: BLOCKS,
      segment: 1,
      tornBytes: 0,
      broken: undefined,
      bytes: statSync(join(folder, '000001.journal')).size,
    });
    expect(entries).toEqual(foundByDocument(folder));
    expect(entries.filter(({ kind }) => kind === 5).map(({ bytes, stamp }) => [bytes, stamp])).toEqual(
      Array.from({ length: BLOCKS }, (_, k) => [frameOf(k).toString('hex'), stampAt(k)]),
    );
  });
});

it('hands over binary messages together as it does one by one, whatever stands between them', async () => {
  await inFolder(async (folder) => {
    const writer = writerIn(folder);
    await writer.start({ taken: () => undefined, written: () => undefined });
    // f: a frame, d: a decision. More frames than one batch; no frame; blocks longer than a chunk.
    for (const [k, what] of [
      'f',
      'ff',
      'fdff',
      'dff',
      'ffd',
      'd',
      'fddf',
      '',
      'f'.repeat(2048),
      'f'.repeat(5000),
      `${'f'.repeat(4096)}d`,
      `d${'f'.repeat(40_000)}`,
      'f',
    ].entries()) {
      writer.open(stampAt(k));
      for (const [n, one] of [...what].entries())
        if (one === 'f') writer.frame(frameOf(k + n));
        else writer.numbers(KIND.seal, n);
      writer.commit();
      await writer.flush();
    }
    await writer.stop();
    const together: Entry[] = [];
    let most = 0;
    await readJournal(folder, {
      entry: (kind, bytes, stamp) => together.push({ kind, bytes: bytes.toString('hex'), stamp }),
      frames: (messages, stamp) => {
        most = Math.max(most, messages.count);
        for (let n = 0; n < messages.count; n++)
          together.push({ kind: KIND.frame, bytes: Buffer.from(messages.slice(n)).toString('hex'), stamp });
      },
    });
    expect(together).toEqual(foundByDocument(folder));
    expect((await found(folder)).entries).toEqual(together);
    expect(most).toBe(2048);
  });
});

it('cut off anywhere, it ends at the last whole block and counts the rest', async () => {
  await inFolder(async (folder) => {
    await journalOf(folder, BLOCKS);
    const path = join(folder, '000001.journal');
    const whole = readFileSync(path);
    const ends = endsOf(whole);
    for (let length = whole.length - 1; length >= 64; length -= STEP) {
      truncateSync(path, length);
      const { extent, entries } = await found(folder);
      const blocks = ends.filter((end) => end <= length).length - 1;
      expect(extent).toMatchObject({
        blocks,
        tornBytes: length - ends[blocks],
        offset: ends[blocks],
        broken: length === ends[blocks] ? undefined : 'torn',
      });
      expect(entries.filter(({ kind }) => kind === 5)).toHaveLength(blocks);
    }
    truncateSync(path, 63);
    await expect(found(folder)).rejects.toMatchObject({
      code: 'JOURNAL',
      message: expect.stringMatching(
        /000001\.journal is no journal of tickshard; name the journal of another run\.$/,
      ) as string,
    });
  });
});

it('with any bit turned, it ends before the block in which that was', async () => {
  await inFolder(async (folder) => {
    await journalOf(folder, BLOCKS);
    const path = join(folder, '000001.journal');
    const whole = readFileSync(path);
    const ends = endsOf(whole);
    for (let at = 64; at < whole.length; at += STEP) {
      const turned = Buffer.from(whole);
      turned[at] ^= 1 << (at % 8);
      writeFileSync(path, turned);
      const { extent } = await found(folder);
      const hit = ends.findIndex((end) => end > at) - 1;
      expect([extent.blocks, extent.broken === undefined]).toEqual([hit, false]);
      if (hit < BLOCKS - 1 && at >= ends[hit] + 4) expect(extent.broken).toBe('damaged');
    }
  });
});

it('reads all segments, and ends where one is missing, foreign, or torn in the middle', async () => {
  await inFolder(async (parent) => {
    const folder = join(parent, 'a');
    await journalOf(folder, BLOCKS, { segmentBytes: 400 });
    const { extent, entries } = await found(folder);
    expect(extent.segments).toBeGreaterThan(2);
    expect(extent).toMatchObject({ blocks: BLOCKS, broken: undefined });
    expect(entries).toEqual(foundByDocument(folder));
    const segment = (number: number): string => join(folder, `00000${number}.journal`);
    const again = (): void => {
      rmSync(folder, { recursive: true });
      cpSync(join(parent, 'kept'), folder, { recursive: true });
    };
    cpSync(folder, join(parent, 'kept'), { recursive: true });

    renameSync(segment(2), join(parent, 'away'));
    expect((await found(folder)).extent).toMatchObject({ segments: 1, broken: 'damaged' });
    again();
    copyFileSync(segment(1), segment(3));
    expect((await found(folder)).extent).toMatchObject({ segments: 2, broken: 'damaged' });
    again();
    truncateSync(segment(2), statSync(segment(2)).size - 1);
    expect((await found(folder)).extent).toMatchObject({ segments: 2, broken: 'damaged' });
    again();
    // The process was killed after it made the next file and before it wrote the header.
    writeFileSync(segment(extent.segments + 1), 'TICK');
    expect((await found(folder)).extent).toMatchObject({
      segments: extent.segments,
      blocks: BLOCKS,
      tornBytes: 4,
      broken: 'torn',
    });
    again();
    rmSync(segment(1));
    await expect(found(folder)).rejects.toMatchObject({
      code: 'JOURNAL',
      exitCode: 2,
      message: expect.stringMatching(/begins with segment 2/) as string,
    });
    await expect(found(join(parent, 'nowhere'))).rejects.toMatchObject({
      code: 'JOURNAL',
      message: expect.stringMatching(/holds no journal/) as string,
    });
  });
});

it('of another version says which one it is', async () => {
  await inFolder(async (folder) => {
    await journalOf(folder, 1);
    const path = join(folder, '000001.journal');
    const bytes = readFileSync(path);
    bytes.writeUInt16LE(2, 8);
    writeFileSync(path, bytes);
    await expect(found(folder)).rejects.toMatchObject({
      code: 'JOURNAL',
      message: expect.stringMatching(
        /is of version 2, and this program reads version 1; name the journal of another run\.$/,
      ) as string,
    });
  });
});

it('refuses a block with a size beyond the bound, and one of zeros', async () => {
  await inFolder(async (folder) => {
    await journalOf(folder, 2);
    const path = join(folder, '000001.journal');
    const head = Buffer.alloc(40);
    head.writeUInt32LE(0x7fffffff, 0);
    appendFileSync(path, head);
    expect((await found(folder)).extent).toMatchObject({ blocks: 2, tornBytes: 40, broken: 'damaged' });
    truncateSync(path, statSync(path).size - 40);
    // A file system allocated room and was cut off before the bytes came.
    appendFileSync(path, Buffer.alloc(4096));
    expect((await found(folder)).extent).toMatchObject({ blocks: 2, tornBytes: 4096, broken: 'torn' });
  });
});
