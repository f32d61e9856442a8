/** The folders that a run may write to, looked at before anything is connected, and tried only when nothing else speaks against the run. */
import { accessSync, constants, mkdirSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EngineError, sentenceOf } from '../errors.js';

/** `path` or its nearest ancestor that exists. */
function nearest(path: string): string {
  for (let at = resolve(path); ; at = dirname(at)) {
    if (statSync(at, { throwIfNoEntry: false }) !== undefined || at === dirname(at)) return at;
  }
}

/** Throws EngineError OUTPUT when `folder` plainly cannot be made or written to. Touches nothing. */
export function lookAtFolder(folder: string): void {
  try {
    const at = nearest(folder);
    if (!statSync(at).isDirectory()) throw new EngineError('OUTPUT', `${folder} cannot be a folder: ${at} is a file.`);
    accessSync(at, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('OUTPUT', `${folder} cannot be written to (${sentenceOf(error)}).`, { cause: error });
  }
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
    for (const path of made.reverse()) rmdirSync(path);
    throw error;
  }
}

/** Makes `folder` and writes to it, once. Throws EngineError OUTPUT when the system refuses; what was made is then removed. */
export function tryFolder(folder: string, runId: string): void {
  const probe = join(folder, `.probe-${runId}`);
  let made: string[] = [];
  try {
    made = makeFolders(folder);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    rmSync(probe, { force: true });
    for (const path of made.reverse()) rmdirSync(path);
    throw new EngineError('OUTPUT', `${folder} cannot be written to (${sentenceOf(error)}).`, { cause: error });
  }
}
