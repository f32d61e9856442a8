/**
 * The session's tail: trades reach the feed up to some 1.5 s after they happened, so stamps of the first seconds after
 * continuous trading may show trades of its last minute (docs/semantics.md, "The tail").
 *
 * | function       | a packet of the tail                                                                 |
 * | -------------- | ------------------------------------------------------------------------------------ |
 * | `tickBar`      | whose volume rose, or that shows a trade: a tick of the last minute (Quote)          |
 * | `applyTail`    | with another price: changes high, low and close of the last minute, and is no tick   |
 *
 * SnapQuote tells when a trade was, so there the stamp picks no minute.
 */
import { SHARD, SLOT, STATIC, type ShardMemory } from '../memory/layout.js';
import { BAR, MARK } from '../memory/bar.js';
import { PACKET } from '../memory/record.js';
import { barAt, isAuction, tailBarAt } from '../memory/bar-times.js';
import { compareWithKey, setClose } from './tick-order.js';

/** The bar of packet `r` as a tick; -1 outside the session. In LTP mode a packet of the tail is no tick. */
export function tickBar(m: ShardMemory, row: number, r: number): number {
  const bar = barAt(m, row, r + PACKET.timeMs);
  if (bar >= 0 || !m.shape.hasVolume || m.shape.hasTradeTime === true) return bar;
  return tailBarAt(m, row, r + PACKET.timeMs);
}

/** Marks the loaded bar if packet `r`, a tick of it, is of the tail. */
export function markTail(m: ShardMemory, row: number, s: number, r: number): void {
  const f = m.f64;
  const auction = isAuction(m, row, f[s + SLOT.barIndex]);
  if (f[r + PACKET.timeMs] >= f[m.staticOf(row) + STATIC.closeMs] && !auction) mark(f, s);
}

function mark(f: Float64Array, s: number): void {
  const k = s + SLOT.bar + BAR.marks;
  f[k] = f[k] | MARK.tail;
}

/** Widens the LTP session's high and low by the packet's price. */
export function widenSession(f: Float64Array, s: number, r: number): void {
  const price = f[r + PACKET.price];
  if (price > f[s + SLOT.sessionHigh]) f[s + SLOT.sessionHigh] = price;
  if (price < f[s + SLOT.sessionLow] || f[s + SLOT.sessionLow] === 0) f[s + SLOT.sessionLow] = price;
}

/**
 * Applies the price of packet `r`, which is of the tail and no tick, to the loaded bar, the row's last minute, if that
 * has ticks: without one the price may be of an earlier minute. True if the bar was sealed and changed.
 */
export function applyTail(m: ShardMemory, s: number, r: number): boolean {
  const f = m.f64;
  const b = s + SLOT.bar;
  if (f[b + BAR.ticks] === 0) return false;
  const price = f[r + PACKET.price];
  const closes = compareWithKey(f, b + BAR.closeTime, r, m.i32[2 * r + PACKET.connection]) >= 0;
  const within = price <= f[b + BAR.high] && price >= f[b + BAR.low];
  const changes = !within || (closes && price !== f[b + BAR.close]);
  if (price > f[b + BAR.high]) f[b + BAR.high] = price;
  if (price < f[b + BAR.low]) f[b + BAR.low] = price;
  if (closes) setClose(m, b, r);
  if (!m.shape.hasVolume) widenSession(f, s, r);
  if (!changes) return false;
  mark(f, s);
  if (f[s + SLOT.barIndex] > m.i32[SHARD.sealed]) return false;
  f[b + BAR.late] += 1;
  f[b + BAR.revision] += 1;
  return true;
}
