/** A feed as a consumer sees it: cursors over the engine's memory, which is another thread's. */
import type { Worker } from 'node:worker_threads';
import type { CandleEvent } from '../candles/events.js';
import { openShards } from '../candles/shared-shards.js';
import { CandleStream } from '../candles/stream.js';
import { sentenceOf } from '../errors.js';
import { Notices } from '../memory/notices.js';
import { FeedError } from './error.js';
import type { FromEngine, ToEngine } from './feed-messages.js';
import type { EventOfType, Feed } from './feed-options.js';

type Listener = (event: CandleEvent) => void;
type Memory = Extract<FromEngine, { kind: 'memory' }>;

export class EngineFeed implements Feed {
  readonly #worker: Worker;
  readonly closed: Promise<void>;
  readonly #listeners = new Map<string, Set<Listener>>();
  #memory: Memory | undefined;
  /** Aborts when the engine's thread is gone: nothing wakes a cursor any more. */
  readonly #over = new AbortController();
  #failure: Error | undefined;
  #pumping: Promise<void> | undefined;

  /** Resolves at the first open connection; else rejects with FeedError. */
  readonly opened: Promise<void>;

  constructor(worker: Worker) {
    this.#worker = worker;
    const { promise: opened, resolve: open, reject } = withResolvers();
    const { promise: exited, resolve: exit } = withResolvers();
    worker.on('message', (message: FromEngine) => {
      if (message.kind === 'memory') this.#memory = message;
      else if (message.kind === 'open') open();
      else if (message.failure !== undefined) {
        const { code, message: sentence, retryable } = message.failure;
        this.#failure ??= new FeedError(code, sentence, retryable);
      }
    });
    worker.on(
      'error',
      (error) =>
        (this.#failure ??= new Error(`The feed's engine failed: ${sentenceOf(error)}`, { cause: error })),
    );
    worker.on('exit', () => exit());
    this.opened = opened;
    this.closed = exited.then(async () => {
      this.#over.abort();
      if (this.#failure === undefined) open();
      else reject(this.#failure);
      await this.#pumping;
      if (this.#failure !== undefined) throw this.#failure;
    });
    // A consumer may learn of the end in another way.
    this.closed.catch(() => undefined);
    this.opened.catch(() => undefined);
  }

  on<Type extends CandleEvent['type']>(type: Type, listener: (event: EventOfType<Type>) => void): this {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener as Listener));
    this.#pumping ??= this.#pump();
    return this;
  }

  off<Type extends CandleEvent['type']>(type: Type, listener: (event: EventOfType<Type>) => void): this {
    this.#listeners.get(type)?.delete(listener as Listener);
    return this;
  }

  async close(): Promise<void> {
    this.#stop();
    await this.closed.catch(() => undefined);
  }

  #stop(): void {
    const message: ToEngine = { kind: 'stop' };
    if (!this.#over.signal.aborted) this.#worker.postMessage(message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Leaving the loop early closes the feed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<CandleEvent, void> {
    try {
      yield* this.#events();
    } finally {
      if (!this.#over.signal.aborted) await this.close();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** All events from the run's begin, up to its end or the end of the engine. */
  async *#events(): AsyncGenerator<CandleEvent, void> {
    if (this.#memory === undefined) return;
    const { shards, timeframes, notices } = this.#memory;
    const instruments = shards.reduce((sum, { places }) => sum + places.length, 0);
    const stream = new CandleStream(openShards(shards), {
      notices: new Notices(instruments, notices),
      timeframes,
    });
    for (;;) {
      const isLast = this.#over.signal.aborted;
      yield* stream.read();
      if (isLast || stream.ended) return;
      await stream.changed(this.#over.signal);
    }
  }

  /** Listeners are called from a turn of their own, so that those added together get the same. */
  async #pump(): Promise<void> {
    await Promise.resolve();
    try {
      for await (const event of this.#events())
        for (const listener of this.#listeners.get(event.type) ?? []) listener(event);
    } catch (error) {
      this.#failure ??= error as Error;
      this.#stop();
    }
  }
}

interface Resolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function withResolvers(): Resolvers {
  let resolvers: Omit<Resolvers, 'promise'> | undefined;
  const promise = new Promise<void>((resolve, reject) => (resolvers = { resolve, reject }));
  return { promise, ...resolvers! };
}
