/**
 * Sends snapshots to subscribed connections: a frame for each subscribed mode, one message each. `publish` takes any
 * packet; faults act before it.
 */

import type { Packet } from '../market/packet.js';
import { encode, FRAME_LENGTH } from '../broker/angel/frames.js';
import type { Subscription, SubscriptionMode } from '../broker/broker.js';
import type { Market } from './market.js';

/** Takes whole messages of instrument `index`. Bytes are shared: do not change them. */
export interface Subscriber {
  sendPacket(frame: Uint8Array, index: number): void;
}

const MODES: readonly SubscriptionMode[] = [1, 2, 3];

export class Broadcast {
  readonly #market: Market;
  readonly #last: (index: number) => Packet;
  /** By instrument and mode: `index * 3 + mode - 1`. */
  readonly #receivers: Set<Subscriber>[];

  /** `last`: the packet that answers a subscription. */
  constructor(market: Market, last = (index: number): Packet => market.last(index)) {
    this.#market = market;
    this.#last = last;
    this.#receivers = Array.from(
      { length: market.listings.length * MODES.length },
      () => new Set<Subscriber>(),
    );
  }

  /** (Token, mode) of all receivers. */
  get flowing(): number {
    return this.#receivers.reduce((sum, receivers) => sum + receivers.size, 0);
  }

  /**
   * Sends the cached last packet, even while the market is shut, then starts the flow. An unknown token stays
   * silent.
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

  /** The last packet as a frame; undefined for an unknown token. */
  lastFrame({ mode, exchangeType, token }: Subscription): Uint8Array | undefined {
    const index = this.#market.indexOf(exchangeType, token);
    return index === undefined ? undefined : frameOf(this.#market.last(index), mode);
  }

  /** To all subscribers of the instrument. `packet` is not kept. */
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
  // A new buffer each: it waits in a socket's queue.
  const frame = Buffer.allocUnsafe(FRAME_LENGTH[mode]);
  packet.mode = mode;
  encode(packet, frame);
  return frame;
}
