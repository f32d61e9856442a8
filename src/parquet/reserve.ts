/**
 * Room on the disk that is kept for the candles: a file of random bytes, which holds against every other writer. It
 * has no name, so the system frees it when the process ends in any way. The main thread makes it; the writer's thread
 * takes from it what a full disk refuses the candles, and fills it up again from the files that it replaced.
 */
import { randomFillSync } from 'node:crypto';
import { closeSync, fdatasyncSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { onDisk } from './room.js';

const NAME = '.tickshard.reserve';
/** Random, because file systems that compress would give zeros no room. */
const CHUNK_BYTES = 1024 * 1024;
const MAX_BYTES = 2 ** 31 - 1;

/** Words that both threads share: the file's descriptor or -1, the bytes to hold, the bytes held. */
const RESERVE = { file: 0, target: 1, held: 2, words: 3 } as const;

/** Plain data: the writer's thread gets it. */
export type ReserveToken = SharedArrayBuffer;

let chunk: Buffer | undefined;

/** Writes the file up to its target. Returns the error of a disk that refuses. */
function fill(words: Int32Array): Error | undefined {
  const file = Atomics.load(words, RESERVE.file);
  const target = Atomics.load(words, RESERVE.target);
  if (file < 0) return undefined;
  for (let held = Atomics.load(words, RESERVE.held); held < target;) {
    chunk ??= randomFillSync(Buffer.allocUnsafe(CHUNK_BYTES));
    try {
      held += writeSync(file, chunk, 0, Math.min(chunk.length, target - held), held);
    } catch (error) {
      return error as Error;
    }
    Atomics.store(words, RESERVE.held, held);
  }
  return undefined;
}

function cut(words: Int32Array, bytes: number): void {
  const file = Atomics.load(words, RESERVE.file);
  if (file < 0 || Atomics.load(words, RESERVE.held) <= bytes) return;
  ftruncateSync(file, bytes);
  Atomics.store(words, RESERVE.held, bytes);
}

/** Frees room for a file of `bytes`, in the writer's thread. False when nothing is left to free. */
export function giveRoom(token: ReserveToken, bytes: number): boolean {
  const words = new Int32Array(token);
  const held = Atomics.load(words, RESERVE.held);
  if (held === 0) return false;
  cut(words, Math.max(0, held - onDisk(bytes + 1)));
  return true;
}

/** Fills the reserve up again, as far as the disk lets, in the writer's thread. */
export function takeRoomBack(token: ReserveToken): void {
  fill(new Int32Array(token));
}

export class Reserve {
  readonly token: ReserveToken = new SharedArrayBuffer(RESERVE.words * 4);
  readonly #words = new Int32Array(this.token);

  constructor() {
    this.#words[RESERVE.file] = -1;
  }

  /** Holds `bytes` in `folder`, durably. Returns the error of a system that does not; `held` is what it holds. */
  make(folder: string, bytes: number): Error | undefined {
    const words = this.#words;
    const path = join(folder, NAME);
    try {
      const file = openSync(path, 'w');
      Atomics.store(words, RESERVE.file, file);
      rmSync(path);
      Atomics.store(words, RESERVE.target, Math.min(bytes, MAX_BYTES));
      const refusal = fill(words);
      if (refusal !== undefined) return refusal;
      fdatasyncSync(file);
      return undefined;
    } catch (error) {
      // No file, or one that keeps its name or is not durable: nothing can be relied on.
      this.release();
      return error as Error;
    }
  }

  /** Bytes held now. */
  get held(): number {
    return Atomics.load(this.#words, RESERVE.held);
  }

  /** False while the candles need what other files must not take. */
  get isWhole(): boolean {
    return this.held >= Atomics.load(this.#words, RESERVE.target);
  }

  /** Holds `bytes` from now on, at most what it held. */
  keep(bytes: number): void {
    Atomics.store(this.#words, RESERVE.target, Math.min(bytes, Atomics.load(this.#words, RESERVE.target)));
    cut(this.#words, bytes);
  }

  /** Frees all. May be called twice, and without `make`. */
  release(): void {
    const file = Atomics.exchange(this.#words, RESERVE.file, -1);
    Atomics.store(this.#words, RESERVE.target, 0);
    Atomics.store(this.#words, RESERVE.held, 0);
    if (file >= 0) closeSync(file);
  }
}
