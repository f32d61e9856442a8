/** Waiting for a shard's signal that something sealed, a gap or the end is new. */
import { SHARD, type ShardMemory } from '../memory/layout.js';

/**
 * Longest wait on one counter, real ms: a shard that dies between its store and its notify delays a consumer by no
 * more.
 */
const MAX_WAIT_MS = 1000;

/** Shards' counters of changes, as a consumer saw them last. */
export class ShardChanges {
  readonly #memories: readonly ShardMemory[];
  /** -1 before the first look. */
  readonly #seen: number[];
  readonly #waits: (Promise<void> | undefined)[] = [];

  constructor(memories: readonly ShardMemory[]) {
    this.#memories = memories;
    this.#seen = memories.map(() => -1);
  }

  /** Whether every shard has applied END: nothing changes any more. */
  get ended(): boolean {
    return this.#memories.every(({ i32 }) => Atomics.load(i32, SHARD.ended) === 1);
  }

  /**
   * Notes the counters as seen. Call it before reading: what changes during the read is then found by the next wait.
   */
  look(): void {
    for (const [shard, { i32 }] of this.#memories.entries())
      this.#seen[shard] = Atomics.load(i32, SHARD.changes);
  }

  /** Resolves when a counter is not as seen, or when `signal` aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    const aborted = abortOf(signal);
    try {
      while (!signal.aborted && this.#memories.every((_, shard) => !this.#hasMoved(shard)))
        await Promise.race([
          aborted.promise,
          ...this.#memories.map((_, shard) => (this.#waits[shard] ??= this.#wait(shard))),
        ]);
    } finally {
      aborted.release();
    }
  }

  #hasMoved(shard: number): boolean {
    return Atomics.load(this.#memories[shard].i32, SHARD.changes) !== this.#seen[shard];
  }

  async #wait(shard: number): Promise<void> {
    const { i32 } = this.#memories[shard];
    await Atomics.waitAsync(i32, SHARD.changes, this.#seen[shard], MAX_WAIT_MS).value;
    this.#waits[shard] = undefined;
  }
}

/** A promise of the signal's abort that leaves no listener on the signal once it is released. */
export function abortOf(signal: AbortSignal): {
  readonly promise: Promise<void>;
  readonly release: () => void;
} {
  let onAbort = (): void => undefined;
  const promise = new Promise<void>((resolve) => (onAbort = resolve));
  signal.addEventListener('abort', onAbort, { once: true });
  return { promise, release: () => signal.removeEventListener('abort', onAbort) };
}
