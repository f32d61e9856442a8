/**
 * The even walk (without habit `bursts`): the mid price is a walk pulled towards the day's close (a Brownian bridge).
 * Trades hit the bid or ask around it, in clusters as orders eat through the book, in busy and quiet episodes.
 */

import { MINUTE_MS } from '../market/session.js';
import { normal } from './instrument-profile.js';
import { SessionTrades, type WalkDay } from './session-trades.js';

/** Between two trades. */
const MAX_QUIET_MS = 9_000;
/** Share of trades that follow at once in the same order, and their maximum gap. */
const CLUSTERED = 0.3;
const CLUSTER_GAP_MS = 14;

export class WalkTrades extends SessionTrades {
  readonly #sigmaPerTrade: number;
  #drift = 0;
  #isClustered = false;
  #buying = false;
  #ratePerMs = 0;
  #episodeEndMs = 0;

  constructor(options: WalkDay) {
    super(options);
    const { openMs, closeMs } = options.session;
    const trades = ((closeMs - openMs) / 1000) * options.profile.tradesPerSecond;
    this.#sigmaPerTrade = this.sigmaPerDay / Math.sqrt(trades);
  }

  protected gapMs(fromMs: number): number {
    const { random } = this;
    if (fromMs >= this.#episodeEndMs) this.#episode(fromMs);
    this.#isClustered = random() < CLUSTERED;
    return this.#isClustered
      ? 0.5 + CLUSTER_GAP_MS * random()
      : Math.min(MAX_QUIET_MS, -Math.log(1 - random()) / this.#ratePerMs);
  }

  protected move(fromMs: number, gapMs: number): void {
    if (!this.#isClustered) this.#buying = this.random() < 0.5;
    this.mid += this.pull(fromMs, gapMs) + this.#drift * gapMs + this.#sigmaPerTrade * normal(this.random);
  }

  /** 15 to 75 seconds of some activity and drift; rarely a burst, as on news. */
  #episode(fromMs: number): void {
    const { random } = this;
    const { profile, session } = this.options;
    const lengthMs = 15_000 + 60_000 * random();
    const burst = random() < 0.05;
    const activity = Math.exp(0.45 * normal(random) - 0.1) * (burst ? 3.5 : 1);
    const rush = 3 * Math.exp(-(fromMs - session.openMs) / (6 * MINUTE_MS));
    const late = 0.8 * Math.exp(-(session.closeMs - fromMs) / (12 * MINUTE_MS));
    this.#ratePerMs = ((profile.tradesPerSecond * (1 - CLUSTERED)) / 1000) * (0.75 + rush + late) * activity;
    this.#drift = (normal(random) * (burst ? 0.2 : 0.05) * this.sigmaPerDay) / lengthMs;
    this.#episodeEndMs = fromMs + lengthMs;
  }

  protected trade(ms: number): void {
    const { profile } = this.options;
    const bid = this.clamp(Math.floor(this.mid));
    const ask = this.clamp(bid / profile.tick + profile.spreadTicks);
    this.bid = bid;
    this.ask = ask;
    // Before the price's side is used, as the order of random numbers is part of a seed's market.
    const quantity = this.quantityOf();
    this.record(ms, this.#buying ? ask : bid, quantity);
  }
}
