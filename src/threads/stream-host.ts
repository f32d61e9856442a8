/** The main thread's side of `--stream`: starts its thread, and at the end waits while the reader still reads. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { sharedShards } from '../candles/shared-shards.js';
import { sleep, type Clock } from '../clock.js';
import { sentenceOf } from '../errors.js';
import type { Engine } from '../ingest/engine.js';
import type { Timeframe } from '../market/timeframe.js';
import type { Notices } from '../memory/notices.js';
import type { FromStream, StreamTask, ToStream } from './stream-messages.js';
import { ThreadHost, type ThreadTask } from './thread-host.js';

/** Real ms for which a reader may take nothing of the last events. */
const PATIENCE_MS = 10_000;
/** Real ms between two looks at what it took. */
const LOOK_MS = 100;

export interface StreamHostOptions {
  readonly engine: Pick<Engine, 'memories' | 'places'>;
  readonly notices: Notices;
  readonly timeframes: readonly Timeframe[];
  readonly ledger: SharedArrayBuffer;
  readonly clock: Clock;
  /** File descriptor; default standard output. */
  readonly fd?: number;
  /** For people, a sentence when the stream ends before the run. */
  readonly onBroken: (sentence: string) => void;
}

export class StreamHost {
  readonly #options: StreamHostOptions;
  readonly #host = new ThreadHost({ entry: new URL('../../workers/stream.js', import.meta.url) });
  #port: MessagePort | undefined;
  #running = false;
  #taken = -1;
  #done: Promise<void> = Promise.resolve();

  constructor(options: StreamHostOptions) {
    this.#options = options;
  }

  /** Returns at once. A thread that dies ends the stream: another could not know what was written. */
  start(): void {
    this.#running = true;
    this.#done = this.#host
      .run(
        () => this.#task(),
        (error) => {
          throw error;
        },
      )
      .catch((error: unknown) => this.#broken(`its thread died: ${sentenceOf(error)}`))
      .finally(() => (this.#running = false));
  }

  /** After the verdict: waits until the end is written, or until the reader takes nothing for PATIENCE_MS. */
  async finish(): Promise<void> {
    const { clock } = this.#options;
    let takenAtMs = clock.monoMs();
    let taken = -1;
    while (this.#running) {
      this.#ask();
      await Promise.race([this.#done, sleep(LOOK_MS)]);
      if (this.#taken !== taken) takenAtMs = clock.monoMs();
      taken = this.#taken;
      if (clock.monoMs() - takenAtMs > PATIENCE_MS)
        return this.#broken(
          `its reader took nothing for ${PATIENCE_MS / 1000} s, and has not the last events`,
        );
    }
  }

  /** Ends the thread at once. */
  async stop(): Promise<void> {
    await this.#host.stop();
    this.#port?.close();
  }

  #ask(): void {
    const message: ToStream = { kind: 'progress' };
    this.#port?.postMessage(message);
  }

  #broken(why: string): void {
    this.#options.onBroken(`The stream of events ended: ${why}. The run is not affected.`);
  }

  #task(): ThreadTask {
    const { engine, notices, timeframes, ledger, fd = 1 } = this.#options;
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (message: FromStream) => {
      if (message.kind === 'taken') this.#taken = message.bytes;
      else this.#broken(message.sentence);
    });
    this.#port = port1;
    const value: StreamTask = {
      port: port2,
      shards: sharedShards(engine),
      timeframes,
      notices: notices.buffer,
      fd,
      ledger,
    };
    return { value, transfer: [port2] };
  }
}
