/**
 * The fast path's contract between the engine and a broker: the broker scans its frames and writes ring records, the
 * engine says in a `ScanWindow` which frames are ordinary and where the records go. docs/fast-paths.md.
 */
import type { MessageBatch } from './messages.js';

/** Lags are counted in buckets of 2^LAG_SHIFT ms. */
export const LAG_SHIFT = 3;
const MAX_INT32 = 0x7fffffff;

/**
 * What is ordinary in one read, and what was scanned. The engine sets the fields, the scanner updates `earliest`,
 * `latest` and `lagCounts`.
 */
export class ScanWindow {
  /** What the records say of their arrival (`RECORD.receivedUs`, `RECORD.connection`). */
  receivedUs = 0;
  connection = 0;
  /** Exchange times that are ordinary: from `from`, for `span`; ms since the start of bar 0. */
  from = 0;
  span = 0;
  /** The low word of the start of bar 0, and the high word that exchange times must have; epoch ms. */
  readonly originLow: number;
  timeHigh = 0;
  /** Ms since the start of bar 0; `(lagFrom - time) >> LAG_SHIFT` is the bucket of a frame's lag. */
  lagFrom = 0;
  readonly lagCounts: Uint32Array;
  /** Of the frames scanned since `reset`, ms since the start of bar 0. */
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

/**
 * Records of the ring without volume, and where the next one goes: at `start`, in 32-bit words, plus `cursor & mask`
 * records.
 */
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
   * Writes a record for each frame of `messages` from `first` on while they are ordinary, `max` at most, the first
   * one at `cursor`. Returns how many it wrote.
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
