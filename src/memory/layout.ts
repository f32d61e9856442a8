/**
 * The memory that two threads share: one SharedArrayBuffer a shard. All offsets are here.
 *
 * Regions, in order. Every byte has one writer; "main" is the thread that owns the socket. Each begins on a cache
 * line (64 bytes), so that two writers never share one.
 *
 * | region    | bytes               | writer | readers      | content                                              |
 * | --------- | ------------------- | ------ | ------------ | ---------------------------------------------------- |
 * | MAIN      | 64                  | main   | shard        | ring tail, stop word, record to skip                 |
 * | SHARD     | 64                  | shard  | main, writer | ring head, current record, last sealed bar, counters |
 * | PULSE     | 64, and 64 unused   | shard  | main         | heartbeat                                            |
 * | LATENCY   | 2,048               | shard  | main         | histogram: receive to applied (`histogram.ts`)       |
 * | SEALING   | 2,048               | shard  | main         | histogram: receive to sealed                         |
 * | GAPS      | 1,024 x 16          | shard  | writer, main | spans of market time that were not seen              |
 * | STATIC    | rows x 56           | main   | shard, writer| each row's session; constant once the shard starts   |
 * | VERSION   | rows x 4            | shard  | writer, main | row version; its lowest bit selects the valid slot   |
 * | SLOTS     | rows x 2 x 544      | shard  | writer, main | two slots a row: state, and the bar of the last tick |
 * | BARS      | rows x bars x 208   | shard  | writer, main | every bar that is not in its row's valid slot        |
 * | AS_SEALED | rows x bars x 80    | shard  | writer       | each candle at its first seal: what the rule saw     |
 * | PACKET    | 96                  | shard  | shard        | the current packet, unpacked                         |
 * | RING      | slots x 32 or 64    | main   | shard        | records in transit                                   |
 * | WIDE      | slots x 32, volume  | main   | shard        | high words of the record in the same place           |
 */
import assert from 'node:assert';
import { MAX_ROWS, PACKET, RECORD, WIDE_WORDS } from './record.js';

/** A bar, in doubles from its start. Prices in wire units. Fields that every tick changes first. */
export const BAR = {
  ticks: 0,
  high: 1,
  low: 2,
  close: 3,
  volume: 4,
  priceChanges: 5,
  lastPrice: 6, // Of the last tick by arrival; `priceChanges` compares with it.
  closeTime: 7,
  closeConnection: 8,
  closeSequenceLow: 9,
  closeSequenceHigh: 10,
  coveredSeconds: 11, // Seconds that a packet covered.
  /** Exchange time of the last covered second, epoch ms; 0: none. */
  lastSeenAt: 12,
  /** Longest time without a packet, from the minute's start or between two. Market ms. */
  longestSilenceMs: 13,
  open: 14,
  openTime: 15,
  openConnection: 16,
  openSequenceLow: 17,
  openSequenceHigh: 18,
  late: 19,
  revision: 20,
  hasSnapshot: 21, // 1: an initial packet fell into the minute: an earlier part was not seen.
  /** Volume of the minute's first rise, part of which may belong to the bar before. */
  slackBefore: 22,
  /** That bar's index plus 1; 0: no slack, or no such bar. */
  slackFrom: 23,
  /** Volume of a rise outside the session, part of which may belong to this bar. */
  slackAfter: 24,
  /** Bits of MARK. */
  marks: 25,
  size: 26,
} as const;

/** What else is known of a bar. */
export const MARK = {
  /** High or low comes from the day's range: no packet showed the trade. */
  repaired: 1,
  /** A packet of the session's tail changed it. */
  tail: 2,
} as const;

/** A row's slot, in doubles from its start. What every tick changes is last, next to the bar's own: few cache lines. */
export const SLOT = {
  snapshots: 0,
  noTrade: 1,
  duplicates: 2,
  outOfSession: 3,
  volumeResets: 4, // Falls of the volume that the next packet confirmed; each made a new anchor.
  volumeStrays: 5, // Volumes that the next packet took back.
  anchorVolume: 6,
  anchorSequenceLow: 7,
  anchorSequenceHigh: 8,
  anchorConnection: 9, // 0: none yet.
  /** Exchange time at which the anchor's volume was complete, epoch ms: of its packet, unless a volume is pending. */
  anchorAt: 10,
  volumePending: 11, // 1: a packet showed a trade whose volume is still to come.
  pendingSince: 12, // Exchange time of the packet that showed it, epoch ms.
  /** How long after a packet its volume may be incomplete, market ms; 0: no volume was seen to be late. */
  lateness: 13,
  /** Of the newest packet by sequence (Quote, SnapQuote): price, last quantity, tick time, exchange time. */
  seenPrice: 14,
  seenQuantity: 15,
  seenTradeTime: 16,
  seenAt: 17,
  /** Extremes of the prices that packets showed, by sequence; 0: none. */
  shownHigh: 18,
  shownLow: 19,
  /** A volume in doubt (`shard/volume-doubt.ts`), and what was before it. */
  doubt: 20,
  doubtVolume: 21,
  doubtAt: 22,
  doubtBarVolume: 23,
  doubtSlackBefore: 24,
  doubtSlackFrom: 25,
  doubtSlackAfter: 26,
  earlierHigh: 27, // As told before the newest packet; 0: none.
  earlierLow: 28,
  sessionOpen: 29,
  exchangeAverage: 30,
  sealedChanges: 31, // Packets that may have changed a sealed bar.
  /** Includes all the row's records up to this ring cursor; NaN: none. */
  cursor: 32,
  barIndex: 33, // -1: none.
  sessionSum: 34,
  sessionHigh: 35,
  sessionLow: 36,
  ticks: 37,
  lastTime: 38,
  lastPrice: 39,
  lastSequenceLow: 40,
  lastSequenceHigh: 41,
  /** Greatest tick time, epoch ms; 0: none. */
  lastTickTime: 42,
  bar: 43,
  size: 43 + BAR.size,
} as const;

/** A candle at its first seal, in doubles. */
export const AS_SEALED = {
  ticks: 0,
  open: 1,
  high: 2,
  low: 3,
  close: 4,
  volume: 5,
  gapMs: 6,
  hasSnapshot: 7,
  volSlack: 8, // -1: not known yet.
  coveredSeconds: 9,
  size: 10,
} as const;

/** In doubles. `cause`: of GAP_CAUSES (record.ts). */
export const GAP = { startMs: 0, endMs: 1, cause: 2, size: 3 } as const;
export const GAP_CAPACITY = 1024;

/**
 * A row's session, in doubles from its start. Epoch ms; the auction's are 0 without one. `originMs`, the start of bar
 * 0, is equal for all rows, even those that open later: a SEAL names one bar for all.
 */
export const STATIC = {
  openMs: 0,
  closeMs: 1,
  auctionFromMs: 2,
  auctionToMs: 3,
  auctionLabelMs: 4,
  originMs: 5,
  /** Stamps from `closeMs` to here may show trades of the last minute. */
  tailEndMs: 6,
  size: 7,
} as const;

/** 32-bit words in a histogram region (`histogram.ts`). */
export const HISTOGRAM_WORDS = 512;
const LINE = 64;

/** 32-bit indexes of the words that main writes. */
export const MAIN = { tail: 0, stop: 1, skip: 2, skipArmed: 3 } as const;
/** 32-bit indexes of the words that the shard writes. */
export const SHARD = {
  /** Batches are committed up to this ring cursor. */
  head: 16,
  /** Cursor of the current record, while `busy` is 1. */
  working: 17,
  /** Last sealed bar; -1: none. */
  sealed: 18,
  gaps: 19, // Their number.
  ended: 20, // 1: END is applied.
  /** Grows, and notifies, when sealed bars or gaps change. */
  changes: 21,
  busy: 22,
  starts: 23, // Threads that took over the memory.
  /** No thread ever worked on a record at or after this cursor. */
  reach: 24,
} as const;
/** Double index. */
export const PULSE = { heartbeatMs: 16 } as const;

export interface ShardShape {
  /** Instruments. */
  readonly rows: number;
  /** Bars of a row: minutes of continuous trading, then the auction. */
  readonly bars: number;
  /** Records in the ring; a power of two. */
  readonly slots: number;
  /** Quote, SnapQuote. */
  readonly hasVolume: boolean;
  /** SnapQuote: a packet tells when its last trade was. Default false. Same layout. */
  readonly hasTradeTime?: boolean;
  /** Ordinary ticks take the shard's fast path; default true. Same layout. */
  readonly fastPaths?: boolean;
}

const roundUp = (bytes: number): number => Math.ceil(bytes / LINE) * LINE;

/** Two views over one SharedArrayBuffer, and each region's start. */
export class ShardMemory {
  readonly shape: ShardShape;
  readonly buffer: SharedArrayBuffer;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  /** 32-bit indexes: receive to applied, and to sealed. */
  readonly histogram: number;
  readonly sealHistogram: number;
  /** Double indexes. */
  readonly gaps: number;
  readonly statics: number;
  readonly slots: number;
  readonly bars: number;
  readonly asSealed: number;
  readonly packet: number;
  readonly ring: number;
  /** 32-bit indexes. */
  readonly versions: number;
  readonly wide: number;
  readonly ringMask: number;
  /** Doubles from one record to the next. */
  readonly recordSize: number;

  /** Allocates memory for `shape`, or views `buffer`, which must be of that shape. Asserts both. */
  constructor(shape: ShardShape, buffer?: SharedArrayBuffer) {
    assert(shape.slots > 0 && (shape.slots & (shape.slots - 1)) === 0, 'ring slots must be a power of two');
    assert(shape.rows >= 0 && shape.bars > 0, 'a shard has rows and bars');
    assert(shape.rows < MAX_ROWS, 'a record names its row');
    this.shape = shape;
    this.recordSize = (shape.hasVolume ? RECORD.size : RECORD.sizeWithoutVolume) / 2;
    let at = 4 * LINE; // MAIN, SHARD, PULSE, and one unused
    const take = (bytes: number): number => {
      const start = at;
      at = roundUp(at + bytes);
      return start;
    };
    this.histogram = take(HISTOGRAM_WORDS * 4) / 4;
    this.sealHistogram = take(HISTOGRAM_WORDS * 4) / 4;
    this.gaps = take(GAP_CAPACITY * GAP.size * 8) / 8;
    this.statics = take(shape.rows * STATIC.size * 8) / 8;
    this.versions = take(shape.rows * 4) / 4;
    this.slots = take(shape.rows * 2 * SLOT.size * 8) / 8;
    this.bars = take(shape.rows * shape.bars * BAR.size * 8) / 8;
    this.asSealed = take(shape.rows * shape.bars * AS_SEALED.size * 8) / 8;
    this.packet = take(PACKET.size * 8) / 8;
    this.ring = take(shape.slots * this.recordSize * 8) / 8;
    this.wide = take(shape.hasVolume ? shape.slots * WIDE_WORDS * 4 : 0) / 4;
    this.ringMask = shape.slots - 1;
    if (buffer !== undefined) assert(buffer.byteLength === at, 'shared memory of another shape');
    this.buffer = buffer ?? new SharedArrayBuffer(at);
    this.i32 = new Int32Array(this.buffer);
    this.f64 = new Float64Array(this.buffer);
    if (buffer === undefined) {
      this.i32[SHARD.sealed] = -1;
      for (let row = 0; row < shape.rows; row++) {
        this.f64[this.slotOf(row, 0) + SLOT.barIndex] = -1;
        this.f64[this.slotOf(row, 0) + SLOT.cursor] = NaN;
      }
    }
  }

  /** Double index of the record at `cursor` (monotonic, wraps as int32). */
  recordOf(cursor: number): number {
    return this.ring + (cursor & this.ringMask) * this.recordSize;
  }

  /** 32-bit index of the high words of the record at double index `at`. */
  wideOf(at: number): number {
    return this.wide + ((at - this.ring) / this.recordSize) * WIDE_WORDS;
  }

  whatAt(cursor: number): number {
    return this.i32[2 * this.recordOf(cursor) + RECORD.what];
  }

  /** Double index of slot `which` (0 or 1); those below are double indexes too. */
  slotOf(row: number, which: number): number {
    return this.slots + (row * 2 + which) * SLOT.size;
  }

  barOf(row: number, bar: number): number {
    return this.bars + (row * this.shape.bars + bar) * BAR.size;
  }

  asSealedOf(row: number, bar: number): number {
    return this.asSealed + (row * this.shape.bars + bar) * AS_SEALED.size;
  }

  staticOf(row: number): number {
    return this.statics + row * STATIC.size;
  }
}

/**
 * A warm-up candle, in doubles: time (epoch ms), prices (rupees), volume. Main writes it before other threads read.
 */
export const WARM_UP_CANDLE = {
  timestampMs: 0,
  open: 1,
  high: 2,
  low: 3,
  close: 4,
  volume: 5,
  size: 6,
} as const;

/** Shared, all zero. */
export const sharedDoubles = (numbers: number): Float64Array =>
  new Float64Array(new SharedArrayBuffer(numbers * 8));
