/**
 * The simulated market: all instruments' days, merged by time, from date to date.
 *
 * An instrument's state depends only on (seed, instrument, date, time): not on the calls of `advance`, the market's
 * start, other instruments or listeners.
 */

import type { CandleRow, VolumeKind } from '../candles/candle.js';
import { namedBy, type Listing } from '../market/instrument.js';
import { FIELD, Packet } from '../market/packet.js';
import { DAY_MS, istDate, istMs, MINUTE_MS, type TradingSession } from '../market/session.js';
import type { TradingCalendar } from '../market/trading-calendar.js';
import { SENT_TO } from './conflation.js';
import { copyPacket } from './faults/packets.js';
import { MEASURED, type Habits } from './habits/catalogue.js';
import { countFromMs, InstrumentDay } from './instrument-day.js';
import { FRAME_MS, sequenceAllocator, type SequenceAllocator } from './sequence-allocator.js';
import type { Tape } from './tape.js';
import { checkTape } from './tape-file.js';

/**
 * A complete snapshot, in order of time, its sequence rising over all instruments. `packet`: scratch in SnapQuote
 * form, valid during the call. `modes`: the sum of SENT_TO.
 */
export type Emit = (index: number, packet: Packet, modes: number) => void;

export interface MarketOptions {
  readonly seed: number;
  readonly listings: readonly Listing[];
  readonly calendar: TradingCalendar;
  /** Market time, epoch ms. The day before it is generated at once. */
  readonly startMs: number;
  /** Plays on every date; all other instruments walk. */
  readonly tape?: MarketTape | undefined;
  /** As measured unless given. */
  readonly habits?: Habits | undefined;
}

export interface MarketTape {
  /** One of the market's. */
  readonly symbol: string;
  readonly tape: Tape;
}

/** Between two trading days. */
const MAX_BREAK_DAYS = 30;
/** Minimum candles of `history`: momentum needs 20 (docs/semantics.md, "Momentum"). */
const MIN_HISTORY = 30;

/** Reach of REST candles, and instrument days kept for them. */
const MAX_PAST_DAYS = 400;
const MAX_CACHED_DAYS = 3000;

/** Stamps of the morning's packets, ms after the feed's start, and their numbers (docs/feed-behaviour.md, fact 6). */
const MORNING_MS = { first: 5000, span: 720, total: 6000 } as const;
const MORNING_SEQUENCE = { first: 1039, span: 26_800 } as const;

export class Market {
  readonly seed: number;
  readonly listings: readonly Listing[];
  readonly startMs: number;
  readonly habits: Habits;
  readonly calendar: TradingCalendar;
  readonly #tape: MarketTape | undefined;
  readonly #tapeIndex: number | undefined;
  readonly #sequence: SequenceAllocator;
  readonly #indexOfToken: ReadonlyMap<string, number>;
  #date: string;
  /** Undefined if the instrument's market is shut today. */
  #days: (InstrumentDay | undefined)[] = [];
  readonly #startDays: readonly (InstrumentDay | undefined)[];
  /** The trading day before `#date`, made on demand. */
  #previous = new Map<number, InstrumentDay>();
  /** For `trueCandles`, by instrument and date; last used last. */
  readonly #cachedDays = new Map<string, InstrumentDay>();
  /**
   * Instruments that trade today, by slot, and how far today's frames were taken. `frames`: from the start of the
   * segment that counts first to its own counter's.
   */
  #order: { index: number; day: InstrumentDay; frames: number }[] = [];
  #frame = 0;
  #orderIndex = 0;
  #nowMs: number;
  readonly #morning = new Packet();

  /**
   * Generates the date up to `startMs`: about 10 ms for an instrument and a morning. Throws EngineError USAGE for a
   * tape of a symbol that is not listed.
   */
  constructor({ seed, listings, calendar, startMs, tape, habits = MEASURED }: MarketOptions) {
    if (tape !== undefined) checkTape(tape.symbol, listings);
    this.seed = seed;
    this.listings = listings;
    this.startMs = startMs;
    this.calendar = calendar;
    this.#tape = tape;
    this.#tapeIndex = tape && this.indexOfName(tape.symbol);
    this.habits = habits;
    this.#sequence = sequenceAllocator(listings, habits.sequence);
    this.#indexOfToken = new Map(
      listings.map((listing, index) => [`${listing.exchangeType} ${listing.token}`, index]),
    );
    this.#nowMs = startMs;
    this.#date = istDate(startMs);
    this.#open(this.#date, startMs);
    this.#startDays = this.#days;
  }

  /** Market time, epoch ms. */
  get nowMs(): number {
    return this.#nowMs;
  }

  indexOf(exchangeType: number, token: string): number | undefined {
    return this.#indexOfToken.get(`${exchangeType} ${token}`);
  }

  /** `RELIANCE` of NSE, `BSE:RELIANCE` of another exchange, or a symbol that only one has. */
  indexOfName(name: string): number | undefined {
    const listing = namedBy(name, this.listings);
    return listing && this.listings.indexOf(listing);
  }

  /** Advances up to and including `toMs`, if not in the past, and emits the snapshots. */
  advance(toMs: number, emit: Emit): void {
    if (toMs <= this.#nowMs) return;
    for (const date = istDate(toMs); this.#date !== date;) {
      this.#run(Infinity, emit);
      this.#nextDay(istDate(istMs(this.#date, '00:00') + DAY_MS));
    }
    this.#run(toMs, emit);
    this.#nowMs = toMs;
  }

  /** The cached packet, which answers a subscription: today's, or the previous trading day's. */
  last(index: number): Packet {
    const today = this.#days[index]?.conflation;
    if (today?.sent) return today.cachedAt(this.#nowMs);
    const { packet } = this.#previousDay(index).conflation;
    const { morning } = this.habits;
    const atMs = istMs(this.#date, '00:00') + (morning ?? Infinity) * MINUTE_MS;
    return this.#nowMs < atMs + MORNING_MS.total ? packet : this.#inMorning(index, packet, atMs);
  }

  /** The packet of the day before, as the feed's start at `atMs` stamped and numbered it. */
  #inMorning(index: number, packet: Packet, atMs: number): Packet {
    const { slotOf, slotsPerFrame } = this.#sequence;
    const place = (slotOf[index] + 0.5) / slotsPerFrame;
    const { first, span } = MORNING_SEQUENCE;
    const morning = copyPacket(packet, this.#morning);
    morning.setNumber(FIELD.exchangeMs, atMs + MORNING_MS.first + Math.floor(MORNING_MS.span * place));
    if (this.habits.sequence !== undefined)
      morning.setNumber(FIELD.sequence, first + Math.floor(span * place));
    return morning;
  }

  /** Today's true candles of completed minutes, by trade time. */
  candles(index: number): CandleRow[] {
    return this.#days[index]?.candles(this.listings[index], 'traded', this.#nowMs) ?? [];
  }

  /**
   * What a client could know at the market's start: completed minutes of that date and, if fewer than 30, the last
   * 30 of the trading day before. `traded`: true candles. `tick`: from snapshots, as a client in LTP mode makes
   * them: price at the packet's time, volume the number of packets.
   */
  history(index: number, kind: VolumeKind): CandleRow[] {
    const listing = this.listings[index];
    const today = this.#startDays[index]?.candles(listing, kind, this.startMs) ?? [];
    if (today.length >= MIN_HISTORY) return today;
    const before = this.#dayBefore(index, istDate(this.startMs));
    return [...before.candles(listing, kind, this.startMs).slice(-MIN_HISTORY), ...today];
  }

  /**
   * Of `minutes`, from the trades of `date` up to `toMs`, with the current candle; empty on a date without trading. A
   * day of its own, so the feed does not change. `toMs` must not decrease.
   */
  trueCandles(index: number, date: string, toMs: number, minutes = 1): CandleRow[] {
    const key = `${index} ${date}`;
    const known = this.#cachedDays.get(key);
    if (known === undefined && istMs(date, '00:00') < this.startMs - MAX_PAST_DAYS * DAY_MS) return [];
    const day = known ?? this.#make(index, date);
    if (day === undefined) return [];
    this.#cachedDays.delete(key);
    this.#cachedDays.set(key, day);
    if (this.#cachedDays.size > MAX_CACHED_DAYS)
      this.#cachedDays.delete(this.#cachedDays.keys().next().value!);
    return day.trueCandles(this.listings[index], toMs, minutes);
  }

  /** When the next snapshot may be due, epoch ms; after the day's last, the next midnight. */
  get nextMs(): number {
    let nextMs = istMs(this.#date, '00:00') + DAY_MS;
    for (const { day } of this.#order) {
      const { conflation } = day;
      if (conflation.nextFrame <= conflation.lastFrame)
        nextMs = Math.min(nextMs, conflation.timeOf(conflation.nextFrame));
    }
    return nextMs;
  }

  #run(toMs: number, emit: Emit): void {
    const order = this.#order;
    if (order.length === 0) return;
    const last = Math.max(...order.map(({ day, frames }) => frames + day.conflation.lastFrame));
    for (; this.#frame <= last; this.#frame++, this.#orderIndex = 0) {
      for (; this.#orderIndex < order.length; this.#orderIndex++) {
        const { index, day, frames } = order[this.#orderIndex];
        const { conflation } = day;
        const frame = this.#frame - frames;
        if (conflation.timeOf(frame) > toMs) return;
        if (conflation.nextFrame !== frame || frame > conflation.lastFrame) continue;
        const modes = conflation.take();
        if (modes === SENT_TO.none) continue;
        conflation.fill();
        emit(index, conflation.packet, modes);
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

  /** Makes `date`, advanced to `fromMs`. */
  #open(date: string, fromMs: number): void {
    this.#days = this.listings.map((_, index) => this.#make(index, date));
    this.#order = [];
    this.#frame = 0;
    this.#orderIndex = 0;
    const counts = this.listings.map((_, index) => {
      const session = this.#session(index, date);
      return session === undefined ? Infinity : countFromMs(session);
    });
    const firstMs = Math.min(...counts);
    for (const [index, day] of this.#days.entries()) {
      if (day === undefined) continue;
      day.run(fromMs);
      this.#order.push({ index, day, frames: (counts[index] - firstMs) / FRAME_MS });
    }
    this.#order.sort((a, b) => this.#sequence.slotOf[a.index] - this.#sequence.slotOf[b.index]);
    if (this.#order.length > 0) this.#frame = Math.max(0, Math.floor((fromMs - firstMs) / FRAME_MS));
  }

  #make(index: number, date: string): InstrumentDay | undefined {
    const session = this.#session(index, date);
    if (session === undefined) return undefined;
    const { slotsPerFrame, slotOf } = this.#sequence;
    const listing = this.listings[index];
    return new InstrumentDay({
      seed: this.seed,
      listing,
      session,
      previousDate: this.#dateBefore(index, date),
      slot: slotOf[index],
      slotsPerFrame,
      tape: index === this.#tapeIndex ? this.#tape?.tape : undefined,
      habits: this.habits,
    });
  }

  #session(index: number, date: string): TradingSession | undefined {
    const day = this.calendar.day(date, this.listings[index]);
    return day.kind === 'shut' ? undefined : day.session;
  }

  /** The trading date before `date`. */
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
