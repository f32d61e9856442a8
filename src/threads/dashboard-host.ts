/**
 * The main thread's side of the dashboard: starts and ends its thread, and sends it what only the main thread knows.
 * A thread that dies is replaced; one that keeps dying is given up with one message. The run continues, because
 * nothing in it depends on being watched.
 */
import type { Timeframe } from '../market/timeframe.js';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { sharedShards } from '../candles/shared-shards.js';
import { within, type Clock } from '../clock.js';
import { EngineError, sentenceOf } from '../errors.js';
import type { Evaluation } from '../momentum/series.js';
import type { RunCondition, WatchedFolders } from '../dashboard/metrics/condition-metrics.js';
import type { StatusUpdate } from '../dashboard/model.js';
import type { Facts } from '../gates/facts.js';
import type { DashboardRun } from '../dashboard/state.js';
import type { Notices } from '../memory/notices.js';
import type { RunEvent } from '../monitor/event.js';
import { type TradingSession } from '../market/session.js';
import type { Engine } from '../ingest/engine.js';
import type { FromDashboard, DashboardTask, ToDashboard } from './dashboard-messages.js';
import { ThreadHost, type ThreadTask } from './thread-host.js';

/** Deaths after which the thread is not replaced. */
const MAX_DEATHS = 3;
/** Real ms to start, and to stop. */
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 3000;
/** Nearly all that the thread allocates is garbage at once, and collecting it may take its time. */
const YOUNG_GENERATION_MB = 4;

export interface DashboardHostOptions {
  readonly run: DashboardRun;
  readonly engine: Engine;
  readonly timeframes: readonly Timeframe[];
  readonly sessions: readonly TradingSession[];
  readonly ledger: SharedArrayBuffer;
  readonly notices: Notices;
  readonly clock: Clock;
  /** Whose room the metrics tell. */
  readonly folders: WatchedFolders;
  readonly dashboard: number | undefined;
  readonly metrics: number | undefined;
  /** The compiled thread entry; default the package's own. */
  readonly workerUrl?: URL | undefined;
  /** For the log. */
  readonly onTrouble: (sentence: string) => void;
  /** For people: the pages are gone. */
  readonly onGone: (sentence: string) => void;
}

export interface Addresses {
  readonly dashboard: string | undefined;
  readonly metrics: string | undefined;
}

/** The state to send; lists are whole, and only their new part is sent. */
export interface DashboardUpdate {
  readonly status: Omit<StatusUpdate, 'evaluations' | 'events'>;
  readonly evaluations: readonly Evaluation[];
  readonly events: readonly RunEvent[];
  /** Events that are new, or longer than before. */
  readonly news: readonly RunEvent[];
  readonly feed: Pick<Facts['feed'], 'connected' | 'connections' | 'disconnects'>;
  readonly condition: RunCondition;
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
  /** True if the thread was sent nothing yet. */
  #isNew = true;

  constructor(options: DashboardHostOptions) {
    this.#options = options;
    this.#host = new ThreadHost({
      entry: options.workerUrl ?? new URL('../../workers/dashboard.js', import.meta.url),
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
  }

  /** Throws EngineError CONFIG when a port cannot be had. */
  async start(): Promise<Addresses> {
    return within(this.#options.clock, START_TIMEOUT_MS, this.#listening(), () => {
      throw new EngineError(
        'CONFIG',
        `The thread of --dashboard and --metrics did not start within ${START_TIMEOUT_MS / 1000} s; leave them out.`,
      );
    });
  }

  /** Returns at once. */
  tell({
    status,
    evaluations,
    events,
    news,
    feed: { connected, connections, disconnects },
    condition,
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
      condition,
    });
    this.#evaluationsSent = evaluations.length;
  }

  /** Ends the thread; viewers get the last update. */
  async stop(): Promise<void> {
    this.#send({ kind: 'stop' });
    if (this.#port !== undefined)
      await within(this.#options.clock, STOP_TIMEOUT_MS, this.#running, () => undefined);
    await this.#host.stop();
  }

  #send(message: ToDashboard): void {
    this.#port?.postMessage(message);
  }

  /** Keeps a thread running; resolves when the first listens, rejects when it cannot. */
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

  /** A replacement listens at the same ports and gets everything again. */
  #task(onMessage: (message: FromDashboard, port: MessagePort) => void): ThreadTask {
    const { run, engine, timeframes, sessions, ledger, notices, folders } = this.#options;
    const { dashboard, metrics } = this.#options;
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (message: FromDashboard) => onMessage(message, port1));
    this.#isNew = true;
    const value: DashboardTask = {
      port: port2,
      run,
      shards: sharedShards(engine),
      timeframes,
      places: engine.places,
      sessions,
      counters: engine.counters,
      ledger,
      notices: notices.buffer,
      folders,
      dashboard: portOf(this.#addresses?.dashboard) ?? dashboard,
      metrics: portOf(this.#addresses?.metrics) ?? metrics,
    };
    return { value, transfer: [port2] };
  }

  /** A listening thread died. Throws when it is not to be replaced. */
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
