/**
 * The true trades of one instrument and date: opening auction's print, continuous trading, closing auction's print.
 * Each depends only on the one before, so the steps of `advance` do not matter.
 *
 * The mid price is a walk pulled towards the day's close (a Brownian bridge). Trades hit the bid or ask around it,
 * in clusters as orders eat through the book, in busy and quiet episodes.
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
/** Between two trades. */
const MAX_QUIET_MS = 9_000;
/** Share of trades that follow at once in the same order, and their maximum gap. */
const CLUSTERED = 0.3;
const CLUSTER_GAP_MS = 14;
/** Continuous trading with an auction's volume. */
const AUCTION_SECONDS = 150;
/** The exchange's limit: a tenth from the previous close. */
export const CIRCUIT = 0.1;

export class WalkTrades extends TradeSource {
  readonly #options: WalkDay;
  readonly #random: Random;
  /** In ticks. */
  #mid: number;
  /** The closing auction's price: it pulls the walk. */
  readonly #target: number;
  readonly #sigmaPerTrade: number;
  readonly #sigmaPerDay: number;
  #drift = 0;
  #buying = false;
  #ratePerMs = 0;
  #episodeEndMs = 0;
  #phase: 'before' | 'continuous' | 'closing' | 'over' = 'before';
  #nextMs: number;

  constructor(options: WalkDay) {
    const { seed, listing, profile, session, previousDate, onTrade } = options;
    const previousClose = closeOf(seed, listing, profile, previousDate);
    const year = yearRange(seed, listing, profile, session.date);
    super(
      {
        previousClose,
        upperCircuit: Math.floor((previousClose * (1 + CIRCUIT)) / profile.tick) * profile.tick,
        lowerCircuit: Math.max(1, Math.ceil((previousClose * (1 - CIRCUIT)) / profile.tick)) * profile.tick,
        yearHigh: Math.max(year.high, previousClose),
        yearLow: Math.min(year.low, previousClose),
      },
      onTrade,
    );
    this.#options = options;
    const random = seededRandom(seedOf(seed, listing, session.date), STREAM.trades);
    this.#random = random;
    this.#mid = (previousClose / profile.tick) * Math.exp(0.35 * profile.dayVolatility * normal(random));
    this.#target = closeOf(seed, listing, profile, session.date) / profile.tick;
    const seconds = (session.closeMs - session.openMs) / 1000;
    this.#sigmaPerDay = this.#mid * profile.dayVolatility;
    this.#sigmaPerTrade = this.#sigmaPerDay / Math.sqrt(seconds * profile.tradesPerSecond);
    this.#nextMs = session.openMs - PRINT_BEFORE_OPEN_MS + random() * MINUTE_MS;
  }

  advance(toMs: number): void {
    while (this.#nextMs <= toMs && this.#phase !== 'over') this.#step();
  }

  #step(): void {
    const { session, profile } = this.#options;
    switch (this.#phase) {
      case 'before':
        this.#print(
          this.#nextMs,
          this.#clamp(Math.round(this.#mid)),
          AUCTION_SECONDS * profile.tradesPerSecond,
        );
        this.#phase = 'continuous';
        this.#schedule(session.openMs);
        return;
      case 'continuous':
        this.#tradeOnce();
        this.#schedule(this.#nextMs);
        return;
      case 'closing':
        this.#print(this.#nextMs, this.#clamp(this.#target), AUCTION_SECONDS * profile.tradesPerSecond);
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
    const random = this.#random;
    const { closeMs, auction } = this.#options.session;
    if (fromMs >= this.#episodeEndMs) this.#episode(fromMs);
    const clustered = random() < CLUSTERED;
    const gapMs = clustered
      ? 0.5 + CLUSTER_GAP_MS * random()
      : Math.min(MAX_QUIET_MS, -Math.log(1 - random()) / this.#ratePerMs);
    const atMs = fromMs + gapMs;
    if (atMs >= closeMs) {
      if (auction === undefined) {
        this.#over();
        return;
      }
      this.#phase = 'closing';
      this.#nextMs = auction.labelMs + PRINT_MARGIN_MS + (MINUTE_MS - 2 * PRINT_MARGIN_MS) * random();
      return;
    }
    if (!clustered) this.#buying = random() < 0.5;
    const pull = (this.#target - this.#mid) * Math.min(1, gapMs / (closeMs - fromMs));
    this.#mid += pull + this.#drift * gapMs + this.#sigmaPerTrade * normal(random);
    this.#nextMs = atMs;
  }

  /** 15 to 75 seconds of some activity and drift; rarely a burst, as on news. */
  #episode(fromMs: number): void {
    const random = this.#random;
    const { profile, session } = this.#options;
    const lengthMs = 15_000 + 60_000 * random();
    const burst = random() < 0.05;
    const activity = Math.exp(0.45 * normal(random) - 0.1) * (burst ? 3.5 : 1);
    const rush = 3 * Math.exp(-(fromMs - session.openMs) / (6 * MINUTE_MS));
    const late = 0.8 * Math.exp(-(session.closeMs - fromMs) / (12 * MINUTE_MS));
    this.#ratePerMs = ((profile.tradesPerSecond * (1 - CLUSTERED)) / 1000) * (0.75 + rush + late) * activity;
    this.#drift = (normal(random) * (burst ? 0.2 : 0.05) * this.#sigmaPerDay) / lengthMs;
    this.#episodeEndMs = fromMs + lengthMs;
  }

  #tradeOnce(): void {
    const { profile } = this.#options;
    const bid = this.#clamp(Math.floor(this.#mid));
    const ask = this.#clamp(bid / profile.tick + profile.spreadTicks);
    this.bid = bid;
    this.ask = ask;
    const quantity = Math.max(1, Math.round(profile.medianQuantity * Math.exp(1.1 * normal(this.#random))));
    this.record(this.#nextMs, this.#buying ? ask : bid, quantity);
  }

  #print(ms: number, price: number, trades: number): void {
    const { profile } = this.#options;
    this.bid = this.#clamp(price / profile.tick - 1);
    this.ask = this.#clamp(price / profile.tick + 1);
    this.record(
      ms,
      price,
      Math.max(1, Math.round(profile.medianQuantity * trades * Math.exp(0.4 * normal(this.#random)))),
    );
  }

  /** Ticks to the wire's unit, within the day's limits. */
  #clamp(ticks: number): number {
    const { upperCircuit, lowerCircuit } = this.levels;
    return Math.min(upperCircuit, Math.max(lowerCircuit, ticks * this.#options.profile.tick));
  }
}
