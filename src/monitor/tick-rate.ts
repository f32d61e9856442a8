/** Ticks over market time, in a bounded number of spans. */

/** When there are more, each two are merged. */
const MAX_SPANS = 240;
/** Least initial length of a span, market ms; and real ms between two updates, of which a span must hold one. */
const MIN_SPAN_MS = 5000;
const UPDATE_INTERVAL_MS = 500;

/** Ticks of all symbols. */
type TickRateSpan = readonly [fromMs: number, ticks: number];

/** In order, each `spanMs` of market time. */
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

  /** All spans (start in epoch ms of the market, ticks), empty ones included. */
  get curve(): TickRateCurve {
    return {
      spanMs: this.#spanMs,
      ticks: this.#counts.map((ticks, span) => [this.#originMs! + span * this.#spanMs, ticks]),
    };
  }

  /** `total`: ticks so far at market time `marketMs`. If time goes back, they count for the last span. */
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
