/** The bars of a row that one candle of a timeframe is made of. */
import { includesAuction, minutesOf, type Timeframe } from '../market/timeframe.js';
import { endOf } from './bar-times.js';
import type { ShardMemory } from './layout.js';

export interface BarSpan {
  /** Its first and last minute. Of an auction's candle both are the auction's bar. */
  readonly first: number;
  readonly last: number;
  /** The auction's bar, if the candle holds it besides its minutes; -1. */
  readonly auction: number;
}

/** The bar with which the candle is complete. */
export const lastBarOf = ({ last, auction }: BarSpan): number => Math.max(last, auction);

/** The candle that is complete with the row's bar `bar`; undefined if none is. */
export function spanEndingAt(
  m: ShardMemory,
  row: number,
  timeframe: Timeframe,
  bar: number,
): BarSpan | undefined {
  if (!m.hasBar(row, bar)) return undefined;
  const first = m.firstBar[row];
  const last = first + m.minutes[row] - 1;
  const auction = m.auctionBar[row];
  if (includesAuction(timeframe))
    return bar === Math.max(last, auction) ? { first, last, auction } : undefined;
  if (bar === auction) return { first: bar, last: bar, auction: -1 };
  const within = (bar - first) % minutesOf(timeframe);
  const isLast = within === minutesOf(timeframe) - 1 || bar === last;
  return isLast ? { first: bar - within, last: bar, auction: -1 } : undefined;
}

/** Candles of a row, at most. */
export function spansOf(m: ShardMemory, row: number, timeframe: Timeframe): number {
  if (includesAuction(timeframe)) return 1;
  return Math.ceil(m.minutes[row] / minutesOf(timeframe)) + (m.auctionBar[row] < 0 ? 0 : 1);
}

/** Number of a candle among those of its row, from 0. */
export function spanIndexOf(m: ShardMemory, row: number, timeframe: Timeframe, { first }: BarSpan): number {
  if (includesAuction(timeframe)) return 0;
  if (first === m.auctionBar[row]) return spansOf(m, row, timeframe) - 1;
  return (first - m.firstBar[row]) / minutesOf(timeframe);
}

/** The candle's end, exclusive, epoch ms. */
export const spanEndMs = (m: ShardMemory, row: number, span: BarSpan): number =>
  endOf(m, row, lastBarOf(span));

/** Minutes of continuous trading in a candle that is not an auction's. */
export const spanMinutes = ({ first, last }: BarSpan): number => last - first + 1;
