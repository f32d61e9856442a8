/**
 * The alert rules and the dashboard: promtool's own checks, and every query on what a run really serves. The run is
 * held twice, its metrics are scraped, and a Prometheus of this machine reads them as two scrapes a minute apart.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shipped } from '../../src/paths.js';
import { inFolder } from '../parquet/candles.js';
import { EARLY, simulated } from '../program/command.js';
import { startHeld } from '../program/pause.js';
import { alertRules, dashboardQueries, titled, tool } from './tools.js';

const promtool = tool('promtool');
const prometheus = tool('prometheus');
const needs = { promtool, prometheus };
const none = promtool === undefined || prometheus === undefined;
/** Seconds between the first and the last sample of a scrape. */
const STEP_S = 15;
/** The second scrape is this much later, seconds. */
const APART_S = 60;

function check(...args: readonly string[]): string {
  return execFileSync(promtool!, args, { encoding: 'utf8', stdio: 'pipe' });
}

/** Two scrapes of a run's metrics, its market a minute apart. */
async function scrapes(): Promise<readonly [string, string]> {
  return inFolder(async (folder) => {
    const args = simulated(2, 3, ...EARLY, '--subset', '4', '--mode', 'snapquote', '--metrics', '0');
    const running = startHeld(args, folder, [/^09:51 {2}/m, /^09:52 {2}/m]);
    let text = '';
    running.child.stdout!.on('data', (more: string) => (text += more));
    const scrape = async (): Promise<string> => {
      await running.held();
      const answer = await fetch(/Metrics (http:\S+)/.exec(text)![1]);
      running.release();
      return answer.text();
    };
    const both = [await scrape(), await scrape()] as const;
    const { code, stderr } = await running.ended;
    expect([code, stderr]).toEqual([0, '']);
    return both;
  });
}

/** Samples of a scrape with the labels that Prometheus adds, at a time in seconds. */
function stamped(scrape: string, atS: number): string[] {
  return scrape
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)!;
      const more = labels === '' ? '' : `,${labels}`;
      return `${name}{job="tickshard",instance="a"${more}} ${value} ${atS}`;
    });
}

const namesIn = (scrape: string): ReadonlySet<string> =>
  new Set([...scrape.matchAll(/^([a-z_]+)(?:\{| )/gm)].map(([, name]) => name));

/** The metrics that a query names. */
const metricsOf = (expr: string): string[] =>
  [...expr.matchAll(/\b(?:tickshard|process)_\w+/g)].map(([name]) => name);

describe.skipIf(none)(titled('the alert rules and the configuration', needs), () => {
  it.each(['check rules deploy/prometheus/alerts.yml', 'check config deploy/prometheus/prometheus.yml'])(
    'pass `promtool %s`',
    (line) => {
      const [what, kind, path] = line.split(' ');
      expect(check(what, kind, fileURLToPath(shipped(path)))).toContain(
        `SUCCESS: ${alertRules().length} rules found`,
      );
    },
  );

  it.each(['alerts', 'hours'])(
    'fire when they must and only then: `promtool test rules` of %s.test.yml',
    (name) => {
      expect(check('test', 'rules', fileURLToPath(shipped(`test/deploy/${name}.test.yml`)))).toContain(
        'SUCCESS',
      );
    },
  );
});

describe.skipIf(none)(titled('on the metrics of a run', needs), () => {
  const folder = mkdtempSync(join(tmpdir(), 'tickshard-deploy-'));
  let both: readonly [string, string];
  let server: ChildProcess | undefined;
  let address = '';
  let lastS = 0;

  beforeAll(async () => {
    both = await scrapes();
    lastS = Math.floor(Date.now() / 1000);
    const [first, second] = both;
    const lines = [
      ...stamped(first, lastS - APART_S),
      ...stamped(first, lastS - APART_S + STEP_S),
      ...stamped(second, lastS),
    ];
    const [input, data, config] = ['scraped.txt', 'data', 'empty.yml'].map((name) => join(folder, name));
    writeFileSync(input, `${lines.join('\n')}\n# EOF\n`);
    mkdirSync(data);
    check('tsdb', 'create-blocks-from', 'openmetrics', input, data);
    writeFileSync(config, '{}\n');
    address = await serve([
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      '--web.listen-address=127.0.0.1:0',
    ]);
  });

  afterAll(async () => {
    if (server !== undefined && server.exitCode === null) {
      const ended = new Promise((resolve) => server!.once('exit', resolve));
      server.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true });
  });

  /** Starts the server; resolves to its address when it answers. */
  function serve(args: readonly string[]): Promise<string> {
    server = spawn(prometheus!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    let at = '';
    return new Promise((resolve, reject) => {
      server!.on('exit', () => reject(new Error(said)));
      server!.stderr!.setEncoding('utf8').on('data', (more: string) => {
        said += more;
        at = /msg="Listening on" address=(127\.0\.0\.1:[1-9]\d*)/.exec(said)?.[1] ?? at;
        if (at !== '' && said.includes('Server is ready')) resolve(`http://${at}`);
      });
    });
  }

  /** The values of a query at the second scrape. */
  async function query(expr: string): Promise<number[]> {
    const answer = await fetch(`${address}/api/v1/query?time=${lastS}&query=${encodeURIComponent(expr)}`);
    const { status, error, data } = (await answer.json()) as {
      status: string;
      error?: string;
      data?: { result: readonly { readonly value: readonly [number, string] }[] };
    };
    expect(status, `${expr}: ${error}`).toBe('success');
    return data!.result.map(({ value: [, value] }) => Number(value));
  }

  it('every query of the dashboard has a value', async () => {
    const queries = dashboardQueries();
    expect(queries.length).toBeGreaterThan(25);
    for (const { panel, expr } of queries) {
      const values = await query(expr);
      expect(values.length, `${panel}: ${expr}`).toBeGreaterThan(0);
      // In stepped time latency is not measured, so a quantile of it is of no packets.
      if (!expr.startsWith('histogram_quantile('))
        for (const value of values) expect(value, `${panel}: ${expr}`).not.toBeNaN();
    }
  });

  it('a rate is that of the frames between the two scrapes', async () => {
    const [before, after] = both.map((scrape) =>
      Number(/^tickshard_frames_received_total (\d+)$/m.exec(scrape)![1]),
    );
    expect(after).toBeGreaterThan(before);
    const [rate] = await query('rate(tickshard_frames_received_total[1m])');
    expect(rate).toBeCloseTo((after - before) / APART_S, 6);
  });

  it('every metric that an alert or a panel names is there', () => {
    const served = namesIn(both[1]);
    const expressions = [...alertRules(), ...dashboardQueries()].map(({ expr }) => expr);
    expect(expressions.filter((expr) => metricsOf(expr).some((name) => !served.has(name)))).toEqual([]);
    expect(expressions.flatMap(metricsOf).length).toBeGreaterThan(50);
  });

  it('every value of a label that an alert or a panel asks for is there', async () => {
    const asked = new Set(
      [...alertRules(), ...dashboardQueries()].flatMap(({ expr }) =>
        [...expr.matchAll(/\b((?:tickshard|process)_\w+)\{([^}]*)\}/g)].flatMap(([, name, labels]) =>
          [...labels.matchAll(/(\w+)=~?"([^"]*)"/g)].flatMap(([, label, values]) =>
            values.split('|').map((value) => `${name}{${label}="${value}"}`),
          ),
        ),
      ),
    );
    expect(asked.size).toBeGreaterThan(5);
    const missing: string[] = [];
    for (const one of asked)
      // This run is not one of the live feed.
      if ((await query(one.replace('feed="live"', 'feed=~"sim:.+"'))).length === 0) missing.push(one);
    expect(missing).toEqual([]);
  });

  it('a run in which all is well raises no alert', async () => {
    // No scrape job is there; and the end of the calendar depends on the day of the test.
    const rules = alertRules().filter(
      ({ name }) => !['TickshardNotRunning', 'TickshardCalendarEnds'].includes(name),
    );
    expect(rules.length).toBeGreaterThan(12);
    for (const { name, expr } of rules) expect(await query(expr), name).toEqual([]);
  });
});
