/** Ticks over market time, for a run of any length in a bounded number of spans. */

/** Spans that are kept; when there are more, two become one. */
const MOST_SPANS = 240;
/** Length of a span at first, market ms; and real ms between two looks, of which a span has to hold some. */
const LEAST_SPAN_MS = 5000;
const LOOKS_MS = 500;

/** Ticks of all symbols in a span of market time. */
export type TickRateSpan = readonly [fromMs: number, ticks: number];

/** The spans in order, each `spanMs` of market time long. */
export interface TickRateCurve {
  readonly spanMs: number;
  readonly ticks: readonly TickRateSpan[];
}

export class TickRateHistory {
  #spanMs: number;
  #originMs: number | undefined;
  #counts: number[] = [];
  #seen = 0;

  /** `speed`: market seconds a second. */
  constructor(speed: number) {
    this.#spanMs = Math.max(LEAST_SPAN_MS, Math.ceil((LOOKS_MS * speed) / 1000) * 1000);
  }

  /** Starts of the spans (epoch ms, market) and the ticks seen in each; spans without a tick included. */
  get curve(): TickRateCurve {
    return {
      spanMs: this.#spanMs,
      ticks: this.#counts.map((ticks, span) => [this.#originMs! + span * this.#spanMs, ticks]),
    };
  }

  /** `total` ticks were seen by market time `marketMs`. Time that goes back counts as the last span's. */
  look(marketMs: number, total: number): void {
    this.#originMs ??= Math.floor(marketMs / this.#spanMs) * this.#spanMs;
    const span = (): number =>
      Math.max(this.#counts.length - 1, Math.floor((marketMs - this.#originMs!) / this.#spanMs));
    while (span() >= MOST_SPANS) this.#halve();
    while (this.#counts.length <= span()) this.#counts.push(0);
    this.#counts[span()] += total - this.#seen;
    this.#seen = total;
  }

  #halve(): void {
    this.#spanMs *= 2;
    // The origin stays: spans are counted from there.
    this.#counts = Array.from(
      { length: Math.ceil(this.#counts.length / 2) },
      (_, k) => this.#counts[2 * k] + (this.#counts[2 * k + 1] ?? 0),
    );
  }
}
