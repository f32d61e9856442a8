/** How long a run has lasted, in market time, and when it is over. */
import type { Clock } from '../clock.js';
import { MINUTE_MS } from '../market/session.js';
import type { Plan } from './plan.js';

/** Real ms, beyond grace, that a run waits for its last minute to seal when no more packets advance the watermark. */
const LAST_SEAL_SLACK_MS = 3000;

/** The part of the watermark that a run clock reads. */
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
  /** Real ms from subscribing to the market's opening; 0 if the market was open. */
  earlyMs = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** Whether a connection was ever open. */
  get begun(): boolean {
    return this.#openedMarketMs !== undefined;
  }

  /** Notes an open connection. The first one starts the duration, or the awaited opening does if it is later. */
  opened(clock: Clock): void {
    if (this.#openedMarketMs !== undefined) return;
    const nowMs = clock.marketMs();
    this.#openedMarketMs = Math.max(nowMs, this.#plan.opensMs ?? 0);
    this.earlyMs = (this.#openedMarketMs - nowMs) / clock.speed;
  }

  /** Continues the clock of a killed process. */
  restore(opening: { readonly openedMarketMs: number; readonly earlyMs: number } | undefined): void {
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

  /** Market minutes that the run lasts in all. */
  get askedMin(): number {
    const { config, endsMs, startsMs } = this.#plan;
    return config.durationMin ?? Math.max(0, endsMs - (this.#openedMarketMs ?? startsMs)) / MINUTE_MS;
  }

  leftMin(clock: Clock): number {
    return this.askedMin - this.ranMs(clock) / MINUTE_MS;
  }

  /**
   * True once the duration has passed and its last whole minute is sealed, or grace and silence cannot seal it any
   * more.
   */
  isOver(clock: Clock, seals: Seals): boolean {
    if (this.leftMin(clock) > 0) return false;
    const { silenceMs, config, speed } = this.#plan;
    if (this.#wantedBar === undefined) {
      // After the close no packet advances the watermark to the end of the auction.
      this.#wantedBar = config.durationMin === undefined ? seals.lastBar : seals.lastEndedBar();
      this.#deadlineMonoMs = clock.monoMs() + (silenceMs + config.graceMs) / speed + LAST_SEAL_SLACK_MS;
    }
    return seals.sealed >= this.#wantedBar || clock.monoMs() > this.#deadlineMonoMs;
  }
}
