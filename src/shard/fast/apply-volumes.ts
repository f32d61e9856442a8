/**
 * The shard's fast path in Quote and SnapQuote mode (docs/fast-paths.md, "What the accumulators take"): adds up
 * ordinary packets in one loop. The result equals that of `shard/bar-builder.ts`, which gets every other record;
 * comments name its functions.
 */
import { MINUTE_MS } from '../../market/session.js';
import { SHARD, STATIC, type ShardMemory } from '../../memory/layout.js';
import { FLAG, KIND, RECORD, VOLUME_RECORD_SHIFT, ROW_AT, whatOf } from '../../memory/record.js';
import type { RowWriter } from '../row-writer.js';
import { LATENESS } from '../volume-anchor.js';
import { ACCUMULATOR_BASE_MS } from './accumulators.js';
import { CHANGES_SHIFT, RISE, VOLUME, VOLUME_SHIFT, VolumeAccumulators } from './volume-accumulators.js';

// V8 compiles this module's constants into the code, but loads imported ones at each use.
const PACKET = whatOf(KIND.packet, FLAG.hasVolume, 0);
const { working: WORKING } = SHARD;
const { what: R_WHAT, receivedUs: R_RECEIVED, connection: R_CONNECTION, time: R_TIME } = RECORD;
const { priceLow: R_PRICE, sequenceLow: R_SEQUENCE, tradeTime: R_TRADE, volume: R_VOLUME } = RECORD;
const { dayHigh: R_HIGH, dayLow: R_LOW, openInterest: R_INTEREST } = RECORD;
const { lastQuantity: R_QUANTITY } = RECORD;
const { minuteStart: FROM, connection: CONNECTION, seenAt: SEEN_AT, tradeTime: TRADE_TIME } = VOLUME;
const { sequence: SEQUENCE, price: PRICE, quantity: QUANTITY, volume: ANCHOR } = VOLUME;
const { dayHigh: DAY_HIGH, dayLow: DAY_LOW, high: HIGH, low: LOW } = VOLUME;
const { closeTime: CLOSE_TIME, closeSequence: CLOSE_SEQUENCE } = VOLUME;
const { anchorAt: ANCHOR_AT, pending: PENDING, pendingSince: SINCE, lateness: LATE } = VOLUME;
const { longestSilenceMs: SILENCE, packets: PACKETS, ticks: TICKS, openInterest: INTEREST } = VOLUME;
const { coveredSeconds: COVERED, nextSecond: NEXT_SECOND, record: LAST } = VOLUME;
const { earlierHigh: EARLIER_HIGH, earlierLow: EARLIER_LOW, moved: MOVED, slack: SLACK } = VOLUME;
const { rise: LAST_RISE, riseMarks: MARKS, riseFrom: RISE_FROM } = VOLUME;
const { traded: TRADED, wasPending: WAS_PENDING, hasSlack: HAS_SLACK } = RISE;
const { least: LEAST_LATE, most: MOST_LATE, factor: LATE_FACTOR } = LATENESS;
const SHIFT = VOLUME_SHIFT;
const BASE = ACCUMULATOR_BASE_MS;
const RECORD_SHIFT = VOLUME_RECORD_SHIFT;
const BELOW_ROW = (1 << ROW_AT) - 1;
const ROW = ROW_AT;
const MINUTE = MINUTE_MS;
const SECOND = 1000;
const CHANGED_TICK = 1 + (1 << CHANGES_SHIFT);

/**
 * Applies records from `cursor` on while they are ordinary packets of one arrival, at most `count`. Returns their
 * number.
 */
export function applyVolumes(m: ShardMemory, writer: RowWriter, cursor: number, count: number): number {
  const { i32, ringMask } = m;
  const { accumulators: all } = writer;
  if (!(all instanceof VolumeAccumulators) || m.shape.fastPaths === false) return 0;
  const { words: a, rows } = all;
  const start = (2 * m.ring) | 0;
  const receivedUs = i32[(start + ((cursor & ringMask) << RECORD_SHIFT) + R_RECEIVED) | 0];
  writer.prepareToAccumulate();
  let begun = all.count;
  const wrap = ringMask | 0;
  const end = count | 0;
  const timeAt = (m.shape.hasTradeTime === true ? R_TRADE : R_TIME) | 0;
  let k = 0;
  for (; k < end; k = (k + 1) | 0) {
    const w = (start + (((cursor + k) & wrap) << RECORD_SHIFT)) | 0;
    const what = i32[(w + R_WHAT) | 0];
    if ((what & BELOW_ROW) !== PACKET || i32[(w + R_RECEIVED) | 0] !== receivedUs) break;
    const p = (what >> ROW) << SHIFT;
    const at = i32[(w + R_TIME) | 0];
    const time = i32[(w + timeAt) | 0];
    const seenAt = a[(p + SEEN_AT) | 0];
    const price = i32[(w + R_PRICE) | 0];
    const quantity = i32[(w + R_QUANTITY) | 0];
    const volume = i32[(w + R_VOLUME) | 0];
    const rise = (volume - a[(p + ANCHOR) | 0]) | 0;
    const before = a[(p + TRADE_TIME) | 0];
    // Else the volume fell, or rose by more than a word holds.
    if (rise < 0 || (volume >>> 0) - rise < 0 || !isNext(i32, w, a, p, at, seenAt)) break;
    const moved =
      i32[(w + R_HIGH) | 0] !== a[(p + DAY_HIGH) | 0] || i32[(w + R_LOW) | 0] !== a[(p + DAY_LOW) | 0];
    if (moved && (rise === 0 || !isExtended(i32, w, a, p, price))) break;
    // `showsTrade`. In Quote mode the time of a packet says nothing of its trade.
    const traded = quantity !== a[(p + QUANTITY) | 0] || (timeAt === R_TRADE && time > before) ? 1 : 0;
    const from = (a[(p + FROM) | 0] - BASE) | 0;
    const anchorAt = a[(p + PENDING) | 0] === 1 ? a[(p + ANCHOR_AT) | 0] : (seenAt - a[(p + LATE) | 0]) | 0;
    if (rise > 0 || (traded === 1 && price !== a[(p + PRICE) | 0])) {
      // In the loaded bar, at or after its close; `addEdgeSlack` finds none, or that of the minute before.
      if (time < before || ((time - from) | 0) >>> 0 >= MINUTE) break;
      if (anchorAt < from && !isMinuteBefore(m, what >> ROW, anchorAt, from)) break;
      addTick(a, p, time, price, i32[(w + R_SEQUENCE) | 0]);
    } else if (price !== a[(p + PRICE) | 0] || time < before) break;
    if (a[(p + PENDING) | 0] === 1 || (traded === 1 && (rise === 0 || rise < quantity)))
      applyPending(a, p, at, rise, traded, quantity, anchorAt);
    else if (rise > 0) a[(p + MARKS) | 0] = traded;
    if (rise > 0) keepRise(a, p, rise, anchorAt, from);
    i32[WORKING] = (cursor + k) | 0;
    if (moved) moveRange(i32, w, a, p);
    addCoverage(a, p, at, seenAt);
    a[(p + LAST_RISE) | 0] = rise;
    a[(p + TRADE_TIME) | 0] = time;
    setLast(i32, w, a, p);
    const packets = a[(p + PACKETS) | 0];
    a[(p + PACKETS) | 0] = (packets + 1) | 0;
    if (packets === 0) rows[begun++] = what >> ROW;
  }
  all.count = begun;
  return k;
}

// `i32`, `w`: the record at word `w`. `a`, `p`: the row's accumulator at word `p`.

/** True if the packet is the newest of its connection, in the row's loaded minute, whose open interest it repeats. */
function isNext(i32: Int32Array, w: number, a: Int32Array, p: number, at: number, seenAt: number): boolean {
  return (
    at >= seenAt &&
    (at + BASE - a[(p + FROM) | 0]) >>> 0 < MINUTE &&
    i32[(w + R_SEQUENCE) | 0] >>> 0 > a[(p + SEQUENCE) | 0] >>> 0 &&
    i32[(w + R_CONNECTION) | 0] === a[(p + CONNECTION) | 0] &&
    i32[(w + R_INTEREST) | 0] === a[(p + INTEREST) | 0]
  );
}

/** True if the packet's own price made what is new of the day's range: then `repairExtremes` finds nothing. */
function isExtended(i32: Int32Array, w: number, a: Int32Array, p: number, price: number): boolean {
  const high = i32[(w + R_HIGH) | 0];
  const low = i32[(w + R_LOW) | 0];
  return (
    (high === a[(p + DAY_HIGH) | 0] || (high === price && high > a[(p + DAY_HIGH) | 0])) &&
    (low === a[(p + DAY_LOW) | 0] || (low === price && low < a[(p + DAY_LOW) | 0]))
  );
}

/** `updateSession` of a packet that extends the day's range. */
function moveRange(i32: Int32Array, w: number, a: Int32Array, p: number): void {
  a[(p + EARLIER_HIGH) | 0] = a[(p + DAY_HIGH) | 0];
  a[(p + EARLIER_LOW) | 0] = a[(p + DAY_LOW) | 0];
  a[(p + MOVED) | 0] = w;
  a[(p + DAY_HIGH) | 0] = i32[(w + R_HIGH) | 0];
  a[(p + DAY_LOW) | 0] = i32[(w + R_LOW) | 0];
}

/** True if the anchor's time lies in the row's minute before that which begins at `from`, both of its session. */
function isMinuteBefore(m: ShardMemory, row: number, anchorAt: number, from: number): boolean {
  const at = m.staticOf(row);
  const openAt = (m.f64[at + STATIC.openMs] - m.f64[at + STATIC.originMs]) | 0;
  return anchorAt >= ((from - MINUTE) | 0) && anchorAt >= openAt;
}

/** What the next packet may take back; and `addEdgeSlack`. */
function keepRise(a: Int32Array, p: number, rise: number, anchorAt: number, from: number): void {
  a[(p + RISE_FROM) | 0] = anchorAt;
  if (anchorAt >= from) return;
  a[(p + SLACK) | 0] += rise;
  a[(p + MARKS) | 0] = a[(p + MARKS) | 0] | HAS_SLACK;
}

/** `setSeen`, and what a flush reads of the packet's record. */
function setLast(i32: Int32Array, w: number, a: Int32Array, p: number): void {
  a[(p + ANCHOR) | 0] = i32[(w + R_VOLUME) | 0];
  a[(p + SEEN_AT) | 0] = i32[(w + R_TIME) | 0];
  a[(p + SEQUENCE) | 0] = i32[(w + R_SEQUENCE) | 0];
  a[(p + PRICE) | 0] = i32[(w + R_PRICE) | 0];
  a[(p + QUANTITY) | 0] = i32[(w + R_QUANTITY) | 0];
  a[(p + LAST) | 0] = w;
}

function addTick(a: Int32Array, p: number, time: number, price: number, sequence: number): void {
  if (price > a[(p + HIGH) | 0]) a[(p + HIGH) | 0] = price;
  if (price < a[(p + LOW) | 0]) a[(p + LOW) | 0] = price;
  a[(p + CLOSE_TIME) | 0] = time;
  a[(p + CLOSE_SEQUENCE) | 0] = sequence;
  a[(p + TICKS) | 0] += price === a[(p + PRICE) | 0] ? 1 : CHANGED_TICK;
}

function addCoverage(a: Int32Array, p: number, at: number, seenAt: number): void {
  if (((at - seenAt) | 0) > a[(p + SILENCE) | 0]) a[(p + SILENCE) | 0] = (at - seenAt) | 0;
  if (at < a[(p + NEXT_SECOND) | 0]) return;
  a[(p + COVERED) | 0] += 1;
  a[(p + NEXT_SECOND) | 0] = (at - (at % SECOND) + SECOND) | 0;
}

/**
 * `learnLateness`, `doubtRise` and `setAnchor` of a packet before or after which a volume is pending. `anchorAt`: of
 * the packet before. Call before the packet is the last.
 */
function applyPending(
  a: Int32Array,
  p: number,
  at: number,
  rise: number,
  traded: number,
  quantity: number,
  anchorAt: number,
): void {
  const was = a[(p + PENDING) | 0];
  let pending = traded | was;
  if (rise > 0) {
    a[(p + MARKS) | 0] = traded * TRADED + was * WAS_PENDING;
    // A rise that does not hold the last trade, and the one that was pending, leaves the last one's volume pending.
    pending = ((rise - quantity) | 0) < (was === 1 ? a[(p + QUANTITY) | 0] : 0) ? traded : 0;
    if (was === 1) {
      const seen = Math.min(Math.imul(LATE_FACTOR, (at - a[(p + SINCE) | 0]) | 0), MOST_LATE);
      if (seen > a[(p + LATE) | 0]) a[(p + LATE) | 0] = seen;
    }
  }
  a[(p + PENDING) | 0] = pending;
  a[(p + ANCHOR_AT) | 0] = anchorAt;
  if (pending === 0 || (was === 1 && rise === 0)) return;
  a[(p + SINCE) | 0] = at;
  if (a[(p + LATE) | 0] < LEAST_LATE) a[(p + LATE) | 0] = LEAST_LATE;
}
