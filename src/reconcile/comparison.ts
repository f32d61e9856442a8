/** Compares our candles with a reference's, all symbols together. Pure. */
import type { Timeframe } from '../market/timeframe.js';
import { lengthMs } from './candle-length.js';
import { dateSpans, watchOf, type DateSpan } from './minutes.js';
import { BOUNDS, excessesOf, packetRate, sigmasOf, type Excess } from './excuse-bounds.js';
import {
  compareSymbol,
  type BoundedSymbolDay,
  type Difference,
  type SymbolComparison,
  type SymbolPair,
} from './symbol-comparison.js';

/** More has a cause than the feed can hide, of one symbol on one date. */
export interface ExcessOfDay extends Excess {
  /** Undefined: of all symbols together. */
  readonly symbol: string | undefined;
  readonly exchange: string | undefined;
  /** IST. */
  readonly date: string;
  /** Packets a second of the symbol. */
  readonly packetRate: number;
}

export interface Comparison {
  readonly timeframe: Timeframe;
  readonly spans: readonly DateSpan[];
  /** By symbol, then exchange. */
  readonly symbols: readonly SymbolComparison[];
  /** The worst first. */
  readonly differences: readonly Difference[];
  /** By date, then symbol. */
  readonly excesses: readonly ExcessOfDay[];
}

/** The largest distance among its prices, or in its volume. */
function widest({ fields }: Difference, kind: 'price' | 'volume'): number {
  return Math.max(
    0,
    ...fields
      .filter(({ field }) => (field === 'volume') === (kind === 'volume'))
      .map(({ distance }) => distance),
  );
}

const ascending = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** Two infinities are equal. */
const descending = (a: number, b: number): number => (a === b ? 0 : b > a ? 1 : -1);

const byName = (a: { symbol: string; exchange: string }, b: { symbol: string; exchange: string }): number =>
  ascending(a.symbol, b.symbol) || ascending(a.exchange, b.exchange);

const isDifferent = ({ fields }: Difference): boolean =>
  fields.some(({ agreement }) => agreement === 'different');

/**
 * The worst first: different before within a tick, then by distance in price and in volume, then by symbol and time.
 */
function byWeight(a: Difference, b: Difference): number {
  return (
    Number(isDifferent(b)) - Number(isDifferent(a)) ||
    descending(widest(a, 'price'), widest(b, 'price')) ||
    descending(widest(a, 'volume'), widest(b, 'volume')) ||
    byName(a, b) ||
    a.startMs - b.startMs
  );
}

/** Of each symbol's date, and of each date as a whole. */
function excessesOfDays(days: readonly BoundedSymbolDay[]): ExcessOfDay[] {
  const dates = [...new Set(days.map(({ date }) => date))].sort();
  const sigmas = sigmasOf(BOUNDS * (days.length + dates.length));
  return dates.flatMap((date) => {
    const ofDate = days.filter((day) => day.date === date).sort(byName);
    const alone = ofDate.flatMap((day) =>
      excessesOf([day], sigmas).map((excess) => ({
        symbol: day.symbol,
        exchange: day.exchange,
        date,
        packetRate: packetRate(day.minutes),
        ...excess,
      })),
    );
    const minutes = ofDate.flatMap((day) => day.minutes);
    const together = excessesOf(ofDate, sigmas).map((excess) => ({
      symbol: undefined,
      exchange: undefined,
      date,
      packetRate: packetRate(minutes),
      ...excess,
    }));
    return [...alone, ...(ofDate.length > 1 ? together : [])];
  });
}

/** Compares only the date spans that our candles of all symbols cover. `timeframe`: of all candles of both sides. */
export function compareCandles(pairs: readonly SymbolPair[], timeframe: Timeframe = '1m'): Comparison {
  const ours = pairs.map((pair) => pair.ours.candles);
  const spans = dateSpans(ours);
  const coverage = {
    spans,
    ours: watchOf(ours, lengthMs(timeframe)),
    reference: watchOf(
      pairs.map(({ reference }) => reference?.candles ?? []),
      lengthMs(timeframe),
    ),
    lengthMs: lengthMs(timeframe),
  };
  const each = pairs.map((pair) => compareSymbol(pair, coverage, timeframe));
  return {
    timeframe,
    spans,
    symbols: each.map(({ result }) => result).sort(byName),
    differences: each.flatMap(({ differences }) => differences).sort(byWeight),
    excesses: excessesOfDays(each.flatMap(({ days }) => days)),
  };
}
