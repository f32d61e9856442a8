/** Lists and prunes the journals: a folder for each run, named by its identifier. */
import { readdirSync, rmSync, statSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
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
function filesOf(folder: string): string[] {
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

/**
 * Removes the oldest runs' journals until the rest takes at most `maxBytes`: only segments and then empty folders,
 * never a `spared` run. Returns the removed runs.
 */
export function pruneJournals(
  folder: string,
  maxBytes: number,
  spared: (run: StoredRun) => boolean,
): string[] {
  const gone: string[] = [];
  const runs = runsIn(folder);
  let total = runs.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const run of runs.reverse()) {
    if (total <= maxBytes) break;
    if (spared(run)) continue;
    for (const path of filesOf(run.folder)) rmSync(path, { force: true });
    if (readdirSync(run.folder).length === 0) rmSync(run.folder, { recursive: true });
    total -= run.bytes;
    gone.push(run.runId);
  }
  return gone;
}
