/** VWAP, high of day and mean volume, one candle at a time. Rupees and quantities, float64. Pure. */
import { DAY_MS, IST_OFFSET_MS } from '../market/session.js';

export interface IndicatorInput {
  readonly timestampMs: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Number of the IST date. */
export function istDay(epochMs: number): number {
  return Math.floor((epochMs + IST_OFFSET_MS) / DAY_MS);
}

/** A running sum with Kahan compensation, as in the golden values; a plain sum differs in the last digits. */
class CompensatedSum {
  #sum = 0;
  #lost = 0;

  get value(): number {
    return this.#sum;
  }

  add(value: number): void {
    const corrected = value - this.#lost;
    const next = this.#sum + corrected;
    this.#lost = next - this.#sum - corrected;
    this.#sum = next;
  }
}

/** VWAP and high of one IST date; another date's candle starts again. */
export class DayIndicators {
  #day = Number.NaN;
  #turnover = new CompensatedSum();
  #volume = 0;
  #high = Number.NEGATIVE_INFINITY;

  add(bar: IndicatorInput): void {
    const day = istDay(bar.timestampMs);
    if (day !== this.#day) {
      this.#day = day;
      this.#turnover = new CompensatedSum();
      this.#volume = 0;
      this.#high = Number.NEGATIVE_INFINITY;
    }
    this.#turnover.add(((bar.high + bar.low + bar.close) / 3) * bar.volume);
    this.#volume += bar.volume;
    this.#high = Math.max(this.#high, bar.high);
  }

  /** Rupees; null while nothing was traded. */
  get vwap(): number | null {
    return this.#volume === 0 ? null : this.#turnover.value / this.#volume;
  }

  /** Rupees. */
  get hod(): number {
    return this.#high;
  }
}

/** The last N volumes, across dates. Whole numbers, so their running sum is exact. */
export class VolumeWindow {
  readonly #size: number;
  readonly #volumes: number[] = [];
  #sum = 0;
  #next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  add(volume: number): void {
    this.#sum += volume - (this.#volumes[this.#next] ?? 0);
    this.#volumes[this.#next] = volume;
    this.#next = (this.#next + 1) % this.#size;
  }

  /** At most N. */
  get count(): number {
    return this.#volumes.length;
  }

  /** Null before there are N volumes. */
  get mean(): number | null {
    return this.count < this.#size ? null : this.#sum / this.#size;
  }
}
