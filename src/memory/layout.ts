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
 * | SLOTS     | rows x 2 x 616      | shard  | writer, main | two slots a row: state, and the bar of the last tick |
 * | BARS      | bars x 76           | shard  | writer, main | every bar that is not in its row's valid slot        |
 * | EDGES     | bars x 2            | shard  | writer, main | how far the day's range moved across a bar's start   |
 * | AS_SEALED | bars x 32           | shard  | writer       | each candle at its first seal: what the rule saw     |
 * | PACKET    | 112                 | shard  | shard        | the current packet, unpacked                         |
 * | RING      | slots x 32 or 64    | main   | shard        | records in transit                                   |
 * | WIDE      | slots x 32, volume  | main   | shard        | high words of the record in the same place           |
 * | WIDE_BARS | bars x 344          | shard  | writer, main | doubles of a bar with a number that exceeds its word |
 * | POLLED    | bars x 48           | main   | writer       | the broker's candle of a bar that a gap touched      |
 *
 * `bars`: those of all rows together; each row has those of its own session.
 * WIDE_BARS and POLLED take address space, and memory only where a page of them is used: no bar of a real market is
 * wide, and without a back-fill nothing reads POLLED either. "Writer" stands for all threads that read candles.
 */
import assert from 'node:assert';
import { AS_SEALED, BAR, STORED, STORED_SEALED } from './bar.js';
import { MAX_ROWS, PACKET, RECORD, WIDE_WORDS } from './record.js';

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
  openInterest: 32, // As told last; 0: not told.
  /** Includes all the row's records up to this ring cursor; NaN: none. */
  cursor: 33,
  barIndex: 34, // -1: none.
  sessionSum: 35,
  sessionHigh: 36,
  sessionLow: 37,
  ticks: 38,
  lastTime: 39,
  lastPrice: 40,
  lastSequenceLow: 41,
  lastSequenceHigh: 42,
  /** Greatest tick time, epoch ms; 0: none. */
  lastTickTime: 43,
  bar: 44,
  size: 44 + BAR.size,
} as const;

/**
 * A polled bar, in doubles. Of `state` only the first 32-bit word is used: 1 once the numbers are there, stored last.
 * Prices in wire units.
 */
export const POLLED = { state: 0, open: 1, high: 2, low: 3, close: 4, volume: 5, size: 6 } as const;

const WIDE_BAR = BAR.size + AS_SEALED.size;

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
export const MAIN = {
  tail: 0,
  stop: 1,
  skip: 2,
  skipArmed: 3,
  /** Bars of this memory that are polled. */
  polled: 4,
  /** Of the first shard's memory, for all: grows, and notifies, when bars of any shard were polled. */
  polledNews: 5,
} as const;
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

/** The bars of a row, of those that all rows count from the same start. */
export interface RowBars {
  readonly first: number;
  /** Minutes of continuous trading. */
  readonly minutes: number;
  /** The auction's, after them: the last minute of its window; -1: none. */
  readonly auction: number;
}

export interface ShardShape {
  /** Instruments. */
  readonly rows: number;
  /** Minutes from the first opening to the last close or auction. */
  readonly bars: number;
  /** By row; default: all bars are minutes of each row but the last, an auction. */
  readonly rowBars?: readonly RowBars[];
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
  readonly i16: Int16Array;
  /** 32-bit indexes: receive to applied, and to sealed. */
  readonly histogram: number;
  readonly sealHistogram: number;
  /** Double indexes. */
  readonly gaps: number;
  readonly statics: number;
  readonly slots: number;
  readonly packet: number;
  readonly ring: number;
  readonly wideBars: number;
  readonly polled: number;
  /** 32-bit indexes. */
  readonly bars: number;
  readonly asSealed: number;
  readonly versions: number;
  readonly wide: number;
  /** 16-bit index. */
  readonly edges: number;
  readonly ringMask: number;
  /** By row: its bars (`RowBars`), and the place of the first in a table. */
  readonly firstBar: Int32Array;
  readonly minutes: Int32Array;
  readonly auctionBar: Int32Array;
  readonly #places: Int32Array;
  /** Bars of all rows. */
  readonly barCount: number;
  /** Doubles from one record to the next. */
  readonly recordSize: number;

  /** Allocates memory for `shape`, or views `buffer`, which must be of that shape. Asserts both. */
  constructor(shape: ShardShape, buffer?: SharedArrayBuffer) {
    assert(shape.slots > 0 && (shape.slots & (shape.slots - 1)) === 0, 'ring slots must be a power of two');
    assert(shape.rows >= 0 && shape.bars > 0, 'a shard has rows and bars');
    assert(shape.rows < MAX_ROWS, 'a record names its row');
    this.shape = shape;
    this.recordSize = (shape.hasVolume ? RECORD.size : RECORD.sizeWithoutVolume) / 2;
    this.firstBar = new Int32Array(shape.rows);
    this.minutes = new Int32Array(shape.rows);
    this.auctionBar = new Int32Array(shape.rows);
    this.#places = new Int32Array(shape.rows);
    const bars = this.#placeBars();
    this.barCount = bars;
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
    this.bars = take(bars * STORED.size * 4) / 4;
    this.edges = take(bars * 2) / 2;
    this.asSealed = take(bars * STORED_SEALED.size * 4) / 4;
    this.packet = take(PACKET.size * 8) / 8;
    this.ring = take(shape.slots * this.recordSize * 8) / 8;
    this.wide = take(shape.hasVolume ? shape.slots * WIDE_WORDS * 4 : 0) / 4;
    this.wideBars = take(bars * WIDE_BAR * 8) / 8;
    this.polled = take(bars * POLLED.size * 8) / 8;
    this.ringMask = shape.slots - 1;
    if (buffer !== undefined) assert(buffer.byteLength === at, 'shared memory of another shape');
    this.buffer = buffer ?? new SharedArrayBuffer(at);
    this.i32 = new Int32Array(this.buffer);
    this.f64 = new Float64Array(this.buffer);
    this.i16 = new Int16Array(this.buffer);
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

  /** Gives each row the places of its bars. Returns their number. */
  #placeBars(): number {
    const { rows, bars, rowBars } = this.shape;
    let place = 0;
    for (let row = 0; row < rows; row++) {
      const { first, minutes, auction } = rowBars?.[row] ?? {
        first: 0,
        minutes: bars - 1,
        auction: bars - 1,
      };
      assert(first >= 0 && first + minutes <= bars && auction < bars, 'a row has bars of the shard');
      assert(auction < 0 || auction >= first + minutes, 'an auction comes after the minutes');
      this.firstBar[row] = first;
      this.minutes[row] = minutes;
      this.auctionBar[row] = auction;
      this.#places[row] = place;
      place += minutes + (auction < 0 ? 0 : 1);
    }
    return place;
  }

  /** False for a minute outside the row's session. */
  hasBar(row: number, bar: number): boolean {
    const minute = bar - this.firstBar[row];
    return (minute >= 0 && minute < this.minutes[row]) || (bar >= 0 && bar === this.auctionBar[row]);
  }

  /** Number of a bar that the row has, from 0, over all rows. */
  placeOf(row: number, bar: number): number {
    const minute = bar - this.firstBar[row];
    return this.#places[row] + (minute < this.minutes[row] ? minute : this.minutes[row]);
  }

  /** 32-bit index of a bar in the table. */
  storedOf(row: number, bar: number): number {
    return this.bars + this.placeOf(row, bar) * STORED.size;
  }

  /** 16-bit index of a bar's edge. */
  edgeOf(row: number, bar: number): number {
    return this.edges + this.placeOf(row, bar);
  }

  /** 32-bit index of a candle as sealed. */
  sealedOf(row: number, bar: number): number {
    return this.asSealed + this.placeOf(row, bar) * STORED_SEALED.size;
  }

  /** Double index of a bar's doubles in WIDE_BARS; those of the candle as sealed come after BAR.size of them. */
  wideBarOf(row: number, bar: number): number {
    return this.wideBars + this.placeOf(row, bar) * WIDE_BAR;
  }

  /** Double index of a bar in POLLED. */
  polledOf(row: number, bar: number): number {
    return this.polled + this.placeOf(row, bar) * POLLED.size;
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
