/**
 * Trades that really happened, played as an instrument's trades on every date of the market.
 *
 * The minute of the first trade becomes the session's first minute, so minutes of the tape are minutes of the market,
 * and times within it keep their distances. Trades after the end of continuous trading are left out; after the last
 * trade the price stands still. A tape has no auctions. A cent is a tick of the instrument. The tape plays on the day
 * before too, so its last price is the previous close.
 */

import type { TradingSession } from '../market/session.js';
import type { InstrumentProfile } from './instrument-profile.js';
import { TradeSource, type DayLevels, type OnTrade } from './trade-source.js';
import { CIRCUIT } from './instrument-profile.js';

/** A trade's figures have one index. At least one trade. */
export interface Tape {
  /** From the start of the first trade's minute, ms; ascending. */
  readonly offsetMs: Float64Array;
  /** Prices in cents. */
  readonly cents: Float64Array;
  /** Whole numbers above 0. */
  readonly quantity: Float64Array;
  /** Of all trades, eight hex digits: equal tapes have equal ones. */
  readonly digest: string;
}

export interface TapeDay {
  readonly tape: Tape;
  readonly profile: InstrumentProfile;
  readonly session: TradingSession;
  readonly onTrade: OnTrade;
}

/** Number of trades within the session's continuous trading: at least the first, which is in its first minute. */
function played({ offsetMs }: Tape, { openMs, closeMs }: TradingSession): number {
  const after = offsetMs.findIndex((offset) => offset >= closeMs - openMs);
  return after < 0 ? offsetMs.length : after;
}

/** The circuits hold the tape's range also where it is wider than the exchange allows. */
function levelsOf(cents: Float64Array, tick: number): DayLevels {
  const close = cents[cents.length - 1];
  const high = cents.reduce((a, b) => Math.max(a, b));
  const low = cents.reduce((a, b) => Math.min(a, b));
  return {
    previousClose: close * tick,
    upperCircuit: Math.max(high, Math.floor(close * (1 + CIRCUIT))) * tick,
    lowerCircuit: Math.max(1, Math.min(low, Math.ceil(close * (1 - CIRCUIT)))) * tick,
    yearHigh: high * tick,
    yearLow: low * tick,
  };
}

export class TapeTrades extends TradeSource {
  readonly #day: TapeDay;
  readonly #count: number;
  #next = 0;
  #rising = true;

  constructor(day: TapeDay) {
    const { tape, profile, session, onTrade } = day;
    const count = played(tape, session);
    super(levelsOf(tape.cents.subarray(0, count), profile.tick), onTrade);
    this.#day = day;
    this.#count = count;
  }

  advance(toMs: number): void {
    const { tape, session } = this.#day;
    const untilMs = toMs - session.openMs;
    for (; this.#next < this.#count && tape.offsetMs[this.#next] <= untilMs; this.#next++) this.#trade();
  }

  /** A tape has no book: a rising price hit the ask, a falling one the bid (the tick rule). */
  #trade(): void {
    const { tape, profile, session } = this.#day;
    const price = tape.cents[this.#next] * profile.tick;
    if (price !== this.price) this.#rising = price > this.price;
    const spread = profile.spreadTicks * profile.tick;
    this.bid = this.#rising ? Math.max(profile.tick, price - spread) : price;
    this.ask = this.#rising ? price : price + spread;
    this.record(session.openMs + tape.offsetMs[this.#next], price, tape.quantity[this.#next]);
  }
}
