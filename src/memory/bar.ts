/** A bar and a candle as sealed: their fields as doubles, and in the table's words (`stored-bar.ts`). */

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
  /** Volume of the minute's first rises, part of which may belong to bars before. */
  slackBefore: 22,
  /** The earliest of those bars, its index plus 1; 0: no slack, or no such bar. */
  slackFrom: 23,
  /** Volume of a rise outside the session, part of which may belong to this bar. */
  slackAfter: 24,
  /** Bits of MARK. */
  marks: 25,
  /** Open interest that packets told in the minute (SnapQuote); 0: none. */
  oiHigh: 26,
  oiLow: 27,
  oiClose: 28,
  /**
   * The day's high and low, if they moved between a packet of an earlier minute and the first of this one, or in a
   * minute without ticks; 0: they did not. The trade's minute is unknown, but a longer candle may hold both packets.
   */
  edgeHigh: 29,
  edgeLow: 30,
  /** For each the bar of the earlier packet plus 1; 0 without such a move. */
  edgeHighFrom: 31,
  edgeLowFrom: 32,
  /**
   * The same of a move that went less far since a later bar: stamps that go back by a minute make two. A shorter candle
   * may hold both packets of this one only.
   */
  nearHigh: 33,
  nearLow: 34,
  nearHighFrom: 35,
  nearLowFrom: 36,
  size: 37,
} as const;

/** What else is known of a bar. */
export const MARK = {
  /** High or low comes from the day's range: no packet showed the trade. */
  repaired: 1,
  /** A packet of the session's tail changed it. */
  tail: 2,
} as const;

/**
 * A bar in the table, in 32-bit words from its start. A time is ms from the bar's start plus 1; 0: none. With a number
 * that does not fit, `closed` has STORED_WIDE, `counts` and `revisions` have the greatest numbers that fit, and the
 * bar's doubles are in WIDE_BARS.
 */
export const STORED = {
  /** Low half: ticks. High half: price changes. */
  counts: 0,
  open: 1,
  high: 2,
  low: 3,
  close: 4,
  lastPrice: 5,
  volume: 6,
  /** Low words; the high ones are 0. */
  openSequence: 7,
  closeSequence: 8,
  /** Bits 0-19: open time; 20-31: `slackFrom`. */
  opened: 9,
  /** Bits 0-19: close time; 20-25: covered seconds; 26: snapshot; 27-30: marks; 31: STORED_WIDE. */
  closed: 10,
  /** Low half: last covered second. High half: longest silence. */
  seen: 11,
  /** Low half: of the open. High half: of the close. */
  connections: 12,
  /** Low half: late ticks. High half: revision. */
  revisions: 13,
  slackBefore: 14,
  slackAfter: 15,
  oiHigh: 16,
  oiLow: 17,
  oiClose: 18,
  size: 19,
} as const;
export const STORED_WIDE = 1 << 31;

/**
 * A bar's edge in the table, 16 bits apart from its words: by how much the day's high exceeds the bar's (positive), or
 * its low the bar's (negative), after a packet of the minute before; 0: not. Other edges are in WIDE_BARS.
 */
export const MAX_EDGE = 0x7fff;

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

/** The same in the table, in 32-bit words. With a number that does not fit, its doubles are in WIDE_BARS. */
export const STORED_SEALED = {
  /** Bits 0-15: ticks; 16-21: covered seconds; 22: snapshot; 31: STORED_WIDE. */
  counts: 0,
  open: 1,
  high: 2,
  low: 3,
  close: 4,
  volume: 5,
  gapMs: 6,
  /** Plus 1; 0: not known yet. */
  volSlack: 7,
  size: 8,
} as const;

/** Places and masks of numbers that share a word of STORED. */
export const HALF = 0xffff;
export const TIME_BITS = 20;
export const COVERED_MASK = 0x3f;
export const SNAPSHOT_AT = 26;
export const MARKS_AT = 27;
export const MARKS_MASK = 0xf;
/** And of STORED_SEALED. */
export const SEALED_COVERED_AT = 16;
export const SEALED_SNAPSHOT_AT = 22;
