/**
 * Trades in bursts (habit `bursts`), as real ones come: most seconds are empty, a few have many trades, often of one
 * millisecond. The form is fitted to tapes (burst-profile.ts). The mid price is a walk pulled towards the day's close;
 * the last price follows it in the share of trades that moves the price.
 */

import { MINUTE_MS } from '../market/session.js';
import { normal } from './instrument-profile.js';
import { SessionTrades, type WalkDay } from './session-trades.js';

export interface BurstDay extends WalkDay {
  /** Times the profile's dispersion (habit `bursts`). */
  readonly dispersion: number;
}

const MAX_QUIET_MS = 2 * MINUTE_MS;
/**
 * Share of a burst's trades in the millisecond of the one before, and the mean and maximum gap of others. A large burst
 * is faster, and seldom longer than a second.
 */
const AT_ONCE = 0.65;
const GAP_MS = 30;
const MAX_GAP_MS = 500;
const USUAL_SIZE = 10;
/** Mean of the day's activity without rush and episodes. */
const USUAL = 0.82;
/** By how much episodes and the day's course add to the dispersion, by trades a second. */
const SLOW_DISPERSION = 0.45;
/** Share of the moves within bursts; the others are between them. */
const WITHIN = 0.6;
/** Most likely that a burst begins at another price. */
const MAX_MOVES = 0.95;
/** Distance, ticks, from the mid price at which its side is likely. */
const SIDE_TICKS = 0.8;
/** By how much a burst passes the mid price. */
const BITE_TICKS = 1.5;

export class BurstTrades extends SessionTrades {
  readonly #meanSize: number;
  /** Bursts a ms of time between bursts. */
  readonly #bursts: number;
  /** Of the logarithm of sizes. */
  readonly #sigma: number;
  readonly #movesFirst: number;
  readonly #movesWithin: number;
  #left = 0;
  #gapMs = GAP_MS;
  #isFirst = true;
  #rising = true;
  #drift = 0;
  #ratePerMs = 0;
  #episodeEndMs = 0;

  constructor(options: BurstDay) {
    super(options);
    const { tradesPerSecond, burstsPerSecond, dispersion, moves } = options.profile.bursts;
    const size = Math.max(1, tradesPerSecond / burstsPerSecond);
    this.#meanSize = size;
    const durationMs = (size - 1) * (1 - AT_ONCE) * GAP_MS;
    this.#bursts = 1 / Math.max(1, 1000 / burstsPerSecond - durationMs);
    const wanted = options.dispersion * dispersion - SLOW_DISPERSION * tradesPerSecond;
    this.#sigma = Math.sqrt(Math.max(0, Math.log(wanted / Math.max(1, 2 * size - 1))));
    const within = size > 1 ? WITHIN * moves : 0;
    this.#movesFirst = Math.min(MAX_MOVES, moves * size - within * (size - 1));
    this.#movesWithin = size > 1 ? (moves * size - this.#movesFirst) / (size - 1) : 0;
  }

  protected gapMs(fromMs: number): number {
    const { random } = this;
    if (fromMs >= this.#episodeEndMs) this.#episode(fromMs);
    this.#isFirst = this.#left === 0;
    if (!this.#isFirst) {
      this.#left--;
      return random() < AT_ONCE ? 0 : Math.min(MAX_GAP_MS, -this.#gapMs * Math.log(1 - random()));
    }
    const size = this.#size();
    this.#left = size - 1;
    this.#gapMs = GAP_MS * Math.min(1, USUAL_SIZE / size);
    return Math.min(MAX_QUIET_MS, -Math.log(1 - random()) / this.#ratePerMs);
  }

  /** Trades of a burst: at least one; exponential, with a lognormal mean. */
  #size(): number {
    const { random } = this;
    // The approximation of `normal` has no tails, and large bursts are the tail.
    const deviate = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const mean = Math.max(0, this.#meanSize - 0.5) * Math.exp(this.#sigma * deviate - this.#sigma ** 2 / 2);
    return Math.max(1, Math.ceil(-mean * Math.log(1 - random())));
  }

  protected move(fromMs: number, gapMs: number): void {
    const { openMs, closeMs } = this.options.session;
    if (gapMs === 0) return;
    const walk = this.sigmaPerDay * Math.sqrt(gapMs / (closeMs - openMs)) * normal(this.random);
    this.mid += this.pull(fromMs, gapMs) + this.#drift * gapMs + walk;
  }

  /** 15 to 75 seconds of some activity and drift; rarely much of both, as on news. */
  #episode(fromMs: number): void {
    const { random } = this;
    const { session } = this.options;
    const lengthMs = 15_000 + 60_000 * random();
    const news = random() < 0.05;
    const activity = Math.exp(0.5 * normal(random) - 0.125) * (news ? 3 : 1);
    const rush = 2.5 * Math.exp(-(fromMs - session.openMs) / (6 * MINUTE_MS));
    const late = 0.8 * Math.exp(-(session.closeMs - fromMs) / (12 * MINUTE_MS));
    this.#ratePerMs = this.#bursts * (USUAL + rush + late) * activity;
    this.#drift = (normal(random) * (news ? 0.2 : 0.05) * this.sigmaPerDay) / lengthMs;
    this.#episodeEndMs = fromMs + lengthMs;
  }

  protected trade(ms: number): void {
    const { profile } = this.options;
    const { tick, spreadTicks } = profile;
    const last = this.price / tick;
    const ticks = this.#isFirst ? this.#first(last) : this.#within(last);
    const price = this.clamp(ticks);
    this.bid = this.clamp(price / tick - (this.#rising ? spreadTicks : 0));
    this.ask = this.clamp(price / tick + (this.#rising ? 0 : spreadTicks));
    this.record(ms, price, this.quantityOf());
  }

  /** A burst's first price: moves towards the mid price, the further the larger the distance. */
  #first(last: number): number {
    const { random } = this;
    const away = this.mid - last;
    this.#rising = random() < 1 / (1 + Math.exp(-away / SIDE_TICKS));
    if (random() >= this.#movesFirst) return last;
    const towards = this.#rising ? away : -away;
    const step = towards > 1 ? Math.max(1, Math.round(towards * random())) : 1;
    return last + (this.#rising ? step : -step);
  }

  /** A burst takes a few ticks of the book: the further from the mid price, the sooner it turns. */
  #within(last: number): number {
    const { random } = this;
    if (random() >= this.#movesWithin) return last;
    const away = this.mid - last + (this.#rising ? BITE_TICKS : -BITE_TICKS);
    return random() < 1 / (1 + Math.exp(-away / SIDE_TICKS)) ? last + 1 : last - 1;
  }
}
