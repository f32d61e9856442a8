/**
 * Sends the market's snapshots to the connections that subscribed them: one frame for each subscribed mode, one
 * message each. `publish` takes any packet; faults act between the market and `publish`.
 */

import type { Packet } from '../market/packet.js';
import { encode, FRAME_LENGTH } from '../broker/angel/frames.js';
import type { Subscription, SubscriptionMode } from '../broker/broker.js';
import type { Market } from './market.js';

/** Takes whole messages of the instrument `index`. The bytes are shared and must not be changed. */
export interface Subscriber {
  sendPacket(frame: Uint8Array, index: number): void;
}

const MODES: readonly SubscriptionMode[] = [1, 2, 3];

export class Broadcast {
  readonly #market: Market;
  readonly #last: (index: number) => Packet;
  /** By instrument and mode: `index * 3 + mode - 1`. */
  readonly #receivers: Set<Subscriber>[];

  /** `last`: the packet that answers an instrument's subscription. */
  constructor(market: Market, last = (index: number): Packet => market.last(index)) {
    this.#market = market;
    this.#last = last;
    this.#receivers = Array.from(
      { length: market.listings.length * MODES.length },
      () => new Set<Subscriber>(),
    );
  }

  /** Subscribed (token, mode) of all receivers. */
  get flowing(): number {
    return this.#receivers.reduce((sum, receivers) => sum + receivers.size, 0);
  }

  /**
   * Starts the flow after the cached last packet, which is sent even while the market is shut. An unknown token
   * stays silent.
   */
  subscribe(receiver: Subscriber, { mode, exchangeType, token }: Subscription): void {
    const index = this.#market.indexOf(exchangeType, token);
    if (index === undefined) return;
    receiver.sendPacket(frameOf(this.#last(index), mode), index);
    this.#receivers[index * MODES.length + mode - 1].add(receiver);
  }

  unsubscribe(receiver: Subscriber, { mode, exchangeType, token }: Subscription): void {
    const index = this.#market.indexOf(exchangeType, token);
    if (index !== undefined) this.#receivers[index * MODES.length + mode - 1].delete(receiver);
  }

  /** The market's last packet as a frame; undefined for an unknown token. */
  lastFrame({ mode, exchangeType, token }: Subscription): Uint8Array | undefined {
    const index = this.#market.indexOf(exchangeType, token);
    return index === undefined ? undefined : frameOf(this.#market.last(index), mode);
  }

  /** Sends a snapshot to all subscribers of its instrument. `packet` is not kept. */
  publish(index: number, packet: Packet): void {
    for (const mode of MODES) {
      const receivers = this.#receivers[index * MODES.length + mode - 1];
      if (receivers.size === 0) continue;
      const frame = frameOf(packet, mode);
      for (const receiver of receivers) receiver.sendPacket(frame, index);
    }
  }
}

function frameOf(packet: Packet, mode: SubscriptionMode): Uint8Array {
  // A new buffer for each frame, which waits in a socket's queue until it is read.
  const frame = Buffer.allocUnsafe(FRAME_LENGTH[mode]);
  packet.mode = mode;
  encode(packet, frame);
  return frame;
}
