/**
 * What the frames tell beyond their prices: how much was traded by when, what lies on either side of a minute's edge, which extremes nobody
 * sent, and of which seconds anything was told. Part of the fold: one record changes one bar and the idle slot, as bar-builder.ts says.
 *
 * A frame is a snapshot of totals (docs/protocol.md 7, "Conflation"): volume is a difference of them, and what happened between two is known
 * by how they moved.
 */
import { MINUTE_MS } from '../market/session.js';
import { barAt } from '../memory/shard-reader.js';
import { BAR, PACKET, SLOT, STATIC, type ShardMemory } from '../memory/layout.js';

/** Greatest cumulative volume that a double holds exactly; anything beyond, or negative, cannot be an anchor. */
export const MAX_VOLUME = Number.MAX_SAFE_INTEGER;

/** What of the day's range a packet moved; bits. */
export const EXTENDED = { high: 1, low: 2 } as const;

/** Takes the record's cumulative volume as the anchor of the differences to come. */
export function setAnchor(m: ShardMemory, s: number, r: number): void {
  const f = m.f64;
  f[s + SLOT.anchorVolume] = f[r + PACKET.volume];
  f[s + SLOT.anchorSequenceLow] = f[r + PACKET.sequenceLow];
  f[s + SLOT.anchorSequenceHigh] = f[r + PACKET.sequenceHigh];
  f[s + SLOT.anchorConnection] = m.i32[2 * r + PACKET.connection];
  f[s + SLOT.anchorAt] = f[r + PACKET.exchangeMs];
}

/** Whether the words at `k` (low, then high) are a sequence number: they exist from 1 on; indices carry 0 (docs/protocol.md 7). */
export function isSequence(f: Float64Array, k: number): boolean {
  return f[k + 1] > 0 || (f[k + 1] === 0 && f[k] > 0);
}

/** Whether the record is older, by sequence, than the packet that the anchor came from. */
export function isOlder(f: Float64Array, s: number, r: number): boolean {
  const low = f[r + PACKET.sequenceLow];
  const high = f[r + PACKET.sequenceHigh];
  const anchorLow = f[s + SLOT.anchorSequenceLow];
  const anchorHigh = f[s + SLOT.anchorSequenceHigh];
  if (!isSequence(f, r + PACKET.sequenceLow) || !isSequence(f, s + SLOT.anchorSequenceLow)) return false;
  return high !== anchorHigh ? high < anchorHigh : low < anchorLow;
}

/** Whether the anchor's packet was of the minute at hand, so that all that happened since happened in it. An auction's is any behind the continuous trading. */
function isAnchorInLoadedBar(m: ShardMemory, row: number, s: number): boolean {
  const f = m.f64;
  const bar = loadedBar(m, s);
  if (bar === m.shape.bars - 1) return f[s + SLOT.anchorAt] >= f[m.staticOf(row) + STATIC.closeMs];
  return f[s + SLOT.anchorAt] >= f[m.staticOf(row) + STATIC.originMs] + bar * MINUTE_MS;
}

const loadedBar = (m: ShardMemory, s: number): number => m.f64[s + SLOT.barIndex];

/**
 * Volume at the edge. The first rise behind a minute's start brings what was traded since the last packet before it, on either side of
 * the edge: it is booked in the later minute, and is that one's slack and the earlier one's. To be called before the record anchors.
 * A packet without a trade, or in SnapQuote one whose last trade lies before the edge, tells the volume at the edge, and there is none.
 */
export function addEdgeSlack(m: ShardMemory, row: number, s: number, r: number): void {
  if (isAnchorInLoadedBar(m, row, s)) return;
  addSlack(m.f64, s, r, BAR.slackBefore);
  m.f64[s + SLOT.bar + BAR.slackFrom] = barAt(m, row, s + SLOT.anchorAt) + 1;
}

/**
 * The same where trading ends: the rise is of a packet outside the session and makes no candle, and the minute at hand, that of the packet
 * before, may have had it.
 */
export function addEndSlack(m: ShardMemory, s: number, r: number): void {
  addSlack(m.f64, s, r, BAR.slackAfter);
}

/** Adds the record's rise to the slack of the bar at hand that is kept at `side`. */
function addSlack(f: Float64Array, s: number, r: number, side: number): void {
  const b = s + SLOT.bar + side;
  const slack = f[b] + f[r + PACKET.volume] - f[s + SLOT.anchorVolume];
  f[b] = slack > MAX_VOLUME ? MAX_VOLUME : slack;
}

/** A day's high or low that is farther from the packet's own price than this share of it is rather a broken frame than a trade: exchanges halt a stock sooner. */
const MAX_RANGE_DISTANCE = 0.25;

/**
 * Which ends of the day's range the record moves outwards. Ends that are no prices, do not hold the packet's own price or are absurdly far from it
 * tell nothing. To be called before the range is noted.
 */
export function rangeExtensions(f: Float64Array, s: number, r: number): number {
  const price = f[r + PACKET.price];
  if (!(f[r + PACKET.dayLow] >= price * (1 - MAX_RANGE_DISTANCE) && f[r + PACKET.dayLow] <= price)) return 0;
  if (!(f[r + PACKET.dayHigh] <= price * (1 + MAX_RANGE_DISTANCE) && f[r + PACKET.dayHigh] >= price))
    return 0;
  const high =
    f[s + SLOT.sessionHigh] > 0 && f[r + PACKET.dayHigh] > f[s + SLOT.sessionHigh] ? EXTENDED.high : 0;
  return f[s + SLOT.sessionLow] > 0 && f[r + PACKET.dayLow] < f[s + SLOT.sessionLow]
    ? high | EXTENDED.low
    : high;
}

/** The day's open, high and low, and the average traded price, as the packet has them. */
export function updateSession(f: Float64Array, s: number, r: number): void {
  if (f[r + PACKET.averagePrice] > 0) f[s + SLOT.exchangeAverage] = f[r + PACKET.averagePrice];
  if (f[r + PACKET.dayOpen] > 0) f[s + SLOT.sessionOpen] = f[r + PACKET.dayOpen];
  if (f[r + PACKET.dayHigh] > 0) f[s + SLOT.sessionHigh] = f[r + PACKET.dayHigh];
  if (f[r + PACKET.dayLow] > 0) f[s + SLOT.sessionLow] = f[r + PACKET.dayLow];
}

/**
 * Extremes between two packets. A day's high or low that moved is the price of a trade since the packet before, even where no packet showed it
 * (docs/protocol.md 7, "Conflation" (b)). It belongs to the minute at hand when that packet did, too; across an edge nobody knows to which.
 * `moved` as of `movedRange`; to be called before the record anchors.
 */
export function repairExtremes(m: ShardMemory, row: number, s: number, r: number, moved: number): void {
  if (moved === 0 || loadedBar(m, s) === m.shape.bars - 1 || !isAnchorInLoadedBar(m, row, s)) return;
  const f = m.f64;
  const b = s + SLOT.bar;
  if ((moved & EXTENDED.high) !== 0 && f[r + PACKET.dayHigh] > f[b + BAR.high]) {
    f[b + BAR.high] = f[r + PACKET.dayHigh];
    f[b + BAR.repaired] = 1;
  }
  if ((moved & EXTENDED.low) !== 0 && f[r + PACKET.dayLow] < f[b + BAR.low]) {
    f[b + BAR.low] = f[r + PACKET.dayLow];
    f[b + BAR.repaired] = 1;
  }
}

/** Notes that a packet told of a second of the minute at hand. One of another minute, or of a second that was told of, says nothing; an auction is one print. */
export function addCoverage(m: ShardMemory, row: number, s: number, r: number): void {
  const f = m.f64;
  const bar = loadedBar(m, s);
  if (bar === m.shape.bars - 1) return;
  const b = s + SLOT.bar;
  const at = f[r + PACKET.exchangeMs];
  const start = f[m.staticOf(row) + STATIC.originMs] + bar * MINUTE_MS;
  if (at < start || at >= start + MINUTE_MS || at <= f[b + BAR.lastSeenAt]) return;
  const silence = f[b + BAR.lastSeenAt] === 0 ? at - start : at - f[b + BAR.lastSeenAt];
  if (silence > f[b + BAR.longestSilenceMs]) f[b + BAR.longestSilenceMs] = silence;
  f[b + BAR.lastSeenAt] = at;
  f[b + BAR.coveredSeconds] += 1;
}
