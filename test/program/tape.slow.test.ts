/**
 * `--tape` as a user runs it, in stepped time: trades so far apart that the feed shows each one, so that the candles
 * are the tape's own bars, made here from the same numbers.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { JOURNALED, run, simulated } from './command.js';
import { startHeld } from './pause.js';
import { expectSame, rowsIn } from './stepped.js';

const TAPE = 'tape.csv';
const OPEN_MS = 34_200_000;
const FIRST_MS = Date.parse('2026-11-23T09:15:00+05:30');

interface Trade {
  readonly ms: number;
  readonly cents: number;
  readonly quantity: number;
}

/** More than a look of the feed apart; prices that rise and fall within each minute. */
const TRADES: readonly Trade[] = Array.from({ length: 300 }, (_, k) => ({
  ms: OPEN_MS + 300 + 1100 * k,
  cents: 13_000 + ((k * 7) % 23) - ((k * 5) % 11),
  quantity: 1 + ((k * 3) % 8),
}));

const csv = (trades: readonly Trade[]): string =>
  [
    'trade_ms,price_cents,quantity',
    ...trades.map(({ ms, cents, quantity }) => `${ms},${cents},${quantity}`),
    '',
  ].join('\n');

/** Bars of the tape's minutes; a cent is a tick of RELIANCE, 10 paise. */
const BARS = [1, 2, 3].map((minute) => {
  const of = TRADES.filter(({ ms }) => Math.floor((ms - OPEN_MS) / 60_000) === minute);
  const rupees = of.map(({ cents }) => cents / 10);
  return {
    minuteMs: FIRST_MS + 60_000 * minute,
    open: rupees[0],
    high: Math.max(...rupees),
    low: Math.min(...rupees),
    close: rupees.at(-1),
    volume: of.reduce((sum, { quantity }) => sum + quantity, 0),
  };
});

const withTape = (tape: string, ...more: readonly string[]): string[] =>
  simulated(
    2,
    4,
    ...['--symbols', 'TCS,RELIANCE', '--mode', 'snapquote', '--seed', '7', '--at', '2026-11-23T09:15:30'],
    ...['--tape', `RELIANCE=${tape}`, ...JOURNALED, ...more],
  );
const args = (...more: readonly string[]): string[] => withTape(TAPE, ...more);

/** RELIANCE's candles of the bars' minutes. */
function barsOf(rows: readonly Record<string, unknown>[]): unknown[] {
  return rows
    .filter(({ file }) => String(file) === 'NSE_RELIANCE_1m_test.parquet')
    .map(({ timestamp, open, high, low, close, volume }) => ({
      minuteMs: Number(new Date(String(timestamp)).getTime()),
      ...{ open, high, low, close },
      volume: Number(volume),
    }))
    .filter(({ minuteMs }) => BARS.some((bar) => bar.minuteMs === minuteMs));
}

describe.concurrent('a run with --tape', () => {
  it('has the bars of the tape, twice the same, whatever the number of shards; compare passes', () =>
    inFolder(async (folder) => {
      const tape = join(folder, TAPE);
      writeFileSync(tape, csv(TRADES));
      const outcome = await expectSame(withTape(tape));
      expect(barsOf(outcome.rows)).toEqual(BARS);
    }));

  it('is compared with the simulated broker that plays the same tape, and with no other', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, TAPE), csv(TRADES));
      writeFileSync(join(folder, 'other.csv'), csv(TRADES.slice(1)));
      expect((await run(args(), folder)).code).toBe(0);
      const compare = (...more: readonly string[]): ReturnType<typeof run> =>
        run(['compare', '--ours', 'out', '--fetch', '--feed', 'sim', '--json', ...more], folder);
      const { code, stdout } = await compare('--tape', TAPE);
      expect(JSON.parse(stdout)).toMatchObject({
        verdict: 'pass',
        symbols: [{ symbol: 'RELIANCE', compared: 3 }, { symbol: 'TCS' }],
      });
      expect(code).toBe(0);
      expect((await compare('--tape', TAPE, '--symbols', 'TCS')).code).toBe(0);
      for (const [more, why] of [
        [
          [],
          /^tickshard: Our candles are of sim:7~bursts=off\+RELIANCE:[0-9a-f]{8}, a market in which RELIANCE plays a tape: name it with --tape\.\n$/,
        ],
        [
          ['--tape', 'other.csv'],
          /, and --tape is RELIANCE:[0-9a-f]{8}: name the tape that the run had\.\n$/,
        ],
        [['--tape', `TCS=${TAPE}`], /, and --tape is TCS:[0-9a-f]{8}: name the tape that the run had\.\n$/],
      ] as const) {
        const refused = await compare(...more);
        expect(refused.stderr).toMatch(why);
        expect(refused.code).toBe(2);
      }
    }));

  it('continues after it was killed, with the same tape only', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, TAPE), csv(TRADES));
      writeFileSync(join(folder, 'other.csv'), csv(TRADES.slice(1)));
      const running = startHeld(args(), folder, /^09:17 {2}\d+ candles sealed/m);
      await running.held();
      running.child.kill('SIGKILL');
      await running.ended;
      const resumed = args('--resume', '--resume-after', '5');
      const other = withTape('other.csv', '--resume', '--resume-after', '5');
      expect(await run(other, folder)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/had --feed sim:7~bursts=off\+RELIANCE:/) as string,
      });
      expect((await run(resumed, folder)).code).toBe(0);
      // The minute of the kill is partial.
      expect(barsOf(await rowsIn(folder))[0]).toEqual(BARS[0]);
      expect(barsOf(await rowsIn(folder))[2]).toEqual(BARS[2]);
    }));

  it('refuses a bad file, a symbol that it lacks, and a live feed, with one sentence', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, TAPE), csv(TRADES.toReversed()));
      const refusal = async (given: readonly string[]): Promise<unknown> => {
        const { code, stdout, stderr } = await run(given, folder);
        expect([code, stdout]).toEqual([2, '']);
        return stderr;
      };
      const unsorted = `tickshard: --tape ${TAPE} cannot be used: line 3 is earlier than the trade before it.\n`;
      expect(await refusal(args())).toBe(unsorted);
      expect(await refusal(['simulate', '--tape', TAPE])).toBe(unsorted);
      writeFileSync(join(folder, TAPE), csv(TRADES));
      expect(await refusal(simulated(2, 4, '--symbols', 'TCS', '--tape', `INFY=${TAPE}`))).toBe(
        'tickshard: --tape plays for INFY, which this market does not have: name one that it has, as in --tape TCS=FILE.\n',
      );
      expect(await refusal(['--ws-test-mode', '--stage', '1', '--duration', '1', '--tape', TAPE])).toBe(
        'tickshard: --tape belongs to --feed sim; this feed is the live one.\n',
      );
    }));
});
