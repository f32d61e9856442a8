/**
 * Contract of the fast path: the broker scans its frames and writes ring records; the engine says in a `ScanWindow`
 * which frames are ordinary. docs/fast-paths.md.
 */
import type { MessageBatch } from './messages.js';

/** Lags are counted in buckets of 2^LAG_SHIFT ms. */
export const LAG_SHIFT = 3;
const MAX_INT32 = 0x7fffffff;

/** What is ordinary in one read, set by the engine; `earliest`, `latest` and `lagCounts` are set by the scanner. */
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
  /** Ms since the start of bar 0; `(lagFrom - time) >> LAG_SHIFT` is the bucket of a frame's lag. */
  lagFrom = 0;
  readonly lagCounts: Uint32Array;
  /** Exchange times scanned since `reset`, ms since the start of bar 0. */
  earliest = MAX_INT32;
  latest = -MAX_INT32;

  constructor(originMs: number, lagCounts: Uint32Array) {
    this.originLow = originMs | 0;
    this.lagCounts = lagCounts;
  }

  reset(): void {
    this.earliest = MAX_INT32;
    this.latest = -MAX_INT32;
  }
}

/** The ring without volume. The next record goes to `start`, in 32-bit words, plus `cursor & mask` records. */
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
