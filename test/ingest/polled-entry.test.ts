/** Entries of kind `polled`: their bytes by the document, and what a journal with others in it gives. */
import { join } from 'node:path';
import { readdirSync, truncateSync, statSync, writeFileSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { polledEntry, readPolledEntry } from '../../src/ingest/polled-entry.js';
import { appendSegment } from '../../src/journal/append.js';
import { compactSegment } from '../../src/journal/compact.js';
import { KIND } from '../../src/journal/format.js';
import { readJournal } from '../../src/journal/reader.js';
import { putPolled } from '../../src/run/back-fill.js';
import { found, foundByDocument, journalOf, stampAt } from '../journal/made.js';
import { inFolder } from '../parquet/candles.js';
import { at } from '../listed.js';

const POLLED = {
  instrument: 1,
  minuteMs: at('11:02'),
  open: 10_010,
  high: 10_050,
  low: 10_005,
  close: 10_020,
  volume: 77,
  answers: 2,
};
const bytesOf = (numbers: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(8 * numbers.length);
  for (const [k, number] of numbers.entries()) bytes.writeDoubleLE(number, 8 * k);
  return bytes;
};

describe('a polled entry', () => {
  it('is eight doubles in the order of the document', () => {
    expect(polledEntry(POLLED)).toEqual([1, at('11:02'), 10_010, 10_050, 10_005, 10_020, 77, 2]);
    expect(readPolledEntry(bytesOf(polledEntry(POLLED)), 2)).toEqual(POLLED);
  });

  it.each<[string, readonly number[], number]>([
    ['of an instrument that the run does not have', polledEntry(POLLED), 1],
    ['of fewer numbers', polledEntry(POLLED).slice(1), 2],
    ['with a fraction of a unit', polledEntry({ ...POLLED, open: 10_010.5 }), 2],
    ['with what is no number', polledEntry({ ...POLLED, volume: NaN }), 2],
    ['with a price of 0', polledEntry({ ...POLLED, low: 0 }), 2],
    ['whose high is below its close', polledEntry({ ...POLLED, high: 10_019 }), 2],
    ['with a negative volume', polledEntry({ ...POLLED, volume: -1 }), 2],
  ])('%s is refused', (_what, numbers, instruments) => {
    expect(readPolledEntry(bytesOf(numbers), instruments)).toBeUndefined();
  });
});

const append = async (folder: string, minutes: readonly number[]): Promise<void> => {
  const extent = await readJournal(folder, { entry: () => undefined });
  const rows = minutes.map((minuteMs) => ({ ...POLLED, minuteMs }));
  await appendSegment(folder, extent, stampAt(99), (blocks) => {
    putPolled(rows, stampAt(99), blocks);
    blocks.open(stampAt(99));
    blocks.put(KIND.sum, Buffer.from('{"polled":"x"}'));
  });
};

describe('a segment that is added to a journal', () => {
  it.each(['raw', 'compacted', 'with a torn tail'])('that is %s is read after it, and changes nothing that is whole', (what) =>
    inFolder(async (folder) => {
      await journalOf(folder, 12);
      if (what === 'compacted') expect(typeof (await compactSegment(folder, 1))).toBe('object');
      const entries = foundByDocument(folder);
      const path = join(folder, readdirSync(folder)[0]);
      const before = readFileSync(path);
      if (what === 'with a torn tail') writeFileSync(path, Buffer.concat([before, Buffer.alloc(17, 9)]));
      await append(folder, Array.from({ length: 1001 }, (_, k) => at('09:15') + k * 60_000));
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(statSync(join(folder, '000002.journal')).size).toBeGreaterThan(72_000);
      const { extent, entries: all } = await found(folder);
      expect(extent).toMatchObject({ segments: 2, broken: undefined, tornBytes: 0, blocks: 15 });
      expect(all).toEqual(foundByDocument(folder));
      expect(all.slice(0, 15)).toEqual(entries);
      expect(all.slice(15).map(({ kind }) => kind)).toEqual([...Array<number>(1001).fill(16), 14]);
      expect(all[15].bytes).toBe(bytesOf([1, at('09:15'), 10_010, 10_050, 10_005, 10_020, 77, 2]).toString('hex'));
      // As after a power failure, which a rename of synced bytes cannot give.
      truncateSync(join(folder, '000002.journal'), 1000);
      expect((await found(folder)).extent).toMatchObject({ broken: 'torn', blocks: 12 });
    })); // prettier-ignore
});
