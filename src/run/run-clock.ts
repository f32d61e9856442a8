/** How long a run has gone on, in market time, and when it is over. */
import type { Clock } from '../clock.js';
import { MINUTE_MS } from '../market/session.js';
import type { Plan } from './plan.js';

/** Real ms that the last whole minute is waited for beyond grace, when the feed gives no more time of its own. */
const LAST_SEAL_SLACK_MS = 3000;

/** What of a Sealer is asked. */
export interface Seals {
  readonly sealed: number;
  readonly lastBar: number;
  lastEndedBar(): number;
}

export class RunClock {
  readonly #plan: Plan;
  #openedMarketMs: number | undefined;
  #endedMarketMs: number | undefined;
  #wantedBar: number | undefined;
  #deadlineMonoMs = 0;
  /** Real ms by which the feed was subscribed before the market opened. */
  earlyMs = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** Whether a connection was ever open. */
  get begun(): boolean {
    return this.#openedMarketMs !== undefined;
  }

  /** A connection is open: with the first one the duration begins, at the opening where that was waited for. */
  opened(clock: Clock): void {
    if (this.#openedMarketMs !== undefined) return;
    const nowMs = clock.marketMs();
    this.#openedMarketMs = Math.max(nowMs, this.#plan.opensMs ?? 0);
    this.earlyMs = (this.#openedMarketMs - nowMs) / clock.speed;
  }

  /** Takes over from a process that was killed. */
  goOn(opening: { readonly openedMarketMs: number; readonly earlyMs: number } | undefined): void {
    this.#openedMarketMs = opening?.openedMarketMs;
    this.earlyMs = opening?.earlyMs ?? 0;
  }

  end(marketMs: number): void {
    this.#endedMarketMs = marketMs;
  }

  /** Market ms since the first open. */
  ranMs(clock: Clock): number {
    return this.#openedMarketMs === undefined
      ? 0
      : Math.max(0, (this.#endedMarketMs ?? clock.marketMs()) - this.#openedMarketMs);
  }

  /** Market minutes that the run is to have in all. */
  get askedMin(): number {
    const { config, endsMs, startsMs } = this.#plan;
    return config.durationMin ?? Math.max(0, endsMs - (this.#openedMarketMs ?? startsMs)) / MINUTE_MS;
  }

  leftMin(clock: Clock): number {
    return this.askedMin - this.ranMs(clock) / MINUTE_MS;
  }

  /** Whether the duration has passed and the last minute that ended within it is sealed; it is waited for as long as grace and silence can take. */
  isOver(clock: Clock, seals: Seals): boolean {
    if (this.leftMin(clock) > 0) return false;
    const { silenceMs, config, speed } = this.#plan;
    if (this.#wantedBar === undefined) {
      // Behind the close nothing comes that would move market time to the auction's end.
      this.#wantedBar = config.durationMin === undefined ? seals.lastBar : seals.lastEndedBar();
      this.#deadlineMonoMs = clock.monoMs() + (silenceMs + config.graceMs) / speed + LAST_SEAL_SLACK_MS;
    }
    return seals.sealed >= this.#wantedBar || clock.monoMs() > this.#deadlineMonoMs;
  }
}
