/**
 * The true trades of one instrument and date that no tape has: opening auction's print, continuous trading, closing
 * auction's print. Each depends only on the one before, so the steps of `advance` do not matter.
 */

import type { Listing } from '../market/instrument.js';
import { MINUTE_MS, type TradingSession } from '../market/session.js';
import { closeOf, normal, seedOf, STREAM, yearRange, type InstrumentProfile } from './instrument-profile.js';
import { seededRandom, type Random } from '../random.js';
import { TradeSource, type OnTrade } from './trade-source.js';

export interface WalkDay {
  /** The market's. */
  readonly seed: number;
  readonly listing: Listing;
  readonly profile: InstrumentProfile;
  readonly session: TradingSession;
  /** `YYYY-MM-DD`. */
  readonly previousDate: string;
  readonly onTrade: OnTrade;
}

/**
 * The opening auction prints within the minute that starts this long before the opening (about 09:07,
 * docs/protocol.md 7).
 */
const PRINT_BEFORE_OPEN_MS = 8 * MINUTE_MS;
/** The closing auction prints within its candle's minute, at least this far from the edges. */
const PRINT_MARGIN_MS = 5_000;
/** Continuous trading with an auction's volume. */
const AUCTION_SECONDS = 150;

export abstract class SessionTrades extends TradeSource {
  protected readonly options: WalkDay;
  protected readonly random: Random;
  /** Price that trades are around, ticks. */
  protected mid: number;
  /** The closing auction's price, ticks: it pulls the mid price. */
  protected readonly target: number;
  /** Standard deviation of the day's move, ticks. */
  protected readonly sigmaPerDay: number;
  #phase: 'before' | 'continuous' | 'closing' | 'over' = 'before';
  #nextMs: number;

  protected constructor(options: WalkDay) {
    const { seed, listing, profile, session, previousDate, onTrade } = options;
    const previousClose = closeOf(seed, listing, profile, previousDate);
    const year = yearRange(seed, listing, profile, session.date);
    super(
      {
        previousClose,
        upperCircuit: Math.floor((previousClose * (1 + profile.circuit)) / profile.tick) * profile.tick,
        lowerCircuit:
          Math.max(1, Math.ceil((previousClose * (1 - profile.circuit)) / profile.tick)) * profile.tick,
        yearHigh: Math.max(year.high, previousClose),
        yearLow: Math.min(year.low, previousClose),
      },
      onTrade,
    );
    this.options = options;
    const random = seededRandom(seedOf(seed, listing, session.date), STREAM.trades);
    this.random = random;
    this.mid = (previousClose / profile.tick) * Math.exp(0.35 * profile.dayVolatility * normal(random));
    this.target = closeOf(seed, listing, profile, session.date) / profile.tick;
    this.sigmaPerDay = this.mid * profile.dayVolatility;
    this.#nextMs = session.openMs - PRINT_BEFORE_OPEN_MS + random() * MINUTE_MS;
  }

  /** Ms from a trade at `fromMs`, or the opening, to the next of continuous trading. */
  protected abstract gapMs(fromMs: number): number;
  /** Moves the mid price during the gap that ends at the next trade. */
  protected abstract move(fromMs: number, gapMs: number): void;
  /** Records a trade of continuous trading. */
  protected abstract trade(ms: number): void;

  advance(toMs: number): void {
    while (this.#nextMs <= toMs && this.#phase !== 'over') this.#step();
  }

  #step(): void {
    const { session } = this.options;
    switch (this.#phase) {
      case 'before':
        this.#print(this.#nextMs, this.clamp(Math.round(this.mid)));
        this.#phase = 'continuous';
        this.#schedule(session.openMs);
        return;
      case 'continuous':
        this.trade(this.#nextMs);
        this.#schedule(this.#nextMs);
        return;
      case 'closing':
        this.#print(this.#nextMs, this.clamp(this.target));
        this.#over();
        return;
      case 'over':
        throw new Error('a day that is over has no next trade');
    }
  }

  #over(): void {
    this.#phase = 'over';
    this.#nextMs = Infinity;
  }

  /** Times the next trade after `fromMs` and moves the price until then. */
  #schedule(fromMs: number): void {
    const { closeMs, auction } = this.options.session;
    const gapMs = this.gapMs(fromMs);
    const atMs = fromMs + gapMs;
    if (atMs >= closeMs) {
      if (auction === undefined) {
        this.#over();
        return;
      }
      this.#phase = 'closing';
      this.#nextMs = auction.labelMs + PRINT_MARGIN_MS + (MINUTE_MS - 2 * PRINT_MARGIN_MS) * this.random();
      return;
    }
    this.move(fromMs, gapMs);
    this.#nextMs = atMs;
  }

  /** Pulled towards the close, so that it is reached at the end. */
  protected pull(fromMs: number, gapMs: number): number {
    return (this.target - this.mid) * Math.min(1, gapMs / (this.options.session.closeMs - fromMs));
  }

  protected quantityOf(): number {
    const { profile } = this.options;
    const { lot } = profile;
    return Math.max(
      lot,
      Math.round((profile.medianQuantity * Math.exp(1.1 * normal(this.random))) / lot) * lot,
    );
  }

  #print(ms: number, price: number): void {
    const { profile } = this.options;
    const trades = AUCTION_SECONDS * profile.tradesPerSecond;
    this.bid = this.clamp(price / profile.tick - 1);
    this.ask = this.clamp(price / profile.tick + 1);
    this.record(
      ms,
      price,
      this.#wholeLots(profile.medianQuantity * trades * Math.exp(0.4 * normal(this.random))),
    );
  }

  #wholeLots(quantity: number): number {
    const { lot } = this.options.profile;
    return Math.max(lot, Math.round(quantity / lot) * lot);
  }

  /** Ticks to the wire's unit, within the day's limits. */
  protected clamp(ticks: number): number {
    const { upperCircuit, lowerCircuit } = this.levels;
    return Math.min(upperCircuit, Math.max(lowerCircuit, ticks * this.options.profile.tick));
  }
}
