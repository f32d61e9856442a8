/**
 * The shards' threads: one long-running Piscina task a shard. Piscina replaces a thread that dies but rejects its task for good, so
 * the task is submitted again here. All state is in shared memory: the new thread goes on where the old one fell.
 */
import { Piscina } from 'piscina';
import { monoMs } from '../clock.js';
import { COUNTER } from '../memory/counters.js';
import { MAIN, SHARD, type ShardMemory } from '../memory/layout.js';
import { EngineError } from '../errors.js';

/** Deaths at one record after which it is skipped and counted as poison. */
export const DEATHS_AT_ONE_RECORD = 3;
/** Longest wait for the threads to begin, real ms. */
const START_MS = 30_000;

/** Longest sleep while waiting for them, real ms: a wake-up that is lost costs no more. */
const LOOK_MS = 100;

/** Resolves when a thread has taken over `memory`; with false when none has in time. */
async function hasBegun({ i32 }: ShardMemory): Promise<boolean> {
  const untilMs = monoMs() + START_MS;
  while (Atomics.load(i32, SHARD.starts) === 0) {
    if (monoMs() > untilMs) return false;
    await Atomics.waitAsync(i32, SHARD.starts, 0, LOOK_MS).value;
  }
  return true;
}

export interface ShardPoolOptions {
  readonly memories: readonly ShardMemory[];
  readonly counters: Float64Array;
  /** The compiled thread entry; the default is the package's own. */
  readonly workerUrl?: URL | undefined;
  readonly ledger?: SharedArrayBuffer | undefined;
  /** Told of each death: the shard, the record's cursor, and what the thread said. */
  readonly onDeath?: ((shard: number, cursor: number, reason: string) => void) | undefined;
  /** What the entry is given besides its memory (tests plan crashes with it). */
  readonly extra?: unknown;
}

export class ShardPool {
  readonly #options: ShardPoolOptions;
  readonly #pool: Piscina;
  readonly #entry: string;
  #running: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(options: ShardPoolOptions) {
    this.#options = options;
    const threads = options.memories.length;
    // Fewer threads than tasks would leave a shard waiting for ever, without a word.
    // The entry is named with each task and not here: a pool that loads it in advance never answers a task if it cannot be loaded.
    this.#entry = (options.workerUrl ?? new URL('../../workers/shard.js', import.meta.url)).href;
    this.#pool = new Piscina({
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      idleTimeout: Infinity,
      recordTiming: false,
    });
    // Without a listener a thread's late error would end the process.
    this.#pool.on('error', () => undefined);
  }

  /** Starts a task a shard; resolves when every thread has taken over its memory, rejects when one cannot. */
  async start(): Promise<void> {
    this.#running = Promise.all(this.#options.memories.map((_, shard) => this.#keepRunning(shard))).then(
      () => undefined,
    );
    // A rejection is delivered by `done`; before anybody asks for it, it must not end the process.
    this.#running.catch(() => undefined);
    const begun = Promise.all(this.#options.memories.map(hasBegun));
    // `done` settles first when a thread cannot begin, or has come to END already.
    const first = await Promise.race([begun, this.#running]);
    if (first?.includes(false) === true)
      throw new EngineError(
        'CONFIG',
        `A worker thread did not start within ${START_MS / 1000} s: this machine is too busy; try again, or with fewer --shards.`,
      );
  }

  /** Resolves when every shard has applied END; rejects when a shard cannot be kept alive. */
  get done(): Promise<void> {
    return this.#running;
  }

  async #keepRunning(shard: number): Promise<void> {
    const memory = this.#options.memories[shard];
    let diedAt: number | undefined;
    let deaths = 0;
    let fruitless = 0;
    for (;;) {
      const starts = Atomics.load(memory.i32, SHARD.starts);
      try {
        const { ledger, extra } = this.#options;
        await this.#pool.run(
          { shape: memory.shape, buffer: memory.buffer, ledger, shard, extra },
          { filename: this.#entry },
        );
        return;
      } catch (error) {
        if (this.#stopping) return;
        const reason = error instanceof Error ? error.message : String(error);
        const cursor = Atomics.load(memory.i32, SHARD.working);
        this.#options.counters[COUNTER.workerDeaths]++;
        this.#options.onDeath?.(shard, cursor, reason);
        // A thread that never begins would be replaced for ever: that is no poisoned record.
        const began = Atomics.load(memory.i32, SHARD.starts) !== starts;
        fruitless = began ? 0 : fruitless + 1;
        if (fruitless >= DEATHS_AT_ONE_RECORD)
          throw new EngineError(
            'CONFIG',
            `Worker thread ${shard} cannot start: ${reason}; fewer --shards need less memory.`,
            { cause: error },
          );
        // A death between two records is no record's fault.
        if (!began || Atomics.load(memory.i32, SHARD.busy) === 0) continue;
        deaths = cursor === diedAt ? deaths + 1 : 1;
        diedAt = cursor;
        if (deaths < DEATHS_AT_ONE_RECORD) continue;
        memory.i32[MAIN.skip] = cursor;
        Atomics.store(memory.i32, MAIN.skipArmed, 1);
        this.#options.counters[COUNTER.poison]++;
        diedAt = undefined;
      }
    }
  }

  /** Ends every thread, whatever it is doing. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const memory of this.#options.memories) {
      Atomics.store(memory.i32, MAIN.stop, 1);
      Atomics.notify(memory.i32, MAIN.tail);
    }
    await this.#pool.destroy();
  }
}
