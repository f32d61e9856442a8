/** From the compact ring record to doubles for the bar builder. Allocates nothing. */
import { STATIC, type ShardMemory } from '../memory/layout.js';
import { FLAG, PACKET, RECORD, WIDE_FROM, flagsOf, rowOf } from '../memory/record.js';

const TWO_32 = 4294967296;

/** Unpacks the record at double index `at`. Returns the packet's double index. */
export function unpack(m: ShardMemory, at: number): number {
  const { i32, f64: f, packet: r } = m;
  const w = 2 * at;
  const flags = flagsOf(i32[w + RECORD.what]);
  i32[2 * r + PACKET.row] = rowOf(i32[w + RECORD.what]);
  i32[2 * r + PACKET.connection] = i32[w + RECORD.connection];
  i32[2 * r + PACKET.flags] = flags;
  f[r + PACKET.exchangeMs] = f[m.statics + STATIC.originMs] + i32[w + RECORD.time];
  f[r + PACKET.timeMs] = f[r + PACKET.exchangeMs];
  f[r + PACKET.price] = i32[w + RECORD.priceLow] >>> 0;
  f[r + PACKET.sequenceLow] = i32[w + RECORD.sequenceLow] >>> 0;
  f[r + PACKET.sequenceHigh] = 0;
  if ((flags & FLAG.wide) !== 0) {
    f[r + PACKET.price] += i32[w + RECORD.priceHigh] * TWO_32;
    f[r + PACKET.sequenceHigh] = i32[w + RECORD.sequenceHigh];
  }
  if ((flags & FLAG.hasVolume) === 0) {
    // An index's packet in a run with volume. What the packet before told is another instrument's.
    f[r + PACKET.openInterest] = 0;
    return r;
  }
  f[r + PACKET.volume] = i32[w + RECORD.volume] >>> 0;
  f[r + PACKET.averagePrice] = i32[w + RECORD.averagePrice] >>> 0;
  f[r + PACKET.dayOpen] = i32[w + RECORD.dayOpen] >>> 0;
  f[r + PACKET.dayHigh] = i32[w + RECORD.dayHigh] >>> 0;
  f[r + PACKET.dayLow] = i32[w + RECORD.dayLow] >>> 0;
  f[r + PACKET.lastQuantity] = i32[w + RECORD.lastQuantity] >>> 0;
  f[r + PACKET.openInterest] = i32[w + RECORD.openInterest] >>> 0;
  if (m.shape.hasTradeTime === true)
    f[r + PACKET.timeMs] = f[m.statics + STATIC.originMs] + i32[w + RECORD.tradeTime];
  if ((flags & FLAG.wide) !== 0) addHighWords(m, r, m.wideOf(at) - WIDE_FROM, i32[w + RECORD.tradeTime]);
  return r;
}

/** Adds the high words, each at `k` plus the word of its low one. */
function addHighWords(m: ShardMemory, r: number, k: number, tradeSecondsLow: number): void {
  const { i32, f64: f } = m;
  f[r + PACKET.volume] += i32[k + RECORD.volume] * TWO_32;
  f[r + PACKET.averagePrice] += i32[k + RECORD.averagePrice] * TWO_32;
  f[r + PACKET.dayOpen] += i32[k + RECORD.dayOpen] * TWO_32;
  f[r + PACKET.dayHigh] += i32[k + RECORD.dayHigh] * TWO_32;
  f[r + PACKET.dayLow] += i32[k + RECORD.dayLow] * TWO_32;
  f[r + PACKET.lastQuantity] += i32[k + RECORD.lastQuantity] * TWO_32;
  f[r + PACKET.openInterest] += i32[k + RECORD.openInterest] * TWO_32;
  if (m.shape.hasTradeTime === true)
    f[r + PACKET.timeMs] = (i32[k + RECORD.tradeTime] * TWO_32 + (tradeSecondsLow >>> 0)) * 1000;
}
