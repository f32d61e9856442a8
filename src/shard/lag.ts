/**
 * How late the feed is: market clock at receipt minus the packet's exchange time, both of market ms. A stamp is a whole second, so a
 * feed without any delay shows 0 to 1000. Counted beside routing; allocates nothing after construction.
 */
import { FIELD, type Packet } from '../market/packet.js';
import type { Arrival } from './arrival.js';

const BUCKET_MS = 10;
/** Market ms on either side of the first packet's lag that are told apart; beyond, the outermost bucket counts. */
const REACH_MS = 600_000;
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
  #samples = 0;
  #least = Infinity;
  #most = -Infinity;

  /** Counts the lag of `packet`, which arrived so. */
  record(packet: Packet, arrival: Arrival): void {
    const { words } = packet;
    // Written out, and not passed on: a double that goes through a call is a new object wherever the call is not compiled into its caller.
    const lagMs = arrival.marketMs - (words[2 * FIELD.exchangeMs + 1] * 4294967296 + (words[2 * FIELD.exchangeMs] >>> 0));
    // A clock that is wrong by minutes moves all lags together: the first one says where.
    if (this.#samples === 0) this.#originMs = Math.floor(lagMs) - REACH_MS;
    this.#samples++;
    if (lagMs < this.#least) this.#least = lagMs;
    if (lagMs > this.#most) this.#most = lagMs;
    const bucket = Math.floor((lagMs - this.#originMs) / BUCKET_MS);
    this.#counts[bucket < 0 ? 0 : bucket >= BUCKETS ? BUCKETS - 1 : bucket]++;
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
