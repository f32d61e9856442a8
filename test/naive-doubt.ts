/** A volume that the next packet confirms or takes back, or that is late, for naive.ts. Imports nothing from `src`. */
import type { Book } from './naive-candles.js';
import { minuteOf, openOf, type Frame, type NaivePacket } from './naive-frames.js';

/** Confirms the volume in doubt by the next packet's, or takes it back. */
export function settle(book: Book, frame: Frame, { sealedMs }: NaivePacket, date: string): void {
  const { doubt, counts } = book;
  const anchor = book.anchor!;
  book.doubt = undefined;
  if (doubt === undefined) return;
  if (frame.volume >= anchor.volume) {
    if (doubt.kind === 'fall') counts.strays++;
    return;
  }
  if (doubt.kind === 'fall') {
    if (frame.volume < doubt.volume) return;
    if (doubt.exchangeMs >= openOf(book.instrument, date)) counts.reseeds++;
    book.anchor = { ...anchor, volume: doubt.volume, exchangeMs: doubt.exchangeMs, pending: false };
    return;
  }
  const { before, bare, quantity, labelMs, tick } = doubt;
  if (frame.volume < before.volume) return;
  counts.strays++;
  const pending = !bare || before.pending;
  book.anchor = { ...anchor, volume: before.volume, exchangeMs: before.exchangeMs, pending };
  if (labelMs === undefined) return;
  if (tick === undefined) {
    book.ends.set(labelMs, book.ends.get(labelMs)! - quantity);
    return;
  }
  const ticks = book.minutes.get(labelMs)!;
  const sent = minuteOf(book.instrument, date, Number(frame.exchangeMs));
  const isOver = sealedMs !== undefined && sealedMs >= (sent?.auction === true ? Infinity : labelMs);
  const uncounted = bare && sent?.labelMs === labelMs && !isOver;
  if (uncounted) {
    counts.tick--;
    counts.noTrade++;
  }
  ticks[ticks.indexOf(tick)] = { ...tick, quantity: 0, slack: 0, sinceMs: undefined, uncounted };
  if (ticks.every((one) => one.uncounted || !one.isTick)) book.minutes.delete(labelMs);
}

/** Learns how late volumes are: twice what was seen, from two to five seconds once any was. */
export function learnLateness({ late, anchor }: Book, nowMs: number, pending: boolean, rose: boolean): void {
  if (anchor!.pending && rose) late.byMs = Math.max(late.byMs, Math.min(5000, 2 * (nowMs - late.since)));
  if (!pending || (anchor!.pending && !rose)) return;
  late.since = nowMs;
  late.byMs = Math.max(late.byMs, 2000);
}
