/**
 * The main thread's side of the dashboard: starts its thread, sends it what only the main thread knows, and ends it.
 * A thread that dies is replaced. One that keeps dying is given up, which is said once; the run continues, because
 * nothing in it depends on being watched.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
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
import { ThreadHost, type ThreadTask } from './thread-host.js';

/** Deaths after which the thread is no longer replaced. */
const MAX_DEATHS = 3;
/** Real ms that the thread has to start, and to stop. */
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 3000;
/**
 * Size of the young generation. Nearly all that the thread allocates is garbage at once, and collecting it may take
 * its time.
 */
const YOUNG_GENERATION_MB = 4;

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
  /** For people, a sentence: the pages are gone. */
  readonly onGone: (sentence: string) => void;
}

/** URLs of what listens. */
export interface Addresses {
  readonly dashboard: string | undefined;
  readonly metrics: string | undefined;
}

/** The state of the run to send; lists are whole, and only their new part is sent. */
export interface DashboardUpdate {
  readonly status: Omit<StatusUpdate, 'evaluations' | 'events'>;
  readonly evaluations: readonly Evaluation[];
  readonly events: readonly RunEvent[];
  /** Events that are new, or longer than at the last update. */
  readonly news: readonly RunEvent[];
  readonly feed: Pick<Facts['feed'], 'connected' | 'connections' | 'disconnects'>;
}

function portOf(url: string | undefined): number | undefined {
  return url === undefined ? undefined : Number(new URL(url).port);
}

export class DashboardHost {
  readonly #options: DashboardHostOptions;
  readonly #host: ThreadHost;
  /** Undefined while no thread listens. */
  #port: MessagePort | undefined;
  #running: Promise<void> = Promise.resolve();
  /** Undefined before the first thread listens. */
  #addresses: Addresses | undefined;
  #evaluationsSent = 0;
  /** Whether the thread has not been sent anything yet. */
  #isNew = true;

  constructor(options: DashboardHostOptions) {
    this.#options = options;
    this.#host = new ThreadHost({
      entry: options.workerUrl ?? new URL('../../workers/dashboard.js', import.meta.url),
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
  }

  /** Starts to listen. Throws EngineError CONFIG when a port cannot be had. */
  async start(): Promise<Addresses> {
    return within(this.#options.clock, START_TIMEOUT_MS, this.#listening(), () => {
      throw new EngineError(
        'CONFIG',
        `The thread of --dashboard and --metrics did not start within ${START_TIMEOUT_MS / 1000} s; leave them out.`,
      );
    });
  }

  /** Sends an update; returns at once. */
  tell({
    status,
    evaluations,
    events,
    news,
    feed: { connected, connections, disconnects },
  }: DashboardUpdate): void {
    if (this.#port === undefined) return;
    const whole = this.#isNew;
    this.#isNew = false;
    const ended: Record<string, number> = {};
    for (const { cause } of disconnects) ended[cause] = (ended[cause] ?? 0) + 1;
    this.#send({
      kind: 'update',
      status: {
        ...status,
        events: whole ? events : news,
        evaluations: evaluations.slice(whole ? 0 : this.#evaluationsSent),
      },
      feed: { connected, connections, ended },
    });
    this.#evaluationsSent = evaluations.length;
  }

  /** Ends the thread; the last update reaches the viewers. */
  async stop(): Promise<void> {
    this.#send({ kind: 'stop' });
    if (this.#port !== undefined)
      await within(this.#options.clock, STOP_TIMEOUT_MS, this.#running, () => undefined);
    await this.#host.stop();
  }

  #send(message: ToDashboard): void {
    this.#port?.postMessage(message);
  }

  /** Keeps a thread running; resolves when the first one listens, rejects when it cannot. */
  #listening(): Promise<Addresses> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: FromDashboard, port: MessagePort): void => {
        if (message.kind === 'trouble') this.#options.onTrouble(message.sentence);
        else if (message.kind === 'listening') {
          this.#port = port;
          this.#addresses ??= { dashboard: message.dashboard, metrics: message.metrics };
          resolve(this.#addresses);
        } else if (this.#addresses === undefined) reject(new EngineError('CONFIG', message.sentence));
        else this.#gone(message.sentence);
      };
      const onDeath = (error: unknown): void => {
        const reason = sentenceOf(error);
        const listened = this.#port !== undefined;
        this.#port?.close();
        this.#port = undefined;
        if (listened) this.#died(reason);
        else {
          const sentence = `The thread of --dashboard and --metrics cannot start: ${reason} Leave them out.`;
          if (this.#addresses !== undefined) this.#gone(sentence);
          throw new EngineError('CONFIG', sentence, { cause: error });
        }
      };
      this.#running = this.#host.run(() => this.#task(onMessage), onDeath).catch(reject);
    });
  }

  /**
   * What a thread is started with. One that replaces another listens at the same ports, and is sent everything again.
   */
  #task(onMessage: (message: FromDashboard, port: MessagePort) => void): ThreadTask {
    const { run, engine, sessions, ledger, dashboard, metrics } = this.#options;
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (message: FromDashboard) => onMessage(message, port1));
    this.#isNew = true;
    const value: DashboardTask = {
      port: port2,
      run,
      shards: engine.memories.map(({ shape, buffer }) => ({ shape, buffer })),
      places: engine.places,
      sessions,
      counters: engine.counters,
      ledger,
      dashboard: portOf(this.#addresses?.dashboard) ?? dashboard,
      metrics: portOf(this.#addresses?.metrics) ?? metrics,
    };
    return { value, transfer: [port2] };
  }

  /** A thread that listened has died. Throws when it is not to be replaced. */
  #died(reason: string): void {
    this.#options.onTrouble(`The thread of the page and the metrics died: ${reason}`);
    if (this.#host.deaths < MAX_DEATHS) return;
    this.#gone('their thread died three times, see the log.');
    throw new EngineError('CONFIG', reason);
  }

  #gone(why: string): void {
    this.#options.onGone(`The page and the metrics are gone: ${why} The run continues.`);
  }
}
