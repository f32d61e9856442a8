/**
 * A bar in the table, and a candle as sealed: 19 and 8 words in place of 33 and 10 doubles. What the words cannot hold
 * is kept as doubles (WIDE_BARS in layout.ts). What is stored is read back as it was, to the bit; only an edge that
 * does not exceed the bar's own range, and so tells nothing, may be dropped.
 *
 * Storing is the shard's; a reader in another thread reads again when the row's version changed (`shard-reader.ts`).
 */
import { MINUTE_MS } from '../market/session.js';
import { isAuction } from './bar-times.js';
import { SLOT, STATIC, type ShardMemory } from './layout.js';
import {
  AS_SEALED,
  BAR,
  STORED,
  STORED_SEALED,
  STORED_WIDE,
  MAX_EDGE,
  HALF,
  TIME_BITS,
  COVERED_MASK,
  SNAPSHOT_AT,
  MARKS_AT,
  MARKS_MASK,
  SEALED_COVERED_AT,
  SEALED_SNAPSHOT_AT,
} from './bar.js';

/** Fields that have a word of their own, and those words. */
const FIELDS = Int32Array.of(
  ...[BAR.open, BAR.high, BAR.low, BAR.close, BAR.lastPrice, BAR.volume, BAR.slackBefore, BAR.slackAfter],
  ...[BAR.openSequenceLow, BAR.closeSequenceLow, BAR.oiHigh, BAR.oiLow, BAR.oiClose],
);
const WORDS = Int32Array.of(
  ...[STORED.open, STORED.high, STORED.low, STORED.close, STORED.lastPrice, STORED.volume],
  ...[STORED.slackBefore, STORED.slackAfter, STORED.openSequence, STORED.closeSequence],
  ...[STORED.oiHigh, STORED.oiLow, STORED.oiClose],
);
export const SEALED_FIELDS = Int32Array.of(
  ...[AS_SEALED.open, AS_SEALED.high, AS_SEALED.low, AS_SEALED.close, AS_SEALED.volume, AS_SEALED.gapMs],
);
export const SEALED_WORDS = Int32Array.of(
  ...[STORED_SEALED.open, STORED_SEALED.high, STORED_SEALED.low, STORED_SEALED.close],
  ...[STORED_SEALED.volume, STORED_SEALED.gapMs],
);

const MAX_TIME = (1 << TIME_BITS) - 1;
const MAX_SLACK_FROM = 0xfff;

// No double is passed: V8 allocates an object for it.

/** Double index of the time from which the bar's times count. */
const startAt = (m: ShardMemory, row: number, bar: number): number =>
  m.staticOf(row) + (isAuction(m, row, bar) ? STATIC.auctionFromMs : STATIC.originMs);
/** That much after it, market ms. */
const startAfter = (m: ShardMemory, row: number, bar: number): number =>
  isAuction(m, row, bar) ? 0 : bar * MINUTE_MS;

/** True if each number of the bar at double index `b` fits into its word. `origin`, `after`: its start. */
function isNarrow(f: Float64Array, b: number, origin: number, after: number): boolean {
  for (let k = 0; k < FIELDS.length; k++) {
    const value = f[b + FIELDS[k]];
    if (value >>> 0 !== value) return false;
  }
  return (
    isHalf(f, b + BAR.ticks) &&
    isHalf(f, b + BAR.priceChanges) &&
    isHalf(f, b + BAR.openConnection) &&
    isHalf(f, b + BAR.closeConnection) &&
    isHalf(f, b + BAR.late) &&
    isHalf(f, b + BAR.revision) &&
    isHalf(f, b + BAR.longestSilenceMs) &&
    f[b + BAR.openSequenceHigh] === 0 &&
    f[b + BAR.closeSequenceHigh] === 0 &&
    isUpTo(f, b + BAR.slackFrom, MAX_SLACK_FROM) &&
    isUpTo(f, b + BAR.coveredSeconds, COVERED_MASK) &&
    isTime(f, b + BAR.openTime, origin, after, MAX_TIME) &&
    isTime(f, b + BAR.closeTime, origin, after, MAX_TIME) &&
    isTime(f, b + BAR.lastSeenAt, origin, after, HALF)
  );
}

/** True if the day's high, or low, moved across the bar's start beyond the bar's own range. */
const hasHighEdge = (f: Float64Array, b: number): boolean =>
  f[b + BAR.edgeHighFrom] !== 0 && (f[b + BAR.ticks] === 0 || f[b + BAR.edgeHigh] > f[b + BAR.high]);
const hasLowEdge = (f: Float64Array, b: number): boolean =>
  f[b + BAR.edgeLowFrom] !== 0 && (f[b + BAR.ticks] === 0 || f[b + BAR.edgeLow] < f[b + BAR.low]);
/** The same of the move since a later bar. There is one only with the other. */
const hasNearHigh = (f: Float64Array, b: number): boolean =>
  f[b + BAR.nearHighFrom] !== 0 && (f[b + BAR.ticks] === 0 || f[b + BAR.nearHigh] > f[b + BAR.high]);
const hasNearLow = (f: Float64Array, b: number): boolean =>
  f[b + BAR.nearLowFrom] !== 0 && (f[b + BAR.ticks] === 0 || f[b + BAR.nearLow] < f[b + BAR.low]);

const isEdgeWord = (reach: number): boolean => Math.floor(reach) === reach && Math.abs(reach) <= MAX_EDGE;

/** True if the edges fit into 16 bits: none, or one after a packet of the minute before. `bar`: the bar's index. */
function isEdgeNarrow(f: Float64Array, b: number, bar: number): boolean {
  const high = hasHighEdge(f, b);
  const low = hasLowEdge(f, b);
  if (!high && !low) return true;
  if ((high && low) || f[b + BAR.ticks] === 0 || hasNearHigh(f, b) || hasNearLow(f, b)) return false;
  return high
    ? f[b + BAR.edgeHighFrom] === bar && isEdgeWord(f[b + BAR.edgeHigh] - f[b + BAR.high])
    : f[b + BAR.edgeLowFrom] === bar && isEdgeWord(f[b + BAR.edgeLow] - f[b + BAR.low]);
}

const isUpTo = (f: Float64Array, k: number, most: number): boolean => f[k] >>> 0 === f[k] && f[k] <= most;
const isHalf = (f: Float64Array, k: number): boolean => isUpTo(f, k, HALF);

function isTime(f: Float64Array, k: number, origin: number, after: number, most: number): boolean {
  if (f[k] === 0) return true;
  const since = f[k] - f[origin] - after + 1;
  return since >= 1 && since <= most && Math.floor(since) === since;
}

/** The time at double index `k`, ms from the bar's start plus 1; 0: none. */
const timeWord = (f: Float64Array, k: number, origin: number, after: number): number =>
  f[k] === 0 ? 0 : (f[k] - f[origin] - after + 1) | 0;

const atMost = (f: Float64Array, k: number): number => (f[k] < HALF ? f[k] : HALF);

/** Stores the loaded bar of slot `s` into the table. */
export function storeBar(m: ShardMemory, row: number, s: number): void {
  const { f64: f, i32 } = m;
  const bar = f[s + SLOT.barIndex];
  const b = s + SLOT.bar;
  const w = m.storedOf(row, bar);
  const origin = startAt(m, row, bar);
  const after = startAfter(m, row, bar);
  i32[w + STORED.counts] = atMost(f, b + BAR.ticks) | (atMost(f, b + BAR.priceChanges) << 16);
  i32[w + STORED.revisions] = atMost(f, b + BAR.late) | (atMost(f, b + BAR.revision) << 16);
  const told = (f[b + BAR.hasSnapshot] << SNAPSHOT_AT) | (f[b + BAR.marks] << MARKS_AT);
  if (!isEdgeNarrow(f, b, bar) || !isNarrow(f, b, origin, after)) {
    f.copyWithin(m.wideBarOf(row, bar), b, b + BAR.size);
    i32[w + STORED.closed] = STORED_WIDE | told;
    return;
  }
  for (let k = 0; k < FIELDS.length; k++) i32[w + WORDS[k]] = f[b + FIELDS[k]];
  const edge = m.edgeOf(row, bar);
  m.i16[edge] = 0;
  if (hasHighEdge(f, b)) m.i16[edge] = f[b + BAR.edgeHigh] - f[b + BAR.high];
  if (hasLowEdge(f, b)) m.i16[edge] = f[b + BAR.edgeLow] - f[b + BAR.low];
  i32[w + STORED.opened] = timeWord(f, b + BAR.openTime, origin, after) | (f[b + BAR.slackFrom] << TIME_BITS);
  i32[w + STORED.seen] = timeWord(f, b + BAR.lastSeenAt, origin, after) | (f[b + BAR.longestSilenceMs] << 16);
  i32[w + STORED.connections] = f[b + BAR.openConnection] | (f[b + BAR.closeConnection] << 16);
  i32[w + STORED.closed] =
    timeWord(f, b + BAR.closeTime, origin, after) | (f[b + BAR.coveredSeconds] << TIME_BITS) | told;
}

/** Reads the row's bar from the table: all of BAR, to `to` from `b` on. */
export function readStoredBar(m: ShardMemory, row: number, bar: number, to: Float64Array, b: number): void {
  const { f64: f, i32 } = m;
  const w = m.storedOf(row, bar);
  const closed = i32[w + STORED.closed];
  if (closed < 0) {
    const wide = m.wideBarOf(row, bar);
    for (let k = 0; k < BAR.size; k++) to[b + k] = f[wide + k];
    return;
  }
  const startMs = f[startAt(m, row, bar)] + startAfter(m, row, bar) - 1;
  const opened = i32[w + STORED.opened] & MAX_TIME;
  const closeTime = closed & MAX_TIME;
  const seen = i32[w + STORED.seen] & HALF;
  for (let k = 0; k < FIELDS.length; k++) to[b + FIELDS[k]] = i32[w + WORDS[k]] >>> 0;
  to[b + BAR.ticks] = i32[w + STORED.counts] & HALF;
  to[b + BAR.priceChanges] = i32[w + STORED.counts] >>> 16;
  to[b + BAR.openTime] = opened === 0 ? 0 : startMs + opened;
  to[b + BAR.openConnection] = i32[w + STORED.connections] & HALF;
  to[b + BAR.openSequenceHigh] = 0;
  to[b + BAR.closeTime] = closeTime === 0 ? 0 : startMs + closeTime;
  to[b + BAR.closeConnection] = i32[w + STORED.connections] >>> 16;
  to[b + BAR.closeSequenceHigh] = 0;
  to[b + BAR.coveredSeconds] = (closed >> TIME_BITS) & COVERED_MASK;
  to[b + BAR.lastSeenAt] = seen === 0 ? 0 : startMs + seen;
  to[b + BAR.longestSilenceMs] = i32[w + STORED.seen] >>> 16;
  to[b + BAR.late] = i32[w + STORED.revisions] & HALF;
  to[b + BAR.revision] = i32[w + STORED.revisions] >>> 16;
  to[b + BAR.hasSnapshot] = (closed >> SNAPSHOT_AT) & 1;
  to[b + BAR.slackFrom] = i32[w + STORED.opened] >>> TIME_BITS;
  to[b + BAR.marks] = (closed >> MARKS_AT) & MARKS_MASK;
  const edge = m.i16[m.edgeOf(row, bar)];
  to[b + BAR.edgeHigh] = edge > 0 ? to[b + BAR.high] + edge : 0;
  to[b + BAR.edgeLow] = edge < 0 ? to[b + BAR.low] + edge : 0;
  to[b + BAR.edgeHighFrom] = edge > 0 ? bar : 0;
  to[b + BAR.edgeLowFrom] = edge < 0 ? bar : 0;
  to[b + BAR.nearHigh] = 0;
  to[b + BAR.nearLow] = 0;
  to[b + BAR.nearHighFrom] = 0;
  to[b + BAR.nearLowFrom] = 0;
}

/** True if the row's bar in the table has a tick. */
export const hasStoredTicks = (m: ShardMemory, row: number, bar: number): boolean =>
  (m.i32[m.storedOf(row, bar) + STORED.counts] & HALF) !== 0;

/** True if an initial packet fell into the row's bar in the table. */
export const hasStoredSnapshot = (m: ShardMemory, row: number, bar: number): boolean =>
  ((m.i32[m.storedOf(row, bar) + STORED.closed] >> SNAPSHOT_AT) & 1) !== 0;

/** Late ticks of the row's bar in the table. */
export function storedLate(m: ShardMemory, row: number, bar: number): number {
  const w = m.storedOf(row, bar);
  return m.i32[w + STORED.closed] < 0
    ? m.f64[m.wideBarOf(row, bar) + BAR.late]
    : m.i32[w + STORED.revisions] & HALF;
}

/** Revisions of the row's bar in the table. */
export function storedRevision(m: ShardMemory, row: number, bar: number): number {
  const w = m.storedOf(row, bar);
  return m.i32[w + STORED.closed] < 0
    ? m.f64[m.wideBarOf(row, bar) + BAR.revision]
    : m.i32[w + STORED.revisions] >>> 16;
}

/** Stores the candle in `from` (AS_SEALED) as that of the row's bar at its first seal. */
export function storeAsSealed(m: ShardMemory, row: number, bar: number, from: Float64Array): void {
  const { f64: f, i32 } = m;
  const w = m.sealedOf(row, bar);
  let narrow = isHalf(from, AS_SEALED.ticks) && isUpTo(from, AS_SEALED.coveredSeconds, COVERED_MASK);
  const slack = from[AS_SEALED.volSlack] + 1;
  if (slack >>> 0 !== slack) narrow = false;
  for (let k = 0; k < SEALED_FIELDS.length; k++)
    if (from[SEALED_FIELDS[k]] >>> 0 !== from[SEALED_FIELDS[k]]) narrow = false;
  if (!narrow) {
    const wide = m.wideBarOf(row, bar) + BAR.size;
    for (let k = 0; k < AS_SEALED.size; k++) f[wide + k] = from[k];
    i32[w + STORED_SEALED.counts] = STORED_WIDE | 1;
    return;
  }
  for (let k = 0; k < SEALED_FIELDS.length; k++) i32[w + SEALED_WORDS[k]] = from[SEALED_FIELDS[k]];
  i32[w + STORED_SEALED.volSlack] = slack;
  i32[w + STORED_SEALED.counts] =
    from[AS_SEALED.ticks] |
    (from[AS_SEALED.coveredSeconds] << SEALED_COVERED_AT) |
    (from[AS_SEALED.hasSnapshot] << SEALED_SNAPSHOT_AT);
}
