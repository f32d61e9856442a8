/**
 * Conflation: one instrument's trades as the feed shows them, 1 to 4 snapshots a second at the instrument's own
 * cadence. Between two snapshots only totals are seen. A snapshot is due at the instrument's place in a quarter
 * second (sequence-allocator.ts), and sent if trades happened or the book changed. So a packet just after a
 * minute's end carries the price before it.
 */

import type { Listing } from '../market/instrument.js';
import { FIELD, MODE, Packet } from '../market/packet.js';
import { inContinuous, MINUTE_MS, type TradingSession } from '../market/session.js';
import type { Random } from '../random.js';
import { clearBook, fillBook } from './order-book.js';
import { FRAME_MS } from './sequence-allocator.js';
import type { InstrumentProfile } from './instrument-profile.js';
import type { Trades } from './trades.js';

export interface ConflationOptions {
  readonly listing: Listing;
  readonly profile: InstrumentProfile;
  readonly session: TradingSession;
  readonly trades: Trades;
  readonly previousClose: number;
  readonly yearHigh: number;
  readonly yearLow: number;
  /** When the segment's counter began, epoch ms, and the instrument's slot in it. */
  readonly countFromMs: number;
  readonly slot: number;
  readonly slotsPerFrame: number;
  readonly random: Random;
  /** Seeds the sizes of the books, with each snapshot's sequence number. */
  readonly bookSeed: number;
  /** Called for every snapshot, also for days that are generated and not published. */
  readonly onSnapshot: (exchangeMs: number, price: number) => void;
}

/** Chance that the book changed since the last look without a trade. */
const BOOK_CHANGES = 0.75;
/** Chance that a look comes a quarter second late. */
const LATER = 0.25;
/** Maximum time from the last trading of the day until the book is cleared. */
const CLEARED_WITHIN_MS = 30_000;

export class Conflation {
  readonly #options: ConflationOptions;
  readonly #fixedMs: number;
  readonly #clearAfterMs: number;
  #sentVolume = 0;
  #cleared = false;
  #sequence = 0;
  #exchangeMs = 0;
  /** The frame of the next look, counted from `countFromMs`. */
  nextFrame = 0;
  /** The last frame at which anything can be due. */
  readonly lastFrame: number;
  /** Before the first snapshot `packet` holds nothing. */
  sent = false;
  /** The last snapshot as a SnapQuote, written by `fill`. */
  readonly packet = new Packet();

  constructor(options: ConflationOptions) {
    this.#options = options;
    const { session, random, listing, previousClose, countFromMs, slot, slotsPerFrame } = options;
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
    packet.setNumber(FIELD.upperCircuit, options.trades.upperCircuit);
    packet.setNumber(FIELD.lowerCircuit, options.trades.lowerCircuit);
  }

  /** When the look of `frame` happens, epoch ms with fractions. */
  timeOf(frame: number): number {
    return this.#fixedMs + frame * FRAME_MS;
  }

  /** Takes the look at `nextFrame`. Returns whether a snapshot is sent. */
  take(): boolean {
    const { trades, profile, session, random, slot, slotsPerFrame } = this.#options;
    const frame = this.nextFrame;
    const ms = this.timeOf(frame);
    this.nextFrame = frame + profile.cadenceFrames + (random() < LATER ? 1 : 0);
    const bookChanged = random() < BOOK_CHANGES && inContinuous(session, ms);
    trades.advance(ms);
    const clearing = !this.#cleared && ms >= this.#clearAfterMs;
    if (trades.volume === this.#sentVolume && !bookChanged && !clearing) return false;
    this.#cleared ||= clearing;
    this.sent = true;
    this.#sentVolume = trades.volume;
    this.#sequence = frame * slotsPerFrame + slot + 1;
    // The feed's time is in ms, but whole seconds (docs/protocol.md 7).
    this.#exchangeMs = Math.floor(ms / 1000) * 1000;
    this.#options.onSnapshot(this.#exchangeMs, trades.price);
    return true;
  }

  /** Writes the last snapshot into `packet`. Must be called before the trades advance. */
  fill(): void {
    const { packet } = this;
    const { trades, yearHigh, yearLow, bookSeed, profile } = this.#options;
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
        sequence: this.#sequence,
      });
  }
}
