/**
 * Spans of market time that were not seen, in exchange time: a wrong wall clock changes nothing.
 *
 * | event                                              | gap                                               |
 * | -------------------------------------------------- | ------------------------------------------------- |
 * | the run begins, or the connection ends             | opens                                             |
 * | first live packet on the new connection            | closes at the moment of subscribing               |
 * | live packet after the connection was mute          | opens and closes at once, for the silence         |
 *
 * At most one gap is open. None begins before the last ends: no moment counts twice.
 */
import type { GapCause } from '../memory/record.js';
import type { Arrival } from './arrival.js';
import type { Watermark } from './watermark.js';

/**
 * A packet may have been in transit for this long, market ms; in an accelerated market our threads may take the real
 * ms.
 */
const MIN_TRANSIT_MARKET_MS = 1000;
const MIN_TRANSIT_REAL_MS = 100;

/** Exchange times are whole seconds: the true time may be later by up to this much. */
const RESOLUTION_MS = 1000;

export class Gaps {
  readonly #watermark: Watermark;
  /** Writes a gap into every ring; an open one ends at Infinity. */
  readonly #write: (cause: GapCause, startMs: number, endMs: number) => void;
  #subscription: Arrival = { connection: 0, monoMs: 0, marketMs: 0 };
  #cause: GapCause = 'start';
  #startMs: number | undefined;
  #endMs = 0;

  constructor(watermark: Watermark, write: (cause: GapCause, startMs: number, endMs: number) => void) {
    this.#watermark = watermark;
    this.#write = write;
  }

  /** Connection 0: none yet. */
  get subscription(): Arrival {
    return this.#subscription;
  }

  get isOpen(): boolean {
    return this.#startMs !== undefined;
  }

  /** On a new connection. */
  subscribed(arrival: Arrival): void {
    this.#subscription = { ...arrival };
  }

  /** Opens a gap at `fromMs`, unless one is open. */
  open(cause: GapCause, fromMs: number): void {
    if (this.#startMs !== undefined) return;
    this.#cause = cause;
    this.#startMs = Math.max(fromMs, this.#endMs);
    this.#write(cause, this.#startMs, Infinity);
  }

  /**
   * Closes the gap on a connection's first live packet that is newer than all before. It ends at the moment of
   * subscribing: the end of the packet's second, less the time elapsed since. Transit, and a wait in the socket
   * during our pause, do not count as elapsed: the gap errs towards too long. It is never empty: a quick reconnect's
   * minute was not seen whole.
   */
  closeOnLive(arrival: Arrival): void {
    if (this.#startMs === undefined || arrival.connection !== this.#subscription.connection) return;
    const nextSecondMs = this.#watermark.expectedAt(arrival.marketMs) + RESOLUTION_MS;
    this.#close(Math.max(this.#startMs + 1, nextSecondMs - this.#elapsedMs(arrival)));
  }

  /** Adds a gap for a silence in session longer than any feed's: what was missed is unknown. */
  addSilence(fromMs: number, untilMs: number): void {
    // A gap that ended at a frame ahead of its time may already reach as far.
    if (this.#startMs !== undefined || untilMs < this.#endMs) return;
    this.open('silence', fromMs);
    this.#close(untilMs + 1);
  }

  /** Market ms that certainly passed from subscribing until the exchange made the packet. */
  #elapsedMs(arrival: Arrival): number {
    if (this.#watermark.silenceResetAtMs >= this.#subscription.marketMs) return 0;
    const elapsedMarketMs = arrival.marketMs - this.#subscription.marketMs;
    const elapsedRealMs = arrival.monoMs - this.#subscription.monoMs;
    const speed = elapsedRealMs > 0 ? elapsedMarketMs / elapsedRealMs : 1;
    return Math.max(0, elapsedMarketMs - Math.max(MIN_TRANSIT_MARKET_MS, MIN_TRANSIT_REAL_MS * speed));
  }

  #close(endMs: number): void {
    const startMs = this.#startMs!;
    this.#startMs = undefined;
    this.#endMs = endMs;
    this.#write(this.#cause, startMs, endMs);
  }
}
