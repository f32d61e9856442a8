/**
 * Contract of the fast path: the broker scans its frames and writes ring records; the engine says in a `ScanWindow`
 * which frames are ordinary. docs/fast-paths.md.
 */
import type { MessageBatch } from './messages.js';

/** Lags are counted in buckets of 2^LAG_SHIFT ms. */
export const LAG_SHIFT = 3;
const MAX_INT32 = 0x7fffffff;

/** What is ordinary in one read. The engine sets it; the scanner sets times, `lagCounts` and `lastPrices` scanned. */
export class ScanWindow {
  /** For `RECORD.receivedUs` and `RECORD.connection`. */
  receivedUs = 0;
  connection = 0;
  /** Ordinary exchange times: from `from`, for `span`; ms since the start of bar 0. */
  from = 0;
  span = 0;
  /** Ordinary sequence numbers: from `sequenceFrom`, for `sequenceSpan`; 32 bits, unsigned. */
  sequenceFrom = 0;
  sequenceSpan = 0;
  /** Low word of the start of bar 0; high word of every ordinary exchange time. Epoch ms. */
  readonly originLow: number;
  timeHigh = 0;
  /** SnapQuote: start of bar 0, epoch seconds; by how much an ordinary last trade may be later than its frame, ms. */
  readonly originSeconds: number;
  readonly tradeAheadMs: number;
  /** And by how much it may lie before or after bar 0, seconds. */
  readonly tradeReach: number;
  /** Ms since the start of bar 0; `(lagFrom - time) >> LAG_SHIFT` is the bucket of a frame's lag. */
  lagFrom = 0;
  readonly lagCounts: Uint32Array;
  /** With volume: by instrument index, the price that was scanned last. */
  readonly lastPrices: Float64Array;
  /** Exchange times scanned since `reset`, ms since the start of bar 0. */
  earliest = MAX_INT32;
  latest = -MAX_INT32;

  constructor(options: {
    /** Start of bar 0, epoch ms, a whole second. */
    readonly originMs: number;
    readonly tradeAheadMs: number;
    readonly tradeReach: number;
    readonly lagCounts: Uint32Array;
    readonly lastPrices: Float64Array;
  }) {
    this.originLow = options.originMs | 0;
    this.originSeconds = options.originMs / 1000;
    this.tradeAheadMs = options.tradeAheadMs;
    this.tradeReach = options.tradeReach;
    this.lagCounts = options.lagCounts;
    this.lastPrices = options.lastPrices;
  }

  reset(): void {
    this.earliest = MAX_INT32;
    this.latest = -MAX_INT32;
  }
}

/** A ring of one mode. The next record goes to `start`, in 32-bit words, plus `cursor & mask` records. */
export interface ScanTarget {
  records: Int32Array;
  start: number;
  mask: number;
}

export interface TickScanner {
  /** From now on frames of the instrument are ordinary. */
  enable(instrument: number): void;
  /** From now on no instrument's frames are ordinary. */
  disableAll(): void;
  /**
   * Writes records, the first at `cursor`, for at most `max` frames of `messages` from `first` on, up to one that is
   * not ordinary. Returns how many.
   */
  scan(
    messages: MessageBatch,
    first: number,
    max: number,
    window: ScanWindow,
    target: ScanTarget,
    cursor: number,
  ): number;
}
