/** From the compact ring record to doubles for the bar builder. Allocates nothing. */
import { FLAG, PACKET, RECORD, STATIC, type ShardMemory } from '../memory/layout.js';
import { flagsOf, rowOf } from '../memory/record.js';

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
    f[r + PACKET.price] += i32[w + RECORD.priceHigh] * 4294967296;
    f[r + PACKET.sequenceHigh] = i32[w + RECORD.sequenceHigh];
  }
  if ((flags & FLAG.hasVolume) === 0) return r;
  f[r + PACKET.timeMs] = f[at + RECORD.tickTimeMs];
  f[r + PACKET.volume] = f[at + RECORD.volume];
  f[r + PACKET.averagePrice] = f[at + RECORD.averagePrice];
  f[r + PACKET.dayOpen] = f[at + RECORD.dayOpen];
  f[r + PACKET.dayHigh] = f[at + RECORD.dayHigh];
  f[r + PACKET.dayLow] = f[at + RECORD.dayLow];
  f[r + PACKET.lastQuantity] = f[at + RECORD.lastQuantity];
  return r;
}
