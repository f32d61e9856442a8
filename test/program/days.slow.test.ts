/**
 * Whole days of `tickshard shadow`: with and without the closing auction, a holiday, and a date that the calendar
 * does not cover. The candles of a day are compared with the true ones, which the simulated broker serves over REST.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/clock.js';
import { startBroker } from '../../src/sim/broker.js';
import { duckdb, inFolder } from '../parquet/candles.js';
import { listed, marketAt } from '../sim/world.js';
import { everythingIn, run } from './command.js';
import { startHeld } from './pause.js';

const OUT = 'data/test/sim/websocket_candles';
const shadow = (at: string, ...more: readonly string[]): string[] => [
  'shadow',
  '--ws-test-mode',
  '--until-close',
  '--symbols',
  'RELIANCE',
  '--feed',
  'sim',
  '--at',
  at,
  '--speed',
  'max',
  ...more,
];

interface Report {
  readonly verdict: string;
  readonly mode: string;
  readonly market: { readonly date: string; readonly dayCandles: number };
  readonly options: Record<string, unknown>;
  readonly gates: readonly { readonly id: string; readonly status: string; readonly remedy?: string }[];
  readonly symbols: readonly { readonly whole: number; readonly partial: number }[];
  readonly momentum: { readonly evaluations: number };
}

const reportIn = (folder: string): Report =>
  JSON.parse(readFileSync(join(folder, 'data/test/reports/latest.json'), 'utf8')) as Report;

/** Compares with the broker's own candles of the date, polled after the close. */
async function comparedWithTruth(folder: string, date: string): Promise<Record<string, unknown>> {
  const market = marketAt('15:50', { date, seed: 1, listings: listed('RELIANCE') });
  const broker = await startBroker({ port: 0, market, clock: new SystemClock({ originMs: market.startMs }) });
  try {
    const { code, stdout, stderr } = await run(
      [
        'compare',
        '--ours',
        OUT,
        '--fetch',
        '--feed',
        `ws://127.0.0.1:${broker.port}`,
        '--date',
        date,
        '--json',
        '--report',
        'data/test/reports/compare.json',
        '--html',
        'page.html',
      ],
      folder,
    );
    expect(stderr).toMatch(
      /^Asking for the candles of RELIANCE, two a second, each until two answers agree\.\nAsking again for RELIANCE\.\n$/,
    );
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, 'data/test/reports/compare.json'), 'utf8'))).toEqual(
      JSON.parse(stdout),
    );
    expect(readFileSync(join(folder, 'page.html'), 'utf8')).toContain('Verdict: PASS.');
    return JSON.parse(stdout) as Record<string, unknown>;
  } finally {
    await broker.close();
  }
}

interface SourceRow {
  readonly minute: string;
  readonly source: string;
  /** All prices are one. */
  readonly flat: boolean;
}

const sourcesOf = async (folder: string): Promise<SourceRow[]> =>
  (await duckdb(
    `SELECT strftime(c.timestamp, '%H:%M') AS minute, q.source, c.open = c.close AND c.high = c.low AS flat FROM '${folder}/${OUT}/NSE_RELIANCE_1m_test.parquet' c JOIN '${folder}/${OUT}/quality/NSE_RELIANCE_1m_quality.parquet' q USING (timestamp) ORDER BY c.timestamp`,
  )) as unknown as SourceRow[];

// The whole day waits more than it works.
describe.concurrent('a whole day', () => {
  it('since the closing auction: 360 minutes and a print', { timeout: 1_800_000 }, () =>
    inFolder(async (folder) => {
      const { code, stdout } = await run(shadow('2026-11-23T08:00', '--wait-open', '--warm-up'), folder);
      expect(stdout).toContain('until the close at 15:35, from 2026-11-23T09:15:00+05:30');
      expect(stdout).toMatch(/Warm-up: 3\d\d candles of 1 symbol, until 20\d\d-\d\d-\d\d 15:29, by 1 request/);
      expect(stdout).toContain('one-minute candles in rupees, the last 30 of 361');
      expect(code).toBe(0);
      const report = reportIn(folder);
      expect(report).toMatchObject({ verdict: 'pass', mode: 'snapquote', market: { date: '2026-11-23', dayCandles: 361 }, options: { shadow: true, untilClose: true, durationMin: null, warmUp: true }, symbols: [{ whole: 361, partial: 0 }] });
      // The day before is in the history, so the rule evaluates from the first minute. It skips the auction's candle.
      expect(report.momentum.evaluations).toBe(361);
      const rows = await sourcesOf(folder);
      expect([rows.length, rows[0].minute, rows.at(-2)!.minute, rows.at(-1)!.minute]).toEqual([361, '09:15', '15:14', '15:29']);
      expect(rows.filter(({ source }) => source === 'auction')).toEqual([{ minute: '15:29', source: 'auction', flat: true }]);
      const comparison = await comparedWithTruth(folder, '2026-11-23');
      expect(comparison).toMatchObject({ verdict: 'pass', symbols: [{ compared: 361, comparedOn: { '2026-11-23': 361 }, missingOurs: 0, missingReference: 0, partial: 0, unexplained: 0 }] });
      const gate = await run(['cutover', '--runs', 'data/test/reports', '--days', '1'], folder);
      expect(gate.stdout).toMatch(/\[fail\] The live feed +0 of 1 day of the live feed/);
      expect(gate.stdout.match(/\[pass\]/g)).toHaveLength(7);
      expect(gate.stdout).toContain('Verdict: NOT YET. 1 of 8 requirements is not met; go on polling.');
      expect(gate.code).toBe(1);
    })); // prettier-ignore

  it('before it, of 375 minutes: the last half hour', () =>
    inFolder(async (folder) => {
      const { code, stdout } = await run(shadow('2026-07-31T15:00', '--warm-up'), folder);
      expect(stdout).toContain('until the close at 15:30, from 2026-07-31T15:00:00+05:30');
      expect(stdout).toMatch(/Warm-up: 34\d candles of 1 symbol, until 2026-07-31 14:5\d, by 1 request/);
      expect(code).toBe(0);
      // The run's first minute is partial: it connects within it.
      expect(reportIn(folder)).toMatchObject({ verdict: 'pass', market: { date: '2026-07-31', dayCandles: 375 }, symbols: [{ whole: 29 }], momentum: { evaluations: 29 } });
      const rows = await sourcesOf(folder);
      expect([rows.at(-30)!.minute, rows.at(-2)!.minute, rows.at(-1)!.minute]).toEqual(['15:00', '15:28', '15:29']);
      expect(rows.filter(({ source }) => source === 'auction')).toEqual([]);
      expect(await comparedWithTruth(folder, '2026-07-31')).toMatchObject({ verdict: 'pass', symbols: [{ compared: 29, comparedOn: { '2026-07-31': 29 }, missingReference: 0, unexplained: 0 }] });
    })); // prettier-ignore

  it('that is a holiday ends before it connects, and says when the market opens', () =>
    inFolder(async (folder) => {
      const { code, stderr, stdout } = await run(shadow('2026-11-24T10:00'), folder);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(
        /^tickshard: The market is shut at 2026-11-24T10:00:00\+05:30 \(holiday: [^)]+\); it opens 2026-11-25T09:15:00\+05:30/,
      );
      expect(everythingIn(folder)).toEqual([]);
    }));

  it('that the calendar does not cover uses the last known hours, with a warning', () =>
    inFolder(async (folder) => {
      const { code, stdout } = await run(shadow('2027-06-01T15:08'), folder);
      expect(code).toBe(0);
      expect(stdout).toContain("Warning: the session's hours are assumed: the session data covers 2010-10-18 to 2026-12-31.");
      expect(reportIn(folder).gates.find(({ id }) => id === 'candles')).toMatchObject({ status: 'warn' });
      // The run waits for the auction's print although it began minutes before the close.
      expect(stdout).toMatch(/15:29 .* auction\n/);
    })); // prettier-ignore
});

describe('a shadow run', () => {
  it('that is killed continues to the close with --resume, and not as a stage run', () =>
    inFolder(async (folder) => {
      const args = shadow('2026-11-23T14:50');
      const running = startHeld(args, folder, /^15:05 {2}\d+ candles sealed/m);
      await running.held();
      running.child.kill('SIGKILL');
      await running.ended;
      const stage = await run(['--ws-test-mode', '--stage', '1', '--duration', '15', '--mode', 'snapquote', '--feed', 'sim', '--speed', 'max', '--at', '2026-11-23T14:50', '--resume', '--resume-after', '5'], folder);
      expect(stage.stderr).toMatch(/There is nothing to resume in data\/test\/journal: \S+ was a shadow run;/);
      const { code, stdout } = await run([...args, '--resume', '--resume-after', '5'], folder);
      expect(stdout).toMatch(/Resuming run [\w-]+: \d+ frames from its journal/);
      expect(stdout).toMatch(/14:5\d [\s\S]*15:29 .* auction\n[\s\S]*Ran to its end/);
      expect(code).toBe(0);
      expect(reportIn(folder)).toMatchObject({ options: { shadow: true, untilClose: true } });
      expect(reportIn(folder).gates.find(({ id }) => id === 'lossless')).toMatchObject({ status: 'pass' });
    })); // prettier-ignore

  it('of some minutes ends by its duration', () =>
    inFolder(async (folder) => {
      mkdirSync(join(folder, 'x'));
      const { code, stdout } = await run(['shadow', '--ws-test-mode', '--duration', '20', '--stage', '1', '--feed', 'sim', '--speed', 'max'], folder);
      expect(stdout).toMatch(/tickshard, shadow: RELIANCE, mode snapquote[\s\S]*20 minutes from 2026-11-23T11:00:00/);
      expect(code).toBe(0);
      expect(reportIn(folder)).toMatchObject({ options: { shadow: true, untilClose: false, durationMin: 20 } });
    })); // prettier-ignore
});
