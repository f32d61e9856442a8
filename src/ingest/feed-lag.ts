/**
 * How late the feed is: market clock at receipt minus the packet's exchange time, both of market ms. A stamp is a whole second, so a
 * feed without any delay shows 0 to 1000. Counted beside routing; allocates nothing after construction.
 */
import { LAG_SHIFT } from '../broker/scanner.js';
import type { PacketTime } from './watermark.js';

/** Market ms on either side of the first packet's lag that are told apart; beyond, the outermost bucket counts. */
const RANGE_MS = 600_000;
/** Buckets of lags: how wide they are, as a shift of ms, and the ms of all of them. */
export const LAG = { shift: LAG_SHIFT, rangeMs: 2 * RANGE_MS } as const;
const BUCKET_MS = 1 << LAG.shift;
const BUCKETS = LAG.rangeMs / BUCKET_MS;

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
  /** Packets by their lags' bucket. Whoever counts one here says so to `took`. */
  readonly counts = new Uint32Array(BUCKETS);
  #originMs = 0;
  #samples = 0;
  #leastMs = Infinity;
  #mostMs = -Infinity;

  /** Whether a packet was counted: the first one says where the buckets are. */
  get isKnown(): boolean {
    return this.#samples > 0;
  }

  /** Counts the lag of a packet of this stamp. */
  record({ exchangeMs, nowMs }: PacketTime): void {
    const lagMs = nowMs - exchangeMs;
    // A clock that is wrong by minutes moves all lags together: the first one says where.
    if (this.#samples === 0) this.#originMs = Math.floor(lagMs) - RANGE_MS;
    const bucket = Math.floor((lagMs - this.#originMs) / BUCKET_MS);
    this.counts[Math.max(0, Math.min(bucket, BUCKETS - 1))]++;
    this.addBatch(1, lagMs, 0, 0);
  }

  /**
   * What an exchange time is taken from for its bucket, ms: `(fromOf(nowMs) - time) >> LAG.shift` is that of a packet which arrives at `nowMs`. Times are whole, so
   * the lag is rounded as its first part is.
   */
  bucketZeroTime(nowMs: number): number {
    return Math.floor(nowMs - this.#originMs) | 0;
  }

  /** Packets were counted that arrived at `nowMs` together, exchange times from `earliest` to `latest`; all from one origin. */
  addBatch(count: number, nowMs: number, earliest: number, latest: number): void {
    this.#samples += count;
    if (nowMs - latest < this.#leastMs) this.#leastMs = nowMs - latest;
    if (nowMs - earliest > this.#mostMs) this.#mostMs = nowMs - earliest;
  }

  /** The greatest lag of the smallest `percent` of all, within 8 ms. */
  #percentile(percent: number): number {
    let left = Math.ceil((this.#samples * percent) / 100);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
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
