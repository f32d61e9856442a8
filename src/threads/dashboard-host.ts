/**
 * The main thread's side of those who look: starts their thread, tells it what only the main thread knows, and ends it. A thread that
 * dies is replaced; one that keeps dying is given up, said once, and the run goes on: nothing of it depends on being watched.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { within, type Clock } from '../clock.js';
import { EngineError, sentenceOf } from '../errors.js';
import type { Evaluation } from '../momentum/series.js';
import type { StatusUpdate } from '../dashboard/model.js';
import type { Facts } from '../gates/facts.js';
import type { DashboardRun } from '../dashboard/state.js';
import type { RunEvent } from '../monitor/event.js';
import { type TradingSession } from '../market/session.js';
import type { Engine } from '../ingest/engine.js';
import type { FromDashboard, DashboardTask, ToDashboard } from './dashboard-messages.js';

/** Deaths after which the thread is not replaced any more. */
const MOST_DEATHS = 3;
/** Real ms that the thread has to begin, and to end. */
const BEGIN_MS = 30_000;
const END_MS = 3000;
/** Nearly all that the thread makes is garbage at once, and it has time: it needs little room for that. */
const YOUNG_MB = 4;

export interface DashboardHostOptions {
  readonly run: DashboardRun;
  readonly engine: Engine;
  readonly sessions: readonly TradingSession[];
  readonly ledger: SharedArrayBuffer;
  readonly clock: Clock;
  readonly dashboard: number | undefined;
  readonly metrics: number | undefined;
  /** The compiled thread entry; the default is the package's own. */
  readonly workerUrl?: URL | undefined;
  /** For the log, sentences. */
  readonly onTrouble: (sentence: string) => void;
  /** For people: the pages are gone. */
  readonly onGone: (sentence: string) => void;
}

/** Where they listen. */
export interface Addresses {
  readonly dashboard: string | undefined;
  readonly metrics: string | undefined;
}

/** What there is to tell at a look; whole lists, of which the new part is sent. */
export interface DashboardUpdate {
  readonly glance: Omit<StatusUpdate, 'evaluations' | 'events'>;
  readonly evaluations: readonly Evaluation[];
  readonly events: readonly RunEvent[];
  /** Events that are new or went on since the last look. */
  readonly news: readonly RunEvent[];
  readonly feed: Pick<Facts['feed'], 'connected' | 'connections' | 'disconnects'>;
}

function portOf(url: string | undefined): number | undefined {
  return url === undefined ? undefined : Number(new URL(url).port);
}

export class DashboardHost {
  readonly #options: DashboardHostOptions;
  readonly #pool: Piscina;
  readonly #entry: string;
  #port: MessagePort | undefined;
  #running: Promise<void> = Promise.resolve();
  #addresses: Addresses = { dashboard: undefined, metrics: undefined };
  #evaluationsSent = 0;
  #fresh = true;
  #deaths = 0;
  #stopping = false;

  constructor(options: DashboardHostOptions) {
    this.#options = options;
    this.#entry = (options.workerUrl ?? new URL('../../workers/dashboard.js', import.meta.url)).href;
    this.#pool = new Piscina({
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      idleTimeout: Infinity,
      recordTiming: false,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    // Without a listener a thread's late error would end the process; its task is rejected all the same.
    this.#pool.on('error', () => undefined);
  }

  /** Starts to listen. Throws EngineError CONFIG when a port cannot be had. */
  async start(): Promise<Addresses> {
    const { dashboard, metrics, clock } = this.#options;
    this.#addresses = await within(clock, BEGIN_MS, this.#begin(dashboard, metrics), () => {
      throw new EngineError(
        'CONFIG',
        `The thread of --dashboard and --metrics did not start within ${BEGIN_MS / 1000} s; leave them out.`,
      );
    });
    return this.#addresses;
  }

  /** Tells of a look; returns at once. */
  tell({
    glance,
    evaluations,
    events,
    news,
    feed: { connected, connections, disconnects },
  }: DashboardUpdate): void {
    if (this.#port === undefined) return;
    // A new thread knows nothing of what was told to the one before.
    const whole = this.#fresh;
    this.#fresh = false;
    const ended: Record<string, number> = {};
    for (const { cause } of disconnects) ended[cause] = (ended[cause] ?? 0) + 1;
    this.#send({
      kind: 'glance',
      glance: {
        ...glance,
        events: whole ? events : news,
        evaluations: evaluations.slice(whole ? 0 : this.#evaluationsSent),
      },
      feed: { connected, connections, ended },
    });
    this.#evaluationsSent = evaluations.length;
  }

  /** Ends the thread; what was told last reaches those who watch. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#send({ kind: 'stop' });
    await within(this.#options.clock, END_MS, this.#running, () => undefined);
    await this.#pool.destroy();
  }

  #send(message: ToDashboard): void {
    this.#port?.postMessage(message);
  }

  /** Submits the task; resolves when it listens. */
  #begin(dashboard: number | undefined, metrics: number | undefined): Promise<Addresses> {
    const { run, engine, sessions, ledger } = this.#options;
    const { port1, port2 } = new MessageChannel();
    this.#fresh = true;
    const task: DashboardTask = {
      port: port2,
      run,
      shards: engine.memories.map(({ shape, buffer }) => ({ shape, buffer })),
      places: engine.places,
      sessions,
      counters: engine.counters,
      ledger,
      dashboard,
      metrics,
    };
    return new Promise<Addresses>((resolve, reject) => {
      port1.on('message', (message: FromDashboard) => {
        if (message.kind === 'listening') {
          this.#port = port1;
          resolve({ dashboard: message.dashboard, metrics: message.metrics });
        } else if (message.kind === 'refused') reject(new EngineError('CONFIG', message.sentence));
        else this.#options.onTrouble(message.sentence);
      });
      this.#running = this.#pool.run(task, { filename: this.#entry, transferList: [port2] }).then(
        () => undefined,
        (error: unknown) => {
          reject(
            new EngineError(
              'CONFIG',
              `The thread of --dashboard and --metrics cannot start: ${sentenceOf(error)} Leave them out.`,
              { cause: error },
            ),
          );
          this.#died(sentenceOf(error));
        },
      );
    });
  }

  #died(reason: string): void {
    const listened = this.#port !== undefined;
    this.#port?.close();
    this.#port = undefined;
    if (this.#stopping || !listened) return;
    this.#deaths++;
    this.#options.onTrouble(`The thread of the page and the metrics died: ${reason}`);
    if (this.#deaths >= MOST_DEATHS)
      return this.#options.onGone(
        'The page and the metrics are gone: their thread died three times, see the log. The run goes on.',
      );
    this.#begin(portOf(this.#addresses.dashboard), portOf(this.#addresses.metrics)).catch((error: unknown) =>
      this.#options.onGone(`The page and the metrics are gone: ${sentenceOf(error)} The run goes on.`),
    );
  }
}
