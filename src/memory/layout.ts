/**
 * All memory that two threads see: offsets by running addition, and who writes what. No other file holds an offset.
 *
 * One SharedArrayBuffer a shard. Every byte has one writer ("main" is the thread that owns the socket).
 *
 * | region  | writer | readers       | meaning                                                                          |
 * | ------- | ------ | ------------- | -------------------------------------------------------------------------------- |
 * | MAIN    | main   | shard         | how far the ring is filled, the stop word, the record to skip                    |
 * | SHARD   | shard  | main, writer  | how far the ring is read, the record at work, the last sealed bar, changes, ended, threads begun |
 * | PULSE   | shard  | main          | heartbeat                                                                        |
 * | LATENCY | shard  | main          | histogram of receive-to-applied (`histogram.ts`)                                 |
 * | SEALING | shard  | main          | histogram of receive-to-sealed                                                   |
 * | GAPS    | shard  | writer, main  | spans of market time in which nothing could be seen                              |
 * | STATIC  | main   | shard, writer | each row's session; written before the shard starts, never after                 |
 * | VERSION | shard  | writer, main  | each row's version; its lowest bit names the slot that is valid                   |
 * | SLOTS   | shard  | writer, main  | two slots a row: the instrument's state and the bar that its last packet touched  |
 * | BARS    | shard  | writer, main  | every bar of the run that is not in its row's valid slot                          |
 * | FIRST   | shard  | writer        | each candle as it was when it was sealed first: what the momentum rule saw live   |
 * | WORK    | shard  | shard         | the packet at work, unpacked                                                      |
 * | RING    | main   | shard         | records on their way                                                             |
 */
import assert from 'node:assert';
import { MAX_ROWS } from './record.js';

/** What crosses a ring. Whatever can change a candle is one of these; nothing else is. */
export const KIND = { packet: 1, seal: 2, gap: 3, end: 4 } as const;

/** Flags of a packet record. */
export const FLAG = {
  /** The instrument's first packet on this connection: a cached one (docs/protocol.md 7, "Right after subscribe"). */
  initial: 1,
  /** It came too long after subscribing to be a cached one: in LTP mode it is a tick. */
  live: 2,
  /** It carries the day's cumulative volume (Quote, SnapQuote). */
  hasVolume: 4,
  /** Its price or its sequence fills more than the lower 31 or 32 bits: only then their high words are looked at. */
  wide: 8,
} as const;

/**
 * A record in the ring. `I` are 32-bit words from its start, `F` doubles from its start. Without volume two records fill one line of the cache. Integers of
 * 64 bits are two words, low and high, as on the wire.
 */
export const RECORD = {
  /** Kind, flags and row (`record.ts`); of a SEAL the bar sealed through stands in the row's place. */
  what: 0, // I
  /** The low 32 bits of when it was received, monotonic real microseconds; 0 where that is not to be measured. */
  receivedUs: 1, // I
  connection: 2, // I
  /** The exchange's time, ms from the start of bar 0: what is admitted is within days of it. */
  time: 3, // I
  priceLow: 4, // I
  priceHigh: 5, // I
  sequenceLow: 6, // I
  sequenceHigh: 7, // I
  /** gap: its start; end: market time of the end. Epoch ms, as all that follows. */
  timeMs: 2, // F
  /** gap: its end, Infinity while it is open. */
  untilMs: 3, // F
  /** The time that picks the minute; from here on with volume only. */
  tickTimeMs: 4, // F
  volume: 5, // F
  averagePrice: 6, // F
  dayOpen: 7, // F
  dayHigh: 8, // F
  dayLow: 9, // F
  /** Doubles in a record. */
  size: 12,
  sizeWithoutVolume: 4,
} as const;
/** 32-bit words of a record without volume, as a shift. */
export const PLAIN_RECORD_SHIFT = 31 - Math.clz32(2 * RECORD.sizeWithoutVolume);

/** The packet at work, as the fold reads it: a record unpacked. `I` and `F` as above. */
export const PACKET = {
  row: 0, // I
  connection: 1, // I
  flags: 2, // I
  /** The time that picks the minute. */
  timeMs: 2, // F
  price: 3, // F
  sequenceLow: 4, // F
  sequenceHigh: 5, // F
  /** The exchange's time of the packet; the same as `timeMs` but in SnapQuote, where that is the last trade's. */
  exchangeMs: 6, // F
  volume: 7, // F
  averagePrice: 8, // F
  dayOpen: 9, // F
  dayHigh: 10, // F
  dayLow: 11, // F
  size: 12,
} as const;

/** A bar, in doubles from its start. Prices in wire units. First what every tick touches, then what few do. */
export const BAR = {
  ticks: 0,
  high: 1,
  low: 2,
  close: 3,
  volume: 4,
  priceChanges: 5,
  /** Price of the tick that arrived last, whatever its time: for counting changes. */
  lastPrice: 6,
  closeTime: 7,
  closeConnection: 8,
  closeSequenceLow: 9,
  closeSequenceHigh: 10,
  /** Seconds of the minute of which a packet told, and the exchange's time of the last one; 0 before the first. */
  coveredSeconds: 11,
  lastSeenAt: 12,
  /** The longest time from the minute's start to a packet, or between two. */
  longestSilenceMs: 13,
  open: 14,
  openTime: 15,
  openConnection: 16,
  openSequenceLow: 17,
  openSequenceHigh: 18,
  late: 19,
  revision: 20,
  /** 1 when a connection's first packet of the instrument fell into the minute: what came before it there was not seen. */
  hasSnapshot: 21,
  /** Volume that the minute's first rise brought and that may belong before its start. */
  slackBefore: 22,
  /** The bar of the packet before that rise, plus 1: to it that volume may belong. 0 where there is no slack, or no such bar. */
  slackFrom: 23,
  /** Volume that a rise outside the session brought and that may belong before its end. */
  slackAfter: 24,
  /** 1 when the day's high or low told of a trade that no packet showed. */
  repaired: 25,
  size: 26,
} as const;

/** A row's slot, in doubles from its start. What every tick touches stands before the bar, which begins with its like: four lines of the cache in place of seven. */
export const SLOT = {
  snapshots: 0,
  noTrade: 1,
  duplicates: 2,
  outOfSession: 3,
  /** Times that the cumulative volume fell and was taken as the new anchor. Not a class of its own: each is a noTrade as well. */
  volumeResets: 4,
  anchorVolume: 5,
  anchorSequenceLow: 6,
  anchorSequenceHigh: 7,
  /** Connection on which the anchor was taken; 0 before the first. */
  anchorConnection: 8,
  /** The exchange's time of the anchor's packet: by then so much had been traded. */
  anchorAt: 9,
  sessionOpen: 10,
  exchangeAverage: 11,
  /** Cursor of a record: the slot is the outcome of all the row's records up to it; NaN before the first. */
  cursor: 12,
  /** Which bar is in `bar`; -1 before the first. */
  barIndex: 13,
  sessionSum: 14,
  sessionHigh: 15,
  sessionLow: 16,
  ticks: 17,
  lastTime: 18,
  lastPrice: 19,
  lastSequenceLow: 20,
  lastSequenceHigh: 21,
  /** Greatest time of any tick; 0 before the first. */
  lastTickTime: 22,
  bar: 23,
  size: 23 + BAR.size,
} as const;

/** A candle as first sealed, in doubles from its start. */
export const AS_SEALED = {
  ticks: 0,
  open: 1,
  high: 2,
  low: 3,
  close: 4,
  volume: 5,
  gapMs: 6,
  hasSnapshot: 7,
  size: 8,
} as const;

/** A gap, in doubles from its start. */
export const GAP = { startMs: 0, endMs: 1, size: 2 } as const;
export const GAP_CAPACITY = 1024;

/**
 * A row's session, in doubles from its start. Epoch ms; auction 0 where there is none. `originMs` is the start of bar 0, the same for
 * every row of a run: a SEAL names a bar, so that bar must be the same minute of an instrument that opens later than others.
 */
export const STATIC = {
  openMs: 0,
  closeMs: 1,
  auctionFromMs: 2,
  auctionToMs: 3,
  auctionLabelMs: 4,
  originMs: 5,
  size: 6,
} as const;

/** 32-bit words in the histogram region (`histogram.ts` gives them meaning). */
export const HISTOGRAM_WORDS = 512;

const LINE = 64;

/** 32-bit indexes of the words that main writes. */
export const MAIN = { tail: 0, stop: 1, skip: 2, skipArmed: 3 } as const;
/**
 * 32-bit indexes of the words that the shard writes; a cache line of their own. `working` is the cursor of the record at work while
 * `busy` is 1, and means nothing while it is 0; the head moves when a batch of records is shown. `starts` counts the threads that took the memory over;
 * before `reach` lies all that any of them had at work.
 */
export const SHARD = {
  head: 16,
  working: 17,
  sealed: 18,
  gaps: 19,
  ended: 20,
  changes: 21,
  busy: 22,
  starts: 23,
  reach: 24,
} as const;
/** Double index of the pulse. */
export const PULSE = { heartbeatMs: 16 } as const;

/** What a shard's memory is made for. */
export interface ShardShape {
  /** Instruments of the shard. */
  readonly rows: number;
  /** Bars of a row: minutes of continuous trading and, last, the auction. */
  readonly bars: number;
  /** Records in the ring; a power of two. */
  readonly slots: number;
  /** Whether records carry the day's volume and what comes with it (Quote, SnapQuote). */
  readonly hasVolume: boolean;
  /** Whether ordinary ticks take the shard's fast path; true by default. Changes no byte of the layout. */
  readonly fastPaths?: boolean;
}

const roundUp = (bytes: number): number => Math.ceil(bytes / LINE) * LINE;

/** A shard's memory: two views over one SharedArrayBuffer and where the regions begin. */
export class ShardMemory {
  readonly shape: ShardShape;
  readonly buffer: SharedArrayBuffer;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  /** 32-bit index of the histogram of receive-to-applied. */
  readonly histogram: number;
  /** 32-bit index of the histogram of receive-to-sealed. */
  readonly sealHistogram: number;
  /** Double indexes. */
  readonly gaps: number;
  readonly statics: number;
  readonly slots: number;
  readonly bars: number;
  readonly asSealed: number;
  readonly packet: number;
  readonly ring: number;
  /** 32-bit index of the rows' versions. */
  readonly versions: number;
  readonly ringMask: number;
  /** Doubles from one record to the next. */
  readonly recordSize: number;

  /** Lays out new memory for `shape`, or views `buffer`, which must have been laid out for the same shape. */
  constructor(shape: ShardShape, buffer?: SharedArrayBuffer) {
    assert(shape.slots > 0 && (shape.slots & (shape.slots - 1)) === 0, 'ring slots must be a power of two');
    assert(shape.rows >= 0 && shape.bars > 0, 'a shard has rows and bars');
    assert(shape.rows < MAX_ROWS, 'a record names its row');
    this.shape = shape;
    this.recordSize = shape.hasVolume ? RECORD.size : RECORD.sizeWithoutVolume;
    let at = 4 * LINE; // MAIN, SHARD and PULSE have a line each, and one is left between PULSE and what follows
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

  /** Double index of the ring record that `cursor` (monotonic, wraps as int32) names. */
  recordOf(cursor: number): number {
    return this.ring + (cursor & this.ringMask) * this.recordSize;
  }

  /** `RECORD.what` of the record that `cursor` names. */
  whatAt(cursor: number): number {
    return this.i32[2 * this.recordOf(cursor) + RECORD.what];
  }

  /** Double index of slot `which` (0 or 1) of a row. */
  slotOf(row: number, which: number): number {
    return this.slots + (row * 2 + which) * SLOT.size;
  }

  /** Double index of a row's bar in the table. */
  barOf(row: number, bar: number): number {
    return this.bars + (row * this.shape.bars + bar) * BAR.size;
  }

  /** Double index of a row's first-sealed candle. */
  asSealedOf(row: number, bar: number): number {
    return this.asSealed + (row * this.shape.bars + bar) * AS_SEALED.size;
  }

  /** Double index of a row's session. */
  staticOf(row: number): number {
    return this.statics + row * STATIC.size;
  }
}

/** Numbers of a given candle: time (epoch ms), prices (rupees), volume. Written by the main thread before any other reads. */
export const WARM_UP_CANDLE = {
  timestampMs: 0,
  open: 1,
  high: 2,
  low: 3,
  close: 4,
  volume: 5,
  size: 6,
} as const;

/** Memory for `numbers` doubles that all threads share. */
export function sharedDoubles(numbers: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(numbers * 8));
}
