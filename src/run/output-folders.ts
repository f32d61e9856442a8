/** The folders that a run may write to, looked at before anything is connected, and tried only when nothing else speaks against the run. */
import { accessSync, constants, mkdirSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { EngineError, sentenceOf } from '../errors.js';

/** Whether there is something at `path`; what lies beneath a file is not there either. */
function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return false;
    throw error;
  }
}

/** `path` or its nearest ancestor that exists. */
export function nearest(path: string): string {
  for (let at = resolve(path); ; at = dirname(at)) {
    if (exists(at) || at === dirname(at)) return at;
  }
}

/** Throws EngineError OUTPUT when `folder` plainly cannot be made or written to. Touches nothing. */
export function lookAtFolder(folder: string): void {
  try {
    const at = nearest(folder);
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

/** A path as people are told it: from the folder that they are in, where it lies below that. */
export function displayPath(path: string): string {
  const here = relative('', path);
  return here.startsWith('..') ? path : here;
}

/** Takes away folders that were made for nothing, the innermost first. */
export function leaveFolders(made: readonly string[]): void {
  for (const path of [...made].reverse()) rmdirSync(path);
}

/** Makes `folder` and what is missing above it; returns the folders made, outermost first. */
function makeFolders(folder: string): string[] {
  const missing: string[] = [];
  for (let at = resolve(folder); at !== nearest(at); at = dirname(at)) missing.unshift(at);
  const made: string[] = [];
  try {
    // One by one: where the kernel refuses with ENOENT, as in /proc, Node's recursive mkdir tries again for ever.
    for (const path of missing) {
      mkdirSync(path);
      made.push(path);
    }
    return made;
  } catch (error) {
    leaveFolders(made);
    throw error;
  }
}

/** Makes `folder` and writes to it, once; returns the folders made, outermost first. Throws EngineError OUTPUT when the system refuses; what was made is then removed. */
export function tryFolder(folder: string, runId: string): readonly string[] {
  const probe = join(folder, `.probe-${runId}`);
  let made: readonly string[] = [];
  try {
    made = makeFolders(folder);
    writeFileSync(probe, '');
    rmSync(probe);
    return made;
  } catch (error) {
    rmSync(probe, { force: true });
    leaveFolders(made);
    throw new EngineError(
      'OUTPUT',
      `${folder} cannot be written to (${sentenceOf(error)}); name another, or let this user write there.`,
      { cause: error },
    );
  }
}
