/**
 * What makes a whole reference differ in one way gets one sentence, on a whole day as in a run of some minutes.
 * Mutations that were caught: prices are compared without their power of ten, and a distance of prices is taken from
 * three minutes.
 */
import { describe, expect, it } from 'vitest';
import type { CandleRow } from '../../src/candles/candle.js';
import { seededRandom } from '../../src/random.js';
import { systematicDifferences } from '../../src/reconcile/systematic.js';
import type { SymbolPair } from '../../src/reconcile/symbol-comparison.js';
import { candleOf } from '../parquet/candles.js';

const round = (rupees: number): number => Math.round(rupees * 20) / 20;

/** A random walk of the day's minutes, as the reference has it. */
function day(symbol: string, minutes: number): CandleRow[] {
  const random = seededRandom(symbol.length);
  let price = 1000;
  return Array.from({ length: minutes }, (_, minute) => {
    const open = round(price);
    price += 4 * (random() - 0.5);
    const close = round(price);
    const high = round(Math.max(open, close) + random());
    const low = round(Math.min(open, close) - random());
    const volume = 1 + Math.floor(random() * 40_000);
    return { ...candleOf({ symbol, minute }).candle, open, high, low, close, volume };
  });
}

type Change = (row: CandleRow, k: number, rows: readonly CandleRow[]) => Partial<CandleRow>;

/** Ours are some minutes of the day, some of them a little off as those of a conflated feed. */
function pairOf(symbol: string, [from, to]: readonly [number, number], change: Change): SymbolPair {
  const rows = day(symbol, 375);
  return {
    symbol,
    exchange: 'NSE',
    tickSizeRupees: 0.05,
    ours: {
      volumeKind: 'traded',
      candles: rows.slice(from, to).map((row, k) => ({
        candle: k % 4 === 0 ? { ...row, high: Math.max(row.open, row.close), volume: row.volume + 20 } : row,
        partial: false,
        source: 'continuous',
        quality: { ...candleOf({ minute: from + k }).quality, volSlack: 20 },
      })),
    },
    reference: {
      volumeKind: 'traded',
      candles: rows.map((row, k) => ({
        candle: { ...row, ...change(row, k, rows) },
        partial: false,
        source: 'continuous',
      })),
    },
  };
}

const prices = (row: CandleRow, by: (price: number) => number): Partial<CandleRow> => ({
  open: by(row.open),
  high: by(row.high),
  low: by(row.low),
  close: by(row.close),
});
const later =
  (minutes: number): Change =>
  ({ timestampMs }) => ({ timestampMs: timestampMs + minutes * 60_000 });

/** Without volumes, as in LTP mode. */
const ofTicks = (pair: SymbolPair): SymbolPair => ({ ...pair, ours: { ...pair.ours, volumeKind: 'tick' } });

const CASES: readonly (readonly [string, Change, string])[] = [
  ['UTC without its zone', later(-330), 'The times of the reference are 5 h 30 min earlier than ours, as of UTC'],
  ['IST applied twice', later(330), 'The times of the reference are 5 h 30 min ahead of ours, as of Indian time'],
  ['labels by the end', later(1), 'The times of the reference are 1 min ahead of ours, as of labels by the end'],
  ['UTC and labels by the end', later(-329), 'are 5 h 29 min earlier than ours, as of UTC written without its zone, each'],
  ['any distance', later(-17), 'The times of the reference are 17 min earlier than ours throughout'],
  ['the zone of New York', later(-630), 'The times of the reference are 10 h 30 min earlier than ours throughout'],
  ['paise', (row) => prices(row, (price) => price * 100), 'The prices of the reference are 100 times ours, as of paise'],
  ['a tenth', (row) => prices(row, (price) => price / 10), 'The prices of the reference are ours divided by 10'],
  ['a split', (row) => prices(row, (price) => price / 2), 'The prices of the reference are ours divided by 2, as of'],
  ['lower lows', ({ low }) => ({ low: low - 10 }), 'The low prices of the reference are 10 rupees below ours'],
  ['lots', ({ volume }) => ({ volume: Math.floor(volume / 250) }), 'The volumes of the reference are ours divided by 250'],
  ['running sums', (_, k, rows) => ({ volume: rows.slice(0, k + 1).reduce((sum, { volume }) => sum + volume, 0) }), "The volumes of the reference are the day's running sums"],
  ['no volume', () => ({ volume: 0 }), 'The volumes of the reference are all 0'],
]; // prettier-ignore

describe('a systematic difference', () => {
  it.each(CASES)('of a whole day has one sentence: %s', (_what, change, sentence) => {
    const found = systematicDifferences([pairOf('TCS', [0, 375], change)]);
    expect(found.map(({ note }) => note)).toEqual([expect.stringContaining(sentence)]);
  });

  it.each(CASES)('of five minutes has one sentence: %s', (_what, change, sentence) => {
    for (const from of [140, 141, 142, 143, 144]) {
      const found = systematicDifferences([pairOf('TCS', [from, from + 5], change)]);
      expect(found.map(({ note }) => note)).toEqual([expect.stringContaining(sentence)]);
    }
  });

  it('of two kinds has two', () => {
    const both: Change = (row) => ({ ...later(-330)(row, 0, []), ...prices(row, (price) => price * 100) });
    const found = systematicDifferences([ofTicks(pairOf('TCS', [0, 375], both))]);
    expect(found.map(({ reason }) => reason)).toEqual([
      'the times of the reference are 5 h 30 min earlier than ours',
      'the prices of the reference are 100 times ours',
    ]);
  });

  it('of some symbols names them', () => {
    const found = systematicDifferences([
      pairOf('TCS', [0, 375], () => ({})),
      pairOf('INFY', [0, 375], later(1)),
    ]);
    expect(found.map(({ reason }) => reason)).toEqual([
      'the times of the reference of INFY are 1 min ahead of ours',
    ]);
  });

  const spans = [[0, 375], ...Array.from({ length: 36 }, (_, k) => [10 * k, 10 * k + 3 + (k % 3)])] as [
    number,
    number,
  ][];
  it('is not seen in candles that agree, nor in those of another market', () => {
    const other = day('RELIANCE', 375);
    const walk: Change = (_row, k) => prices(other[k], (price) => price);
    for (const span of spans)
      for (const change of [() => ({}), walk])
        expect(systematicDifferences([ofTicks(pairOf('TCS', span, change))]), String(span)).toEqual([]);
  });
});
