/** Lists the journals: a folder for each run, named by its identifier. */
import { readdirSync, statSync, type Dirent } from 'node:fs';
import { basename, join } from 'node:path';
import { segmentOf } from './format.js';

export interface StoredRun {
  readonly folder: string;
  readonly runId: string;
  readonly bytes: number;
  /** Last modification, epoch ms. */
  readonly changedMs: number;
}

function entriesOf(folder: string): Dirent[] {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true
    ? readdirSync(folder, { withFileTypes: true })
    : [];
}

/** Numbers of the segments in a run's folder, raw or compacted, ascending; empty without the folder. */
export function segmentsOf(folder: string): number[] {
  const numbers = entriesOf(folder).flatMap(({ name }) => segmentOf(name)?.number ?? []);
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** The files of a journal in a run's folder: segments, raw or compacted, and what a killed compaction left. */
export function filesOf(folder: string): string[] {
  return entriesOf(folder)
    .filter((entry) => !entry.isDirectory() && isOurs(entry.name))
    .map(({ name }) => join(folder, name));
}

const isOurs = (name: string): boolean => segmentOf(name) !== undefined || /^\.\d{6}\.packed\./.test(name);

/** Newest first: a run's name begins with its start time. */
export function runsIn(folder: string): StoredRun[] {
  const runs = entriesOf(folder)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const run = join(folder, name);
      // A compaction may remove one meanwhile.
      const stats = filesOf(run).flatMap((path) => statSync(path, { throwIfNoEntry: false }) ?? []);
      return {
        folder: run,
        runId: name,
        bytes: stats.reduce((sum, { size }) => sum + size, 0),
        changedMs: Math.max(0, ...stats.map(({ mtimeMs }) => mtimeMs)),
      };
    });
  return runs.filter(({ changedMs }) => changedMs > 0).sort((a, b) => (a.runId < b.runId ? 1 : -1));
}

/** Bytes on disk of a run's segments, by form. */
export function sizesOf(folder: string): { readonly rawBytes: number; readonly compactedBytes: number } {
  let [rawBytes, compactedBytes] = [0, 0];
  for (const path of filesOf(folder)) {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (segmentOf(basename(path))?.packed === false) rawBytes += size;
    else compactedBytes += size;
  }
  return { rawBytes, compactedBytes };
}
