/** The order of packets by sequence, and of a bar's ticks by (time, connection, sequence). */
import { MAX_SEQUENCE_FALL } from '../market/packet.js';
import { type ShardMemory } from '../memory/layout.js';
import { BAR } from '../memory/bar.js';
import { PACKET } from '../memory/record.js';

const TWO_32 = 2 ** 32;

/** True if the words at `k` (low, high) are a sequence number: 1 or more; indices carry 0 (docs/protocol.md 7). */
export function isSequence(f: Float64Array, k: number): boolean {
  return f[k + 1] > 0 || (f[k + 1] === 0 && f[k] > 0);
}

/**
 * Compares the numbers at `a` and `b` (low, high): -1 older, 0 equal, 1 newer. 0 too if either is no sequence number,
 * or if the counter restarted before `a`.
 */
export function compareSequences(f: Float64Array, a: number, b: number): number {
  if (!isSequence(f, a) || !isSequence(f, b)) return 0;
  const ahead = (f[a + 1] - f[b + 1]) * TWO_32 + (f[a] - f[b]);
  return ahead > 0 ? 1 : ahead === 0 || ahead < -MAX_SEQUENCE_FALL ? 0 : -1;
}

/**
 * Compares (time, connection, sequence) of packet `r` with the key at `k`: -1 before, 0 equal, 1 after. Equal without
 * a sequence in either, or if the counter restarted between them: arrival decides.
 */
export function compareWithKey(f: Float64Array, k: number, r: number, connection: number): number {
  const time = f[r + PACKET.timeMs];
  if (time !== f[k]) return time < f[k] ? -1 : 1;
  if (connection !== f[k + 1]) return connection < f[k + 1] ? -1 : 1;
  return compareSequences(f, r + PACKET.sequenceLow, k + 2);
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
