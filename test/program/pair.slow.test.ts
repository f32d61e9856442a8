/**
 * One symbol on two exchanges in one run: nothing of one is taken for the other's. Broken on purpose and caught:
 * earlier candles that are kept by the symbol alone.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { duckdb, inFolder } from '../parquet/candles.js';
import { JOURNALED, run } from './command.js';
import { startHeld } from './pause.js';

const NAMES = ['RELIANCE', 'BSE:RELIANCE', 'TCS'];
const STEMS = ['BSE_RELIANCE', 'NSE_RELIANCE', 'NSE_TCS'];

const args = (...more: readonly string[]): string[] => [
  ...['--ws-test-mode', '--stage', '2', '--feed', 'sim', '--speed', 'max', '--shards', '2'],
  ...['--symbols', 'NSE:RELIANCE,BSE:RELIANCE,NSE:TCS', '--mode', 'snapquote', '--timeframes', '1m,5m'],
  ...['--duration', '12', ...JOURNALED, ...more],
];

interface Report {
  readonly verdict: string;
  readonly symbols: readonly {
    readonly symbol: string;
    readonly session: { readonly vwap: number; readonly dayHigh: number };
    readonly lastPrice: number;
    readonly whole: number;
  }[];
  readonly momentum: {
    readonly evaluations: number;
    readonly insufficient: readonly string[];
    readonly differences: readonly string[];
    readonly notes: readonly string[];
  };
  readonly sights: { readonly candles: readonly (readonly (readonly (number | null)[])[])[] };
}

const reportIn = (folder: string): Report =>
  JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;

const filesOf = (out: string): Map<string, string> =>
  new Map(
    readdirSync(out, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.parquet'))
      .sort()
      .map((name) => [name, readFileSync(join(out, name)).toString('base64')]),
  );

/** Last price of each file of minutes, by exchange and symbol. */
const lastCloses = (out: string): Promise<Record<string, unknown>[]> =>
  duckdb(`SELECT parse_filename(filename) AS file, exchange, symbol, arg_max(close, timestamp) AS close
    FROM read_parquet('${out}/*_1m_test.parquet', filename = true) GROUP BY ALL ORDER BY file`);

/** Expects files for each, with its own rows, and a replay that writes the same bytes. */
async function expectWhole(folder: string): Promise<void> {
  const out = join(folder, 'out');
  const files = filesOf(out);
  const of = (kind: string): string[] =>
    STEMS.flatMap((stem) => ['1m', '5m'].map((timeframe) => `${stem}_${timeframe}_${kind}.parquet`));
  expect([...files.keys()].sort()).toEqual(
    [...of('test'), ...of('quality').map((name) => join('quality', name))].sort(),
  );
  const { symbols } = reportIn(folder);
  expect(symbols.map(({ symbol }) => symbol)).toEqual(NAMES);
  const [nse, bse, tcs] = symbols.map(({ lastPrice }) => lastPrice);
  expect(nse).not.toBe(bse);
  expect(await lastCloses(out)).toEqual([
    { file: 'BSE_RELIANCE_1m_test.parquet', exchange: 'BSE', symbol: 'RELIANCE', close: bse },
    { file: 'NSE_RELIANCE_1m_test.parquet', exchange: 'NSE', symbol: 'RELIANCE', close: nse },
    { file: 'NSE_TCS_1m_test.parquet', exchange: 'NSE', symbol: 'TCS', close: tcs },
  ]);
  const [journal] = readdirSync(join(folder, 'journal'));
  const replay = await run(
    ['replay', join('journal', journal), '--out', 'again', '--shards', '1', '--json'],
    folder,
  );
  expect([replay.code, replay.stderr]).toEqual([0, '']);
  expect(JSON.parse(replay.stdout)).toMatchObject({ same: true, problems: [] });
  expect(filesOf(join(folder, 'again'))).toEqual(files);
}

describe('RELIANCE of NSE and of BSE in one run', () => {
  it('have files, rows and a momentum of their own, a replay of the same bytes, and comparisons that pass', () =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await run(args(), folder);
      expect([code, stderr]).toEqual([0, '']);
      for (const name of NAMES) expect(stdout).toMatch(new RegExp(`^ {2}${name} +\\d+ +\\d`, 'm'));
      await expectWhole(folder);

      const { symbols, momentum, sights } = reportIn(folder);
      expect(momentum).toMatchObject({ differences: [], notes: [] });
      expect(momentum.evaluations).toBeGreaterThanOrEqual(3 * 11);
      for (const [k, { symbol, session }] of symbols.entries()) {
        // The rule's high and VWAP are the exchange's only with the instrument's own earlier candles.
        const [, , , , , , , vwap, high] = sights.candles[k].findLast((candle) => candle[8] !== null)!;
        expect(high, symbol).toBe(session.dayHigh);
        expect(Math.abs(vwap! / session.vwap - 1), symbol).toBeLessThan(0.001);
      }
      expect(symbols[0].session.dayHigh).not.toBe(symbols[1].session.dayHigh);

      const compared = await run(
        ['compare', '--ours', 'out', '--fetch', '--feed', 'sim', '--report', 'compared.json'],
        folder,
      );
      expect([compared.code, compared.stdout]).toEqual([0, expect.stringMatching(/^Verdict: PASS/m)]);
      for (const name of NAMES) expect(compared.stdout).toMatch(new RegExp(`^ *${name} `, 'm'));
      const one = ['compare', '--ours', 'out', '--fetch', '--feed', 'sim', '--symbols', 'RELIANCE', '--json'];
      const { symbols: chosen } = JSON.parse((await run(one, folder)).stdout) as { symbols: unknown[] };
      expect(chosen).toEqual([expect.objectContaining({ symbol: 'RELIANCE', exchange: 'NSE' })]);
    })); // prettier-ignore

  it('continue after a kill, and another set is refused', () =>
    inFolder(async (folder) => {
      const running = startHeld(args(), folder, /^11:05 {2}\d+ candles sealed/m);
      await running.held();
      running.child.kill('SIGKILL');
      await running.ended;
      const set = args('--resume', '--resume-after', '5');
      const other = set.map((arg) => (arg.includes('BSE:') ? 'NSE:RELIANCE,NSE:TCS' : arg));
      const refused = await run(other, folder);
      expect([refused.code, refused.stderr]).toEqual([
        2,
        expect.stringMatching(
          /had other symbols: 3 symbols, RELIANCE, BSE:RELIANCE, TCS; give it the same command line/,
        ),
      ]);
      const { code, stderr } = await run(set, folder);
      expect([code, stderr]).toEqual([0, '']);
      await expectWhole(folder);
      expect(reportIn(folder).momentum.differences).toEqual([]);
    })); // prettier-ignore
});
