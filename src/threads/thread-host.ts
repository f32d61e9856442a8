/**
 * Hosts worker threads that run one long task each. Piscina replaces a dead thread but rejects its task; the host
 * starts the task again while its owner wants. What a task needs to continue is in shared memory and on disk.
 */
import type { ResourceLimits, Transferable } from 'node:worker_threads';
import type * as PiscinaPackage from 'piscina';
import { requirePackage } from '../packages.js';

const { Piscina } = requirePackage('piscina') as typeof PiscinaPackage;

export interface ThreadTask {
  readonly value: object;
  readonly transfer?: readonly Transferable[];
}

export interface ThreadHostOptions {
  /** The compiled entry: its default export runs the task. */
  readonly entry: URL;
  /** One a task: with fewer, a task would wait for ever. Default 1. */
  readonly threads?: number;
  readonly resourceLimits?: ResourceLimits;
}

export class ThreadHost {
  readonly #pool: PiscinaPackage.Piscina;
  readonly #entry: string;
  #deaths = 0;
  #stopping = false;

  constructor({ entry, threads = 1, resourceLimits }: ThreadHostOptions) {
    // Named with each task, not here: a pool never answers when it cannot load an entry in advance.
    this.#entry = entry.href;
    this.#pool = new Piscina({
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      idleTimeout: Infinity,
      recordTiming: false,
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
    // Without a listener a thread's late error would end the process; its task is rejected all the same.
    this.#pool.on('error', () => undefined);
  }

  /** Threads that died or could not start. */
  get deaths(): number {
    return this.#deaths;
  }

  /**
   * Runs a task; resolves when it returns or the host is stopped. Each death calls `onDeath` with the error: when it
   * returns, `task` makes the next task; when it throws, `run` rejects with that.
   */
  async run(task: () => ThreadTask, onDeath: (error: unknown) => void): Promise<void> {
    while (!this.#stopping) {
      const { value, transfer = [] } = task();
      try {
        await this.#pool.run(value, { filename: this.#entry, transferList: [...transfer] });
        return;
      } catch (error) {
        if (this.#stopping) return;
        this.#deaths++;
        onDeath(error);
      }
    }
  }

  /** Ends every thread at once. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#pool.destroy();
  }
}
