/**
 * Putting bytes where a whole file was, so that a reader and a killed process only ever see a whole file: written aside in the same
 * folder, fsynced, renamed over. A rename within one folder is atomic; on Windows it is refused while a reader holds the file open,
 * so it is tried again for a few seconds.
 */
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { EngineError, sentenceOf } from '../errors.js';

/** What placing needs from outside: how to wait (real ms), and how to rename (the file system's rename unless told). */
export interface RenameEffects {
  readonly wait: (ms: number) => Promise<void>;
  /** Whether to wait once more: many files in one folder that refuses must not take seconds each. */
  readonly mayWait?: (ms: number) => boolean;
  readonly rename?: (from: string, to: string) => Promise<void>;
}

/** A file written aside and not yet in its place. */
export interface Leftover {
  readonly path: string;
  /** Names the write it belongs to: files of one write share it. */
  readonly tag: string;
  readonly processId: number;
}

/** Waits between renames: 10, 20, 40 ... 640, 640 ... ms, some 4 s together. */
const RENAME_ATTEMPTS = 12;
const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 640;
/** Refusals that pass when the other program closes the file. */
const heldOpen = new Set(['EPERM', 'EBUSY', 'EACCES']);
/** What platforms and file systems answer that cannot fsync a folder; the rename stays atomic, only less durable. */
const cannotSyncFolder = new Set(['EPERM', 'EACCES', 'EISDIR', 'EINVAL', 'ENOTSUP', 'EBADF']);

let writes = 0;

/** A tag that no other write of any living process or thread has. */
export function newTag(): string {
  return `${process.pid}-${threadId}-${writes++}`;
}

/** Where the bytes for `target` are written first: hidden, and not ending in `.parquet`, so no reader's pattern finds it. */
export function asideOf(target: string, tag: string): string {
  return join(dirname(target), `.${basename(target)}.${tag}.writing`);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

/**
 * Writes `bytes` aside of `target`, fsynced, and returns the path. Makes the folder when it is absent.
 * Throws EngineError OUTPUT (disk full, no permission) and leaves nothing behind then.
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
 * Renames `aside` over `target`, again and again for some 4 s while another program holds the target open. Throws EngineError OUTPUT
 * (retryable) when it stays refused; `aside` is then still there and `target` as it was.
 */
export async function renameOver(aside: string, target: string, effects: RenameEffects): Promise<void> {
  for (let attempt = 1, waitMs = FIRST_WAIT_MS; ; attempt++, waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    try {
      await (effects.rename ?? rename)(aside, target);
      return;
    } catch (error) {
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

/** Makes names in `folder` durable, where the platform can. */
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

/** Whether a process of that number lives; true when the system will not say. */
export function lives(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/** Names of what is written aside in `folder`; none when it is absent. Throws EngineError OUTPUT. */
export async function asideNames(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw new EngineError('OUTPUT', `${folder} cannot be listed (${sentenceOf(error)}).`, { cause: error });
  });
  return names.filter((name) => name.startsWith('.') && name.endsWith('.writing'));
}

/**
 * Those of `names` (of the folder of `target`) that an earlier write of `target` left aside because its process was killed or its rename
 * refused. Those of another process that lives are not among them: they may be in the middle of being written. Writes of one target
 * never overlap within this process, so its own are. Oldest tag first.
 */
export function leftoversOf(target: string, names: readonly string[]): Leftover[] {
  const head = `.${basename(target)}.`;
  return names
    .filter((name) => name.startsWith(head))
    .map((name) => {
      const tag = name.slice(head.length, -'.writing'.length);
      return { path: join(dirname(target), name), tag, processId: Number.parseInt(tag, 10) };
    })
    .filter(
      ({ processId }) => Number.isInteger(processId) && (processId === process.pid || !lives(processId)),
    )
    .sort((a, b) => (a.tag < b.tag ? -1 : 1));
}
