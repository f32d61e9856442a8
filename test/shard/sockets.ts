/** Schedules of one connection, spread over several that deliver in turns. */
import { decode } from '../../src/broker/angel/frames.js';
import { Packet } from '../../src/market/packet.js';
import { INSTRUMENTS } from './drive.js';
import type { Step } from './schedule.js';

const scratch = new Packet();

/** Index of a packet's instrument, or -1. */
export function tokenIndex(bytes: Uint8Array): number {
  decode(bytes, scratch);
  return INSTRUMENTS.findIndex(
    ({ token, exchangeType }) => token === scratch.tokenText() && exchangeType === scratch.exchangeType,
  );
}

/** Numbers of two connections are further from each other than one counter goes. */
const COUNTER_STEP = 3_000_000n;

/** The frame with its sequence number further on, if it has one. */
function numbered(bytes: Uint8Array, socket: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (copy.length < 51) return copy;
  const view = new DataView(copy.buffer);
  const sequence = view.getBigInt64(27, true);
  if (sequence > 0n && sequence < 1n << 52n)
    view.setBigInt64(27, sequence + BigInt(socket) * COUNTER_STEP, true);
  return copy;
}

/**
 * Each instrument's packets come on one of `sockets` connections, all subscribed when the schedule's one is, each with
 * its own counter. With
 * `stray` each 97th packet comes on the wrong one.
 */
export function inSockets(steps: readonly Step[], sockets: number, stray: boolean): Step[] {
  return steps.flatMap((step, k): Step[] => {
    if (step.kind === 'subscribed')
      return Array.from({ length: sockets }, (_, socket) => ({
        ...step,
        connection: (step.connection - 1) * sockets + 1 + socket,
      }));
    if (step.kind !== 'packet') return [step];
    const { packet } = step;
    const home = Math.max(0, tokenIndex(packet.bytes)) + (stray && k % 97 === 0 ? 1 : 0);
    const socket = home % sockets;
    const connection = (packet.connection - 1) * sockets + 1 + socket;
    return [{ ...step, packet: { ...packet, connection, bytes: numbered(packet.bytes, socket) } }];
  });
}
