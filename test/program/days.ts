/** Runs of `tickshard shadow` until the close, and what they leave. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { SystemClock } from '../../src/clock.js';
import { startBroker } from '../../src/sim/broker.js';
import { DENSE_ARGS } from '../dense.js';
import { duckdb } from '../parquet/candles.js';
import { listed, marketAt } from '../sim/world.js';
import { run } from './command.js';

const OUT = 'data/test/sim/websocket_candles';
/** Arguments from a market time on. */
export const shadow = (at: string, ...more: readonly string[]): string[] => [
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
  ...DENSE_ARGS,
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

export const reportIn = (folder: string): Report =>
  JSON.parse(readFileSync(join(folder, 'data/test/reports/latest.json'), 'utf8')) as Report;

/** Compares with the broker's own candles of the date, polled after the close. */
export async function comparedWithTruth(folder: string, date: string): Promise<Record<string, unknown>> {
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

export const sourcesOf = async (folder: string): Promise<SourceRow[]> =>
  (await duckdb(
    `SELECT strftime(c.timestamp, '%H:%M') AS minute, q.source, c.open = c.close AND c.high = c.low AS flat FROM '${folder}/${OUT}/NSE_RELIANCE_1m_test.parquet' c JOIN '${folder}/${OUT}/quality/NSE_RELIANCE_1m_quality.parquet' q USING (timestamp) ORDER BY c.timestamp`,
  )) as unknown as SourceRow[];
