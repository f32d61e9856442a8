/**
 * Candles of longer timeframes, rolled up from bars, equal a naive fold of the same packets into candles of that
 * length. To repeat a failure set `SEED` to the number printed; `RUNS` sets the number of days.
 */
import { expect, it } from 'vitest';
import { readCandles, readLongerCandles } from '../../src/candles/read-candles.js';
import type { Engine } from '../../src/ingest/engine.js';
import { minutesOf, TIMEFRAMES, type Timeframe } from '../../src/market/timeframe.js';
import { seededRandom } from '../../src/random.js';
import { asNaive } from '../listed.js';
import type { NaiveCandle, NaiveMode, NaiveResult } from '../naive.js';
import { runsOf, seedsOf, turn } from '../volume.js';
import { at, engineOf, INSTRUMENTS, naiveOf, playInline } from './drive.js';
import { seededHappenings, unfold, type Step } from './schedule.js';

const LONGER = TIMEFRAMES.slice(1);
const STARTS = ['09:14:00', '09:14:50', '11:00', '14:58', '15:12:30', '15:27:30'];
const RUNS = Number(process.env.RUNS ?? runsOf('longer candles'));

/** The day's candle with the auction's print. */
function withAuction(candles: readonly NaiveCandle[]): NaiveCandle[] {
  const [day, auction] = [candles.find((one) => !one.auction), candles.find((one) => one.auction)];
  if (day === undefined || auction === undefined)
    return candles.map((one) => ({ ...one, minuteMs: at('09:15'), auction: false }));
  return [
    {
      ...day,
      high: Math.max(day.high, auction.high),
      low: Math.min(day.low, auction.low),
      close: auction.close,
      volume: day.volume + auction.volume,
      ticks: day.ticks + auction.ticks,
    },
  ];
}

const pricesOf = ({ minuteMs, open, high, low, close, volume, ticks, auction, tail }: Omit<NaiveCandle, 'gapMs' | 'seeded'>) =>
  ({ minuteMs, open, high, low, close, volume, ticks, auction, tail }); // prettier-ignore

/** Candles whose high or low no minute has. */
let edges = 0;
let compared = 0;

/** Whether a candle of the timeframe that begins at `startMs` holds the minute. */
const spans = (
  timeframe: Timeframe,
  startMs: number,
  { minuteMs, auction }: Pick<NaiveCandle, 'minuteMs' | 'auction'>,
): boolean =>
  minuteMs >= startMs &&
  minuteMs < startMs + minutesOf(timeframe) * 60_000 &&
  (timeframe === '1d' || auction === (startMs === at('15:29')));

function expectFolded(
  engine: Engine,
  timeframe: Timeframe,
  minutely: NaiveResult,
  folded: NaiveResult,
): void {
  for (const place of engine.places) {
    const { symbol } = place.instrument;
    // Two rules go by the minute of a packet, which a longer fold does not know: that of volumes that are taken back,
    // and that of older packets.
    const counts = minutely.counts.get(symbol)!;
    if (counts.strays > 0 || counts.tick !== folded.counts.get(symbol)!.tick) continue;
    compared++;
    const rows = readLongerCandles(engine.memories[place.shard], place, timeframe);
    const direct = folded.candles.get(symbol)!;
    // Of a day whose only tick is the auction's the naive fold forgets how the range moved before.
    if (timeframe === '1d' && direct.every(({ auction }) => auction)) continue;
    const expected = timeframe === '1d' ? withAuction(direct) : direct;
    const about = `${symbol} ${timeframe}`;
    expect(
      rows.map((row) => pricesOf(asNaive(row))),
      about,
    ).toEqual(expected.map(pricesOf));
    const minutes = readCandles(engine.memories[place.shard], place, true);
    for (const [k, { candle, quality }] of rows.entries()) {
      const { volSlack } = expected[k];
      const within = minutes.filter((one) => spans(timeframe, candle.timestampMs, asNaive(one)));
      const [high, low] = [
        Math.max(...within.map((one) => one.candle.high)),
        Math.min(...within.map((one) => one.candle.low)),
      ];
      const told = within.flatMap(({ quality: { oiHigh, oiLow } }) => [oiHigh ?? [], oiLow ?? []].flat());
      if (told.length > 0)
        expect([quality.oiHigh! >= Math.max(...told), quality.oiLow! <= Math.min(...told)]).toEqual([
          true,
          true,
        ]);
      if (candle.high !== high || candle.low !== low) {
        edges++;
        expect(quality.repaired, about).toBe(true);
      }
      if (timeframe === '1d') continue;
      // At its end a longer fold counts all rises of the candle after it, and we those of the next minute.
      expect(quality.volSlack === null, about).toBe(volSlack === null);
    }
  }
}

function play(
  seed: number,
  run: number,
): { readonly mode: NaiveMode; readonly steps: Step[]; readonly engine: Engine } {
  const random = seededRandom(seed, run);
  const mode = ([1, 2, 3, 3] as const)[run % 4];
  const startMs = at(STARTS[Math.floor(random() * STARTS.length)]);
  const meanMs = [300, 3_000, 40_000][Math.floor(random() * 3)];
  const happenings = seededHappenings(random, 300, meanMs, [5, 20, 1_000][Math.floor(random() * 3)]);
  const steps = unfold(happenings, {
    mode,
    startMs,
    speed: 60,
    running: random() < 0.7,
    milliseconds: random() < 0.3,
    instruments: INSTRUMENTS,
  });
  const engine = engineOf(mode, 1 + (run % 2));
  playInline(engine, steps, () => 64);
  return { mode, steps, engine };
}

it.each(seedsOf(20261201))('longer candles are those of a fold of the packets (seed %i)', async (seed) => {
  for (let run = 0; run < RUNS; run++) {
    const { mode, steps, engine } = play(seed, run);
    const minutely = naiveOf(mode, steps);
    for (const timeframe of LONGER) {
      const list = INSTRUMENTS.map((one) => ({ ...one, candleMinutes: minutesOf(timeframe) }));
      expectFolded(engine, timeframe, minutely, naiveOf(mode, steps, list));
    }
    if (run % 20 === 19) await turn();
  }
  expect(edges).toBeGreaterThan(0);
  expect(compared).toBeGreaterThan(RUNS * LONGER.length * INSTRUMENTS.length * 0.5);
});
