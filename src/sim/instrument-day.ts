/** One instrument's trading day: true trades, snapshots, and the candles of both. */

import type { VolumeKind } from '../candles/candle.js';
import { isIndex, type Listing } from '../market/instrument.js';
import { MINUTE_MS, type TradingSession } from '../market/session.js';
import { BurstTrades } from './burst-trades.js';
import { Conflation, SENT_TO } from './conflation.js';
import { MEASURED, type Habits } from './habits/catalogue.js';
import { IndexValues } from './index-values.js';
import { longerCandles } from './longer-candles.js';
import { MinuteCandles } from './minute-candles.js';
import { profileOf, seedOf } from './instrument-profile.js';
import { TapeTrades, type Tape } from './tape.js';
import type { OnTrade, TradeSource } from './trade-source.js';
import { WalkTrades } from './trades.js';

export interface InstrumentDayOptions {
  readonly seed: number;
  readonly listing: Listing;
  readonly session: TradingSession;
  /** `YYYY-MM-DD`. */
  readonly previousDate: string;
  readonly slot: number;
  readonly slotsPerFrame: number;
  /** Plays in place of the walk. */
  readonly tape?: Tape | undefined;
  /** As measured unless given. */
  readonly habits?: Habits;
  /** Every true trade; for tests. */
  readonly onTrade?: OnTrade;
}

/** The segment's counter starts with the pre-open. */
const COUNTED_BEFORE_OPEN_MS = 15 * MINUTE_MS;

export class InstrumentDay {
  readonly conflation: Conflation;
  readonly #trades: TradeSource;
  /** Ms before the end of `run` from which packets are made, for the cache. */
  readonly #fillFromMs: number;
  readonly #minutes: Readonly<Record<VolumeKind, MinuteCandles>>;
  readonly #session: TradingSession;

  constructor({
    seed,
    listing,
    session,
    previousDate,
    slot,
    slotsPerFrame,
    tape,
    habits = MEASURED,
    onTrade,
  }: InstrumentDayOptions) {
    this.#session = session;
    const profile = profileOf(seed, listing);
    const daySeed = seedOf(seed, listing, session.date);
    const traded = new MinuteCandles(session);
    const tick = new MinuteCandles(session);
    this.#minutes = { traded, tick };
    const day = {
      profile,
      session,
      onTrade: (ms: number, price: number, quantity: number) => {
        traded.add(ms, price, quantity);
        this.conflation.add(ms, price, quantity);
        onTrade?.(ms, price, quantity);
      },
    };
    const walk = { ...day, seed, listing, previousDate };
    if (tape !== undefined) this.#trades = new TapeTrades({ ...day, tape });
    else if (isIndex(listing)) this.#trades = new IndexValues(walk);
    else
      this.#trades =
        habits.bursts === undefined
          ? new WalkTrades(walk)
          : new BurstTrades({ ...walk, dispersion: habits.bursts });
    this.#fillFromMs = 1000 * (2 + (habits['cached-age'] ?? 0));
    this.conflation = new Conflation({
      listing,
      profile,
      session,
      trades: this.#trades,
      habits,
      countFromMs: countFromMs(session),
      slot,
      slotsPerFrame,
      seed: daySeed,
      // As a client in LTP mode counts: one tick a packet, at its time.
      onSnapshot: (exchangeMs, price) => tick.add(exchangeMs, price, 1),
    });
  }

  /** Advances to `toMs` without publishing; `conflation.packet` is then the last snapshot. */
  run(toMs: number): void {
    const { conflation } = this;
    const lastMs = Math.min(toMs, conflation.timeOf(conflation.lastFrame));
    while (conflation.nextFrame <= conflation.lastFrame && conflation.timeOf(conflation.nextFrame) <= toMs) {
      const isCached = conflation.timeOf(conflation.nextFrame) > lastMs - this.#fillFromMs;
      if (conflation.take() !== SENT_TO.none && isCached) conflation.fill();
    }
    if (conflation.sent) conflation.fill();
    this.#trades.advance(toMs);
  }

  /** Of minutes that ended by `endedByMs`, which is not before the day's current time. */
  candles(listing: Listing, kind: VolumeKind, endedByMs: number): ReturnType<MinuteCandles['rows']> {
    // No snapshot is due until now, so trades may advance further.
    this.#trades.advance(endedByMs);
    return this.#minutes[kind].rows(listing, endedByMs, kind);
  }

  /** Of `minutes`, from the trades up to `toMs`, with the current candle. For a day without snapshots. */
  trueCandles(listing: Listing, toMs: number, minutes: number): ReturnType<MinuteCandles['rows']> {
    this.#trades.advance(toMs);
    const rows = this.#minutes.traded.rows(listing, toMs + MINUTE_MS, 'traded');
    return minutes === 1 ? rows : longerCandles(rows, this.#session, minutes);
  }
}

/** Start of the segment's counter on the session's date, epoch ms. */
export function countFromMs(session: TradingSession): number {
  return session.openMs - COUNTED_BEFORE_OPEN_MS;
}
