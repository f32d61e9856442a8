/** A run's output folders: checked before it connects, probed once nothing else can refuse the run. */
import { accessSync, constants, mkdirSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { SystemClock } from '../clock.js';
import { EngineError, sentenceOf } from '../errors.js';
import { watch } from '../memory/io-ledger.js';
import { OutLock, type OutLockOptions } from '../parquet/out-lock.js';
import type { Plan } from './plan.js';

/** False for a path below a file. */
function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw error;
  }
}

/** `path` or its nearest existing ancestor. */
export function nearestExisting(path: string): string {
  for (let at = resolve(path); ; at = dirname(at)) {
    if (exists(at) || at === dirname(at)) return at;
  }
}

/** Throws EngineError OUTPUT if permissions forbid to make or write `folder`. Changes nothing. */
export function checkFolder(folder: string): void {
  try {
    const at = nearestExisting(folder);
    if (!statSync(at).isDirectory())
      throw new EngineError('OUTPUT', `${folder} cannot be a folder: ${at} is a file; name another.`);
    accessSync(at, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError(
      'OUTPUT',
      `${folder} cannot be written to (${sentenceOf(error)}); name another, or let this user write there.`,
      { cause: error },
    );
  }
}

/** `path` to show: relative if below the current folder. */
export function displayPath(path: string): string {
  const here = relative('', path);
  return here.startsWith('..') ? path : here;
}

/** Removes folders that `probeFolder` made, innermost first. */
export function removeFolders(made: readonly string[]): void {
  for (const path of [...made].reverse()) rmdirSync(path);
}

/** Makes `folder` and its missing ancestors; returns those made, outermost first. */
function makeFolders(folder: string): string[] {
  const missing: string[] = [];
  for (let at = resolve(folder); at !== nearestExisting(at); at = dirname(at)) missing.unshift(at);
  const made: string[] = [];
  try {
    // One by one: Node's recursive mkdir never returns if the kernel refuses with ENOENT, as in /proc.
    for (const path of missing) {
      mkdirSync(path);
      made.push(path);
    }
    return made;
  } catch (error) {
    removeFolders(made);
    throw error;
  }
}

/**
 * Makes `folder` and writes a probe file to it; returns the folders made, outermost first. If the system refuses,
 * removes them and throws EngineError OUTPUT.
 */
export function probeFolder(folder: string, runId: string): readonly string[] {
  const probe = join(folder, `.probe-${runId}`);
  let made: readonly string[] = [];
  try {
    made = makeFolders(folder);
    writeFileSync(probe, '');
    rmSync(probe);
    return made;
  } catch (error) {
    rmSync(probe, { force: true });
    removeFolders(made);
    throw new EngineError(
      'OUTPUT',
      `${folder} cannot be written to (${sentenceOf(error)}); name another, or let this user write there.`,
      { cause: error },
    );
  }
}

/** The lock of the run's `--out`, not taken yet. */
export function lockOf({ outDir, runId }: Plan, heard: Pick<OutLockOptions, 'onWait' | 'onLost'>): OutLock {
  return new OutLock({ folder: outDir, who: `run ${runId}`, clock: new SystemClock(), ...heard });
}

/**
 * Makes and probes the run's folders, and takes the lock of `--out`. False if `over` resolves first. Throws
 * EngineError OUTPUT if the system refuses, or if another run writes there.
 */
export async function claimFolders(
  { folders, runId }: Plan,
  lock: OutLock,
  over: Promise<void>,
): Promise<boolean> {
  for (const folder of folders) probeFolder(folder, runId);
  watch(folders);
  const abort = new AbortController();
  void over.then(() => abort.abort());
  return lock.take(abort.signal);
}
