/**
 * The simulated market: every instrument's day, put in one order of time and carried on from date to date.
 *
 * What an instrument does at a market time depends on (seed, instrument, date, time) only: not on how often `advance` is called, on
 * when the market was started, on the other instruments or on who listens.
 */

import type { CandleRow, VolumeKind } from '../candles/candle.js';
import type { Listing } from '../market/instrument.js';
import type { Packet } from '../market/packet.js';
import { DAY_MS, istDate, istMs, type Calendar, type TradingSession } from '../market/session.js';
import { countFromMs, InstrumentDay } from './instrument-day.js';
import { FRAME_MS, sequenceAllocator, type SequenceAllocator } from './sequence-allocator.js';

/**
 * A snapshot as it leaves the market: complete, in the order of time, its sequence strictly rising over all instruments. `packet` is
 * the market's own scratch in SnapQuote form: read it before returning.
 */
export type Emit = (index: number, packet: Packet) => void;

export interface MarketOptions {
  readonly seed: number;
  readonly listings: readonly Listing[];
  readonly calendar: Calendar;
  /** Where market time starts, epoch ms: the day up to it is generated at once. */
  readonly startMs: number;
}

/** Trading days are never farther apart. */
const MAX_BREAK_DAYS = 30;
/** The least history that momentum's 20 candles can be warmed up from, with something to spare (docs/semantics.md, "Momentum"). */
const MIN_HISTORY = 30;

/** Days before the start whose candles are told, and days that are kept for it. */
const MAX_PAST_DAYS = 400;
const MAX_CACHED_DAYS = 3000;

export class Market {
  readonly seed: number;
  readonly listings: readonly Listing[];
  readonly startMs: number;
  readonly #calendar: Calendar;
  readonly #sequence: SequenceAllocator;
  readonly #indexOfToken: ReadonlyMap<string, number>;
  readonly #indexOfSymbol: ReadonlyMap<string, number>;
  #date: string;
  /** Today's days; undefined where the instrument's market is shut today. */
  #days: (InstrumentDay | undefined)[] = [];
  readonly #startDays: readonly (InstrumentDay | undefined)[];
  /** The trading day before `#date`, made only when somebody asks for it. */
  #previous = new Map<number, InstrumentDay>();
  /** Days that tell their true candles, by instrument and date; the one that was asked for last is the last. */
  readonly #cachedDays = new Map<string, InstrumentDay>();
  /** Instruments that trade today, in the order in which a frame reaches them; and how far today's frames were taken. */
  #order: { index: number; day: InstrumentDay }[] = [];
  #frame = 0;
  #orderIndex = 0;
  #nowMs: number;

  /** Generates the start's date up to `startMs`: some 10 ms for an instrument and a morning. */
  constructor({ seed, listings, calendar, startMs }: MarketOptions) {
    this.seed = seed;
    this.listings = listings;
    this.startMs = startMs;
    this.#calendar = calendar;
    this.#sequence = sequenceAllocator(listings);
    this.#indexOfToken = new Map(
      listings.map((listing, index) => [`${listing.exchangeType} ${listing.token}`, index]),
    );
    this.#indexOfSymbol = new Map(listings.map((listing, index) => [listing.symbol, index]));
    this.#nowMs = startMs;
    this.#date = istDate(startMs);
    this.#open(this.#date, startMs);
    this.#startDays = this.#days;
  }

  /** Market time so far, epoch ms. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** The instrument's index, or undefined. */
  indexOf(exchangeType: number, token: string): number | undefined {
    return this.#indexOfToken.get(`${exchangeType} ${token}`);
  }

  /** The index by symbol, or undefined. */
  indexOfSymbol(symbol: string): number | undefined {
    return this.#indexOfSymbol.get(symbol);
  }

  /** Lets the market run up to and including `toMs` and hands over what it sends on the way. Going back does nothing. */
  advance(toMs: number, emit: Emit): void {
    if (toMs <= this.#nowMs) return;
    for (const date = istDate(toMs); this.#date !== date;) {
      this.#run(Infinity, emit);
      this.#nextDay(istDate(istMs(this.#date, '00:00') + DAY_MS));
    }
    this.#run(toMs, emit);
    this.#nowMs = toMs;
  }

  /** The last snapshot that the instrument's market sent, today or on the trading day before; made on demand where nobody saw it. */
  last(index: number): Packet {
    const today = this.#days[index]?.conflation;
    return today?.sent ? today.packet : this.#previousDay(index).conflation.packet;
  }

  /** The true candles of today, of every minute that is over, by trade time. */
  candles(index: number): CandleRow[] {
    return this.#days[index]?.candles(this.listings[index], 'traded', this.#nowMs) ?? [];
  }

  /**
   * What a client could have known when the market started: the minutes of the start's date that were over by then, and before them, where they
   * are fewer than 30, the last 30 of the trading day before. `traded` are the true candles; `tick` are folded from the snapshots as a
   * client in LTP mode would: price by the packet's own time, volume the number of packets.
   */
  history(index: number, kind: VolumeKind): CandleRow[] {
    const listing = this.listings[index];
    const today = this.#startDays[index]?.candles(listing, kind, this.startMs) ?? [];
    if (today.length >= MIN_HISTORY) return today;
    const before = this.#dayBefore(index, istDate(this.startMs));
    return [...before.candles(listing, kind, this.startMs).slice(-MIN_HISTORY), ...today];
  }

  /**
   * The true candles of `date` by the trades up to `toMs`, the minute that goes on included; none on a date without trading. Told by a day of
   * its own beside the one that the feed lives in, so that asking changes nothing; never ask it for less than before.
   */
  trueCandles(index: number, date: string, toMs: number): CandleRow[] {
    const key = `${index} ${date}`;
    const known = this.#cachedDays.get(key);
    if (known === undefined && istMs(date, '00:00') < this.startMs - MAX_PAST_DAYS * DAY_MS) return [];
    const day = known ?? this.#make(index, date);
    if (day === undefined) return [];
    this.#cachedDays.delete(key);
    this.#cachedDays.set(key, day);
    if (this.#cachedDays.size > MAX_CACHED_DAYS)
      this.#cachedDays.delete(this.#cachedDays.keys().next().value!);
    return day.trueCandles(this.listings[index], toMs);
  }

  #run(toMs: number, emit: Emit): void {
    const order = this.#order;
    if (order.length === 0) return;
    const last = Math.max(...order.map(({ day }) => day.conflation.lastFrame));
    for (; this.#frame <= last; this.#frame++, this.#orderIndex = 0) {
      for (; this.#orderIndex < order.length; this.#orderIndex++) {
        const { index, day } = order[this.#orderIndex];
        const { conflation } = day;
        if (conflation.timeOf(this.#frame) > toMs) return;
        if (conflation.nextFrame !== this.#frame || this.#frame > conflation.lastFrame || !conflation.take())
          continue;
        conflation.fill();
        emit(index, conflation.packet);
      }
    }
  }

  #nextDay(date: string): void {
    if (this.#order.length > 0) {
      this.#previous = new Map();
      for (const { index, day } of this.#order) this.#previous.set(index, day);
    }
    this.#date = date;
    this.#open(date, istMs(date, '00:00'));
  }

  /** Makes the days of `date`, lived up to `fromMs`. */
  #open(date: string, fromMs: number): void {
    this.#days = this.listings.map((_, index) => this.#make(index, date));
    this.#order = [];
    this.#frame = 0;
    this.#orderIndex = 0;
    for (const [index, day] of this.#days.entries()) {
      if (day === undefined) continue;
      day.run(fromMs);
      this.#order.push({ index, day });
    }
    this.#order.sort((a, b) => this.#sequence.slotOf[a.index] - this.#sequence.slotOf[b.index]);
    const session = this.listings
      .map((_, index) => this.#session(index, date))
      .find((found) => found !== undefined);
    if (session !== undefined)
      this.#frame = Math.max(0, Math.floor((fromMs - countFromMs(session)) / FRAME_MS));
  }

  #make(index: number, date: string): InstrumentDay | undefined {
    const session = this.#session(index, date);
    if (session === undefined) return undefined;
    const { slotsPerFrame, slotOf } = this.#sequence;
    return new InstrumentDay({
      seed: this.seed,
      listing: this.listings[index],
      session,
      previousDate: this.#dateBefore(index, date),
      slot: slotOf[index],
      slotsPerFrame,
    });
  }

  #session(index: number, date: string): TradingSession | undefined {
    const day = this.#calendar.day(date, this.listings[index].derivatives);
    return day.kind === 'shut' ? undefined : day.session;
  }

  /** The instrument's trading date before `date`. */
  #dateBefore(index: number, date: string): string {
    for (let back = 1; back <= MAX_BREAK_DAYS; back++) {
      const candidate = istDate(istMs(date, '00:00') - back * DAY_MS);
      if (this.#session(index, candidate) !== undefined) return candidate;
    }
    throw new Error(`the calendar has no trading day in the ${MAX_BREAK_DAYS} days before ${date}`);
  }

  #previousDay(index: number): InstrumentDay {
    let day = this.#previous.get(index);
    if (day === undefined) {
      day = this.#dayBefore(index, this.#date);
      this.#previous.set(index, day);
    }
    return day;
  }

  /** The whole trading day before `date`. */
  #dayBefore(index: number, date: string): InstrumentDay {
    const day = this.#make(index, this.#dateBefore(index, date));
    if (day === undefined) throw new Error('a trading day has a session');
    day.run(Infinity);
    return day;
  }
}
