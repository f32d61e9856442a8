/**
 * Conflation: one instrument's trades as snapshots, with only totals between them, at the feed's habits
 * (habits/catalogue.ts). A snapshot is due at the instrument's place in a quarter second (sequence-allocator.ts). So a
 * packet just after a minute's end carries the price before it.
 */

import { isIndex, type Listing } from '../market/instrument.js';
import { FIELD, MODE, Packet } from '../market/packet.js';
import { inContinuous, MINUTE_MS, type TradingSession } from '../market/session.js';
import { seededRandom, type Random } from '../random.js';
import { CycleCadence, OwnCadence, type Look } from './cadence.js';
import { copyPacket } from './faults/packets.js';
import type { Habits } from './habits/catalogue.js';
import { clearBook, fillBook } from './order-book.js';
import { FRAME_MS } from './sequence-allocator.js';
import { STREAM, type InstrumentProfile } from './instrument-profile.js';
import { copyFigures, ShownTrades, type DayFigures } from './shown-trades.js';
import type { TradeSource } from './trade-source.js';

export interface ConflationOptions {
  readonly listing: Listing;
  readonly profile: InstrumentProfile;
  readonly session: TradingSession;
  readonly trades: TradeSource;
  readonly habits: Habits;
  /** Start of the segment's counter, epoch ms, and the instrument's slot in it. */
  readonly countFromMs: number;
  readonly slot: number;
  readonly slotsPerFrame: number;
  /** Seeds the cadence, and the sizes of a snapshot's books. */
  readonly seed: number;
  /** Every snapshot that LTP mode gets, also of generated, unpublished days. */
  readonly onSnapshot: (exchangeMs: number, price: number) => void;
}

/** The modes that a snapshot is sent in, as a sum of these; 0 for none. */
export const SENT_TO = { none: 0, ltp: 1, full: 2 } as const;
const ALL_MODES = SENT_TO.ltp | SENT_TO.full;

/** Maximum, from the day's last trading. */
const CLEARED_WITHIN_MS = 30_000;
/** Whole cycles after continuous trading, in which every token is published. */
const CLOSING_MS = 2000;
/** Trades of the last half hour make the official close. */
const OFFICIAL_MS = 30 * MINUTE_MS;
/** Market ms by which a cached packet's stamp is older than its place in the cache. */
const CACHE_MARGIN_MS = 1000;
/** By how much open interest moves about its mean, at most. */
const INTEREST_SHARE = 0.02;

/** An index has no sequence, volume or day's range on this feed (docs/feed-behaviour.md, "Indices"). */
const NOT_OF_AN_INDEX = [
  ...[FIELD.sequence, FIELD.lastQuantity, FIELD.averagePrice, FIELD.volume, FIELD.dayOpen, FIELD.dayHigh],
  ...[FIELD.dayLow, FIELD.lastTradeSeconds, FIELD.openInterest, FIELD.upperCircuit, FIELD.lowerCircuit],
] as const;

function clearIndex(packet: Packet): void {
  for (const field of NOT_OF_AN_INDEX) packet.setNumber(field, 0);
}

export class Conflation {
  readonly #options: ConflationOptions;
  readonly #shown: ShownTrades;
  readonly #fixedMs: number;
  readonly #clearAfterMs: number;
  readonly #officialAtMs: number;
  readonly #own: OwnCadence;
  readonly #cycle: CycleCadence | undefined;
  readonly #random: Random;
  /** Of the last packet in Quote and SnapQuote mode, and of the last in any. */
  readonly #full: DayFigures & { price: number; quantity: number };
  readonly #told: DayFigures;
  #ltpPrice = 0;
  #ltpVolume = 0;
  #price = 0;
  #isPriceFirst = false;
  #cleared = false;
  #isOfficial = false;
  #sequence = 0;
  #count = 0;
  #frame = 0;
  #exchangeMs = 0;
  readonly #cached = new Packet();
  #cachePlace = -1;
  #interestMinute = -1;
  /** Of the next look, counted from `countFromMs`. */
  nextFrame = 0;
  /** Nothing is due after it. */
  readonly lastFrame: number;
  /** `packet` is empty before the first snapshot. */
  sent = false;
  /** The last snapshot in SnapQuote form, by `fill`. */
  readonly packet = new Packet();

  constructor(options: ConflationOptions) {
    this.#options = options;
    const { session, listing, countFromMs, slot, slotsPerFrame, habits, profile, seed } = options;
    const { previousClose, upperCircuit, lowerCircuit } = options.trades.levels;
    this.#shown = new ShownTrades({
      trades: options.trades,
      seed,
      maxDelayMs: 1000 * (habits.delay ?? 0),
      closeMs: session.closeMs,
      lastFromMs: session.closeMs - OFFICIAL_MS,
    });
    this.#full = { volume: 0, turnover: 0, dayHigh: 0, dayLow: 0, price: 0, quantity: 0 };
    this.#told = { volume: 0, turnover: 0, dayHigh: 0, dayLow: 0 };
    this.#fixedMs = countFromMs + (slot * FRAME_MS) / slotsPerFrame;
    const overMs = session.auction === undefined ? session.closeMs : session.auction.labelMs + MINUTE_MS;
    const random = seededRandom(seed, STREAM.cadence);
    this.#clearAfterMs = overMs + CLEARED_WITHIN_MS * random();
    this.#own = new OwnCadence(profile, random);
    const hasRate = habits.rate !== undefined || habits['ltp-rate'] !== undefined;
    this.#random = seededRandom(seed, STREAM.habits);
    if (hasRate) this.#cycle = new CycleCadence({ habits, profile, random: this.#random, phase: slot % 4 });
    const official = session.auction === undefined ? habits['official-close'] : undefined;
    this.#officialAtMs = overMs + (official ?? Infinity) * MINUTE_MS;
    const quietMs = Math.max(overMs, official === undefined ? 0 : this.#officialAtMs) + 2 * CLEARED_WITHIN_MS;
    this.lastFrame = Math.ceil((quietMs - countFromMs) / FRAME_MS);
    this.nextFrame = hasRate ? 0 : this.#own.next;
    const { packet } = this;
    packet.exchangeType = listing.exchangeType;
    packet.setToken(listing.token);
    packet.setNumber(FIELD.previousClose, previousClose);
    packet.setNumber(FIELD.upperCircuit, upperCircuit);
    packet.setNumber(FIELD.lowerCircuit, lowerCircuit);
  }

  /** For each of the source's trades. */
  add(ms: number, price: number, quantity: number): void {
    this.#shown.add(ms, price, quantity);
  }

  /** Of the look, epoch ms with fractions. */
  timeOf(frame: number): number {
    return this.#fixedMs + frame * FRAME_MS;
  }

  /** The look at `nextFrame`. The sum of SENT_TO of the snapshot. */
  take(): number {
    const { session } = this.#options;
    const frame = this.nextFrame;
    const ms = this.timeOf(frame);
    const hasOwn = frame >= this.#own.next;
    const bookChanged = hasOwn && this.#own.look(frame) && inContinuous(session, ms);
    const look = this.#cycle?.look(frame, hasOwn);
    this.nextFrame = look === undefined ? this.#own.next : frame + 1;
    if (look !== undefined && !look.full && !look.ltp && !look.inCycle) return SENT_TO.none;
    this.#show(ms);
    const news = this.#news(ms);
    // Without a trade there is no price.
    if (this.#shown.volume === 0) return SENT_TO.none;
    const modes =
      look === undefined ? this.#all(news || bookChanged) : this.#modes(look, ms, news, bookChanged);
    if (modes !== SENT_TO.none) this.#send(modes, frame, ms);
    return modes;
  }

  #show(ms: number): void {
    this.#shown.showUntil(ms);
    if (!this.#isOfficial) this.#price = this.#shown.price;
  }

  /** True if the book is cleared or the official close comes now. */
  #news(ms: number): boolean {
    const clearing = !this.#cleared && ms >= this.#clearAfterMs;
    this.#cleared ||= clearing && this.#shown.volume > 0;
    const { lastVolume, lastTurnover } = this.#shown;
    const official = !this.#isOfficial && ms >= this.#officialAtMs && lastVolume > 0;
    if (official) {
      const { tick } = this.#options.profile;
      this.#isOfficial = true;
      this.#price = Math.max(tick, Math.round(lastTurnover / lastVolume / tick) * tick);
    }
    return clearing || official;
  }

  /** Without rates all modes get the same packets. */
  #all(news: boolean): number {
    if (!news && this.#shown.volume === this.#full.volume) return SENT_TO.none;
    return this.#options.habits.repeats === undefined && this.#price === this.#ltpPrice
      ? SENT_TO.full
      : ALL_MODES;
  }

  #modes({ inCycle, full, ltp }: Look, ms: number, news: boolean, bookChanged: boolean): number {
    const { session, habits } = this.#options;
    // Both cycles after continuous trading publish every token.
    const closing = inCycle && ms >= session.closeMs && ms < session.closeMs + CLOSING_MS;
    if (news || closing) return ALL_MODES;
    const trading = inContinuous(session, ms);
    const { volume } = this.#shown;
    const sendsFull =
      full && (volume !== this.#full.volume || (habits.rate === undefined ? bookChanged : trading));
    return (ltp && this.#sendsLtp(trading, bookChanged) ? SENT_TO.ltp : 0) | (sendsFull ? SENT_TO.full : 0);
  }

  #sendsLtp(trading: boolean, bookChanged: boolean): boolean {
    const { habits } = this.#options;
    const changed = this.#price !== this.#ltpPrice;
    if (habits['ltp-rate'] !== undefined && trading) return this.#cycle!.sendsLtp(changed);
    const traded = this.#shown.volume !== this.#ltpVolume;
    return changed || (habits.repeats !== undefined && (traded || bookChanged));
  }

  #send(modes: number, frame: number, ms: number): void {
    const { slot, slotsPerFrame, habits } = this.#options;
    const { stamps } = habits;
    this.sent = true;
    this.#frame = frame;
    this.#count++;
    this.#sequence = habits.sequence === undefined ? this.#count : frame * slotsPerFrame + slot + 1;
    // Feed time is ms, but whole seconds (docs/protocol.md 7).
    this.#exchangeMs = stamps === undefined ? Math.floor(ms) : Math.floor(ms / stamps) * stamps;
    copyFigures(this.#shown, this.#told);
    if ((modes & SENT_TO.full) !== 0) this.#sendFull();
    if ((modes & SENT_TO.ltp) === 0) return;
    this.#ltpPrice = this.#price;
    this.#ltpVolume = this.#shown.volume;
    this.#options.onSnapshot(this.#exchangeMs, this.#price);
  }

  /** Holds the volume of a trade back for one packet, at the share of habit `price-first`. */
  #sendFull(): void {
    const share = this.#options.habits['price-first'];
    const { price, quantity, volume } = this.#shown;
    const full = this.#full;
    const isTrade =
      full.volume > 0 && volume !== full.volume && price !== full.price && quantity !== full.quantity;
    this.#isPriceFirst =
      share !== undefined && !this.#isPriceFirst && isTrade && this.#random() < share / 100;
    if (this.#isPriceFirst) copyFigures(full, this.#told);
    else copyFigures(this.#shown, full);
    full.price = price;
    full.quantity = quantity;
  }

  /** Writes the last snapshot into `packet`, before the trades advance. */
  fill(): void {
    const { packet } = this;
    const { trades, seed, profile, habits } = this.#options;
    const { yearHigh, yearLow } = trades.levels;
    const { quantity, dayOpen, atMs, bid, ask } = this.#shown;
    const { volume, turnover, dayHigh, dayLow } = this.#told;
    packet.mode = MODE.snapquote;
    packet.setNumber(FIELD.sequence, this.#sequence);
    packet.setNumber(FIELD.exchangeMs, this.#exchangeMs);
    packet.setNumber(FIELD.price, this.#price);
    packet.setNumber(FIELD.lastQuantity, quantity);
    packet.setNumber(FIELD.averagePrice, Math.round(turnover / volume));
    packet.setNumber(FIELD.volume, volume);
    packet.setNumber(FIELD.dayOpen, dayOpen);
    packet.setNumber(FIELD.dayHigh, dayHigh);
    packet.setNumber(FIELD.dayLow, dayLow);
    packet.setNumber(FIELD.lastTradeSeconds, Math.floor(atMs / 1000));
    this.#moveInterest();
    packet.setNumber(FIELD.high52Week, Math.max(yearHigh, dayHigh));
    packet.setNumber(FIELD.low52Week, Math.min(yearLow, dayLow));
    if (isIndex(this.#options.listing)) clearIndex(packet);
    if (this.#cleared || isIndex(this.#options.listing)) clearBook(packet);
    else fillBook(packet, { bid, ask, profile, seed, frame: this.#frame, habit: habits.book });
    this.#cache();
  }

  /** Moves open interest once a minute. */
  #moveInterest(): void {
    const { seed, profile } = this.#options;
    const minute = Math.floor(this.#exchangeMs / MINUTE_MS);
    if (minute === this.#interestMinute) return;
    this.#interestMinute = minute;
    const share = INTEREST_SHARE * (2 * seededRandom(seed + minute, STREAM.interest)() - 1);
    this.packet.setNumber(FIELD.openInterest, Math.round(profile.openInterest * (1 + share)));
  }

  /** Keeps the first packet of each period in the cache. */
  #cache(): void {
    const age = this.#options.habits['cached-age'];
    if (age === undefined) return;
    const place = Math.floor(this.timeOf(this.#frame) / Math.max(FRAME_MS, 1000 * age - CACHE_MARGIN_MS));
    if (place === this.#cachePlace) return;
    this.#cachePlace = place;
    copyPacket(this.packet, this.#cached);
  }

  /** Answers a subscription at `nowMs`, market time: an older packet than the last, or the last if it is old itself. */
  cachedAt(nowMs: number): Packet {
    const oldestMs = nowMs - 1000 * (this.#options.habits['cached-age'] ?? 0);
    return this.#cachePlace >= 0 && this.#cached.number(FIELD.exchangeMs) >= oldestMs
      ? this.#cached
      : this.packet;
  }
}
