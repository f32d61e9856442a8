import { PacketFilter, REJECT_REASONS } from '../../../src/ingest/packet-filter.js';
import { Packet } from '../../../src/market/packet.js';
import { seededRandom, type Random } from '../../../src/random.js';
import { decode, encode, FRAME_LENGTH } from '../../../src/broker/angel/frames.js';
import { packetJson } from '../../../src/broker/angel/frame-json.js';
import { below, chance, mutated, pick, randomBytes, size } from '../bytes.js';
import type { Target } from '../target.js';

const NOW_MS = Date.parse('2026-11-23T11:00:00+05:30');
const RELIANCE = {
  symbol: 'RELIANCE',
  token: '2885',
  exchange: 'NSE',
  exchangeType: 1,
  tickSizeRupees: 0.1,
  derivatives: true,
  index: 0,
};
const packet = new Packet();
const again = new Packet();
const admission = new PacketFilter({ instruments: [RELIANCE], mode: 0, marketDateMs: NOW_MS });

/** An honest frame of each mode. */
const samples = ([1, 2, 3] as const).map((mode) => {
  const bytes = randomBytes(seededRandom(mode), FRAME_LENGTH[mode]);
  bytes[0] = mode;
  bytes[1] = 1;
  bytes.fill(0, 2, 27).write('2885', 2);
  bytes.writeBigInt64LE(12_110_000n, 27);
  bytes.writeBigInt64LE(BigInt(NOW_MS), 35);
  bytes.writeBigInt64LE(125_000n, 43);
  if (mode === 3) bytes.writeBigInt64LE(BigInt(NOW_MS / 1000), 123);
  return bytes;
});

function input(random: Random): Buffer {
  if (chance(random, 0.2)) return randomBytes(random, size(random, 70_000) - 1);
  const bytes = mutated(random, samples);
  // Most mutations change the length, but the code after the length check must be reached too.
  const length = pick(random, Object.values(FRAME_LENGTH));
  if (chance(random, 0.3) && bytes.length > length) return bytes.subarray(0, length);
  if (chance(random, 0.3))
    return Buffer.concat([bytes, Buffer.alloc(length, below(random, 256))]).subarray(0, length);
  return bytes;
}

export const decoder: Target = {
  name: 'decoder',
  description: 'binary messages: decode, then admission, then the same bytes from the packet',
  mostMb: 96,
  input,
  run(bytes) {
    const refusal = decode(bytes, packet);
    if (refusal === 'length' || refusal === 'mode') return 'refused';
    if (refusal !== undefined) throw new Error(`refused as ${String(refusal)}`);
    const unadmitted = admission.judge(packet);
    if (unadmitted !== undefined && !REJECT_REASONS.includes(unadmitted))
      throw new Error(`not admitted as ${String(unadmitted)}`);
    if (unadmitted === undefined && admission.instrument !== 0)
      throw new Error(`admitted as instrument ${admission.instrument}`);
    JSON.stringify(packetJson(packet));
    const written = new Uint8Array(bytes.length);
    if (encode(packet, written) !== bytes.length || decode(written, again) !== undefined)
      throw new Error('what was decoded cannot be encoded');
    // All bytes except those after a NUL in the token, and the payload of a NaN among the totals.
    for (let at = 0; at < bytes.length; at++) {
      if (written[at] !== bytes[at] && !(at < 27 && at >= 2 + packet.tokenLength) && !(at >= 75 && at < 91))
        throw new Error(`byte ${at} became another`);
    }
    return unadmitted === undefined ? 'accepted' : 'refused';
  },
};
