/**
 * An instrument's trades as far as the feed shows them: up to a time that may be earlier than that of the trades made
 * (habit `delay`). So a request for candles changes no packet.
 */
import { seededRandom, type Random } from '../random.js';
import { STREAM } from './instrument-profile.js';
import type { TradeSource } from './trade-source.js';

/** Numbers of a trade that waits: when it is shown, time, price, quantity, bid, ask. */
const WIDTH = 6;
/** Most delays are short: of 47 tokens only 4 changed their price after 15:30:00 (docs/feed-behaviour.md, fact 3). */
const DELAY_POWER = 7;
/** Trades that follow within this time, ms, share their delay. */
const SAME_MS = 100;
/** After the end of continuous trading its trades are shown within a second, ms. */
const LAST_DELAY_MS = 1000;
/** Waiting numbers before the shown ones at the front are dropped. */
const COMPACT = 5_000;

/** The day so far. */
export interface DayFigures {
  volume: number;
  turnover: number;
  dayHigh: number;
  dayLow: number;
}

export interface ShownOptions {
  readonly trades: TradeSource;
  readonly seed: number;
  /** Of a trade, market ms (habit `delay`). */
  readonly maxDelayMs: number;
  /** Of continuous trading, epoch ms. */
  readonly closeMs: number;
  /** Trades from here on, epoch ms, make the official close. */
  readonly lastFromMs: number;
}

export class ShownTrades implements DayFigures {
  readonly #options: ShownOptions;
  readonly #random: Random;
  #dueMs = 0;
  #delayMs = 0;
  /** Of the trade whose delay it is. */
  #delayedMs = -Infinity;
  #waiting: number[] = [];
  #first = 0;
  /** Of the last trade shown; zeros before the first. */
  atMs = 0;
  price = 0;
  quantity = 0;
  bid = 0;
  ask = 0;
  volume = 0;
  turnover = 0;
  dayOpen = 0;
  dayHigh = 0;
  dayLow = 0;
  /** Of the trades from `lastFromMs` on. */
  lastVolume = 0;
  lastTurnover = 0;

  /** `add` must be called for each of the source's trades. */
  constructor(options: ShownOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed, STREAM.delays);
  }

  add(ms: number, price: number, quantity: number): void {
    const { trades, maxDelayMs, closeMs } = this.#options;
    if (maxDelayMs > 0 && ms - this.#delayedMs > SAME_MS) {
      this.#delayMs = maxDelayMs * this.#random() ** DELAY_POWER;
      this.#delayedMs = ms;
    }
    // No trade is shown before one that happened earlier.
    const dueMs = ms < closeMs ? Math.min(ms + this.#delayMs, closeMs + LAST_DELAY_MS) : ms;
    this.#dueMs = Math.max(this.#dueMs, dueMs);
    this.#waiting.push(this.#dueMs, ms, price, quantity, trades.bid, trades.ask);
  }

  /** Shows every trade that is due up to and including `toMs`, if not in the past. */
  showUntil(toMs: number): void {
    this.#options.trades.advance(toMs);
    const waiting = this.#waiting;
    for (; this.#first < waiting.length && waiting[this.#first] <= toMs; this.#first += WIDTH)
      this.#show(waiting, this.#first);
    if (this.#first === waiting.length || this.#first > COMPACT) {
      this.#waiting = waiting.slice(this.#first);
      this.#first = 0;
    }
  }

  #show(waiting: readonly number[], at: number): void {
    const price = waiting[at + 2];
    const quantity = waiting[at + 3];
    this.atMs = waiting[at + 1];
    this.price = price;
    this.quantity = quantity;
    this.bid = waiting[at + 4];
    this.ask = waiting[at + 5];
    if (this.volume === 0) {
      this.dayOpen = price;
      this.dayHigh = price;
      this.dayLow = price;
    } else if (price > this.dayHigh) this.dayHigh = price;
    else if (price < this.dayLow) this.dayLow = price;
    this.volume += quantity;
    this.turnover += quantity * price;
    if (this.atMs < this.#options.lastFromMs) return;
    this.lastVolume += quantity;
    this.lastTurnover += quantity * price;
  }
}

/** Copies the figures of the day. */
export function copyFigures({ volume, turnover, dayHigh, dayLow }: DayFigures, into: DayFigures): void {
  into.volume = volume;
  into.turnover = turnover;
  into.dayHigh = dayHigh;
  into.dayLow = dayLow;
}
