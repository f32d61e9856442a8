/**
 * Applies one record to a row, in the shard's thread. Writes only the shard's memory; allocates nothing.
 *
 * | record                                       | effect                                                       |
 * | -------------------------------------------- | ------------------------------------------------------------ |
 * | LTP, initial packet                          | snapshot: no tick; its minute is partial (`BAR.hasSnapshot`) |
 * | LTP, same sequence, time and price as before | duplicate, counted                                           |
 * | LTP, any other                               | tick of volume 1                                             |
 * | Quote or SnapQuote, first on its connection  | snapshot; anchors the volume                                 |
 * | Quote or SnapQuote, cumulative volume rose   | tick of that rise                                            |
 * | the same volume, another price of a trade    | tick of volume 0: the volume is still to come                |
 * | SnapQuote, older, last trade of its minute   | tick of volume 0                                             |
 * | LTP or Quote, other price, session's tail    | high, low and close of the last minute (`session-tail.ts`)   |
 * | Quote or SnapQuote, any other                | no trade, counted                                            |
 * | SEAL                                         | keeps each candle as sealed, and moves the last sealed bar   |
 * | GAP, END                                     | adds or ends a gap; marks the end                            |
 *
 * Rules: docs/semantics.md, "From frame to tick". Why volume is a difference: docs/protocol.md 7, "Conflation".
 *
 * Packets change the row's open slot (`row-writer.ts`). It carries the loaded bar, that of the last tick; the others
 * are in a table. Double indexes: `s` of the open slot, `r` of the unpacked packet, `b` of a bar.
 */
import { GAP, GAP_CAPACITY, SHARD, SLOT, type ShardMemory } from '../memory/layout.js';
import { BAR, AS_SEALED } from '../memory/bar.js';
import { CONTROL, FLAG, KIND, PACKET, RECORD, kindOf, rowOf } from '../memory/record.js';
import { barAt, isAuction, stampBarAt, tailBarAt } from '../memory/bar-times.js';
import { copyBar, gapMsIn, slackOf } from '../memory/shard-reader.js';
import { storeAsSealed } from '../memory/stored-bar.js';
import {
  setAnchor,
  setSeen,
  addCoverage,
  isOlder,
  isVolumeUntold,
  learnLateness,
  rangeExtensions,
  addEdgeSlack,
  addEndSlack,
  showsTrade,
  updateSession,
  repairExtremes,
  repairFirst,
  MAX_VOLUME,
} from './volume-anchor.js';
import { DOUBT, doubtFall, doubtRise, keepBeforeRise, settle } from './volume-doubt.js';
import { signalChange, type RowWriter } from './row-writer.js';
import { applyTail, markTail, tickBar, widenSession } from './session-tail.js';
import { addTick, loadBar } from './tick.js';
import { isSequence } from './tick-order.js';
import { unpack } from './unpack.js';

// Doubles are never passed: V8 allocates an object for a double argument.

/**
 * A snapshot is no tick but may hide one, if it was not cached or a trade had just changed it: its minute is partial.
 * A past minute is in the gap before the connection anyway.
 */
function applySnapshot(m: ShardMemory, row: number, s: number, r: number): void {
  const f = m.f64;
  f[s + SLOT.snapshots] += 1;
  const bar = barAt(m, row, r + PACKET.timeMs);
  if (bar < 0) return;
  loadBar(m, row, s, bar);
  f[s + SLOT.bar + BAR.hasSnapshot] = 1;
}

/** Same sequence (above 0), time and price as the packet before. */
function isDuplicate(f: Float64Array, s: number, r: number): boolean {
  const low = f[r + PACKET.sequenceLow];
  const high = f[r + PACKET.sequenceHigh];
  return (
    isSequence(f, r + PACKET.sequenceLow) &&
    low === f[s + SLOT.lastSequenceLow] &&
    high === f[s + SLOT.lastSequenceHigh] &&
    f[r + PACKET.timeMs] === f[s + SLOT.lastTime] &&
    f[r + PACKET.price] === f[s + SLOT.lastPrice]
  );
}

/** A tick, unless cached or a duplicate. True if it was late. */
function applyLtp(m: ShardMemory, row: number, s: number, r: number): boolean {
  const f = m.f64;
  const flags = m.i32[2 * r + PACKET.flags];
  if ((flags & FLAG.initial) !== 0 && (flags & FLAG.live) === 0) {
    applySnapshot(m, row, s, r);
    return false;
  }
  if (isDuplicate(f, s, r)) {
    f[s + SLOT.duplicates] += 1;
    return false;
  }
  // In a run with volume this is an index: it has none.
  const late = applyTick(m, row, s, r, m.shape.hasVolume ? 0 : 1);
  if (late === OUTSIDE) return applyTailPrice(m, row, s, r, s + SLOT.lastPrice);
  addCoverage(m, row, s, r);
  f[s + SLOT.sessionSum] += f[r + PACKET.price];
  widenSession(f, s, r);
  return late === LATE;
}

const OUTSIDE = -1;
const IN_TIME = 0;
const LATE = 1;

/** Adds a tick of `quantity`. Returns OUTSIDE (the session), IN_TIME, or LATE if its minute was sealed. */
function applyTick(m: ShardMemory, row: number, s: number, r: number, quantity: number): number {
  const bar = tickBar(m, row, r);
  if (bar < 0) {
    m.f64[s + SLOT.outOfSession] += 1;
    return OUTSIDE;
  }
  const sealed = bar <= m.i32[SHARD.sealed];
  loadBar(m, row, s, bar);
  if (m.shape.hasVolume) keepBeforeRise(m.f64, s);
  addTick(m, s, r, quantity, sealed);
  markTail(m, row, s, r);
  return sealed ? LATE : IN_TIME;
}

/**
 * Applies the price of a packet without a tick, if it is of the tail and not that at double index `before`. True if
 * it was late.
 */
function applyTailPrice(m: ShardMemory, row: number, s: number, r: number, before: number): boolean {
  const bar = tailBarAt(m, row, r + PACKET.timeMs);
  if (bar < 0 || m.f64[r + PACKET.price] === m.f64[before]) return false;
  loadBar(m, row, s, bar);
  return applyTail(m, s, r);
}

/** Quote or SnapQuote: a tick of the cumulative volume's rise, if it rose. True if it was late. */
function applyWithVolume(m: ShardMemory, row: number, s: number, r: number): boolean {
  const f = m.f64;
  const volume = f[r + PACKET.volume];
  const usable = volume >= 0 && volume <= MAX_VOLUME && !isVolumeUntold(m, row, r);
  const older = isOlder(f, s, r);
  const moved = older ? 0 : rangeExtensions(f, s, r);
  if (!older) updateSession(f, s, r);
  const unanchored = f[s + SLOT.anchorConnection] !== m.i32[2 * r + PACKET.connection];
  const first = (m.i32[2 * r + PACKET.flags] & FLAG.initial) !== 0;
  if (first || unanchored) {
    // A cached packet older than the anchor does not anchor, but the next must, or the gap's volume would land in its
    // minute; at any sequence: a fail-over may restart the server's counter (docs/protocol.md 7).
    if (usable && (!older || !first)) setAnchor(m, s, r, 0);
    applySnapshot(m, row, s, r);
    return false;
  }
  if (isDuplicate(f, s, r)) {
    f[s + SLOT.duplicates] += 1;
    return false;
  }
  if (older) return applyOlder(m, row, s, r);
  if (!usable) return applyWithoutRise(m, row, s, r, moved, UNTOLD);
  const revised = settle(m, row, s, r);
  const rise = volume - f[s + SLOT.anchorVolume];
  if (rise <= 0) return applyWithoutRise(m, row, s, r, moved, rise < 0 ? FELL : SAME) || revised;
  return applyRise(m, row, s, r, moved) || revised;
}

/** A packet whose volume rose: a tick of the rise. True if it was late. */
function applyRise(m: ShardMemory, row: number, s: number, r: number, moved: number): boolean {
  const f = m.f64;
  const rise = f[r + PACKET.volume] - f[s + SLOT.anchorVolume];
  const wasPending = f[s + SLOT.volumePending];
  const late = applyTick(m, row, s, r, rise);
  if (late === OUTSIDE) {
    const bar = stampBarAt(m, row, s + SLOT.anchorAt);
    if (bar >= 0) loadBar(m, row, s, bar);
    keepBeforeRise(f, s);
    if (bar >= 0) addEndSlack(m, s, r);
  } else {
    addEdgeSlack(m, row, s, r);
    repairExtremes(m, row, s, r, moved);
    repairFirst(m, row, s, r);
    addCoverage(m, row, s, r);
  }
  // A rise that does not hold the last trade, and the one that was pending, leaves the last one's volume pending.
  const awaited = wasPending === 1 ? f[s + SLOT.seenQuantity] : 0;
  const traded = showsTrade(m, s, r) ? 1 : 0;
  const pending = rise < f[r + PACKET.lastQuantity] + awaited ? traded : 0;
  learnLateness(f, s, r, pending, 1);
  setAnchor(m, s, r, pending);
  doubtRise(f, s, traded, wasPending);
  return late === LATE;
}

/** The volume of a packet without a rise: the anchor's, below it, or not to be used. */
const SAME = 0;
const FELL = 1;
const UNTOLD = 2;

/**
 * A packet whose volume did not rise, fell, or tells nothing (`told`): a tick if it shows a trade at another price
 * (docs/semantics.md, "Price before volume"). True if it was late.
 */
function applyWithoutRise(
  m: ShardMemory,
  row: number,
  s: number,
  r: number,
  moved: number,
  told: number,
): boolean {
  const f = m.f64;
  const traded = showsTrade(m, s, r);
  let late = OUTSIDE;
  let revised = false;
  // A range that moved means that the price did, too, and came back.
  const priced = f[r + PACKET.price] !== f[s + SLOT.seenPrice] || moved !== 0;
  if (traded && priced && isContinuous(m, row, r)) late = applyTick(m, row, s, r, 0);
  if (late === OUTSIDE) {
    f[s + SLOT.noTrade] += 1;
    if (m.shape.hasTradeTime !== true) revised = applyTailPrice(m, row, s, r, s + SLOT.seenPrice);
    coverWithoutTick(m, row, s, r, moved);
  } else {
    repairExtremes(m, row, s, r, moved);
    addCoverage(m, row, s, r);
  }
  const pending = traded ? 1 : f[s + SLOT.volumePending];
  learnLateness(f, s, r, pending, 0);
  if (told === SAME) setAnchor(m, s, r, pending);
  else {
    f[s + SLOT.volumePending] = pending;
    setSeen(m, s, r);
    // A volume that tells nothing leaves the anchor. Its tick may have loaded another bar than that of a doubt.
    f[s + SLOT.doubt] = DOUBT.none;
    if (told === FELL) doubtFall(f, s, r);
  }
  return revised || late === LATE;
}

/**
 * A packet that is older by sequence: its price counts if SnapQuote tells that its trade was in its own minute. True
 * if it was late.
 */
function applyOlder(m: ShardMemory, row: number, s: number, r: number): boolean {
  const own = stampBarAt(m, row, r + PACKET.exchangeMs) === barAt(m, row, r + PACKET.timeMs);
  if (own && m.shape.hasTradeTime === true && isContinuous(m, row, r))
    return applyTick(m, row, s, r, 0) === LATE;
  m.f64[s + SLOT.noTrade] += 1;
  return false;
}

/** True if the packet's tick belongs to a minute of continuous trading. */
function isContinuous(m: ShardMemory, row: number, r: number): boolean {
  const bar = tickBar(m, row, r);
  return bar >= 0 && !isAuction(m, row, bar);
}

/** A packet without a trade confirms the price in its second, and so covers it. */
function coverWithoutTick(m: ShardMemory, row: number, s: number, r: number, moved: number): void {
  const bar = stampBarAt(m, row, r + PACKET.exchangeMs);
  if (bar < 0) return;
  loadBar(m, row, s, bar);
  repairExtremes(m, row, s, r, moved);
  addCoverage(m, row, s, r);
}

function isInLoadedBar(m: ShardMemory, row: number, s: number, r: number, hasVolume: boolean): boolean {
  const bar = m.f64[s + SLOT.barIndex];
  return (
    barAt(m, row, r + PACKET.timeMs) === bar && (!hasVolume || barAt(m, row, r + PACKET.exchangeMs) === bar)
  );
}

/** Applies the packet record at double index `at`, ring cursor `cursor`, to its row's open slot. */
export function applyPacket(m: ShardMemory, writer: RowWriter, at: number, cursor: number): void {
  const f = m.f64;
  const r = unpack(m, at);
  const row = m.i32[2 * r + PACKET.row];
  const hasVolume = (m.i32[2 * r + PACKET.flags] & FLAG.hasVolume) !== 0;
  const begun = writer.openSlots[row] !== 0;
  let s = writer.open(row);
  if (writer.includes(s, cursor)) return;
  if (begun && !isInLoadedBar(m, row, s, r, hasVolume)) s = writer.reopen(row, (cursor - 1) | 0);
  const late = hasVolume ? applyWithVolume(m, row, s, r) : applyLtp(m, row, s, r);
  f[s + SLOT.lastTime] = f[r + PACKET.timeMs];
  f[s + SLOT.lastPrice] = f[r + PACKET.price];
  f[s + SLOT.lastSequenceLow] = f[r + PACKET.sequenceLow];
  f[s + SLOT.lastSequenceHigh] = f[r + PACKET.sequenceHigh];
  const bar = f[s + SLOT.barIndex];
  if (late || (bar >= 0 && bar <= m.i32[SHARD.sealed])) f[s + SLOT.sealedChanges] += 1;
  if (late) writer.hasLateTick = true;
  writer.startAccumulating(row, s);
}

/** This thread's copy of a bar that is sealed, and its candle as sealed. */
const sealing = new Float64Array(BAR.size);
const candle = new Float64Array(AS_SEALED.size);

/** Keeps the row's candle of bar `bar` as it is sealed, for the momentum rule, if it has ticks. */
function keepAsSealed(m: ShardMemory, row: number, bar: number): void {
  const s = m.slotOf(row, m.i32[m.versions + row] & 1);
  copyBar(m, row, s, bar, sealing);
  if (sealing[BAR.ticks] === 0) return;
  candle[AS_SEALED.open] = sealing[BAR.open];
  candle[AS_SEALED.high] = sealing[BAR.high];
  candle[AS_SEALED.low] = sealing[BAR.low];
  candle[AS_SEALED.close] = sealing[BAR.close];
  candle[AS_SEALED.volume] = sealing[BAR.volume];
  candle[AS_SEALED.gapMs] = gapMsIn(m, row, bar);
  candle[AS_SEALED.hasSnapshot] = sealing[BAR.hasSnapshot];
  candle[AS_SEALED.volSlack] = slackOf(m, row, s, bar, sealing[BAR.slackBefore]) ?? -1;
  candle[AS_SEALED.coveredSeconds] = sealing[BAR.coveredSeconds];
  candle[AS_SEALED.ticks] = sealing[BAR.ticks];
  storeAsSealed(m, row, bar, candle);
}

/** Seals bars through `through`. Safe to repeat. */
function applySeal(m: ShardMemory, through: number): void {
  const { bars, rows } = m.shape;
  for (let bar = m.i32[SHARD.sealed] + 1; bar <= through && bar < bars; bar++)
    for (let row = 0; row < rows; row++) if (m.hasBar(row, bar)) keepAsSealed(m, row, bar);
  if (through > m.i32[SHARD.sealed]) Atomics.store(m.i32, SHARD.sealed, Math.min(through, bars - 1));
  signalChange(m);
}

/** Adds a gap, or sets the open one's end. Safe to repeat: its start identifies a gap. */
export function applyGap(m: ShardMemory, cause: number, startMs: number, endMs: number): void {
  const f = m.f64;
  const count = m.i32[SHARD.gaps];
  const last = m.gaps + (count - 1) * GAP.size;
  if (count > 0 && f[last + GAP.startMs] === startMs) {
    f[last + GAP.endMs] = endMs;
  } else if (count === GAP_CAPACITY) {
    // The region is full: extend the last gap, which errs towards partial.
    f[last + GAP.endMs] = endMs;
  } else {
    f[last + GAP.size + GAP.startMs] = startMs;
    f[last + GAP.size + GAP.endMs] = endMs;
    f[last + GAP.size + GAP.cause] = cause;
    Atomics.store(m.i32, SHARD.gaps, count + 1);
  }
  signalChange(m);
}

/** Applies the SEAL, GAP or END at double index `at`. No row may be open. */
export function applyControl(m: ShardMemory, writer: RowWriter, at: number): void {
  const what = m.i32[2 * at + RECORD.what];
  const kind = kindOf(what);
  if (kind === KIND.seal) {
    applySeal(m, rowOf(what));
    writer.stopAccumulating();
  } else if (kind === KIND.gap)
    applyGap(m, rowOf(what), m.f64[at + CONTROL.timeMs], m.f64[at + CONTROL.untilMs]);
  else if (kind === KIND.end) {
    Atomics.store(m.i32, SHARD.ended, 1);
    signalChange(m);
  }
}
