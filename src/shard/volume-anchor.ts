/**
 * Volume, extremes and coverage from a conflated feed. A frame is a snapshot of totals (docs/protocol.md 7,
 * "Conflation"): only their movement tells what happened between two frames.
 *
 * | function         | question                                                | fields                             |
 * | ---------------- | ------------------------------------------------------- | ---------------------------------- |
 * | `setAnchor`      | where does the next rise count from?                    | SLOT.anchor*                       |
 * | `showsTrade`     | was there a trade, though the volume is the same?       |                                    |
 * | `addEdgeSlack`   | how much of a first rise is the minute before's?        | BAR.slackBefore, BAR.slackFrom     |
 * | `addEndSlack`    | how much of a rise after the session is the last bar's? | BAR.slackAfter                     |
 * | `repairExtremes` | which high or low did no packet show?                   | BAR.high, BAR.low, BAR.marks       |
 * | `repairFirst`    | and in the day's first minute?                          | the same                           |
 * | `addCoverage`    | which seconds did a packet cover?                       | BAR.coveredSeconds, BAR.lastSeenAt |
 * | `addOpenInterest`| what open interest did it tell of the minute?           | BAR.oi*                            |
 *
 * Part of the bar builder: one record changes one bar and the open slot.
 */
import { MINUTE_MS } from '../market/session.js';
import { isAuction, stampBarAt, tailBarAt } from '../memory/bar-times.js';
import { SLOT, STATIC, type ShardMemory } from '../memory/layout.js';
import { BAR, MARK } from '../memory/bar.js';
import { PACKET } from '../memory/record.js';
import { compareSequences } from './tick-order.js';
import { DOUBT } from './volume-doubt.js';

/** Greatest volume that a double holds exactly. A greater or negative total never becomes the anchor. */
export const MAX_VOLUME = Number.MAX_SAFE_INTEGER;

/** Bits: the ends of the day's range that a packet extended. */
const EXTENDED = { high: 1, low: 2 } as const;

/**
 * Where a trade was seen before its volume, volumes may be late by at least and at most this much, market ms. What was
 * seen counts twice, because not every late volume shows.
 */
export const LATENESS = { least: 2000, most: 5000, factor: 2 } as const;

/**
 * Learns from the packet how late volumes are. `pending` as in `setAnchor`; `rose`: 1 if its volume rose. Call before
 * that.
 */
export function learnLateness(f: Float64Array, s: number, r: number, pending: number, rose: number): void {
  const at = f[r + PACKET.exchangeMs];
  const was = f[s + SLOT.volumePending];
  if (was === 1 && rose === 1) {
    const seen = LATENESS.factor * (at - f[s + SLOT.pendingSince]);
    if (seen > f[s + SLOT.lateness]) f[s + SLOT.lateness] = seen > LATENESS.most ? LATENESS.most : seen;
  }
  if (pending === 0 || (was === 1 && rose === 0)) return;
  f[s + SLOT.pendingSince] = at;
  if (f[s + SLOT.lateness] < LATENESS.least) f[s + SLOT.lateness] = LATENESS.least;
}

/**
 * Makes the packet's cumulative volume the anchor of later rises. `pending`: 1 if the volume of a trade that the packet
 * or one before shows is still to come. Then the anchor's time stays, so that the rise is slack of every minute
 * since. Else it is the packet's, less the lateness of volumes.
 */
export function setAnchor(m: ShardMemory, s: number, r: number, pending: number): void {
  const f = m.f64;
  f[s + SLOT.anchorVolume] = f[r + PACKET.volume];
  f[s + SLOT.anchorConnection] = m.i32[2 * r + PACKET.connection];
  if (pending === 0) f[s + SLOT.anchorAt] = f[r + PACKET.exchangeMs] - f[s + SLOT.lateness];
  f[s + SLOT.volumePending] = pending;
  f[s + SLOT.doubt] = DOUBT.none;
  setSeen(m, s, r);
}

/** Notes the newest packet by sequence, whose volume may be in doubt. */
export function setSeen(m: ShardMemory, s: number, r: number): void {
  const f = m.f64;
  f[s + SLOT.anchorSequenceLow] = f[r + PACKET.sequenceLow];
  f[s + SLOT.anchorSequenceHigh] = f[r + PACKET.sequenceHigh];
  const price = f[r + PACKET.price];
  f[s + SLOT.seenPrice] = price;
  f[s + SLOT.seenQuantity] = f[r + PACKET.lastQuantity];
  f[s + SLOT.seenTradeTime] = f[r + PACKET.timeMs];
  f[s + SLOT.seenAt] = f[r + PACKET.exchangeMs];
  if (price > f[s + SLOT.shownHigh]) f[s + SLOT.shownHigh] = price;
  if (price < f[s + SLOT.shownLow] || f[s + SLOT.shownLow] === 0) f[s + SLOT.shownLow] = price;
}

/**
 * True if the packet shows a trade since the one before: another last quantity or a later last trade. The price may
 * reach the feed before its volume (docs/feed-behaviour.md, "Measured", fact 4). Call before `setAnchor`.
 */
export function showsTrade(m: ShardMemory, s: number, r: number): boolean {
  const f = m.f64;
  return (
    f[r + PACKET.lastQuantity] !== f[s + SLOT.seenQuantity] ||
    (m.shape.hasTradeTime === true && f[r + PACKET.timeMs] > f[s + SLOT.seenTradeTime])
  );
}

/**
 * By sequence, than the newest packet before. Not if its stamp is later or its number far below: then the counter
 * restarted, as the router found.
 */
export function isOlder(f: Float64Array, s: number, r: number): boolean {
  return (
    compareSequences(f, r + PACKET.sequenceLow, s + SLOT.anchorSequenceLow) < 0 &&
    f[r + PACKET.exchangeMs] <= f[s + SLOT.seenAt]
  );
}

/**
 * True if a packet after the first minute says that nothing was traded, with a range of prices that were: its volume
 * would make the next rise a whole day's.
 */
export function isVolumeUntold(m: ShardMemory, row: number, r: number): boolean {
  const f = m.f64;
  return (
    f[r + PACKET.volume] === 0 &&
    f[r + PACKET.dayLow] > 0 &&
    f[r + PACKET.dayHigh] > f[r + PACKET.dayLow] &&
    f[r + PACKET.timeMs] >= f[m.staticOf(row) + STATIC.openMs] + MINUTE_MS
  );
}

/**
 * True if the time at double index `k`, and so all since, lies in the loaded bar; for the auction, anywhere after
 * continuous trading.
 */
function isInLoadedBar(m: ShardMemory, row: number, s: number, k: number): boolean {
  const f = m.f64;
  const bar = loadedBar(m, s);
  if (isAuction(m, row, bar)) return f[k] >= f[m.staticOf(row) + STATIC.closeMs];
  return f[k] >= f[m.staticOf(row) + STATIC.originMs] + bar * MINUTE_MS;
}

const loadedBar = (m: ShardMemory, s: number): number => m.f64[s + SLOT.barIndex];

/**
 * Slack at a minute's start. The first rise includes trades since the previous packet, on both sides of the edge: it
 * counts in the later minute, and is slack of both. No slack if a packet without a trade, or a SnapQuote whose last
 * trade lies before the edge, reported the volume at the edge. Call before `setAnchor`.
 */
export function addEdgeSlack(m: ShardMemory, row: number, s: number, r: number): void {
  if (isInLoadedBar(m, row, s, s + SLOT.anchorAt) && !isOwedByTail(m, row, s)) return;
  addSlack(m.f64, s, r, BAR.slackBefore);
  const from = stampBarAt(m, row, s + SLOT.anchorAt) + 1;
  const known = m.f64[s + SLOT.bar + BAR.slackFrom];
  if (known === 0 || (from > 0 && from < known)) m.f64[s + SLOT.bar + BAR.slackFrom] = from;
}

/** True if the loaded bar is the auction's, and the volume of a trade in the tail before it is still to come. */
function isOwedByTail(m: ShardMemory, row: number, s: number): boolean {
  const pending = m.f64[s + SLOT.volumePending] === 1;
  return pending && isAuction(m, row, loadedBar(m, s)) && tailBarAt(m, row, s + SLOT.anchorAt) >= 0;
}

/** A rise after trading makes no candle but may belong to the loaded bar. */
export function addEndSlack(m: ShardMemory, s: number, r: number): void {
  addSlack(m.f64, s, r, BAR.slackAfter);
}

/** Adds the packet's rise to the loaded bar's field `side`. */
function addSlack(f: Float64Array, s: number, r: number, side: number): void {
  const b = s + SLOT.bar + side;
  const slack = f[b] + f[r + PACKET.volume] - f[s + SLOT.anchorVolume];
  f[b] = slack > MAX_VOLUME ? MAX_VOLUME : slack;
}

/**
 * A day's high or low further from the packet's price than this share means a corrupt frame: exchanges halt a stock
 * earlier.
 */
const MAX_RANGE_DISTANCE = 0.25;

/** True if the packet's day range holds its price and is not implausibly far from it. */
function isRangeSound(f: Float64Array, r: number): boolean {
  const price = f[r + PACKET.price];
  const low = f[r + PACKET.dayLow];
  const high = f[r + PACKET.dayHigh];
  return (
    low >= price * (1 - MAX_RANGE_DISTANCE) &&
    low <= price &&
    high <= price * (1 + MAX_RANGE_DISTANCE) &&
    high >= price
  );
}

/**
 * The ends of the day's range that the packet extends, as EXTENDED bits; not those that only reach a price which a
 * packet showed before, because the range may be told late, nor those that the packet before last told: then the last
 * one's range was a stray. 0 if the range lacks the packet's price or is implausibly far from it. Call before
 * `updateSession`.
 */
export function rangeExtensions(f: Float64Array, s: number, r: number): number {
  if (!isRangeSound(f, r)) return 0;
  const dayHigh = f[r + PACKET.dayHigh];
  const dayLow = f[r + PACKET.dayLow];
  const high =
    f[s + SLOT.sessionHigh] > 0 &&
    dayHigh > f[s + SLOT.sessionHigh] &&
    dayHigh > f[s + SLOT.earlierHigh] &&
    dayHigh > f[s + SLOT.shownHigh]
      ? EXTENDED.high
      : 0;
  return f[s + SLOT.sessionLow] > 0 &&
    dayLow < f[s + SLOT.sessionLow] &&
    (dayLow < f[s + SLOT.earlierLow] || f[s + SLOT.earlierLow] === 0) &&
    dayLow < f[s + SLOT.shownLow]
    ? high | EXTENDED.low
    : high;
}

/** Copies the packet's day open, high, low and average price, each if above 0. */
export function updateSession(f: Float64Array, s: number, r: number): void {
  if (f[r + PACKET.averagePrice] > 0) f[s + SLOT.exchangeAverage] = f[r + PACKET.averagePrice];
  if (f[r + PACKET.dayOpen] > 0) f[s + SLOT.sessionOpen] = f[r + PACKET.dayOpen];
  if (f[r + PACKET.dayHigh] > 0) {
    f[s + SLOT.earlierHigh] = f[s + SLOT.sessionHigh];
    f[s + SLOT.sessionHigh] = f[r + PACKET.dayHigh];
  }
  if (f[r + PACKET.dayLow] > 0) {
    f[s + SLOT.earlierLow] = f[s + SLOT.sessionLow];
    f[s + SLOT.sessionLow] = f[r + PACKET.dayLow];
  }
}

/**
 * An extended day's high or low is the price of a trade since the previous packet, even if no packet showed it
 * (docs/protocol.md 7, "Conflation" (b)). It is the loaded bar's if that packet was; across an edge the minute is
 * unknown, and kept for longer candles. `moved`: from `rangeExtensions`. Call before `setAnchor`.
 */
export function repairExtremes(m: ShardMemory, row: number, s: number, r: number, moved: number): void {
  if (moved === 0 || isAuction(m, row, loadedBar(m, s))) return;
  if (isInLoadedBar(m, row, s, s + SLOT.seenAt) && m.f64[s + SLOT.bar + BAR.ticks] > 0)
    extendTo(m.f64, s, r, moved);
  else keepEdge(m, row, s, r, moved);
}

/** From a field of an edge to the bar that it moved since. */
const FROM = BAR.edgeHighFrom - BAR.edgeHigh;

/**
 * Keeps the range's end at `end`, which moved since the bar `from`. Of two edges on a side one goes further, `edge`,
 * and one moved since a later bar, `near`. `sign`: 1 of a high, -1 of a low.
 */
function addEdge(f: Float64Array, edge: number, near: number, end: number, from: number, sign: number): void {
  if (f[edge + FROM] === 0 || sign * (f[end] - f[edge]) > 0) {
    if (f[edge + FROM] > from) {
      f[near] = f[edge];
      f[near + FROM] = f[edge + FROM];
    } else if (f[near + FROM] <= from) {
      f[near] = 0;
      f[near + FROM] = 0;
    }
    f[edge] = f[end];
    f[edge + FROM] = from;
  } else if (from > f[edge + FROM] && (f[near + FROM] === 0 || sign * (f[end] - f[near]) > 0)) {
    f[near] = f[end];
    f[near + FROM] = from;
  }
}

/**
 * Keeps the ends `moved` of the packet's day range for longer candles: it moved since a packet of an earlier minute of
 * the session, or in a minute without ticks. What the bar itself reached tells nothing more.
 */
function keepEdge(m: ShardMemory, row: number, s: number, r: number, moved: number): void {
  const f = m.f64;
  const b = s + SLOT.bar;
  const k = s + SLOT.seenAt;
  const from = (isInLoadedBar(m, row, s, k) ? loadedBar(m, s) : stampBarAt(m, row, k)) + 1;
  if (from === 0) return;
  const isEmpty = f[b + BAR.ticks] === 0;
  if ((moved & EXTENDED.high) !== 0 && (isEmpty || f[r + PACKET.dayHigh] > f[b + BAR.high]))
    addEdge(f, b + BAR.edgeHigh, b + BAR.nearHigh, r + PACKET.dayHigh, from, 1);
  if ((moved & EXTENDED.low) !== 0 && (isEmpty || f[r + PACKET.dayLow] < f[b + BAR.low]))
    addEdge(f, b + BAR.edgeLow, b + BAR.nearLow, r + PACKET.dayLow, from, -1);
}

/**
 * The day's range of the first trades, if the volume before them was 0: then it is the first minute's, and otherwise
 * the pre-open's print is in it. Call before `setAnchor`.
 */
export function repairFirst(m: ShardMemory, row: number, s: number, r: number): void {
  const f = m.f64;
  if (f[s + SLOT.anchorVolume] !== 0) return;
  const at = m.staticOf(row);
  const first = Math.floor((f[at + STATIC.openMs] - f[at + STATIC.originMs]) / MINUTE_MS);
  if (loadedBar(m, s) !== first || !isRangeSound(f, r)) return;
  extendTo(f, s, r, EXTENDED.high | EXTENDED.low);
}

/** Extends the loaded bar, if it has ticks, to the ends `moved` of the packet's day range. */
function extendTo(f: Float64Array, s: number, r: number, moved: number): void {
  const b = s + SLOT.bar;
  if (f[b + BAR.ticks] === 0) return;
  if ((moved & EXTENDED.high) !== 0 && f[r + PACKET.dayHigh] > f[b + BAR.high]) {
    f[b + BAR.high] = f[r + PACKET.dayHigh];
    f[b + BAR.marks] = f[b + BAR.marks] | MARK.repaired;
  }
  if ((moved & EXTENDED.low) !== 0 && f[r + PACKET.dayLow] < f[b + BAR.low]) {
    f[b + BAR.low] = f[r + PACKET.dayLow];
    f[b + BAR.marks] = f[b + BAR.marks] | MARK.repaired;
  }
}

/**
 * Open interest that the packet tells, of the loaded minute's highest, lowest and last (SnapQuote). A packet tells of
 * the minute of its stamp.
 */
function addOpenInterest(f: Float64Array, s: number, r: number): void {
  const told = f[r + PACKET.openInterest];
  if (!(told > 0 && told <= MAX_VOLUME)) return;
  const b = s + SLOT.bar;
  f[s + SLOT.openInterest] = told;
  f[b + BAR.oiClose] = told;
  if (told > f[b + BAR.oiHigh]) f[b + BAR.oiHigh] = told;
  if (told < f[b + BAR.oiLow] || f[b + BAR.oiLow] === 0) f[b + BAR.oiLow] = told;
}

/**
 * Covers the packet's second, if in the loaded minute and after the last covered one, and tells its open interest.
 * Not for the auction, one print.
 */
export function addCoverage(m: ShardMemory, row: number, s: number, r: number): void {
  const f = m.f64;
  const bar = loadedBar(m, s);
  if (isAuction(m, row, bar)) return;
  const b = s + SLOT.bar;
  const at = f[r + PACKET.exchangeMs];
  const start = f[m.staticOf(row) + STATIC.originMs] + bar * MINUTE_MS;
  const last = f[b + BAR.lastSeenAt];
  if (at < start || at >= start + MINUTE_MS) return;
  if (m.shape.hasTradeTime === true) addOpenInterest(f, s, r);
  if (at <= last) return;
  const silence = last === 0 ? at - start : at - last;
  if (silence > f[b + BAR.longestSilenceMs]) f[b + BAR.longestSilenceMs] = silence;
  f[b + BAR.lastSeenAt] = at;
  // Stamps may carry milliseconds: a second counts once.
  if (Math.floor(at / 1000) > Math.floor(last / 1000)) f[b + BAR.coveredSeconds] += 1;
}
