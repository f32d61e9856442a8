/** Removes the oldest journals of earlier runs. */
import { readdirSync, rmSync } from 'node:fs';
import { count } from '../text/count.js';
import { filesOf, runsIn, type StoredRun } from './folder.js';
import { storedJournal } from './stored.js';

const DAY_MS = 86_400_000;
const GB = 1e9;
/** Real ms since its last change in which a run that did not come to its end may still be resumed. */
const RESUMABLE_MS = 3_600_000;

export interface Retention {
  /** Of all journals together, those that stay included. */
  readonly keepGb: number;
  /** Since the run ended; undefined: for ever. */
  readonly keepDays: number | undefined;
}

/** True for a journal of ours that no process writes, and that no one is about to resume. */
async function mayGo({ folder, runId, changedMs }: StoredRun, nowMs: number): Promise<boolean> {
  const state = (await storedJournal(folder, runId))?.state;
  return state === 'whole' || (state === 'interrupted' && nowMs - changedMs > RESUMABLE_MS);
}

/**
 * Removes whole journals in `folder`, the oldest first, until the rest takes at most `keepGb` and none is older than
 * `keepDays`; never that of run `own`. Of a run's folder only the journal goes, and the folder if it is then empty.
 * Returns the removed runs. Throws the system's errors.
 */
export async function removeOldJournals(
  folder: string,
  { keepGb, keepDays = Infinity }: Retention,
  own: string,
  nowMs: number,
): Promise<StoredRun[]> {
  const gone: StoredRun[] = [];
  const runs = runsIn(folder);
  let total = runs.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const run of runs.reverse()) {
    const old = nowMs - run.changedMs > keepDays * DAY_MS;
    if ((total <= keepGb * GB && !old) || run.runId === own || !(await mayGo(run, nowMs))) continue;
    for (const path of filesOf(run.folder)) rmSync(path, { force: true });
    if (readdirSync(run.folder).length === 0) rmSync(run.folder, { recursive: true });
    total -= run.bytes;
    gone.push(run);
  }
  return gone;
}

/** One line that says what went; undefined if nothing did. */
export function removedText(gone: readonly StoredRun[], { keepGb, keepDays }: Retention): string | undefined {
  if (gone.length === 0) return undefined;
  const bytes = gone.reduce((sum, run) => sum + run.bytes, 0);
  const names = gone.slice(0, 3).map(({ runId }) => runId);
  const more = gone.length > names.length ? ` and ${gone.length - names.length} more` : '';
  const bounds = `--keep-gb ${keepGb}${keepDays === undefined ? '' : ` --keep-days ${keepDays}`}`;
  return `Removed the ${count(gone.length, 'oldest journal')}, ${(bytes / GB).toFixed(2)} GB (${bounds}): ${names.join(', ')}${more}.`;
}
