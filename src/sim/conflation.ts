/**
 * Conflation: one instrument's trades as 1 to 4 snapshots a second at its own cadence, with only totals between
 * them. A snapshot is due at the instrument's place in a quarter second (sequence-allocator.ts), and sent if trades
 * happened or the book changed. So a packet just after a minute's end carries the price before it.
 */

import type { Listing } from '../market/instrument.js';
import { FIELD, MODE, Packet } from '../market/packet.js';
import { inContinuous, MINUTE_MS, type TradingSession } from '../market/session.js';
import type { Random } from '../random.js';
import { clearBook, fillBook } from './order-book.js';
import { FRAME_MS } from './sequence-allocator.js';
import type { InstrumentProfile } from './instrument-profile.js';
import type { TradeSource } from './trade-source.js';

export interface ConflationOptions {
  readonly listing: Listing;
  readonly profile: InstrumentProfile;
  readonly session: TradingSession;
  readonly trades: TradeSource;
  /** Start of the segment's counter, epoch ms, and the instrument's slot in it. */
  readonly countFromMs: number;
  readonly slot: number;
  readonly slotsPerFrame: number;
  readonly random: Random;
  /** Seeds the sizes of a snapshot's books. */
  readonly bookSeed: number;
  /** Every snapshot, also of generated, unpublished days. */
  readonly onSnapshot: (exchangeMs: number, price: number) => void;
}

/** Chance of a change since the last look without a trade. */
const BOOK_CHANGES = 0.75;
/** Chance of a look a quarter second late. */
const LATER = 0.25;
/** Maximum, from the day's last trading. */
const CLEARED_WITHIN_MS = 30_000;

export class Conflation {
  readonly #options: ConflationOptions;
  readonly #fixedMs: number;
  readonly #clearAfterMs: number;
  #sentVolume = 0;
  #cleared = false;
  #sequence = 0;
  #frame = 0;
  #exchangeMs = 0;
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
    const { session, random, listing, countFromMs, slot, slotsPerFrame } = options;
    const { previousClose, upperCircuit, lowerCircuit } = options.trades.levels;
    this.#fixedMs = countFromMs + (slot * FRAME_MS) / slotsPerFrame;
    const overMs = session.auction === undefined ? session.closeMs : session.auction.labelMs + MINUTE_MS;
    this.#clearAfterMs = overMs + CLEARED_WITHIN_MS * random();
    this.lastFrame = Math.ceil((overMs + 2 * CLEARED_WITHIN_MS - countFromMs) / FRAME_MS);
    this.nextFrame = Math.floor(4 * random());
    const { packet } = this;
    packet.exchangeType = listing.exchangeType;
    packet.setToken(listing.token);
    packet.setNumber(FIELD.previousClose, previousClose);
    packet.setNumber(FIELD.openInterest, options.profile.openInterest);
    packet.setNumber(FIELD.upperCircuit, upperCircuit);
    packet.setNumber(FIELD.lowerCircuit, lowerCircuit);
  }

  /** Of the look, epoch ms with fractions. */
  timeOf(frame: number): number {
    return this.#fixedMs + frame * FRAME_MS;
  }

  /** The look at `nextFrame`. True if a snapshot is sent. */
  take(): boolean {
    const { trades, profile, session, random, slot, slotsPerFrame } = this.#options;
    const frame = this.nextFrame;
    const ms = this.timeOf(frame);
    this.nextFrame = frame + profile.cadenceFrames + (random() < LATER ? 1 : 0);
    const bookChanged = random() < BOOK_CHANGES && inContinuous(session, ms);
    trades.advance(ms);
    const clearing = !this.#cleared && ms >= this.#clearAfterMs;
    // Without a trade there is no price.
    if (trades.volume === 0) return false;
    if (trades.volume === this.#sentVolume && !bookChanged && !clearing) return false;
    this.#cleared ||= clearing;
    this.sent = true;
    this.#sentVolume = trades.volume;
    this.#frame = frame;
    this.#sequence = frame * slotsPerFrame + slot + 1;
    // Feed time is ms, but whole seconds (docs/protocol.md 7).
    this.#exchangeMs = Math.floor(ms / 1000) * 1000;
    this.#options.onSnapshot(this.#exchangeMs, trades.price);
    return true;
  }

  /** Writes the last snapshot into `packet`, before the trades advance. */
  fill(): void {
    const { packet } = this;
    const { trades, bookSeed, profile } = this.#options;
    const { yearHigh, yearLow } = trades.levels;
    packet.mode = MODE.snapquote;
    packet.setNumber(FIELD.sequence, this.#sequence);
    packet.setNumber(FIELD.exchangeMs, this.#exchangeMs);
    packet.setNumber(FIELD.price, trades.price);
    packet.setNumber(FIELD.lastQuantity, trades.quantity);
    packet.setNumber(FIELD.averagePrice, Math.round(trades.turnover / trades.volume));
    packet.setNumber(FIELD.volume, trades.volume);
    packet.setNumber(FIELD.dayOpen, trades.dayOpen);
    packet.setNumber(FIELD.dayHigh, trades.dayHigh);
    packet.setNumber(FIELD.dayLow, trades.dayLow);
    packet.setNumber(FIELD.lastTradeSeconds, Math.floor(trades.atMs / 1000));
    packet.setNumber(FIELD.high52Week, Math.max(yearHigh, trades.dayHigh));
    packet.setNumber(FIELD.low52Week, Math.min(yearLow, trades.dayLow));
    if (this.#cleared) clearBook(packet);
    else
      fillBook(packet, {
        bid: trades.bid,
        ask: trades.ask,
        profile,
        seed: bookSeed,
        frame: this.#frame,
      });
  }
}
