/**
 * From the market's snapshots to the connections that want them: one frame for each mode that somebody subscribed, one message each.
 * `publish` takes what the market emits and nothing else, so whatever is to happen to packets on the way (faults) goes between the two.
 */

import type { Packet } from '../market/packet.js';
import { encode, FRAME_LENGTH } from '../wire/frames.js';
import type { Subscription, SubscriptionMode } from '../wire/requests.js';
import type { Market } from './market.js';

/** Takes whole messages. The bytes are shared between receivers and must not be changed. */
export interface Receiver {
  sendPacket(frame: Uint8Array): void;
}

const MODES: readonly SubscriptionMode[] = [1, 2, 3];

export class Feed {
  readonly #market: Market;
  /** Receivers by instrument and mode: `index * 3 + mode - 1`. */
  readonly #receivers: Set<Receiver>[];

  constructor(market: Market) {
    this.#market = market;
    this.#receivers = Array.from({ length: market.listings.length * MODES.length }, () => new Set<Receiver>());
  }

  /** How many (token, mode) of all receivers are flowing. */
  get flowing(): number {
    return this.#receivers.reduce((sum, receivers) => sum + receivers.size, 0);
  }

  /** Starts the flow, after the cached last packet, which is sent also while the market is shut. An unknown token stays silent. */
  subscribe(receiver: Receiver, { mode, exchangeType, token }: Subscription): void {
    const index = this.#market.indexOf(exchangeType, token);
    if (index === undefined) return;
    receiver.sendPacket(frameOf(this.#market.last(index), mode));
    this.#receivers[index * MODES.length + mode - 1].add(receiver);
  }

  unsubscribe(receiver: Receiver, { mode, exchangeType, token }: Subscription): void {
    const index = this.#market.indexOf(exchangeType, token);
    if (index !== undefined) this.#receivers[index * MODES.length + mode - 1].delete(receiver);
  }

  /** Sends a snapshot to all that subscribed its instrument. `packet` is not kept. */
  publish(index: number, packet: Packet): void {
    for (const mode of MODES) {
      const receivers = this.#receivers[index * MODES.length + mode - 1];
      if (receivers.size === 0) continue;
      const frame = frameOf(packet, mode);
      for (const receiver of receivers) receiver.sendPacket(frame);
    }
  }
}

function frameOf(packet: Packet, mode: SubscriptionMode): Uint8Array {
  // A frame waits in a socket's queue until it is read, so each has memory of its own.
  const frame = Buffer.allocUnsafe(FRAME_LENGTH[mode]);
  packet.mode = mode;
  encode(packet, frame);
  return frame;
}
