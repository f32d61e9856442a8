/** Intervals of `getCandleData`, and what a call for them asks (docs/rest-data.md). Pure. */
import { candleEndMs, isCandleStart } from '../../market/candle-labels.js';
import { DAY_MS, istDate, istMs, MINUTE_MS, type TradingSession } from '../../market/session.js';
import { candleStartMs, type Timeframe } from '../../market/timeframe.js';
import type { PolledInstrument, PolledTimeframe } from '../broker.js';

interface Interval {
  readonly name: string;
  /** Span of one call, ms. The broker allows more; a shorter answer is easier to check. */
  readonly chunkMs: number;
}

export const INTERVALS: Readonly<Record<Timeframe, Interval>> = {
  '1m': { name: 'ONE_MINUTE', chunkMs: 7 * DAY_MS },
  '3m': { name: 'THREE_MINUTE', chunkMs: 20 * DAY_MS },
  '5m': { name: 'FIVE_MINUTE', chunkMs: 30 * DAY_MS },
  '15m': { name: 'FIFTEEN_MINUTE', chunkMs: 90 * DAY_MS },
  '30m': { name: 'THIRTY_MINUTE', chunkMs: 180 * DAY_MS },
  '1h': { name: 'ONE_HOUR', chunkMs: 360 * DAY_MS },
  '1d': { name: 'ONE_DAY', chunkMs: 1800 * DAY_MS },
};

/** One call: its times as the broker gets them, epoch ms, and what the labels of its answer mean. */
export interface CandleCall {
  readonly interval: string;
  readonly askFromMs: number;
  readonly askToMs: number;
  /** Start of the candle with a label, both epoch ms; undefined for a label that no candle has. */
  readonly startOf: (labelMs: number) => number | undefined;
}

/** The start that a label means: of a minute, or of a candle in the instrument's hours, whose day has midnight's. */
function startIn(
  name: Timeframe,
  sessionOn: (date: string) => TradingSession | undefined,
  labelMs: number,
): number | undefined {
  if (name === '1m') return labelMs % MINUTE_MS === 0 ? labelMs : undefined;
  const date = istDate(labelMs);
  const session = sessionOn(date);
  if (session === undefined) return undefined;
  if (name === '1d') return labelMs === istMs(date, '00:00') ? session.openMs : undefined;
  return isCandleStart(name, session, labelMs) ? labelMs : undefined;
}

/** When candles from a start are asked for: some answers count from there, so it is a candle's own. */
function askFrom(name: Timeframe, session: TradingSession | undefined, fromMs: number): number {
  if (name === '1d') return istMs(istDate(fromMs), '00:00');
  if (name === '1m' || session === undefined || fromMs >= session.closeMs) return fromMs;
  return fromMs <= session.openMs ? session.openMs : candleStartMs(name, session, fromMs);
}

/**
 * Candles that begin from `fromMs` to `toMs`, both included. Whether the answer includes `todate` is not documented: it
 * is asked until the last one's end, and rows outside are dropped.
 */
export function candleCall(
  timeframe: PolledTimeframe | undefined,
  instrument: PolledInstrument,
  fromMs: number,
  toMs: number,
): CandleCall {
  const { name, sessionOf } = timeframe ?? { name: '1m', sessionOf: () => undefined };
  const sessionOn = (date: string): TradingSession | undefined => sessionOf(instrument, date);
  const last = sessionOn(istDate(toMs));
  const isInside = last !== undefined && toMs >= last.openMs;
  return {
    interval: INTERVALS[name].name,
    askFromMs: askFrom(name, sessionOn(istDate(fromMs)), fromMs),
    askToMs: isInside ? candleEndMs(name, last, toMs) : toMs + MINUTE_MS,
    startOf: (labelMs) => startIn(name, sessionOn, labelMs),
  };
}
