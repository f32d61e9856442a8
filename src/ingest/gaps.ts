/**
 * From when to when nothing could be seen, in the exchange's own time: opened when a connection ends, closed by the
 * first live packet of the next, or told of afterwards when a connection that held had been mute. A wrong wall clock
 * changes nothing here. At most one gap is open, and none begins before the last one's end, or two would count one
 * moment twice.
 */
import type { Arrival } from './arrival.js';
import type { Watermark } from './watermark.js';

/** How long a packet may have been on its way, and in an accelerated market how long our own threads may have taken. */
const MIN_TRANSIT_MARKET_MS = 1000;
const MIN_TRANSIT_REAL_MS = 100;

/** A stamp is a whole second, so the exchange's time is up to so much later than it. */
const RESOLUTION_MS = 1000;

export class Gaps {
  readonly #watermark: Watermark;
  /** Writes a gap into every ring; its end is infinite while it is open. */
  readonly #write: (startMs: number, endMs: number) => void;
  #subscription: Arrival = { connection: 0, monoMs: 0, marketMs: 0 };
  #startMs: number | undefined;
  #endMs = 0;

  constructor(watermark: Watermark, write: (startMs: number, endMs: number) => void) {
    this.#watermark = watermark;
    this.#write = write;
  }

  /** The last subscription; connection 0 before the first. */
  get subscription(): Arrival {
    return this.#subscription;
  }

  get isOpen(): boolean {
    return this.#startMs !== undefined;
  }

  /** The subscriptions were sent on a new connection. */
  subscribed(arrival: Arrival): void {
    this.#subscription = { ...arrival };
  }

  /** From `fromMs` on nothing can be seen. Does nothing while a gap is open. */
  open(fromMs: number): void {
    if (this.#startMs !== undefined) return;
    this.#startMs = Math.max(fromMs, this.#endMs);
    this.#write(this.#startMs, Infinity);
  }

  /**
   * A live packet arrived, newer than all before it: the first such on a connection ends the gap at the moment of
   * subscribing. T began at most 1 s ago, and so much has elapsed since subscribing; what the packet may have been on
   * its way, or behind a pause of ours in the socket, is not counted as elapsed, so that the gap is rather too long
   * than too short. An old state told again, first or not, proves nothing. A gap is never empty: the minute of a
   * quick reconnect was not seen whole.
   */
  closeOnLive(arrival: Arrival): void {
    if (this.#startMs === undefined || arrival.connection !== this.#subscription.connection) return;
    const nextSecondMs = this.#watermark.expectedAt(arrival.marketMs) + RESOLUTION_MS;
    this.#close(Math.max(this.#startMs + 1, nextSecondMs - this.#elapsedMs(arrival)));
  }

  /**
   * The connection held, and nothing was told in session for longer than any feed is silent: nobody knows what was
   * missed.
   */
  addSilence(fromMs: number, untilMs: number): void {
    // Behind a stamp that was ahead of its time a gap may reach as far already.
    if (this.#startMs !== undefined || untilMs < this.#endMs) return;
    this.open(fromMs);
    this.#close(untilMs + 1);
  }

  /** Market ms for which the subscriptions had surely been sent when the exchange made the packet. */
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
    this.#write(startMs, endMs);
  }
}
