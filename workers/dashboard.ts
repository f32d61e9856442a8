/**
 * Thread entry of those who look: the page and the metrics. One long-running task that serves both until it is told to stop. It reads
 * the shards' memory and what the main thread tells it; nothing waits for it, and a viewer can stall nobody but itself.
 */
import '../src/memory/io-ledger.js';
import { SystemClock, sleep } from '../src/clock.js';
import { EngineError, sentenceOf } from '../src/errors.js';
import { DashboardModel } from '../src/dashboard/model.js';
import { answer, LocalServer } from '../src/dashboard/local-server.js';
import { runMetrics } from '../src/dashboard/metrics/run-metrics.js';
import type { FeedFigures } from '../src/dashboard/metrics/feed-metrics.js';
import { LIVE_POLICY, livePage, pageParts } from '../src/dashboard/page.js';
import { Viewers } from '../src/dashboard/viewers.js';
import { LEDGER, watch } from '../src/memory/io-ledger.js';
import { ShardMemory } from '../src/memory/layout.js';
import type { DashboardTask, FromDashboard, ToDashboard } from '../src/threads/dashboard-messages.js';

/** Real ms that connections are given to take the last words. */
const FAREWELL_MS = 200;

/** Serves until told to stop. */
export default async function run(task: DashboardTask): Promise<void> {
  watch([], new Int32Array(task.ledger, 0, LEDGER.words));
  const { port, places, counters } = task;
  const clock = new SystemClock();
  const memories = task.shards.map(({ shape, buffer }) => new ShardMemory(shape, buffer));
  const board = new DashboardModel({ run: task.run, memories, places, sessions: task.sessions });
  const say = (message: FromDashboard): void => port.postMessage(message);
  const viewers = new Viewers(() =>
    say({ kind: 'trouble', sentence: 'A page that did not read what it was sent was cut off.' }),
  );
  let feed: FeedFigures | undefined;
  const onFailure = (sentence: string): void => say({ kind: 'trouble', sentence });

  const parts = pageParts();
  const page = livePage();
  const dashboard = new LocalServer({
    port: task.dashboard ?? 0,
    option: '--dashboard',
    onFailure,
    routes: {
      '/': (_, response) =>
        answer(response, 200, 'text/html; charset=utf-8', page, { 'Content-Security-Policy': LIVE_POLICY }),
      '/page.js': (_, response) => answer(response, 200, 'text/javascript; charset=utf-8', parts.script),
      '/page.css': (_, response) => answer(response, 200, 'text/css; charset=utf-8', parts.style),
      '/events': (_, response) => viewers.join(response, board.picture),
    },
  });
  const registry = runMetrics({
    memories,
    places,
    counters,
    state: () => board.picture,
    feed: () => feed,
    version: task.run.version,
  });
  const metrics = new LocalServer({
    port: task.metrics ?? 0,
    option: '--metrics',
    onFailure,
    routes: {
      '/metrics': async (_, response) =>
        answer(response, 200, registry.contentType, await registry.metrics()),
    },
  });

  const stopped = new Promise<void>((resolve) => {
    port.on('message', (message: ToDashboard) => {
      if (message.kind === 'stop') return resolve();
      feed = message.feed;
      const monoMs = clock.monoMs();
      viewers.tell(board.look(message.glance, monoMs), () => board.picture!, monoMs);
    });
  });
  const asked = [
    ...(task.dashboard === undefined ? [] : [dashboard]),
    ...(task.metrics === undefined ? [] : [metrics]),
  ];
  try {
    for (const server of asked) await server.start();
  } catch (error) {
    await Promise.all(asked.map((server) => server.stop()));
    say({ kind: 'refused', sentence: error instanceof EngineError ? error.message : sentenceOf(error) });
    port.close();
    return;
  }
  say({
    kind: 'listening',
    dashboard: task.dashboard === undefined ? undefined : dashboard.url,
    metrics: task.metrics === undefined ? undefined : metrics.url,
  });
  await stopped;
  viewers.end();
  await sleep(FAREWELL_MS);
  await Promise.all(asked.map((server) => server.stop()));
  port.close();
}
