/**
 * Whole files only: bytes go to a temporary file in the target's folder, fsynced, then renamed over the target, so a
 * reader, also after a kill, sees the old file or the new one. Windows refuses the rename while a reader holds the
 * target open, so it is retried for a few seconds.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { EngineError, sentenceOf } from '../errors.js';

export interface RenameEffects {
  /** Real ms. */
  readonly wait: (ms: number) => Promise<void>;
  /** True to wait once more: many files in a folder that refuses must not take seconds each. Default: always. */
  readonly mayWait?: (ms: number) => boolean;
  /** Default: the file system's rename. An EngineError of it is passed on. */
  readonly rename?: (from: string, to: string) => Promise<void>;
}

/** A temporary file that was not renamed. */
export interface Leftover {
  readonly path: string;
  /** Shared by all files of one write. */
  readonly tag: string;
}

/** Waits: 10, 20, 40 ... 640, 640 ... ms, some 4 s in all. */
const RENAME_ATTEMPTS = 12;
const FIRST_WAIT_MS = 10;
const MAX_WAIT_MS = 640;
/** Refusals that end when the other program closes the file. */
const heldOpen = new Set(['EPERM', 'EBUSY', 'EACCES']);
/** From a disk, or a quota, without room. */
const full = new Set(['ENOSPC', 'EDQUOT']);
/** From systems that cannot fsync a folder; the rename is still atomic, but less durable. */
const cannotSyncFolder = new Set(['EPERM', 'EACCES', 'EISDIR', 'EINVAL', 'ENOTSUP', 'EBADF']);
const SUFFIX = '.writing';

let writes = 0;

/** Unique among all living processes and threads. */
export function newTag(): string {
  return `${process.pid}-${threadId}-${writes++}`;
}

/** The temporary file for `target`: hidden, and without its extension, so that no reader's pattern matches. */
export function asideOf(target: string, tag: string): string {
  return join(dirname(target), `.${basename(target)}.${tag}${SUFFIX}`);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/** True if the error, or its cause, says that a disk or a quota has no room. */
export function isFull(error: unknown): boolean {
  return (
    full.has(codeOf(error)) || (error instanceof Error && error.cause !== undefined && isFull(error.cause))
  );
}

/**
 * Writes `bytes`, fsynced, to the temporary file of `target` and returns its path. Makes the folder if absent.
 * Throws EngineError OUTPUT (disk full, no permission), leaving no file.
 */
export async function writeAside(target: string, bytes: Buffer, tag: string): Promise<string> {
  const aside = asideOf(target, tag);
  try {
    await mkdir(dirname(target), { recursive: true });
    const file = await open(aside, 'w');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    return aside;
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw new EngineError('OUTPUT', `${target} cannot be written (${sentenceOf(error)}).`, {
      cause: error,
      retryable: true,
    });
  }
}

/**
 * Renames `aside` over `target`; retries for some 4 s while another program holds the target open. Then throws
 * EngineError OUTPUT (retryable), both files unchanged.
 */
export async function renameOver(aside: string, target: string, effects: RenameEffects): Promise<void> {
  for (let attempt = 1, waitMs = FIRST_WAIT_MS; ; attempt++, waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
    try {
      await (effects.rename ?? rename)(aside, target);
      return;
    } catch (error) {
      if (error instanceof EngineError) throw error;
      const held = heldOpen.has(codeOf(error));
      if (held && attempt < RENAME_ATTEMPTS && effects.mayWait?.(waitMs) !== false) {
        await effects.wait(waitMs);
        continue;
      }
      const why = held
        ? `another program holds it open or it is write-protected (${codeOf(error)}, tried ${attempt === 1 ? 'once' : `${attempt} times`})`
        : sentenceOf(error);
      throw new EngineError('OUTPUT', `${target} cannot be replaced: ${why}.`, {
        cause: error,
        retryable: true,
      });
    }
  }
}

/** Makes names in `folder` durable, where the platform can. Throws EngineError OUTPUT (retryable). */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!cannotSyncFolder.has(codeOf(error))) {
      throw new EngineError('OUTPUT', `${folder} cannot be made durable (${sentenceOf(error)}).`, {
        cause: error,
        retryable: true,
      });
    }
  }
}

/**
 * Writes a whole small file synchronously. Makes its folder if absent. Throws EngineError OUTPUT with the sentence
 * that `refusal` makes of the reason, leaving no temporary file.
 */
export function writeWhole(path: string, text: string, refusal: (reason: string) => string): void {
  const aside = asideOf(path, newTag());
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(aside, 'w');
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw new EngineError('OUTPUT', refusal(sentenceOf(error)), { cause: error });
  }
}

/** True if the process lives, or the system does not say. */
export function lives(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/** Temporary files in `folder`; empty if absent. Throws EngineError OUTPUT. */
export async function asideNames(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw new EngineError('OUTPUT', `${folder} cannot be listed (${sentenceOf(error)}).`, { cause: error });
  });
  return names.filter((name) => name.startsWith('.') && name.endsWith(SUFFIX));
}

/**
 * Those of `names` (in the folder of `target`) that an earlier write of `target` left: its process was killed, or
 * its rename refused. Oldest tag first. Another living process may be writing its files, so they are left out; this
 * process never overlaps writes of one target, so its own are included.
 */
export function leftoversOf(target: string, names: readonly string[]): Leftover[] {
  const head = `.${basename(target)}.`;
  return names
    .filter((name) => name.startsWith(head))
    .map((name) => ({ path: join(dirname(target), name), tag: name.slice(head.length, -SUFFIX.length) }))
    .filter(({ tag }) => {
      const processId = Number.parseInt(tag, 10);
      return Number.isInteger(processId) && (processId === process.pid || !lives(processId));
    })
    .sort((a, b) => (a.tag < b.tag ? -1 : 1));
}
