/** What a run's journal on disk is, from its first and its last blocks: quick for any size. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import { isAlive } from '../text/process-liveness.js';
import { segmentsOf, sizesOf } from './folder.js';
import { KIND, packedName, type Kind } from './format.js';
import { parseMeta, type RunMeta } from './meta.js';
import { PACKED, readPackedHeader } from './packed-format.js';
import { readSegment } from './reader.js';

/** `interrupted`: it did not come to its end, and --resume may continue it. */
type StoredState = 'whole' | 'interrupted' | 'running';

export interface StoredJournal {
  readonly folder: string;
  readonly meta: RunMeta;
  readonly state: StoredState;
  readonly segments: number;
  /** On disk, by form. */
  readonly rawBytes: number;
  readonly compactedBytes: number;
  /** Packets; null where only reading all of it would tell. */
  readonly frames: number | null;
}

/** Frames of a compacted segment; undefined for a raw one. */
async function packedFrames(folder: string, number: number): Promise<number | undefined> {
  try {
    const file = await open(join(folder, packedName(number)), 'r');
    try {
      const { buffer } = await file.read(Buffer.alloc(PACKED.size), 0, PACKED.size, 0);
      const header = readPackedHeader(buffer);
      return typeof header === 'string' ? undefined : header.frames;
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The run's description if the segment begins with one, as the first does, and each that another process began. */
async function metaAt(folder: string, number: number): Promise<RunMeta | undefined> {
  let meta: RunMeta | undefined;
  await readSegment(folder, number, {
    entry: (kind: Kind, bytes) => {
      if (kind === KIND.meta) meta ??= parseMeta(bytes, folder);
    },
    seenEnough: () => true,
  });
  return meta;
}

/** Of the process that wrote last. */
async function lastMeta(folder: string, numbers: readonly number[]): Promise<RunMeta | undefined> {
  for (const number of [...numbers].reverse()) {
    const meta = await metaAt(folder, number);
    if (meta !== undefined) return meta;
  }
  return undefined;
}

/**
 * The journal in `folder`; undefined if that is no journal of a run of this name. Throws the system's errors for files
 * that cannot be read.
 */
export async function storedJournal(folder: string, runId: string): Promise<StoredJournal | undefined> {
  const numbers = segmentsOf(folder);
  const last = numbers.at(-1);
  if (last === undefined || numbers[0] !== 1) return undefined;
  try {
    const meta = await metaAt(folder, 1);
    const { processId, processStart } = (await lastMeta(folder, numbers)) ?? meta ?? {};
    if (meta?.runId !== runId || processId === undefined || processStart === undefined) return undefined;
    let [frames, ended] = [0, false];
    // A recording has no sum.
    const end = meta.recording === undefined ? KIND.sum : KIND.end;
    const { runId: written } = await readSegment(folder, last, {
      entry: (kind) => void (ended ||= kind === end),
      frames: ({ count }) => void (frames += count),
      incomplete: (over) => void (ended ||= over),
    });
    if (written !== runId) return undefined;
    const others = await Promise.all(numbers.slice(0, -1).map((number) => packedFrames(folder, number)));
    const running = !ended && isAlive(processId, processStart);
    return {
      folder,
      meta,
      state: ended ? 'whole' : running ? 'running' : 'interrupted',
      segments: numbers.length,
      ...sizesOf(folder),
      frames: others.reduce<number | null>(
        (sum, one) => (sum === null || one === undefined ? null : sum + one),
        frames,
      ),
    };
  } catch (error) {
    if (error instanceof EngineError && error.code === 'JOURNAL') return undefined;
    throw error;
  }
}
