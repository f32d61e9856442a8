/**
 * The shard's fast path in LTP mode (docs/fast-paths.md, "What the accumulators take"): adds up ordinary ticks in one
 * loop that calls nothing. The result equals that of `shard/bar-builder.ts`, which gets every other record.
 *
 * A row's accumulator is one private cache line instead of seven of a slot; `RowWriter` flushes it at the next record
 * that is not ordinary, or at the batch's end.
 */
import { MINUTE_MS } from '../../market/session.js';
import { SHARD, type ShardMemory } from '../../memory/layout.js';
import { KIND, PLAIN_RECORD_SHIFT, RECORD, ROW_AT } from '../../memory/record.js';
import type { RowWriter } from '../row-writer.js';
import { ACCUMULATOR_BASE_MS } from './accumulators.js';
import { PRICE_SUM, TICK, TICK_SHIFT, TickAccumulators, UNCHANGED_SHIFT } from './tick-accumulators.js';

// V8 compiles this module's constants into the code, but loads imported ones at each use.
const { packet: PACKET } = KIND;
const { working: WORKING } = SHARD;
const { what: R_WHAT, receivedUs: R_RECEIVED, connection: R_CONNECTION, time: R_TIME } = RECORD;
const { priceLow: R_PRICE, sequenceLow: R_LOW } = RECORD;
const { minuteStart: FROM, time: TIME, sequenceLow: SEQUENCE, price: PRICE, high: HIGH, low: LOW } = TICK;
const { longestSilenceMs: SILENCE, counts: COUNTS, sameSecond: SAME_SECOND, connection: CONNECTION } = TICK;
const UNCHANGED = UNCHANGED_SHIFT;
const RECORD_SHIFT = PLAIN_RECORD_SHIFT;
const ROW = ROW_AT;
const BELOW_ROW = (1 << ROW_AT) - 1;
const SHIFT = TICK_SHIFT;
const BASE = ACCUMULATOR_BASE_MS;
const SUM = PRICE_SUM;
const MINUTE = MINUTE_MS;
const SECOND = 1000;

/**
 * Applies records from `cursor` on while they are ordinary ticks of one arrival, at most `count` <=
 * MAX_ACCUMULATED_TICKS. Returns their number.
 */
export function applyTicks(m: ShardMemory, writer: RowWriter, cursor: number, count: number): number {
  const { i32, ringMask } = m;
  const { accumulators: all } = writer;
  if (!(all instanceof TickAccumulators) || m.shape.fastPaths === false) return 0;
  const { words: accumulators, priceSums, rows } = all;
  const start = (2 * m.ring) | 0;
  const first = (start + ((cursor & ringMask) << RECORD_SHIFT)) | 0;
  const receivedUs = i32[(first + R_RECEIVED) | 0];
  if ((i32[(first + R_WHAT) | 0] & BELOW_ROW) !== PACKET) return 0;
  writer.prepareToAccumulate();
  let begun = all.count;
  // With `| 0` V8 omits the overflow check of a sum.
  const wrap = ringMask | 0;
  const from = cursor | 0;
  const end = count | 0;
  let k = 0;
  for (; k < end; k = (k + 1) | 0) {
    const w = (start + (((from + k) & wrap) << RECORD_SHIFT)) | 0;
    const what = i32[(w + R_WHAT) | 0];
    if ((what & BELOW_ROW) !== PACKET || i32[(w + R_RECEIVED) | 0] !== receivedUs) break;
    const row = what >> ROW;
    const p = row << SHIFT;
    if (i32[(w + R_CONNECTION) | 0] !== accumulators[(p + CONNECTION) | 0]) break;
    const time = i32[(w + R_TIME) | 0];
    const low = i32[(w + R_LOW) | 0];
    if ((time + BASE - accumulators[(p + FROM) | 0]) >>> 0 >= MINUTE) break;
    // Newer than the close: so newer than the open, and no duplicate.
    const before = accumulators[(p + TIME) | 0];
    const silence = (time - before) | 0;
    if (silence < 0 || (silence === 0 && low >>> 0 <= accumulators[(p + SEQUENCE) | 0] >>> 0)) break;
    if (silence > accumulators[(p + SILENCE) | 0]) accumulators[(p + SILENCE) | 0] = silence;
    // Stamps may carry milliseconds: a second is covered once.
    if (((time / SECOND) | 0) === ((before / SECOND) | 0)) accumulators[(p + SAME_SECOND) | 0] += 1;
    accumulators[(p + TIME) | 0] = time;
    i32[WORKING] = (from + k) | 0;
    accumulators[(p + SEQUENCE) | 0] = low;
    const price = i32[(w + R_PRICE) | 0];
    const counts = accumulators[(p + COUNTS) | 0];
    if (counts === 0) {
      rows[begun] = row;
      begun = (begun + 1) | 0;
    }
    // Counts an unchanged price without a branch, often mispredicted: only 0 - 1 sets the highest bit.
    accumulators[(p + COUNTS) | 0] =
      (counts + 1 + ((((price ^ accumulators[(p + PRICE) | 0]) - 1) >>> 31) << UNCHANGED)) | 0;
    accumulators[(p + PRICE) | 0] = price;
    if (price > accumulators[(p + HIGH) | 0]) accumulators[(p + HIGH) | 0] = price;
    else if (price < accumulators[(p + LOW) | 0]) accumulators[(p + LOW) | 0] = price;
    priceSums[((p >> 1) + SUM) | 0] += price;
  }
  all.count = begun;
  return k;
}
