/**
 * True trades, and the frames that a feed makes of them. The trades come from the simulated market (src/sim/trades.ts).
 * The feed is a model of its own, not the simulator's: snapshots at a steady rate, whole-second times, delivery with
 * stalls. docs/accuracy.md states its limits.
 */
import type { Listing } from '../../src/market/instrument.js';
import { MINUTE_MS, type TradingSession } from '../../src/market/session.js';
import { seededRandom } from '../../src/random.js';
import { HABITS } from '../../src/sim/habits/catalogue.js';
import { InstrumentDay } from '../../src/sim/instrument-day.js';
import { seedOf } from '../../src/sim/instrument-profile.js';
import type { Tape } from '../../src/sim/tape.js';

/** Trades in the order of time: epoch ms with fractions, price in the unit of the wire. */
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
  /** In place of the walk. */
  readonly tape?: Tape;
}

export function tradesOf({ seed, listing, session, previousDate, tape }: DayOptions): Trades {
  const trades = { ms: [] as number[], price: [] as number[], quantity: [] as number[] };
  new InstrumentDay({ seed, listing, session, previousDate, slot: 0, slotsPerFrame: 175, tape, onTrade: (ms, price, quantity) => {
    trades.ms.push(ms);
    trades.price.push(price);
    trades.quantity.push(quantity);
  } }).run(Infinity); // prettier-ignore
  return trades;
}

/** A minute or an auction. Prices in the unit of the wire. */
export interface Bar {
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/** Index of the minute of `ms`, from the opening. The auction's is the one after the last; -1 is outside. */
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

/** A frame: all totals at the time when it was made. */
export interface Frame {
  readonly madeMs: number;
  /** Time of arrival. No frame overtakes another. */
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

/** Chance that the order book changed between two snapshots, so that a frame is sent without a trade. */
const BOOK_CHANGES = 0.5;
/** The feed's measured habits (docs/habits.md): delay of trades, share of prices that come before their volume. */
const MAX_DELAY_MS = 1000 * HABITS.delay.preset;
const PRICE_FIRST = HABITS['price-first'].preset / 100;
/** As in src/sim/shown-trades.ts. */
const DELAY_POWER = 7;
const SAME_MS = 100;
const LAST_DELAY_MS = 1000;
/** Minimum and usual latency of a frame, ms; and the rate of stalls, which hold later frames for up to 3 s. */
const TRANSIT_MS = { least: 40, more: 110 } as const;
const STALLS = 0.001;
const MAX_STALL_MS = 3000;
/** Frames begin before the opening, for a cached packet, and end after the close, to complete the last minute. */
const BEFORE_MS = 5 * MINUTE_MS;
const BEHIND_MS = 2 * MINUTE_MS;

/** How frames are made. */
export interface FrameHabits {
  /** Chance that the order book changed between two snapshots; with 1 there are always `rate` frames a second. */
  readonly book?: number;
  /** As the real feed: trades are shown up to 1.5 s late, and some prices before their volume. */
  readonly isLate?: boolean;
}

/** When each trade is shown, epoch ms: as in src/sim/shown-trades.ts. */
function shownMs(trades: Trades, { closeMs }: TradingSession, random: () => number): readonly number[] {
  let [delay, delayedMs, due] = [0, -Infinity, 0];
  return trades.ms.map((ms) => {
    if (ms - delayedMs > SAME_MS) {
      delay = MAX_DELAY_MS * random() ** DELAY_POWER;
      delayedMs = ms;
    }
    due = Math.max(due, ms < closeMs ? Math.min(ms + delay, closeMs + LAST_DELAY_MS) : ms);
    return due;
  });
}

/** The day's frames, at most `rate` a second. */
export function framesOf(
  { seed, listing, session }: DayOptions,
  trades: Trades,
  rate: number,
  { book = BOOK_CHANGES, isLate = false }: FrameHabits = {},
): Frame[] {
  const random = seededRandom(seedOf(seed, listing, session.date), 64 + rate);
  const due = isLate ? shownMs(trades, session, random) : trades.ms;
  const everyMs = 1000 / rate;
  const frames: Frame[] = [];
  const endMs = (session.auction?.toMs ?? session.closeMs) + BEHIND_MS;
  let [next, volume, turnover, dayOpen, dayHigh, dayLow, sent] = [0, 0, 0, 0, 0, 0, -1];
  let [freeMs, price, quantity, tradedMs, isFirst] = [0, 0, 0, 0, false];
  for (let madeMs = session.openMs - BEFORE_MS + random() * everyMs; madeMs < endMs; madeMs += everyMs) {
    for (; next < trades.ms.length && due[next] <= madeMs; next++) {
      price = trades.price[next];
      quantity = trades.quantity[next];
      tradedMs = trades.ms[next];
      volume += quantity;
      turnover += price * quantity;
      dayOpen ||= price;
      dayHigh = Math.max(dayHigh, price);
      dayLow = dayLow === 0 ? price : Math.min(dayLow, price);
    }
    const bookChanged = random() < book;
    if (volume === 0 || (volume === sent && !bookChanged)) continue;
    const last = frames[frames.length - 1] as Frame | undefined;
    const moved = last !== undefined && price !== last.price && quantity !== last.quantity;
    isFirst = isLate && !isFirst && moved && volume > sent && random() < PRICE_FIRST;
    const told = isFirst ? last! : { volume, averagePrice: Math.round(turnover / volume), dayHigh, dayLow };
    sent = told.volume;
    const stall = random() < STALLS ? random() * MAX_STALL_MS : 0;
    freeMs = Math.max(freeMs, madeMs + TRANSIT_MS.least + random() * TRANSIT_MS.more + stall);
    frames.push({
      madeMs,
      arrivedMs: freeMs,
      price,
      quantity,
      averagePrice: told.averagePrice,
      volume: told.volume,
      dayOpen,
      dayHigh: told.dayHigh,
      dayLow: told.dayLow,
      tradedMs,
    });
  }
  return frames;
}
