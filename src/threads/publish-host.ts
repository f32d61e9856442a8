/** The main thread's side of `--publish`: starts its thread, knows its figures, and waits a while at the end. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { sharedShards } from '../candles/shared-shards.js';
import { sleep, type Clock } from '../clock.js';
import { sentenceOf } from '../errors.js';
import type { Engine } from '../ingest/engine.js';
import { NOTHING_PUBLISHED, type PublishFigures } from '../publish/figures.js';
import { namesOf } from '../publish/servers.js';
import type { FromPublish, PublishTask, ToPublish } from './publish-messages.js';
import { ThreadHost, type ThreadTask } from './thread-host.js';

/** Real ms after a run for which a server may take nothing, and for which it may go on taking. */
const PATIENCE_MS = 10_000;
const MAX_FINISH_MS = 120_000;
/** Real ms between two looks at what it took. */
const LOOK_MS = 50;
const MAX_DEATHS = 3;

export interface PublishHostOptions extends Omit<PublishTask, 'port' | 'shards'> {
  readonly engine: Pick<Engine, 'memories' | 'places'>;
  readonly clock: Clock;
  /** For people, a sentence when publishing stops working, and when it works again. */
  readonly say: (sentence: string) => void;
}

export class PublishHost {
  readonly #options: PublishHostOptions;
  readonly #host = new ThreadHost({ entry: new URL('../../workers/publish.js', import.meta.url) });
  #port: MessagePort | undefined;
  #figures: PublishFigures;
  #finishing = false;
  #done = false;
  #running: Promise<unknown> = Promise.resolve();
  /** Every message of the thread has been taken. */
  #heard: Promise<unknown> = Promise.resolve();

  constructor(options: PublishHostOptions) {
    this.#options = options;
    this.#figures = { ...NOTHING_PUBLISHED, servers: namesOf(options.access.servers) };
  }

  /** As of at most 200 ms ago. */
  get figures(): PublishFigures {
    return this.#figures;
  }

  /** True when the server has every candle of the run in its last state. */
  get done(): boolean {
    return this.#done;
  }

  /** Returns at once. A thread that dies is replaced: memory and server have all that another needs. */
  start(): void {
    this.#running = this.#host
      .run(
        () => this.#task(),
        (error) => {
          if (this.#host.deaths >= MAX_DEATHS) throw error;
        },
      )
      .catch((error: unknown) =>
        this.#note({ ...this.#figures, connected: false, trouble: `Its thread died: ${sentenceOf(error)}.` }),
      )
      .then(() => this.#heard);
  }

  /** When no candle changes any more: waits until the server has all, or takes nothing for PATIENCE_MS. */
  async finish(): Promise<void> {
    const { clock } = this.#options;
    const beganMs = clock.monoMs();
    let movedMs = beganMs;
    let seen = '';
    this.#finishing = true;
    this.#tellFinish();
    let isOver = false;
    void this.#running.then(() => (isOver = true));
    while (!this.#done && !isOver) {
      await Promise.race([this.#running, sleep(LOOK_MS)]);
      const { acknowledged, present, connections } = this.#figures;
      const now = `${acknowledged} ${present} ${connections}`;
      if (now !== seen) movedMs = clock.monoMs();
      seen = now;
      const nowMs = clock.monoMs();
      if (nowMs - movedMs > PATIENCE_MS || nowMs - beganMs > MAX_FINISH_MS) return;
    }
  }

  /** Ends the thread at once. */
  async stop(): Promise<void> {
    await this.#host.stop();
    this.#port?.close();
  }

  #tellFinish(): void {
    const message: ToPublish = { kind: 'finish' };
    this.#port?.postMessage(message);
  }

  #note(figures: PublishFigures): void {
    const before = this.#figures.trouble;
    this.#figures = figures;
    const { trouble, servers } = figures;
    if (trouble !== undefined && before === undefined)
      this.#options.say(`Nothing is published: ${trouble} The run is not affected.`);
    if (trouble === undefined && before !== undefined && figures.connected)
      this.#options.say(`Candles are published to ${servers} again.`);
  }

  #task(): ThreadTask {
    const { engine, timeframes, access, run, identity, sinceMs, ledger } = this.#options;
    const { port1, port2 } = new MessageChannel();
    port1.on('message', ({ figures, done }: FromPublish) => {
      this.#note(figures);
      this.#done = done;
    });
    this.#port = port1;
    this.#heard = new Promise((resolve) => port1.once('close', () => resolve(undefined)));
    if (this.#finishing) this.#tellFinish();
    const value: PublishTask = {
      port: port2,
      shards: sharedShards(engine),
      timeframes,
      access,
      run,
      identity,
      sinceMs,
      ledger,
    };
    return { value, transfer: [port2] };
  }
}
