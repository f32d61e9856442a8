/**
 * The shards' threads: one long task a shard. All state is in shared memory, so a replacement continues where a dead
 * thread stopped. A record at which threads keep dying is skipped and counted as poison.
 */
import { monoMs } from '../clock.js';
import { COUNTER } from '../memory/counters.js';
import { MAIN, SHARD, type ShardMemory } from '../memory/layout.js';
import { EngineError, sentenceOf } from '../errors.js';
import { ThreadHost } from './thread-host.js';

/** Deaths in a row at one record, and threads in a row that do not start. */
const MAX_DEATHS_AT_ONE_RECORD = 3;
/** Longest wait for a start, real ms. */
const START_TIMEOUT_MS = 30_000;
/** Longest sleep in that wait, real ms: bounds the cost of a lost wake-up. */
const MAX_SLEEP_MS = 100;

/** Resolves when a thread has taken over `memory`; with false on a timeout. */
async function hasBegun({ i32 }: ShardMemory): Promise<boolean> {
  const untilMs = monoMs() + START_TIMEOUT_MS;
  while (Atomics.load(i32, SHARD.starts) === 0) {
    if (monoMs() > untilMs) return false;
    await Atomics.waitAsync(i32, SHARD.starts, 0, MAX_SLEEP_MS).value;
  }
  return true;
}

export interface ShardPoolOptions {
  readonly memories: readonly ShardMemory[];
  readonly counters: Float64Array;
  /** The compiled thread entry; default the package's own. */
  readonly workerUrl?: URL | undefined;
  readonly ledger?: SharedArrayBuffer | undefined;
  /** Called at each death with the shard, the cursor of its record, and the reason. */
  readonly onDeath?: ((shard: number, cursor: number, reason: string) => void) | undefined;
  /** For the entry; tests plan crashes with it. */
  readonly extra?: unknown;
}

/** Tells a poisoned record from a thread that cannot start. */
interface Deaths {
  /** The record of the last death, and deaths there in a row. */
  cursor: number | undefined;
  atCursor: number;
  /** Threads in a row that did not take over. */
  withoutStart: number;
}

export class ShardPool {
  readonly #options: ShardPoolOptions;
  readonly #host: ThreadHost;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ShardPoolOptions) {
    this.#options = options;
    this.#host = new ThreadHost({
      entry: options.workerUrl ?? new URL('../../workers/shard.js', import.meta.url),
      threads: options.memories.length,
    });
  }

  /** Starts a task a shard; resolves when every thread has taken over its memory, rejects when one cannot. */
  async start(): Promise<void> {
    const { memories } = this.#options;
    this.#running = Promise.all(memories.map((_, shard) => this.#keepRunning(shard))).then(() => undefined);
    // `done` delivers a rejection; before that it must not end the process.
    this.#running.catch(() => undefined);
    const begun = Promise.all(memories.map(hasBegun));
    // `done` settles first when a thread cannot start or is at END already.
    const first = await Promise.race([begun, this.#running]);
    if (first?.includes(false) === true)
      throw new EngineError(
        'CONFIG',
        `A worker thread did not start within ${START_TIMEOUT_MS / 1000} s: this machine is too busy; ` +
          'try again, or with fewer --shards.',
      );
  }

  /** Resolves when every shard has applied END; rejects when a shard cannot be kept alive. */
  get done(): Promise<void> {
    return this.#running;
  }

  async #keepRunning(shard: number): Promise<void> {
    const { memories, ledger, extra } = this.#options;
    const { i32, shape, buffer } = memories[shard];
    const deaths: Deaths = { cursor: undefined, atCursor: 0, withoutStart: 0 };
    let starts = 0;
    await this.#host.run(
      () => {
        starts = Atomics.load(i32, SHARD.starts);
        return { value: { shape, buffer, ledger, shard, extra } };
      },
      (error) => this.#died(shard, deaths, { error, began: Atomics.load(i32, SHARD.starts) !== starts }),
    );
  }

  /**
   * Counts a death, and skips a record at which threads keep dying. Throws EngineError CONFIG when no thread can
   * start.
   */
  #died(
    shard: number,
    deaths: Deaths,
    { error, began }: { readonly error: unknown; readonly began: boolean },
  ): void {
    const { memories, counters, onDeath } = this.#options;
    const { i32 } = memories[shard];
    const reason = sentenceOf(error);
    const cursor = Atomics.load(i32, SHARD.working);
    counters[COUNTER.workerDeaths]++;
    onDeath?.(shard, cursor, reason);
    // A thread that never starts would be replaced for ever; no record is at fault.
    deaths.withoutStart = began ? 0 : deaths.withoutStart + 1;
    if (deaths.withoutStart >= MAX_DEATHS_AT_ONE_RECORD)
      throw new EngineError(
        'CONFIG',
        `Worker thread ${shard} cannot start: ${reason}; fewer --shards need less memory.`,
        { cause: error },
      );
    // Between two records, no record is at fault.
    if (!began || Atomics.load(i32, SHARD.busy) === 0) return;
    deaths.atCursor = cursor === deaths.cursor ? deaths.atCursor + 1 : 1;
    deaths.cursor = cursor;
    if (deaths.atCursor < MAX_DEATHS_AT_ONE_RECORD) return;
    i32[MAIN.skip] = cursor;
    Atomics.store(i32, MAIN.skipArmed, 1);
    counters[COUNTER.poison]++;
    deaths.cursor = undefined;
  }

  /** Ends every thread at once. */
  async stop(): Promise<void> {
    for (const { i32 } of this.#options.memories) {
      Atomics.store(i32, MAIN.stop, 1);
      Atomics.notify(i32, MAIN.tail);
    }
    await this.#host.stop();
  }
}
