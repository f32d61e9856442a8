/** The tests' trading date, calendar, and instruments of every kind. Needs no test runner. */
import type { CandleWithQuality } from '../src/candles/candle.js';
import { EXCHANGE, type Instrument } from '../src/market/instrument.js';
import type { ModeName } from '../src/market/packet.js';
import { istMs, type TradingSession } from '../src/market/session.js';
import { shippedCalendar } from '../src/market/trading-calendar.js';
import type { NaiveCandle, NaiveInstrument, NaiveMode } from './naive.js';

export const DATE = '2026-11-23';
export const MODE_NAMES: Readonly<Record<NaiveMode, ModeName>> = { 1: 'ltp', 2: 'quote', 3: 'snapquote' };

const calendar = shippedCalendar();

/** The epoch ms of a time of day on the tests' date. */
export function at(time: string): number {
  return istMs(DATE, time);
}

/** Six instruments: two of one token, one beyond 2^32, one in another price unit, one without auction. */
export const INSTRUMENTS: readonly NaiveInstrument[] = [
  { symbol: 'RELIANCE', exchangeType: 1, token: '2885' },
  { symbol: 'M&M', exchangeType: 1, token: '2031' },
  { symbol: 'INFY', exchangeType: 1, token: '1594' },
  { symbol: 'INFYBSE', exchangeType: 3, token: '1594', derivatives: false },
  { symbol: 'USDINR', exchangeType: 13, token: '2885' },
  { symbol: 'FARAWAY', exchangeType: 5, token: '98765432101234' },
];

export function instrumentsOf(list: readonly NaiveInstrument[]): Instrument[] {
  return list.map(({ symbol, exchangeType, token, derivatives }, index) => ({
    index, symbol, exchangeType, token, exchange: EXCHANGE[exchangeType], tickSizeRupees: 0.05, derivatives: derivatives !== false,
  })); // prettier-ignore
}

/** The session of an instrument on the tests' date. */
export function sessionOf({ derivatives }: Instrument): TradingSession {
  const day = calendar.of('NSE').day(DATE, derivatives);
  if (day.kind === 'shut') throw new Error(day.reason);
  return day.session;
}

/** One of our candles in the form of the naive bar builder, without the fields that depend on connections. */
export function asNaive({ candle, quality }: CandleWithQuality): Omit<NaiveCandle, 'gapMs' | 'seeded'> {
  const { timestampMs: minuteMs, open, high, low, close, volume } = candle;
  const { ticks, priceChanges, source, volSlack, repaired, coverage, maxAgeMs, tail } = quality;
  const { oiHigh, oiLow, oiClose } = quality;
  return {
    minuteMs,
    open,
    high,
    low,
    close,
    volume,
    ticks,
    priceChanges,
    auction: source === 'auction',
    volSlack,
    repaired,
    coverage,
    maxAgeMs,
    oiHigh,
    oiLow,
    oiClose,
    tail,
  };
}
