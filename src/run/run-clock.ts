/** A run's duration in market time. */
import type { Clock } from '../clock.js';
import { MINUTE_MS } from '../market/session.js';
import type { RunSpan } from './back-fill.js';
import type { Plan } from './plan.js';

/** Real ms beyond tail and grace to seal the last minute when no packets advance the watermark. */
const LAST_SEAL_SLACK_MS = 3000;

/** Real ms between checks of what is due: the display, the end. In stepped time each costs as much as at speed 1. */
export function checkEveryMs({ stepped }: Pick<Plan, 'stepped'>): number {
  return stepped ? 1000 : 200;
}

/** The watermark, as a run clock reads it. */
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
  /** Real ms from subscribing to the opening; 0 if the market was open. */
  earlyMs = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** True once a connection was open. */
  get begun(): boolean {
    return this.#openedMarketMs !== undefined;
  }

  /** The duration starts at the first open connection, or at a later awaited opening. */
  opened(clock: Clock): void {
    if (this.#openedMarketMs !== undefined) return;
    const nowMs = clock.marketMs();
    this.#openedMarketMs = Math.max(nowMs, this.#plan.opensMs ?? 0);
    this.earlyMs = (this.#openedMarketMs - nowMs) / clock.speed;
  }

  /** Continues a killed process's clock. */
  restore(opening: { readonly openedMarketMs: number; readonly earlyMs: number } | undefined): void {
    this.#openedMarketMs = opening?.openedMarketMs;
    this.earlyMs = opening?.earlyMs ?? 0;
  }

  /** From the first open to the end; undefined before either. */
  get span(): RunSpan | undefined {
    const [openedMs, endedMs] = [this.#openedMarketMs, this.#endedMarketMs];
    return openedMs === undefined || endedMs === undefined ? undefined : { openedMs, endedMs };
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

  /** Market minutes in all. */
  get askedMin(): number {
    const { config, endsMs, startsMs } = this.#plan;
    return config.durationMin ?? Math.max(0, endsMs - (this.#openedMarketMs ?? startsMs)) / MINUTE_MS;
  }

  leftMin(clock: Clock): number {
    return this.askedMin - this.ranMs(clock) / MINUTE_MS;
  }

  /**
   * True once the duration has passed and its last whole minute is sealed, or can no longer be sealed by grace and
   * silence.
   */
  isOver(clock: Clock, seals: Seals): boolean {
    if (this.leftMin(clock) > 0) return false;
    const { silenceMs, tailMs, config, speed } = this.#plan;
    if (this.#wantedBar === undefined) {
      // No packet after the close advances the watermark to the end of the auction.
      this.#wantedBar = config.durationMin === undefined ? seals.lastBar : seals.lastEndedBar();
      this.#deadlineMonoMs =
        clock.monoMs() + (silenceMs + tailMs + config.graceMs) / speed + LAST_SEAL_SLACK_MS;
    }
    return seals.sealed >= this.#wantedBar || clock.monoMs() > this.#deadlineMonoMs;
  }
}
