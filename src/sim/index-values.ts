/**
 * The values of an index in continuous trading: its exchange computes one a second from the prices of its shares, so
 * that it has no bursts, and its candles are made of what the feed can show.
 */
import { normal } from './instrument-profile.js';
import { SessionTrades, type WalkDay } from './session-trades.js';

const SECOND_MS = 1000;
/** What a value counts for in the figures that trades have; an index's packets do not tell them. */
const QUANTITY = 1;

export class IndexValues extends SessionTrades {
  readonly #sigmaPerSecond: number;

  constructor(options: WalkDay) {
    super(options);
    const { openMs, closeMs } = options.session;
    this.#sigmaPerSecond = this.sigmaPerDay / Math.sqrt((closeMs - openMs) / SECOND_MS);
  }

  protected gapMs(): number {
    return SECOND_MS;
  }

  protected move(fromMs: number, gapMs: number): void {
    this.mid += this.pull(fromMs, gapMs) + this.#sigmaPerSecond * normal(this.random);
  }

  protected trade(ms: number): void {
    this.record(ms, this.clamp(Math.round(this.mid)), QUANTITY);
  }
}
