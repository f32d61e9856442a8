/** The order of a bar's ticks: by (time, connection, sequence), where arrival decides without a sequence. */
import { MAX_SEQUENCE_FALL } from '../market/packet.js';
import { BAR, PACKET, type ShardMemory } from '../memory/layout.js';
import { isSequence } from './volume-anchor.js';

const TWO_32 = 2 ** 32;

/**
 * Compares (time, connection, sequence) of packet `r` with the key at `k`: -1 before, 0 equal, 1 after. Equal without
 * a sequence in either, or if the counter restarted between them: arrival decides.
 */
export function compareWithKey(f: Float64Array, k: number, r: number, connection: number): number {
  const time = f[r + PACKET.timeMs];
  if (time !== f[k]) return time < f[k] ? -1 : 1;
  if (connection !== f[k + 1]) return connection < f[k + 1] ? -1 : 1;
  if (!isSequence(f, r + PACKET.sequenceLow) || !isSequence(f, k + 2)) return 0;
  const ahead = (f[r + PACKET.sequenceHigh] - f[k + 3]) * TWO_32 + (f[r + PACKET.sequenceLow] - f[k + 2]);
  return ahead > 0 ? 1 : ahead === 0 || ahead < -MAX_SEQUENCE_FALL ? 0 : -1;
}

/** Makes packet `r` the close of the bar at `b`. */
export function setClose(m: ShardMemory, b: number, r: number): void {
  const f = m.f64;
  f[b + BAR.close] = f[r + PACKET.price];
  f[b + BAR.closeTime] = f[r + PACKET.timeMs];
  f[b + BAR.closeConnection] = m.i32[2 * r + PACKET.connection];
  f[b + BAR.closeSequenceLow] = f[r + PACKET.sequenceLow];
  f[b + BAR.closeSequenceHigh] = f[r + PACKET.sequenceHigh];
}
