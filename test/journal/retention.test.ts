/**
 * Old journals go, and nothing else: not the current run's, not that of a living run, not one that may be resumed,
 * not what is no journal of ours. Broken on purpose and caught: the age is not compared, the state is not asked.
 */
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compactSegment } from '../../src/journal/compact.js';
import { KIND, segmentName } from '../../src/journal/format.js';
import { removedText, removeOldJournals } from '../../src/journal/retention.js';
import { storedJournal } from '../../src/journal/stored.js';
import { processStart } from '../../src/text/process-liveness.js';
import { metaSample } from '../fuzz/targets/meta.js';
import { inFolder } from '../parquet/candles.js';
import { block, stampAt, writerIn } from './made.js';

const NOW = Date.UTC(2026, 10, 30);
const DAY = 86_400_000;

interface Run {
  readonly runId: string;
  readonly days: number;
  readonly processId?: number;
  readonly ended?: boolean;
}

/** A journal of a run that wrote last `days` before NOW. No process has number 99,999,999. */
async function stored(
  parent: string,
  { runId, days, processId = 99_999_999, ended = true }: Run,
): Promise<string> {
  const folder = join(parent, runId);
  const writer = writerIn(folder, { runId, segmentBytes: 1500 });
  await writer.start({ taken: () => undefined, written: () => undefined });
  const alive = processId === process.pid;
  const meta = { ...metaSample, runId, processId, processStart: alive ? processStart(process.pid) : null };
  writer.open(stampAt(0));
  writer.put(KIND.meta, Buffer.from(JSON.stringify(meta)));
  await writer.flush();
  for (let k = 1; k < 40; k++) {
    block(writer, k);
    await writer.flush();
  }
  if (ended) {
    writer.open(stampAt(40));
    writer.put(KIND.sum, Buffer.from('{}'));
  }
  await writer.stop();
  for (const name of readdirSync(folder))
    utimesSync(join(folder, name), (NOW - days * DAY) / 1000, (NOW - days * DAY) / 1000);
  return folder;
}

const bytesIn = (folder: string): number =>
  readdirSync(folder).reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0);
const removed = async (folder: string, keepGb: number, keepDays?: number): Promise<string[]> =>
  (await removeOldJournals(folder, { keepGb, keepDays }, 'own', NOW)).map(({ runId }) => runId);

it('removes the oldest until the rest fits, and says so in one line', async () => {
  await inFolder(async (folder) => {
    const bytes = bytesIn(await stored(folder, { runId: '20261101T000000Z-1', days: 29 }));
    await stored(folder, { runId: '20261102T000000Z-1', days: 28 });
    await stored(folder, { runId: '20261103T000000Z-1', days: 27 });
    expect(await removed(folder, (3 * bytes) / 1e9)).toEqual([]);
    const gone = await removeOldJournals(folder, { keepGb: bytes / 1e9, keepDays: undefined }, 'own', NOW);
    expect(removedText(gone, { keepGb: 0.5, keepDays: undefined })).toBe(
      'Removed the 2 oldest journals, 0.00 GB (--keep-gb 0.5): 20261101T000000Z-1, 20261102T000000Z-1.',
    );
    expect(readdirSync(folder)).toEqual(['20261103T000000Z-1']);
    expect(removedText([], { keepGb: 8, keepDays: 1 })).toBeUndefined();
    expect(await removed(join(folder, 'nowhere'), 0)).toEqual([]);
  });
});

it('removes those of runs that ended too long ago, compacted ones too', async () => {
  await inFolder(async (folder) => {
    const old = await stored(folder, { runId: 'a', days: 8 });
    await stored(folder, { runId: 'b', days: 6 });
    // A compaction does not make it younger.
    expect(await compactSegment(old, 1)).toMatchObject({ number: 1 });
    expect(await removed(folder, 8, 9)).toEqual([]);
    expect(await removed(folder, 8, 7)).toEqual(['a']);
    expect(await removed(folder, 8, 0)).toEqual(['b']);
  });
});

it('spares the current run, living ones, those to resume, and what is no journal of ours', async () => {
  await inFolder(async (folder) => {
    await stored(folder, { runId: 'own', days: 9 });
    await stored(folder, { runId: 'living', days: 9, processId: process.pid, ended: false });
    await stored(folder, { runId: 'killed-now', days: 0.01, ended: false });
    await stored(folder, { runId: 'killed', days: 9, ended: false });
    await stored(folder, { runId: 'whole', days: 9, processId: process.pid });
    const other = await stored(folder, { runId: 'other', days: 9 });
    writeFileSync(join(other, segmentName(1)), 'something else');
    const copy = await stored(folder, { runId: 'copied', days: 9 });
    mkdirSync(join(folder, 'of-another-name'));
    for (const name of readdirSync(copy))
      writeFileSync(join(folder, 'of-another-name', name), readFileSync(join(copy, name)));
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'killed', 'notes.txt'), 'mine');
    expect((await removed(folder, 0, 0)).sort()).toEqual(['copied', 'killed', 'whole']);
    expect(readdirSync(folder).sort()).toEqual([
      'empty',
      'killed',
      'killed-now',
      'living',
      'of-another-name',
      'other',
      'own',
    ]);
    expect(readdirSync(join(folder, 'killed'))).toEqual(['notes.txt']);
  });
});

it('a stored journal is described from its first and its last segment, raw or compacted', async () => {
  await inFolder(async (parent) => {
    const folder = await stored(parent, { runId: 'run-1', days: 1, ended: false });
    const [before, size] = [await storedJournal(folder, 'run-1'), bytesIn(folder)];
    expect(before).toMatchObject({ state: 'interrupted', frames: null, rawBytes: size, compactedBytes: 0 });
    for (let number = 1; number < before!.segments; number++) await compactSegment(folder, number);
    const after = await storedJournal(folder, 'run-1');
    expect(after).toMatchObject({ frames: 39, segments: before!.segments, meta: { mode: 'ltp' } });
    expect(after!.rawBytes + after!.compactedBytes).toBe(bytesIn(folder));
    expect(after!.rawBytes).toBeLessThan(size);
    expect(await storedJournal(folder, 'another')).toBeUndefined();
  });
});
