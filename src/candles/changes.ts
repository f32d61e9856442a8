/**
 * Waits for a counter in shared memory to change: a shard's seals, gaps and end, or the main thread's notices and
 * polled bars.
 */
import { MAIN, SHARD, type ShardMemory } from '../memory/layout.js';

/** Longest wait on one counter, real ms: bounds the delay when a thread dies between store and notify. */
const MAX_WAIT_MS = 1000;

/** A word that grows, and notifies, with each change. */
export interface ChangeCounter {
  readonly i32: Int32Array;
  readonly index: number;
}

/** Counters of changes, as last seen. */
class Changes {
  readonly #counters: readonly ChangeCounter[];
  /** -1 before the first look. */
  readonly #seen: number[];
  readonly #waits: (Promise<void> | undefined)[] = [];

  constructor(counters: readonly ChangeCounter[]) {
    this.#counters = counters;
    this.#seen = counters.map(() => -1);
  }

  /** Notes the counters. Call it before reading: the next wait then finds what changes during the read. */
  look(): void {
    for (const [k, { i32, index }] of this.#counters.entries()) this.#seen[k] = Atomics.load(i32, index);
  }

  /** True if a counter has changed since the last look. */
  get moved(): boolean {
    return this.#counters.some(({ i32, index }, k) => Atomics.load(i32, index) !== this.#seen[k]);
  }

  /** Resolves when a counter has changed, or when `signal` aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    const aborted = abortOf(signal);
    try {
      while (!signal.aborted && !this.moved)
        await Promise.race([
          aborted.promise,
          ...this.#counters.map((_, k) => (this.#waits[k] ??= this.#wait(k))),
        ]);
    } finally {
      aborted.release();
    }
  }

  async #wait(k: number): Promise<void> {
    const { i32, index } = this.#counters[k];
    await Atomics.waitAsync(i32, index, this.#seen[k], MAX_WAIT_MS).value;
    this.#waits[k] = undefined;
  }
}

/** The counters of all shards of a run, and that of polled bars. */
export class ShardChanges extends Changes {
  readonly #memories: readonly ShardMemory[];

  constructor(memories: readonly ShardMemory[], others: readonly ChangeCounter[] = []) {
    super([
      ...memories.map(({ i32 }) => ({ i32, index: SHARD.changes })),
      ...memories.slice(0, 1).map(({ i32 }) => ({ i32, index: MAIN.polledNews })),
      ...others,
    ]);
    this.#memories = memories;
  }

  /** True if every shard has applied END: no candle changes any more. */
  get ended(): boolean {
    return this.#memories.every(({ i32 }) => Atomics.load(i32, SHARD.ended) === 1);
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
