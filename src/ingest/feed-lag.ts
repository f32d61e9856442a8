/**
 * How late the feed is: market clock at receipt minus exchange time, market ms. Exchange times are whole seconds: no
 * delay shows 0 to 1000. Counts in buckets; allocates only in the constructor.
 */
import { LAG_SHIFT } from '../broker/scanner.js';
import type { PacketTime } from './watermark.js';

/** Buckets reach this far on either side of the first lag, market ms; the outermost ones count what lies beyond. */
const RANGE_MS = 600_000;
/** A bucket's width as a shift of ms, and the ms that all cover. */
export const LAG = { shift: LAG_SHIFT, rangeMs: 2 * RANGE_MS } as const;
const BUCKET_MS = 1 << LAG.shift;
const BUCKETS = LAG.rangeMs / BUCKET_MS;

export interface LagFigures {
  readonly samples: number;
  readonly leastMs: number;
  /** One packet in a hundred is faster: unlike the least, no stray packet changes it. */
  readonly p1Ms: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

export class FeedLag {
  /** Packets by bucket of lag. Code that counts here must call `addBatch`. */
  readonly counts = new Uint32Array(BUCKETS);
  #originMs = 0;
  #samples = 0;
  #leastMs = Infinity;
  #mostMs = -Infinity;

  /** True after the first packet, which places the buckets. */
  get isKnown(): boolean {
    return this.#samples > 0;
  }

  record({ exchangeMs, nowMs }: PacketTime): void {
    const lagMs = nowMs - exchangeMs;
    // A clock wrong by minutes moves all lags together: the first lag is the centre.
    if (this.#samples === 0) this.#originMs = Math.floor(lagMs) - RANGE_MS;
    const bucket = Math.floor((lagMs - this.#originMs) / BUCKET_MS);
    this.counts[Math.max(0, Math.min(bucket, BUCKETS - 1))]++;
    this.addBatch(1, lagMs, 0, 0);
  }

  /**
   * Exchange time of a packet in bucket 0 that arrives at `nowMs`, ms: `(bucketZeroTime(nowMs) - time) >> LAG.shift`
   * is any other's bucket. Exchange times are whole ms: rounding here rounds the lag.
   */
  bucketZeroTime(nowMs: number): number {
    return Math.floor(nowMs - this.#originMs) | 0;
  }

  /**
   * Adds packets that the caller counted in `counts`: arrived at `nowMs`, exchange times from `earliest` to `latest`,
   * any common origin.
   */
  addBatch(count: number, nowMs: number, earliest: number, latest: number): void {
    this.#samples += count;
    if (nowMs - latest < this.#leastMs) this.#leastMs = nowMs - latest;
    if (nowMs - earliest > this.#mostMs) this.#mostMs = nowMs - earliest;
  }

  /** The greatest lag of the smallest `percent`, to 8 ms. */
  #percentile(percent: number): number {
    let left = Math.ceil((this.#samples * percent) / 100);
    // A batch's lag is rounded: its bucket may be one lower.
    const first = Math.floor((this.#leastMs - this.#originMs) / BUCKET_MS) - 1;
    for (let bucket = Math.max(0, Math.min(first, BUCKETS - 1)); bucket < BUCKETS; bucket++) {
      left -= this.counts[bucket];
      if (left <= 0) return Math.min(this.#mostMs, this.#originMs + (bucket + 1) * BUCKET_MS);
    }
    return this.#mostMs;
  }

  /** Undefined before the first packet. */
  figures(): LagFigures | undefined {
    if (this.#samples === 0) return undefined;
    return {
      samples: this.#samples,
      leastMs: this.#leastMs,
      p1Ms: this.#percentile(1),
      p50Ms: this.#percentile(50),
      p99Ms: this.#percentile(99),
      mostMs: this.#mostMs,
    };
  }
}
