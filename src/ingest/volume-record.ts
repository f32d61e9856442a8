/** The part of a ring record that Quote and SnapQuote packets fill: the day's totals. Allocates nothing. */
import { FIELD, MODE, type Packet } from '../market/packet.js';
import { RECORD, WIDE_FROM, type ShardMemory } from '../memory/layout.js';
import { isRangeBeyondCircuits } from './price-check.js';

/** The fields of a record with volume that its packet has as they are, in order of their words. */
const VOLUME_FIELDS = [
  FIELD.lastTradeSeconds,
  FIELD.volume,
  FIELD.averagePrice,
  FIELD.dayOpen,
  FIELD.dayHigh,
  FIELD.dayLow,
  FIELD.lastQuantity,
] as const;

/** The first of them that a packet of this mode has: Quote does not tell the last trade's time. */
const firstField = (mode: number): number => (mode === MODE.snapquote ? 0 : 1);

/** True if every number of the part of the record that tells of the day fits into one word. */
export function isVolumeNarrow({ mode, words }: Packet): boolean {
  let high = 0;
  for (let k = firstField(mode); k < VOLUME_FIELDS.length; k++) high |= words[2 * VOLUME_FIELDS[k] + 1];
  return high === 0;
}

/** Writes the part of the record at double index `at` that tells of the day. */
export function writeVolume(memory: ShardMemory, at: number, packet: Packet, narrow: boolean): void {
  const { i32 } = memory;
  const { words, mode } = packet;
  const low = 2 * at + WIDE_FROM;
  const high = memory.wideOf(at);
  for (let k = firstField(mode); k < VOLUME_FIELDS.length; k++) {
    i32[low + k] = words[2 * VOLUME_FIELDS[k]];
    if (!narrow) i32[high + k] = words[2 * VOLUME_FIELDS[k] + 1];
  }
  if (!isRangeBeyondCircuits(packet)) return;
  for (const word of [RECORD.dayHigh, RECORD.dayLow]) {
    i32[2 * at + word] = 0;
    i32[high + word - WIDE_FROM] = 0;
  }
}
