/** The dashboard's thread as a run has it: page, events, metrics, death. */
import { afterEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/clock.js';
import { dashboardStatus } from '../../src/dashboard/status.js';
import { COUNTER } from '../../src/memory/counters.js';
import { Notices } from '../../src/memory/notices.js';
import { LEDGER } from '../../src/memory/io-ledger.js';
import type { Engine } from '../../src/ingest/engine.js';
import {
  DashboardHost,
  type DashboardUpdate,
  type DashboardHostOptions,
} from '../../src/threads/dashboard-host.js';
import { sessionOf } from '../listed.js';
import { runOf } from '../dashboard/run.js';
import { goodFacts } from '../gates/facts.js';
import { at } from '../shard/drive.js';
import { Script } from '../shard/script.js';

const running: DashboardHost[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

function look(marketMs: number): DashboardUpdate {
  const facts = goodFacts();
  return {
    status: {
      now: { ...dashboardStatus(facts, { ticksPerSecond: 1 }), marketMs },
      gates: [],
      tickRate: { spanMs: 5000, ticks: [] },
    },
    evaluations: [],
    events: [],
    news: [],
    feed: {
      connected: true,
      connections: 2,
      disconnects: [
        { connection: 1, code: undefined, reason: '', cause: 'dropped', sentence: '', livedMs: 1, atMs: 1 },
      ],
    },
    condition: {
      trading: true,
      refusing: 0,
      storedRows: 7,
      journalMissing: undefined,
      leastLagMs: 250,
      calendarEndMs: 1000,
    },
  };
}

function hostOf(
  engine: Engine,
  change: Partial<DashboardHostOptions> = {},
): { readonly host: DashboardHost; readonly said: string[]; readonly gone: string[] } {
  const said: string[] = [];
  const gone: string[] = [];
  const run = runOf(engine, '1.2.3');
  const ledger = new SharedArrayBuffer(LEDGER.words * 4);
  const sessions = engine.places.map(({ instrument }) => sessionOf(instrument));
  const host = new DashboardHost({
    run,
    engine,
    timeframes: ['1m'],
    sessions,
    ledger,
    notices: new Notices(engine.places.length),
    clock: new SystemClock(),
    folders: { candles: process.cwd(), journal: '/none' },
    dashboard: 0,
    metrics: 0,
    onTrouble: (text) => said.push(text),
    onGone: (text) => gone.push(text),
    ...change,
  });
  running.push(host);
  return { host, said, gone };
}

/** A run that ticked, all of it applied. */
function ticking(): Script {
  const script = new Script()
    .subscribe(at('11:00'))
    .frame('RELIANCE', at('11:00') + 500, 10_000)
    .frame('RELIANCE', at('11:00') + 11_000, 10_100)
    .hum(at('11:01'))
    .frame('RELIANCE', at('11:01') + 1000, 10_200)
    .hum(at('11:02') + 20_000);
  script.candles('RELIANCE');
  return script;
}

/** Repeats a request until its answer is right: an update arrives some time after it was sent. */
async function eventually(url: string, right: (text: string) => boolean): Promise<string> {
  for (;;) {
    const text = await fetch(url).then(
      (answer) => answer.text(),
      () => '',
    );
    if (right(text)) return text;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The first events of the page's stream until one matches. */
async function stream(url: string, pattern: RegExp): Promise<string> {
  const ending = new AbortController();
  const answer = await fetch(url, { signal: ending.signal });
  let text = '';
  for await (const chunk of answer.body!) {
    text += Buffer.from(chunk).toString();
    if (pattern.test(text)) break;
  }
  ending.abort();
  return text;
}

describe('the page', () => {
  it('is served with its parts, under a policy that lets nothing else run', async () => {
    const { host } = hostOf(new Script().engine);
    const { dashboard } = await host.start();
    const page = await fetch(`${dashboard}/`);
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';.*frame-ancestors 'none'$/,
    );
    expect(await page.text()).not.toMatch(/<script(?! src="\/page\.js")|<style| style=| on\w+=/);
    expect((await fetch(`${dashboard}/page.js`)).headers.get('content-type')).toMatch(/^text\/javascript/);
    expect(await (await fetch(`${dashboard}/page.css`)).text()).toMatch(/prefers-color-scheme: dark/);
  });

  it('follows the shards without asking them', async () => {
    const script = ticking();
    const { host } = hostOf(script.engine);
    const { dashboard } = await host.start();
    host.tell(look(at('11:02') + 21_000));
    const text = await stream(`${dashboard}/state`, /event: whole\n[^\n]+\n\n/);
    const whole = JSON.parse(/event: whole\ndata: ([^\n]+)/.exec(text)![1]) as { rows: { last: number }[] };
    expect(whole.rows[0].last).toBe(102);
  });
});

describe('the metrics', () => {
  it('are Prometheus text by its conventions, with a number of series that no number of symbols changes', async () => {
    const script = ticking();
    const { host } = hostOf(script.engine);
    const { metrics } = await host.start();
    host.tell(look(at('11:02') + 21_000));
    const text = await eventually(`${metrics}/metrics`, (seen) => seen.includes('tickshard_run_info{'));
    const lines = text.split('\n').filter((line) => line !== '');
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type] as const);
    expect(types.length).toBeGreaterThan(25);
    for (const [name, type] of types) {
      expect(name).toMatch(/^(tickshard|process)_[a-z_]+$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(text, name).toContain(`# HELP ${name} `);
    }
    const samples = lines.filter((line) => !line.startsWith('#'));
    for (const line of samples)
      expect(line).toMatch(/^[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (-?[\d.e+-]+|\+Inf|NaN)$/);
    expect(new Set(samples.map((line) => line.replace(/ \S+$/, ''))).size).toBe(samples.length);
    // Reserved for summaries.
    expect(text).not.toMatch(/quantile=/);
    expect(text).not.toMatch(/RELIANCE|2885/);
    expect(text).toMatch(/^tickshard_packets_applied_total\{shard="\d",class="tick"\} [1-9]/m);
    expect(text).toMatch(/^tickshard_candles\{shard="\d",quality="whole"\} [1-9]/m);
    expect(text).toContain('tickshard_feed_disconnects_total{cause="dropped"} 1');
    expect(text).toContain('tickshard_build_info{version="1.2.3"} 1');
    expect(text).toMatch(/^tickshard_trading 1$/m);
    expect(text).toMatch(/^tickshard_stored_rows 7$/m);
    expect(text).toMatch(/^tickshard_feed_least_lag_seconds 0.25$/m);
    expect(text).toMatch(/^tickshard_calendar_end_seconds 1$/m);
    // Neither a journal that is not kept nor a folder that does not exist has a sample.
    expect(text).not.toMatch(/^tickshard_journal_missing_frames /m);
    expect(text).toMatch(/^tickshard_disk_free_bytes\{folder="candles"\} [1-9]/m);
    expect(text).not.toContain('{folder="journal"}');
  });

  it('tell histograms whose buckets rise to their count', async () => {
    const script = ticking();
    const { host } = hostOf(script.engine, { dashboard: undefined });
    const { metrics, dashboard } = await host.start();
    expect(dashboard).toBeUndefined();
    const text = await (await fetch(`${metrics}/metrics`)).text();
    for (const name of ['tickshard_receive_to_applied_seconds', 'tickshard_receive_to_sealed_seconds']) {
      for (const shard of ['0', '1']) {
        const buckets = [
          ...text.matchAll(new RegExp(`^${name}_bucket\\{le="([^"]+)",shard="${shard}"\\} (\\d+)$`, 'gm')),
        ].map(([, le, value]) => [le, Number(value)] as const);
        expect(buckets.at(-1)![0]).toBe('+Inf');
        expect(buckets.map(([, value]) => value)).toEqual(
          buckets.map(([, value]) => value).toSorted((a, b) => a - b),
        );
        expect(text).toContain(`${name}_count{shard="${shard}"} ${buckets.at(-1)![1]}\n`);
      }
    }
    expect(text).toMatch(/^tickshard_receive_to_applied_seconds_count\{shard="\d"\} [1-9]/m);
  });

  it('are the counters, also where no run looked yet', async () => {
    const { engine } = ticking();
    engine.counters[COUNTER.refusedMode] = 7;
    const { host } = hostOf(engine);
    const { metrics } = await host.start();
    const text = await (await fetch(`${metrics}/metrics`)).text();
    expect(text).toContain('tickshard_frames_refused_total{reason="mode"} 7');
    // What is not known yet has no sample: 0 would say that the feed is down and the calendar at its end.
    expect(text).not.toMatch(
      /^tickshard_(?:feed_connected|market_time_seconds|calendar_end_seconds|trading) /m,
    );
  });
});

describe('the thread', () => {
  const workerUrl = new URL('./dying-dashboard.js', import.meta.url);

  it('is replaced when it dies, at the same addresses, and knows all again', async () => {
    const script = ticking();
    const { host, said, gone } = hostOf(script.engine, { workerUrl });
    const { dashboard } = await host.start();
    script.engine.counters[COUNTER.held] = 1;
    host.tell(look(at('11:02') + 21_000));
    while (said.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await eventually(`${dashboard}/`, (text) => text.includes('page.js'));
    host.tell(look(at('11:02') + 22_000));
    await stream(`${dashboard}/state`, /event: whole/);
    expect(said[0]).toMatch(/^The thread of the page and the metrics died: /);
    expect(gone).toEqual([]);
  });

  it('is given up after three deaths, which is said once; updates are then dropped', async () => {
    const { engine } = ticking();
    const { host, gone } = hostOf(engine, { workerUrl });
    await host.start();
    engine.counters[COUNTER.held] = 3;
    while (gone.length === 0) {
      host.tell(look(at('11:02') + 21_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    host.tell(look(at('11:02') + 21_000));
    expect(gone).toEqual([
      'The page and the metrics are gone: their thread died three times, see the log. The run continues.',
    ]);
  });

  it('does not begin where a port is taken, and says whose', async () => {
    const first = hostOf(ticking().engine);
    const { metrics } = await first.host.start();
    const port = Number(new URL(metrics!).port);
    const { host } = hostOf(ticking().engine, { metrics: port });
    await expect(host.start()).rejects.toMatchObject({
      exitCode: 2,
      message: `Port ${port} of --metrics cannot be had: another program listens there. Give another, or 0 for any that is free.`,
    });
  });
});
