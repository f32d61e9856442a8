/** Ring records: kinds, flags, fields. The regions of shared memory: `layout.ts`. */

/** Kinds of ring record: only these change a candle. */
export const KIND = { packet: 1, seal: 2, gap: 3, end: 4 } as const;

export const FLAG = {
  /** Cached: the instrument's first packet on this connection (docs/protocol.md 7, "Right after subscribe"). */
  initial: 1,
  /** An initial packet too long after subscribing to be cached: in LTP mode a tick. */
  live: 2,
  /** Quote or SnapQuote: has the day's cumulative volume. */
  hasVolume: 4,
  /** A number exceeds its word, or an average price or day's open is 0. The high words are read only then. */
  wide: 8,
} as const;

/**
 * A ring record, in 32-bit words from its start; control's times are doubles. 64-bit integers are two words, low first,
 * as on the wire. A packet with volume takes 64 bytes, one cache line, and one without 32.
 *
 * ```
 * byte      0       4            8            12     16         20          24            28
 * packet    what  | receivedUs | connection | time | priceLow | priceHigh | sequenceLow | sequenceHigh
 * control   what  | receivedUs | -          | -    | timeMs               | untilMs
 *
 * byte      32      36           40           44     48         52          56            60
 * volume    trade | volume     | average    | open | high     | low       | quantity    | open interest
 * ```
 */
export const RECORD = {
  /** Kind, flags and row (`record.ts`); in place of the row a SEAL has the last bar to seal, a GAP its cause. */
  what: 0,
  /** Low 32 bits of the receive time, monotonic real microseconds; 0: not measured. */
  receivedUs: 1,
  connection: 2,
  /** Exchange time, ms from the start of bar 0. 32 bits suffice: the packet filter admits only days around it. */
  time: 3,
  priceLow: 4,
  priceHigh: 5,
  sequenceLow: 6,
  sequenceHigh: 7,
  /** SnapQuote: last trade, ms from the start of bar 0; in a wide record, and so on from here, its low word. */
  tradeTime: 8,
  volume: 9,
  averagePrice: 10,
  dayOpen: 11,
  dayHigh: 12,
  dayLow: 13,
  lastQuantity: 14,
  /** SnapQuote; 0 in Quote mode. */
  openInterest: 15,
  size: 16,
  sizeWithoutVolume: 8,
} as const;
/** A control's doubles. GAP: its start; END: market time. Epoch ms. */
export const CONTROL = {
  timeMs: 2,
  /** GAP: its end; Infinity while open. */
  untilMs: 3,
} as const;
/** The first word of a record whose high word is in WIDE, and their number. */
export const WIDE_FROM = RECORD.tradeTime;
export const WIDE_WORDS = RECORD.size - WIDE_FROM;
/** Words of a record, as a shift. */
export const PLAIN_RECORD_SHIFT = 31 - Math.clz32(RECORD.sizeWithoutVolume);
export const VOLUME_RECORD_SHIFT = 31 - Math.clz32(RECORD.size);

/** The current packet, unpacked (`shard/unpack.ts`). `I`: 32-bit word, `F`: double. */
export const PACKET = {
  row: 0, // I
  connection: 1, // I
  flags: 2, // I
  /** Time that selects the minute, epoch ms. */
  timeMs: 2, // F
  price: 3, // F
  sequenceLow: 4, // F
  sequenceHigh: 5, // F
  /** Equals `timeMs`, except in SnapQuote, where `timeMs` is the last trade's. */
  exchangeMs: 6, // F
  volume: 7, // F
  averagePrice: 8, // F
  dayOpen: 9, // F
  dayHigh: 10, // F
  dayLow: 11, // F
  lastQuantity: 12, // F
  openInterest: 13, // F
  size: 14,
} as const;

/** `RECORD.what`, one 32-bit word: bits 0-3 kind, 4-7 flags, 8-30 row. */
const FLAGS_AT = 4;
const KIND_BITS = (1 << FLAGS_AT) - 1;
/** Shift of the row. */
export const ROW_AT = 8;
/** Rows that a record can name. */
export const MAX_ROWS = 1 << 23;

/**
 * Why a span of market time was not seen: the run had not begun, its connection ended, the feed was mute, the run
 * ended. A GAP's `what` has the index.
 */
export const GAP_CAUSES = ['start', 'connection', 'silence', 'end'] as const;
export type GapCause = (typeof GAP_CAUSES)[number];

/** Packs a `RECORD.what`. */
export const whatOf = (kind: number, flags: number, row: number): number =>
  kind | (flags << FLAGS_AT) | (row << ROW_AT);
export const kindOf = (what: number): number => what & KIND_BITS;
export const flagsOf = (what: number): number => (what >> FLAGS_AT) & KIND_BITS;
export const rowOf = (what: number): number => what >> ROW_AT;
