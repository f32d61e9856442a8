/**
 * How late the feed is: market clock at receipt minus the packet's exchange time, both of market ms. A stamp is a whole second, so a
 * feed without any delay shows 0 to 1000. Counted beside routing; allocates nothing after construction.
 */
import type { Stamp } from './sealer.js';

const BUCKET_BITS = 3;
const BUCKET_MS = 1 << BUCKET_BITS;
/** Market ms on either side of the first packet's lag that are told apart; beyond, the outermost bucket counts. */
const REACH_MS = 600_000;
const BUCKETS = (2 * REACH_MS) / BUCKET_MS;

/** What lies beyond the reach counts at its end. */
const placeOf = (bucket: number): number => (bucket >= BUCKETS ? BUCKETS - 1 : bucket > 0 ? bucket : 0);

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
  readonly #one = new Int32Array(1);
  readonly #stamp = { originMs: NaN, nowMs: NaN };
  #samples = 0;
  #least = Infinity;
  #most = -Infinity;

  /** Counts the lag of a packet of this stamp. */
  record(stamp: Stamp): void {
    this.#stamp.originMs = stamp.exchangeMs;
    this.#stamp.nowMs = stamp.nowMs;
    this.recordAll(this.#one, 0, 1, 1, this.#stamp);
  }

  /**
   * Counts the lags of `count` packets that arrived at `stamp.nowMs` together. Their exchange times, ms from `stamp.originMs`, are in `times` from `at` on,
   * every `step` words. Returns the latest of them.
   */
  recordAll(times: Int32Array, at: number, step: number, count: number, stamp: { readonly originMs: number; readonly nowMs: number }): number {
    const nowMs = stamp.nowMs - stamp.originMs;
    // A clock that is wrong by minutes moves all lags together: the first one says where.
    if (this.#samples === 0) this.#originMs = Math.floor(nowMs - times[at]) - REACH_MS;
    this.#samples += count;
    const counts = this.#counts;
    // Times are whole: so the lag is rounded as its first part is.
    const from = Math.floor(nowMs - this.#originMs) | 0;
    let earliest = times[at] | 0;
    let latest = earliest;
    const end = (at + count * step) | 0;
    // Neighbours are mostly of one bucket, which is counted when it ends.
    let bucket = ((from - earliest) | 0) >> BUCKET_BITS;
    let inBucket = 0;
    for (let k = at | 0; k < end; k = (k + step) | 0) {
      const time = times[k] | 0;
      if (time < earliest) earliest = time;
      if (time > latest) latest = time;
      const its = ((from - time) | 0) >> BUCKET_BITS;
      if (its !== bucket) {
        counts[placeOf(bucket)] += inBucket;
        bucket = its;
        inBucket = 0;
      }
      inBucket = (inBucket + 1) | 0;
    }
    counts[placeOf(bucket)] += inBucket;
    if (nowMs - latest < this.#least) this.#least = nowMs - latest;
    if (nowMs - earliest > this.#most) this.#most = nowMs - earliest;
    return latest;
  }

  /** The greatest lag of the smallest `percent` of all, within 8 ms. */
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
