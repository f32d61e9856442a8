/**
 * Hosts worker threads that run one long task each. Piscina replaces a thread that dies but rejects its task for
 * good; the host starts the task again for as long as its owner wants. What a task needs to continue is in shared
 * memory and on disk, not in the thread.
 */
import type { ResourceLimits, Transferable } from 'node:worker_threads';
import { Piscina } from 'piscina';

/** What a thread is started with. */
export interface ThreadTask {
  readonly value: object;
  readonly transfer?: readonly Transferable[];
}

export interface ThreadHostOptions {
  /** The compiled thread entry: its default export runs the task. */
  readonly entry: URL;
  /** Threads, one a task; with fewer than tasks, one would wait for ever. Default 1. */
  readonly threads?: number;
  readonly resourceLimits?: ResourceLimits;
}

export class ThreadHost {
  readonly #pool: Piscina;
  readonly #entry: string;
  #deaths = 0;
  #stopping = false;

  constructor({ entry, threads = 1, resourceLimits }: ThreadHostOptions) {
    // The entry is named with each task and not here: a pool that loads an entry in advance never answers when it
    // cannot be loaded.
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

  /** Threads that died, or could not start, since the host was made. */
  get deaths(): number {
    return this.#deaths;
  }

  /**
   * Runs a task in a thread and resolves when it returns, or when the host is stopped. After each death `onDeath` is
   * called with the error: when it returns, `task` makes a new task, which is started; when it throws, `run` rejects
   * with that.
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

  /** Ends every thread, whatever it is doing. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#pool.destroy();
  }
}
