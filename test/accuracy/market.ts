/**
 * What truly happened and what the feed makes of it. True trades come from the simulated market (src/sim/trades.ts): clusters, episodes of
 * more and less business, an opening rush, both auctions' prints. Everything behind them is written here, apart from the simulator's own
 * feed: snapshots at a steady rate, whole-second stamps, delivery with stalls. A model: docs/accuracy.md says what it lacks.
 */
import type { Listing } from '../../src/market/instrument.js';
import { MINUTE_MS, type TradingSession } from '../../src/market/session.js';
import { seededRandom } from '../../src/random.js';
import { InstrumentDay } from '../../src/sim/instrument-day.js';
import { seedOf } from '../../src/sim/instrument-profile.js';

/** Trades in the order of time: epoch ms with fractions, price in the wire's unit. */
export interface Trades {
  readonly ms: readonly number[];
  readonly price: readonly number[];
  readonly quantity: readonly number[];
}

export interface DayOptions {
  readonly seed: number;
  readonly listing: Listing;
  readonly session: TradingSession;
  readonly previousDate: string;
}

export function tradesOf({ seed, listing, session, previousDate }: DayOptions): Trades {
  const trades = { ms: [] as number[], price: [] as number[], quantity: [] as number[] };
  new InstrumentDay({ seed, listing, session, previousDate, slot: 0, slotsPerFrame: 175, onTrade: (ms, price, quantity) => {
    trades.ms.push(ms);
    trades.price.push(price);
    trades.quantity.push(quantity);
  } }).run(Infinity); // prettier-ignore
  return trades;
}

/** A minute, or an auction, by what is known of it. Prices in the wire's unit. */
export interface Bar {
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/** The minute that `ms` falls into, counted from the opening; the one behind the last for the auction; -1 outside. */
export function minuteOf({ openMs, closeMs, auction }: TradingSession, ms: number): number {
  if (ms >= openMs && ms < closeMs) return Math.floor((ms - openMs) / MINUTE_MS);
  return auction !== undefined && ms >= auction.fromMs && ms < auction.toMs
    ? Math.round((closeMs - openMs) / MINUTE_MS)
    : -1;
}

/** Adds a price to the bar of a minute. */
export function add(bars: Map<number, Bar>, minute: number, price: number, volume: number): void {
  const bar = bars.get(minute);
  if (bar === undefined) {
    bars.set(minute, { open: price, high: price, low: price, close: price, volume });
    return;
  }
  bar.high = Math.max(bar.high, price);
  bar.low = Math.min(bar.low, price);
  bar.close = price;
  bar.volume += volume;
}

/** The true candles. */
export function trueBars(session: TradingSession, trades: Trades): Map<number, Bar> {
  const bars = new Map<number, Bar>();
  for (const [k, ms] of trades.ms.entries()) {
    const minute = minuteOf(session, ms);
    if (minute >= 0) add(bars, minute, trades.price[k], trades.quantity[k]);
  }
  return bars;
}

/** A frame: all totals as of the moment at which it was made. */
export interface Frame {
  readonly madeMs: number;
  /** When it arrives; no frame overtakes another. */
  readonly arrivedMs: number;
  readonly price: number;
  readonly quantity: number;
  readonly averagePrice: number;
  readonly volume: number;
  readonly dayOpen: number;
  readonly dayHigh: number;
  readonly dayLow: number;
  readonly tradedMs: number;
}

/** Chance that the book changed between two looks, so that a frame is sent though nothing was traded. */
const BOOK_CHANGES = 0.5;
/** What a frame takes at least and mostly, ms; and how often a stall holds all that follows for up to 3 s. */
const TRANSIT_MS = { least: 40, more: 110 } as const;
const STALLS = 0.001;
const LONGEST_STALL_MS = 3000;
/** Before the opening and behind the end, so that there is a cached packet and the last minute is told of. */
const BEFORE_MS = 5 * MINUTE_MS;
const BEHIND_MS = 2 * MINUTE_MS;

/** The day's frames at `rate` a second. */
export function framesOf({ seed, listing, session }: DayOptions, trades: Trades, rate: number): Frame[] {
  const random = seededRandom(seedOf(seed, listing, session.date), 64 + rate);
  const everyMs = 1000 / rate;
  const frames: Frame[] = [];
  const endMs = (session.auction?.toMs ?? session.closeMs) + BEHIND_MS;
  let [next, volume, turnover, dayOpen, dayHigh, dayLow, sent] = [0, 0, 0, 0, 0, 0, -1];
  let [freeMs, price, quantity, tradedMs] = [0, 0, 0, 0];
  for (let madeMs = session.openMs - BEFORE_MS + random() * everyMs; madeMs < endMs; madeMs += everyMs) {
    for (; next < trades.ms.length && trades.ms[next] <= madeMs; next++) {
      price = trades.price[next];
      quantity = trades.quantity[next];
      tradedMs = trades.ms[next];
      volume += quantity;
      turnover += price * quantity;
      dayOpen ||= price;
      dayHigh = Math.max(dayHigh, price);
      dayLow = dayLow === 0 ? price : Math.min(dayLow, price);
    }
    const book = random() < BOOK_CHANGES;
    if (volume === 0 || (volume === sent && !book)) continue;
    sent = volume;
    const stall = random() < STALLS ? random() * LONGEST_STALL_MS : 0;
    freeMs = Math.max(freeMs, madeMs + TRANSIT_MS.least + random() * TRANSIT_MS.more + stall);
    frames.push({
      madeMs,
      arrivedMs: freeMs,
      price,
      quantity,
      averagePrice: Math.round(turnover / volume),
      volume,
      dayOpen,
      dayHigh,
      dayLow,
      tradedMs,
    });
  }
  return frames;
}
