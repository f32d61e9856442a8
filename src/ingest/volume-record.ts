/** The part of a ring record that Quote and SnapQuote packets fill: the day's totals. Allocates nothing. */
import { FIELD, MODE, type Packet } from '../market/packet.js';
import { STATIC, type ShardMemory } from '../memory/layout.js';
import { RECORD, WIDE_FROM } from '../memory/record.js';
import { isRangeBeyondCircuits } from './price-check.js';

/** The fields of a record with volume that its packet has as they are, in order of their words after the first. */
const FIELDS = [
  FIELD.volume,
  FIELD.averagePrice,
  FIELD.dayOpen,
  FIELD.dayHigh,
  FIELD.dayLow,
  FIELD.lastQuantity,
] as const;
const TRADE = 2 * FIELD.lastTradeSeconds;
const OPEN_INTEREST = 2 * FIELD.openInterest;
/** Seconds around bar 0 in which a last trade fits into a word of ms. */
export const TRADE_REACH_SECONDS = 1_300_000;

// No double is passed: V8 allocates an object for it.

/** True if each number fits into its word of a record, and the day has an average price and an open. */
export function isVolumeNarrow({ f64, statics }: ShardMemory, { mode, words }: Packet): boolean {
  let high = 0;
  for (let k = 0; k < FIELDS.length; k++) high |= words[2 * FIELDS[k] + 1];
  if (
    high !== 0 ||
    words[2 * FIELD.lastQuantity] < 0 ||
    words[2 * FIELD.averagePrice] === 0 ||
    words[2 * FIELD.dayOpen] === 0
  )
    return false;
  if (mode !== MODE.snapquote) return true;
  const sinceOrigin = words[TRADE] - f64[statics + STATIC.originMs] / 1000;
  if (words[OPEN_INTEREST + 1] !== 0) return false;
  return words[TRADE + 1] === 0 && sinceOrigin >= -TRADE_REACH_SECONDS && sinceOrigin < TRADE_REACH_SECONDS;
}

/** Writes the part of the record at double index `at` that tells of the day. */
export function writeVolume(memory: ShardMemory, at: number, packet: Packet, narrow: boolean): void {
  const { f64, i32, statics } = memory;
  const { words, mode } = packet;
  const low = 2 * at + WIDE_FROM;
  const high = memory.wideOf(at);
  for (let k = 0; k < FIELDS.length; k++) {
    i32[low + 1 + k] = words[2 * FIELDS[k]];
    if (!narrow) i32[high + 1 + k] = words[2 * FIELDS[k] + 1];
  }
  if (isRangeBeyondCircuits(packet)) forgetRange(memory, at);
  const told = mode === MODE.snapquote;
  const oi = RECORD.openInterest - WIDE_FROM;
  i32[low + oi] = told ? words[OPEN_INTEREST] : 0;
  if (!narrow) i32[high + oi] = told ? words[OPEN_INTEREST + 1] : 0;
  if (!told) return;
  i32[low] = narrow ? words[TRADE] * 1000 - f64[statics + STATIC.originMs] : words[TRADE];
  if (!narrow) i32[high] = words[TRADE + 1];
}

/** Makes the day's range of the record at double index `at` unknown. */
function forgetRange(memory: ShardMemory, at: number): void {
  const { i32 } = memory;
  const high = memory.wideOf(at) - WIDE_FROM;
  for (const word of [RECORD.dayHigh, RECORD.dayLow]) {
    i32[2 * at + word] = 0;
    i32[high + word] = 0;
  }
}
