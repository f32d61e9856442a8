/**
 * A tick in a bar, and the bar that the open slot has loaded. Part of the bar builder. Doubles are never passed: V8
 * allocates an object for a double argument.
 */
import { SLOT, type ShardMemory } from '../memory/layout.js';
import { BAR } from '../memory/bar.js';
import { PACKET } from '../memory/record.js';
import { readStoredBar, storeBar } from '../memory/stored-bar.js';
import { compareWithKey, setClose } from './tick-order.js';
import { MAX_VOLUME } from './volume-anchor.js';

/** Adds `r` to the loaded bar as a tick of `quantity`; if `sealed`, a late one. */
export function addTick(m: ShardMemory, s: number, r: number, quantity: number, sealed: boolean): void {
  const f = m.f64;
  const b = s + SLOT.bar;
  const price = f[r + PACKET.price];
  const time = f[r + PACKET.timeMs];
  const connection = m.i32[2 * r + PACKET.connection];
  const low = f[r + PACKET.sequenceLow];
  const high = f[r + PACKET.sequenceHigh];
  if (sealed) {
    f[b + BAR.late] += 1;
    f[b + BAR.revision] += 1;
  }
  if (f[b + BAR.ticks] === 0) {
    f[b + BAR.open] = price;
    f[b + BAR.high] = price;
    f[b + BAR.low] = price;
    f[b + BAR.openTime] = time;
    f[b + BAR.openConnection] = connection;
    f[b + BAR.openSequenceLow] = low;
    f[b + BAR.openSequenceHigh] = high;
    setClose(m, b, r);
  } else {
    if (price !== f[b + BAR.lastPrice]) f[b + BAR.priceChanges] += 1;
    if (price > f[b + BAR.high]) f[b + BAR.high] = price;
    if (price < f[b + BAR.low]) f[b + BAR.low] = price;
    if (compareWithKey(f, b + BAR.openTime, r, connection) < 0) {
      f[b + BAR.open] = price;
      f[b + BAR.openTime] = time;
      f[b + BAR.openConnection] = connection;
      f[b + BAR.openSequenceLow] = low;
      f[b + BAR.openSequenceHigh] = high;
    }
    if (compareWithKey(f, b + BAR.closeTime, r, connection) >= 0) setClose(m, b, r);
  }
  f[b + BAR.lastPrice] = price;
  f[b + BAR.ticks] += 1;
  // The volume comes from an untrusted peer: capped, so that the symbol's file can still be written.
  const volume = f[b + BAR.volume] + quantity;
  f[b + BAR.volume] = volume > MAX_VOLUME ? MAX_VOLUME : volume;
  f[s + SLOT.ticks] += 1;
  if (time > f[s + SLOT.lastTickTime]) f[s + SLOT.lastTickTime] = time;
}

/** Stores the loaded bar of slot `s`, and loads `bar` from the table. */
export function loadBar(m: ShardMemory, row: number, s: number, bar: number): void {
  const f = m.f64;
  const held = f[s + SLOT.barIndex];
  if (held === bar) return;
  if (held >= 0) storeBar(m, row, s);
  readStoredBar(m, row, bar, f, s + SLOT.bar);
  f[s + SLOT.barIndex] = bar;
}
