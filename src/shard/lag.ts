/**
 * How late the feed is: market clock at receipt minus the packet's exchange time, both of market ms. A stamp is a whole second, so a
 * feed without any delay shows 0 to 1000. Counted beside routing; allocates nothing after construction.
 */
import type { Stamp } from './sealer.js';

const BUCKET_MS = 10;
/** Market ms on either side of the first packet's lag that are told apart; beyond, the outermost bucket counts. */
const REACH_MS = 600_000;
const PER_MS = 1 / BUCKET_MS;
const BUCKETS = (2 * REACH_MS) / BUCKET_MS;

export interface LagFigures {
  readonly samples: number;
  readonly leastMs: number;
  /** One packet in a hundred is prompter: what a single stray cannot move. */
  readonly p1Ms: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

export class FeedLag {
  readonly #counts = new Uint32Array(BUCKETS);
  #originMs = 0;
  readonly #one = new Float64Array(1);
  #samples = 0;
  #least = Infinity;
  #most = -Infinity;

  /** Counts the lag of a packet of this stamp. */
  record(stamp: Stamp): void {
    this.#one[0] = stamp.exchangeMs;
    this.recordAll(this.#one, 1, stamp);
  }

  /** Counts the lags of the first `count` exchange times, of packets that arrived at `stamp.nowMs` together. */
  recordAll(exchangeMs: Float64Array, count: number, stamp: { readonly nowMs: number }): void {
    const { nowMs } = stamp;
    // A clock that is wrong by minutes moves all lags together: the first one says where.
    if (this.#samples === 0) this.#originMs = Math.floor(nowMs - exchangeMs[0]) - REACH_MS;
    this.#samples += count;
    const counts = this.#counts;
    const originMs = this.#originMs;
    let least = this.#least;
    let most = this.#most;
    for (let k = 0; k < count; k++) {
      const lagMs = nowMs - exchangeMs[k];
      if (lagMs < least) least = lagMs;
      if (lagMs > most) most = lagMs;
      const bucket = (lagMs - originMs) * PER_MS;
      // Whole by its bits, which is quicker than by rounding; what lies beyond the reach counts at its end.
      counts[bucket >= BUCKETS ? BUCKETS - 1 : bucket > 0 ? bucket | 0 : 0]++;
    }
    this.#least = least;
    this.#most = most;
  }

  /** The greatest lag of the smallest `percent` of all, within 10 ms. */
  #percentile(percent: number): number {
    let left = Math.ceil((this.#samples * percent) / 100);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket];
      if (left <= 0) return Math.min(this.#most, this.#originMs + (bucket + 1) * BUCKET_MS);
    }
    return this.#most;
  }

  /** Undefined before the first packet. */
  figures(): LagFigures | undefined {
    if (this.#samples === 0) return undefined;
    return { samples: this.#samples, leastMs: this.#least, p1Ms: this.#percentile(1), p50Ms: this.#percentile(50), p99Ms: this.#percentile(99), mostMs: this.#most };
  }
}
