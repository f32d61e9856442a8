/** Waits for a shard's signal of a seal, a gap or the end. */
import { SHARD, type ShardMemory } from '../memory/layout.js';

/** Longest wait on one counter, real ms: bounds the delay when a shard dies between store and notify. */
const MAX_WAIT_MS = 1000;

/** Shards' counters of changes, as last seen. */
export class ShardChanges {
  readonly #memories: readonly ShardMemory[];
  /** -1 before the first look. */
  readonly #seen: number[];
  readonly #waits: (Promise<void> | undefined)[] = [];

  constructor(memories: readonly ShardMemory[]) {
    this.#memories = memories;
    this.#seen = memories.map(() => -1);
  }

  /** True if every shard has applied END: nothing changes any more. */
  get ended(): boolean {
    return this.#memories.every(({ i32 }) => Atomics.load(i32, SHARD.ended) === 1);
  }

  /** Notes the counters. Call it before reading: the next wait then finds what changes during the read. */
  look(): void {
    for (const [shard, { i32 }] of this.#memories.entries())
      this.#seen[shard] = Atomics.load(i32, SHARD.changes);
  }

  /** True if a counter has changed since the last look. */
  get moved(): boolean {
    return this.#memories.some((_, shard) => this.#hasMoved(shard));
  }

  /** Resolves when a counter has changed, or when `signal` aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    const aborted = abortOf(signal);
    try {
      while (!signal.aborted && !this.moved)
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

/** A promise of the abort; leaves no listener on the signal once released. */
export function abortOf(signal: AbortSignal): {
  readonly promise: Promise<void>;
  readonly release: () => void;
} {
  let onAbort = (): void => undefined;
  const promise = new Promise<void>((resolve) => (onAbort = resolve));
  signal.addEventListener('abort', onAbort, { once: true });
  return { promise, release: () => signal.removeEventListener('abort', onAbort) };
}
