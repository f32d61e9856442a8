/** One instrument's trading day: its true trades, its snapshots, and the candles of both. */

import type { VolumeKind } from '../candles/candle.js';
import type { Listing } from '../market/instrument.js';
import { MINUTE_MS, type TradingSession } from '../market/session.js';
import { seededRandom } from '../random.js';
import { Conflation } from './conflation.js';
import { MinuteCandles } from './minute-candles.js';
import { closeOf, profileOf, seedOf, STREAM, yearRange } from './instrument-profile.js';
import { Trades, type OnTrade } from './trades.js';

export interface InstrumentDayOptions {
  readonly seed: number;
  readonly listing: Listing;
  readonly session: TradingSession;
  /** `YYYY-MM-DD` of the trading day before. */
  readonly previousDate: string;
  readonly slot: number;
  readonly slotsPerFrame: number;
  /** Sees every true trade; for tests. */
  readonly onTrade?: OnTrade;
}

/** The segment's counter starts with the pre-open, this long before the opening. */
const COUNTED_BEFORE_OPEN_MS = 15 * MINUTE_MS;

export class InstrumentDay {
  readonly conflation: Conflation;
  readonly #trades: Trades;
  readonly #minutes: Readonly<Record<VolumeKind, MinuteCandles>>;

  constructor({ seed, listing, session, previousDate, slot, slotsPerFrame, onTrade }: InstrumentDayOptions) {
    const profile = profileOf(seed, listing);
    const daySeed = seedOf(seed, listing, session.date);
    const previousClose = closeOf(seed, listing, profile, previousDate);
    const year = yearRange(seed, listing, profile, session.date);
    const traded = new MinuteCandles(session);
    const tick = new MinuteCandles(session);
    this.#minutes = { traded, tick };
    this.#trades = new Trades({
      profile,
      session,
      previousClose,
      close: closeOf(seed, listing, profile, session.date),
      random: seededRandom(daySeed, STREAM.trades),
      onTrade: (ms, price, quantity) => {
        traded.add(ms, price, quantity);
        onTrade?.(ms, price, quantity);
      },
    });
    this.conflation = new Conflation({
      listing,
      profile,
      session,
      trades: this.#trades,
      previousClose,
      yearHigh: Math.max(year.high, previousClose),
      yearLow: Math.min(year.low, previousClose),
      countFromMs: countFromMs(session),
      slot,
      slotsPerFrame,
      random: seededRandom(daySeed, STREAM.cadence),
      bookSeed: daySeed,
      // As a client in LTP mode counts: one tick a packet, by the packet's own time.
      onSnapshot: (exchangeMs, price) => tick.add(exchangeMs, price, 1),
    });
  }

  /** Lives the day up to `toMs` without showing it to anybody; then `conflation.packet` is the last snapshot, and trades have reached `toMs`. */
  run(toMs: number): void {
    const { conflation } = this;
    while (conflation.nextFrame <= conflation.lastFrame && conflation.timeOf(conflation.nextFrame) <= toMs)
      conflation.take();
    if (conflation.sent) conflation.fill();
    this.#trades.advance(toMs);
  }

  /** The candles whose minute had ended by `endedByMs`, which must not lie behind what was lived. */
  candles(listing: Listing, kind: VolumeKind, endedByMs: number): ReturnType<MinuteCandles['rows']> {
    // No snapshot is due between the last one taken and now, so the trades may go ahead of them.
    this.#trades.advance(endedByMs);
    return this.#minutes[kind].rows(listing, endedByMs);
  }

  /** The true candles by the trades up to `toMs`, the minute that goes on included. For a day of which no snapshots are taken. */
  trueCandles(listing: Listing, toMs: number): ReturnType<MinuteCandles['rows']> {
    this.#trades.advance(toMs);
    return this.#minutes.traded.rows(listing, toMs + MINUTE_MS);
  }
}

/** When the segment's counter starts on the session's date, epoch ms. */
export function countFromMs(session: TradingSession): number {
  return session.openMs - COUNTED_BEFORE_OPEN_MS;
}
