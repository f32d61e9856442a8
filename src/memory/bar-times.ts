/**
 * Which bar a time belongs to, and the other way round. All rows count bars from the same start (STATIC.originMs), so
 * that a SEAL names one minute for all; each row has those of its own session, and may have an auction's.
 */
import { MINUTE_MS } from '../market/session.js';
import { STATIC, type ShardMemory } from './layout.js';

/** True for the closing auction's bar. */
export const isAuction = (m: ShardMemory, row: number, bar: number): boolean => bar === m.auctionBar[row];

/** The row's last minute of continuous trading. */
const lastMinute = (m: ShardMemory, row: number): number => m.firstBar[row] + m.minutes[row] - 1;

/**
 * The bar of the time at double index `k`: minutes from bar 0; the auction's; -1 outside the row's session.
 */
export function barAt(m: ShardMemory, row: number, k: number): number {
  const f = m.f64;
  const timeMs = f[k];
  const s = m.staticOf(row);
  if (timeMs >= f[s + STATIC.openMs] && timeMs < f[s + STATIC.closeMs])
    return Math.floor((timeMs - f[s + STATIC.originMs]) / MINUTE_MS);
  if (timeMs >= f[s + STATIC.auctionFromMs] && timeMs < f[s + STATIC.auctionToMs]) return m.auctionBar[row];
  return -1;
}

/** The row's last minute of continuous trading, if the time at double index `k` is in its tail; else -1. */
export function tailBarAt(m: ShardMemory, row: number, k: number): number {
  const f = m.f64;
  const s = m.staticOf(row);
  return f[k] >= f[s + STATIC.closeMs] && f[k] < f[s + STATIC.tailEndMs] ? lastMinute(m, row) : -1;
}

/** The bar that a stamp at double index `k` may tell of: that of its time, or the last minute in its tail; else -1. */
export function stampBarAt(m: ShardMemory, row: number, k: number): number {
  const bar = barAt(m, row, k);
  return bar < 0 ? tailBarAt(m, row, k) : bar;
}

/** End of a bar, exclusive. Epoch ms. */
export function endOf(m: ShardMemory, row: number, bar: number): number {
  return isAuction(m, row, bar)
    ? m.f64[m.staticOf(row) + STATIC.auctionToMs]
    : m.f64[m.staticOf(row) + STATIC.originMs] + (bar + 1) * MINUTE_MS;
}

/** Places of what `readSpan` writes. */
export const SPAN = { start: 0, toldUntil: 1, size: 2 } as const;

/**
 * Writes a bar's span to `to` (SPAN): its start, and until when packets tell of it, epoch ms. Where stamps pick the
 * minute, the last one has a tail. Numbers that are returned would be allocated for each row and minute sealed.
 */
export function readSpan(m: ShardMemory, row: number, bar: number, to: Float64Array): void {
  const f = m.f64;
  const s = m.staticOf(row);
  if (isAuction(m, row, bar)) {
    to[SPAN.start] = f[s + STATIC.auctionFromMs];
    to[SPAN.toldUntil] = f[s + STATIC.auctionToMs];
    return;
  }
  to[SPAN.start] = f[s + STATIC.originMs] + bar * MINUTE_MS;
  to[SPAN.toldUntil] =
    m.shape.hasTradeTime !== true && bar === lastMinute(m, row)
      ? f[s + STATIC.tailEndMs]
      : to[SPAN.start] + MINUTE_MS;
}

/** A bar's label: its start; for the auction the calendar's minute. Epoch ms. */
export function barLabelMs(m: ShardMemory, row: number, bar: number): number {
  const s = m.staticOf(row);
  return isAuction(m, row, bar)
    ? m.f64[s + STATIC.auctionLabelMs]
    : m.f64[s + STATIC.originMs] + bar * MINUTE_MS;
}

/** The label of the row's last bar that is sealed when bar `sealed` is. Epoch ms; before the first label: none is. */
export function sealedLabelMs(m: ShardMemory, row: number, sealed: number): number {
  const auction = m.auctionBar[row];
  return barLabelMs(
    m,
    row,
    auction >= 0 && sealed >= auction ? auction : Math.min(sealed, lastMinute(m, row)),
  );
}
