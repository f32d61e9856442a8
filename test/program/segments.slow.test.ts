/** Runs on instruments of every segment: candles without an account, equal from the journal, and against the broker. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { duckdb, inFolder } from '../parquet/candles.js';
import { run } from './command.js';

const CANDLES = 'data/test/sim/websocket_candles';

const args = (symbols: string, ...more: readonly string[]): string[] => [
  ...[
    '--ws-test-mode',
    '--stage',
    '2',
    '--feed',
    'sim',
    '--speed',
    'max',
    '--duration',
    '3',
    '--symbols',
    symbols,
  ],
  ...more,
];

/** The weekly options one strike around the value of NIFTY that the run told; strikes are 50 apart. */
const aroundTheMoney = (stdout: string): string[] => {
  const value = Number(/^NIFTY is at (\d+\.\d+) /m.exec(stdout)?.[1]);
  const money = Math.round(value / 50) * 50;
  return [money - 50, money, money + 50].flatMap((strike) => [
    `NIFTY23NOV26${strike}CE`,
    `NIFTY23NOV26${strike}PE`,
  ]);
};

describe('a run on', () => {
  it.each<[string, string, readonly string[], readonly string[] | ((stdout: string) => string[])]>([
    ['options around the money', 'NFO:NIFTY@weekly:ATM+-1', [], aroundTheMoney],
    ['commodities in the evening', 'MCX:GOLD@fut,MCX:CRUDEOIL@fut', ['--at', '2026-11-23T20:00', '--mode', 'quote'], ['CRUDEOIL18DEC26FUT', 'GOLD04DEC26FUT']],
    ['currencies, BSE and indices', 'CDS:USDINR@fut,BSE:TCS,BSE:SENSEX,NSE:NIFTY,RELIANCE', ['--mode', 'quote'], ['NIFTY', 'RELIANCE', 'SENSEX', 'TCS', 'USDINR26NOVFUT']],
  ])('%s', (_what, symbols, more, expected) =>
    inFolder(async (folder) => {
      const { code, stdout } = await run(args(symbols, ...more), folder);
      expect([code, stdout]).toEqual([0, expect.stringContaining('Verdict: PASS')]);
      const names = typeof expected === 'function' ? expected(stdout) : expected;
      const glob = join(folder, CANDLES, '*_1m_test.parquet');
      const rows = await duckdb(
        `SELECT symbol, count(*)::INT AS minutes, sum(volume)::DOUBLE AS volume FROM '${glob}' GROUP BY symbol ORDER BY symbol`,
      );
      expect(rows.map(({ symbol }) => symbol)).toEqual([...names].sort());
      for (const { symbol, minutes, volume } of rows as { symbol: string; minutes: number; volume: number }[]) {
        expect(minutes).toBeGreaterThanOrEqual(3);
        if (more.includes('quote')) expect([symbol, volume === 0]).toEqual([symbol, /^(NIFTY|SENSEX)$/.test(symbol)]);
      }
      const [journal] = readdirSync(join(folder, 'data/test/journal'));
      const replayed = await run(['replay', join('data/test/journal', journal)], folder);
      expect(replayed.stdout).toContain("Same candles, quality rows and momentum as the run's.");
      const compared = await run(['compare', '--ours', CANDLES, '--fetch', '--feed', 'sim'], folder);
      // Also of an index, whose candles are of stamps in every mode.
      expect(compared.stdout).toMatch(/^Causes of \d+ differences: /m);
      expect(compared.stdout).not.toMatch(/\d unexplained/);
    }),
  ); // prettier-ignore
});
