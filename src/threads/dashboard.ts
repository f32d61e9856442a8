/**
 * The dashboard in its thread: the page with its stream of events, and the metrics. It reads the shards' memory and
 * the main thread's messages. Nothing waits for it, so a viewer can stall nothing else.
 */
import type { MessagePort } from 'node:worker_threads';
import { SystemClock, sleep } from '../clock.js';
import { openShards } from '../candles/shared-shards.js';
import { CandleStream } from '../candles/stream.js';
import { DashboardModel } from '../dashboard/model.js';
import { answer, LocalServer } from '../dashboard/local-server.js';
import { runMetrics } from '../dashboard/metrics/run-metrics.js';
import type { RunCondition } from '../dashboard/metrics/condition-metrics.js';
import type { FeedFigures } from '../dashboard/metrics/feed-metrics.js';
import { LIVE_POLICY, livePage, pageParts } from '../dashboard/page.js';
import { EventFeed } from '../dashboard/event-feed.js';
import { NumberedEvents } from '../dashboard/numbered-events.js';
import { Viewers } from '../dashboard/viewers.js';
import { EngineError, sentenceOf } from '../errors.js';
import type { ShardMemory } from '../memory/layout.js';
import { Notices } from '../memory/notices.js';
import type { DashboardTask, FromDashboard, ToDashboard } from './dashboard-messages.js';

/** Real ms for connections to take the last update. */
const FAREWELL_MS = 200;

export class Dashboard {
  readonly #task: DashboardTask;
  readonly #port: MessagePort;
  readonly #clock = new SystemClock();
  readonly #model: DashboardModel;
  readonly #viewers: Viewers;
  readonly #page: LocalServer | undefined;
  readonly #metrics: LocalServer | undefined;
  readonly #events: EventFeed;
  readonly #ending = new AbortController();
  #feed: FeedFigures | undefined;
  #condition: RunCondition | undefined;

  constructor(task: DashboardTask) {
    this.#task = task;
    this.#port = task.port;
    const shards = openShards(task.shards);
    const memories = shards.map(({ memory }) => memory);
    const { run, places, sessions } = task;
    this.#model = new DashboardModel({
      run,
      memories,
      places,
      sessions,
      longer: task.timeframes.slice(1),
    });
    const stream = new CandleStream(shards, {
      notices: new Notices(places.length, task.notices),
      timeframes: task.timeframes,
    });
    this.#events = new EventFeed(new NumberedEvents(stream), Math.floor(this.#clock.wallMs()).toString(36));
    this.#viewers = new Viewers(() =>
      this.#trouble('A page that did not read what it was sent was cut off.'),
    );
    this.#page = task.dashboard === undefined ? undefined : this.#pageServer(task.dashboard);
    this.#metrics = task.metrics === undefined ? undefined : this.#metricsServer(task.metrics, memories);
  }

  /** Serves until `stop`. When a port cannot be had, sends a message and returns. */
  async run(): Promise<void> {
    const stopped = new Promise<void>((resolve) => {
      this.#port.on('message', (message: ToDashboard) => {
        if (message.kind === 'stop') return resolve();
        this.#update(message);
      });
    });
    const servers = [this.#page, this.#metrics].filter((server) => server !== undefined);
    try {
      for (const server of servers) await server.start();
    } catch (error) {
      this.#say({
        kind: 'refused',
        sentence: error instanceof EngineError ? error.message : sentenceOf(error),
      });
      return this.#close(servers);
    }
    this.#say({ kind: 'listening', dashboard: this.#page?.url, metrics: this.#metrics?.url });
    if (this.#page !== undefined) void this.#events.follow(this.#ending.signal);
    await stopped;
    this.#ending.abort();
    this.#events.update();
    this.#events.end();
    this.#viewers.end();
    await sleep(FAREWELL_MS);
    await this.#close(servers);
  }

  async #close(servers: readonly LocalServer[]): Promise<void> {
    await Promise.all(servers.map((server) => server.stop()));
    this.#port.close();
  }

  #say(message: FromDashboard): void {
    this.#port.postMessage(message);
  }

  #trouble(sentence: string): void {
    this.#say({ kind: 'trouble', sentence });
  }

  #update({ status, feed, condition }: ToDashboard & { readonly kind: 'update' }): void {
    this.#feed = feed;
    this.#condition = condition;
    const monoMs = this.#clock.monoMs();
    this.#viewers.send(this.#model.update(status, monoMs), () => this.#model.state!, monoMs);
  }

  #pageServer(port: number): LocalServer {
    const parts = pageParts();
    const page = livePage();
    return new LocalServer({
      port,
      option: '--dashboard',
      onFailure: (sentence) => this.#trouble(sentence),
      routes: {
        '/': (_, response) =>
          answer(response, 200, 'text/html; charset=utf-8', page, { 'Content-Security-Policy': LIVE_POLICY }),
        '/page.js': (_, response) => answer(response, 200, 'text/javascript; charset=utf-8', parts.script),
        '/page.css': (_, response) => answer(response, 200, 'text/css; charset=utf-8', parts.style),
        '/state': (_, response) => this.#viewers.join(response, this.#model.state),
        '/events': (request, response) => this.#events.join(request, response),
      },
    });
  }

  #metricsServer(port: number, memories: readonly ShardMemory[]): LocalServer {
    const registry = runMetrics({
      memories,
      places: this.#task.places,
      counters: this.#task.counters,
      state: () => this.#model.state,
      feed: () => this.#feed,
      condition: () => this.#condition,
      folders: this.#task.folders,
      version: this.#task.run.version,
    });
    return new LocalServer({
      port,
      option: '--metrics',
      onFailure: (sentence) => this.#trouble(sentence),
      routes: {
        '/metrics': async (_, response) =>
          answer(response, 200, registry.contentType, await registry.metrics()),
      },
    });
  }
}
