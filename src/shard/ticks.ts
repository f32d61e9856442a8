/**
 * The quick lane of the fold: ordinary ticks in LTP mode, a run of them in one loop that calls nothing. A tick is ordinary when it is newer than
 * all before it of its instrument, on the same connection, and of the minute at hand, which is unsealed and has a tick. The lane does
 * to the draft what `fold.ts` would, and leaves to it whatever is not ordinary.
 */
import { BAR, KIND, RECORD, SHARD, SLOT, type ShardMemory } from '../shared/layout.js';
import type { Drafts } from './drafts.js';

// Constants of this module are compiled into the code while imported ones are loaded at each use.
const { packet: PACKET } = KIND;
const { working: WORKING } = SHARD;
const { kind: R_KIND, row: R_ROW, connection: R_CONNECTION, flags: R_FLAGS, timeMs: R_TIME, price: R_PRICE, receivedMs: R_RECEIVED, sequenceLow: R_LOW, sequenceHigh: R_HIGH } = RECORD;
const { ticks: S_TICKS, lastTime: LAST_TIME, lastPrice: LAST_PRICE, lastSequenceLow: LAST_LOW, lastSequenceHigh: LAST_HIGH } = SLOT;
const { sessionSum: SESSION_SUM, sessionHigh: SESSION_HIGH, sessionLow: SESSION_LOW, lastTickTime: LAST_TICK, bar: BAR_AT } = SLOT;
const [TICKS, VOLUME, HIGH, LOW, CLOSE] = [BAR_AT + BAR.ticks, BAR_AT + BAR.volume, BAR_AT + BAR.high, BAR_AT + BAR.low, BAR_AT + BAR.close];
const [CHANGES, BAR_LAST_PRICE] = [BAR_AT + BAR.priceChanges, BAR_AT + BAR.lastPrice];
const [CLOSE_TIME, CLOSE_CONNECTION, CLOSE_LOW, CLOSE_HIGH] = [BAR_AT + BAR.closeTime, BAR_AT + BAR.closeConnection, BAR_AT + BAR.closeSequenceLow, BAR_AT + BAR.closeSequenceHigh];
const [HEARD, HEARD_AT, SILENCE] = [BAR_AT + BAR.heardSeconds, BAR_AT + BAR.heardAt, BAR_AT + BAR.longestSilence];

/** Applies records from `cursor` on while they are ordinary ticks that arrived together, `count` at most. Returns how many it did. */
export function applyTicks(m: ShardMemory, drafts: Drafts, cursor: number, count: number): number {
  const { i32, f64: f, ring, ringMask, recordSize } = m;
  const { slots, fromMs, untilMs } = drafts;
  const receivedMs = f[ring + (cursor & ringMask) * recordSize + R_RECEIVED];
  for (let k = 0; k < count; k++) {
    const r = ring + ((cursor + k) & ringMask) * recordSize;
    const w = 2 * r;
    if (i32[w + R_KIND] !== PACKET || i32[w + R_FLAGS] !== 0 || f[r + R_RECEIVED] !== receivedMs) return k;
    const row = i32[w + R_ROW];
    const time = f[r + R_TIME];
    if (!(time >= fromMs[row] && time < untilMs[row])) return k;
    i32[WORKING] = (cursor + k) | 0;
    let s = slots[row];
    if (s === 0) s = drafts.begin(row);
    const low = f[r + R_LOW];
    const high = f[r + R_HIGH];
    // Newer than the close, so newer than the open; and not the packet before once more.
    if (!(time > f[s + CLOSE_TIME]) && !(time === f[s + CLOSE_TIME] && high === f[s + CLOSE_HIGH] && low > f[s + CLOSE_LOW])) return k;
    if (i32[w + R_CONNECTION] !== f[s + CLOSE_CONNECTION] || low === f[s + LAST_LOW]) return k;
    const price = f[r + R_PRICE];
    if (price !== f[s + BAR_LAST_PRICE]) {
      f[s + CHANGES] += 1;
      f[s + BAR_LAST_PRICE] = price;
      if (price > f[s + HIGH]) f[s + HIGH] = price;
      if (price < f[s + LOW]) f[s + LOW] = price;
      if (price > f[s + SESSION_HIGH]) f[s + SESSION_HIGH] = price;
      if (price < f[s + SESSION_LOW]) f[s + SESSION_LOW] = price;
    }
    f[s + CLOSE] = price;
    f[s + CLOSE_TIME] = time;
    f[s + CLOSE_LOW] = low;
    f[s + CLOSE_HIGH] = high;
    f[s + TICKS] += 1;
    // A tick is the volume here, so it stays as far below what a double holds as their number does.
    f[s + VOLUME] += 1;
    f[s + S_TICKS] += 1;
    if (time > f[s + LAST_TICK]) f[s + LAST_TICK] = time;
    if (time > f[s + HEARD_AT]) {
      const silence = time - f[s + HEARD_AT];
      if (silence > f[s + SILENCE]) f[s + SILENCE] = silence;
      f[s + HEARD_AT] = time;
      f[s + HEARD] += 1;
    }
    f[s + SESSION_SUM] += price;
    f[s + LAST_TIME] = time;
    f[s + LAST_PRICE] = price;
    f[s + LAST_LOW] = low;
    f[s + LAST_HIGH] = high;
  }
  return count;
}
