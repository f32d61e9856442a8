/** Ticks over market time, in a bounded number of spans for a run of any length. */

/** Spans at most; when there are more, each two are merged. */
const MAX_SPANS = 240;
/** Initial length of a span at least, market ms; and real ms between two updates, of which a span must hold one. */
const MIN_SPAN_MS = 5000;
const UPDATE_INTERVAL_MS = 500;

/** Ticks of all symbols in a span of market time. */
type TickRateSpan = readonly [fromMs: number, ticks: number];

/** The spans in order, each `spanMs` of market time long. */
export interface TickRateCurve {
  readonly spanMs: number;
  readonly ticks: readonly TickRateSpan[];
}

export class TickRateHistory {
  #spanMs: number;
  #originMs: number | undefined;
  #counts: number[] = [];
  #total = 0;

  /** `speed`: market seconds a second. */
  constructor(speed: number) {
    this.#spanMs = Math.max(MIN_SPAN_MS, Math.ceil((UPDATE_INTERVAL_MS * speed) / 1000) * 1000);
  }

  /** All spans (start in epoch ms of the market, ticks), those without a tick included. */
  get curve(): TickRateCurve {
    return {
      spanMs: this.#spanMs,
      ticks: this.#counts.map((ticks, span) => [this.#originMs! + span * this.#spanMs, ticks]),
    };
  }

  /**
   * Takes the total number of ticks at market time `marketMs`. If time goes back, the ticks count for the last span.
   */
  update(marketMs: number, total: number): void {
    this.#originMs ??= Math.floor(marketMs / this.#spanMs) * this.#spanMs;
    const span = (): number =>
      Math.max(this.#counts.length - 1, Math.floor((marketMs - this.#originMs!) / this.#spanMs));
    while (span() >= MAX_SPANS) this.#halve();
    while (this.#counts.length <= span()) this.#counts.push(0);
    this.#counts[span()] += total - this.#total;
    this.#total = total;
  }

  #halve(): void {
    this.#spanMs *= 2;
    // The origin stays, because spans are numbered from it.
    this.#counts = Array.from(
      { length: Math.ceil(this.#counts.length / 2) },
      (_, k) => this.#counts[2 * k] + (this.#counts[2 * k + 1] ?? 0),
    );
  }
}
