/**
 * Answers subscriptions, and sends snapshots to subscribed connections: a frame for each subscribed mode, one message
 * each. `publish` takes any packet; faults act before it.
 */

import type { Packet } from '../market/packet.js';
import { encode, FRAME_LENGTH } from '../broker/angel/frames.js';
import { MODE } from '../market/packet.js';
import { seededRandom, type Random } from '../random.js';
import type { Subscription, SubscriptionMode } from '../broker/broker.js';
import { SENT_TO } from './conflation.js';
import { STREAM } from './instrument-profile.js';
import type { Clock, Timer } from '../clock.js';
import type { Market } from './market.js';

/** Takes whole messages of instrument `index`. Bytes are shared: do not change them. */
export interface Subscriber {
  sendPacket(frame: Uint8Array, index: number): void;
}

const MODES: readonly SubscriptionMode[] = [1, 2, 3];

/** Answers that are due within this time, market ms, are sent together: in stepped time each sending costs a turn. */
const ANSWER_MS = 50;

/** A subscription that waits for its cached packet. */
interface Waiting {
  /** Market time, epoch ms. */
  readonly dueMs: number;
  /** Of those due together. */
  readonly order: number;
  readonly receiver: Subscriber;
  readonly mode: SubscriptionMode;
  readonly index: number;
}

export class Broadcast {
  readonly #market: Market;
  readonly #last: (index: number) => Packet;
  /** By instrument and mode: `index * 3 + mode - 1`. */
  readonly #receivers: Set<Subscriber>[];
  /** Market ms within which a request is answered (habit `cached-within`). */
  readonly #withinMs: number;
  readonly #random: Random;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #timer: Timer | undefined;

  /** `last`: the packet that answers a subscription. */
  constructor(market: Market, clock: Clock, last = (index: number): Packet => market.last(index)) {
    this.#market = market;
    this.#clock = clock;
    this.#last = last;
    this.#withinMs = 1000 * (market.habits['cached-within'] ?? 0);
    this.#random = seededRandom(market.seed, STREAM.answers);
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
   * Sends the cached packet, even while the market is shut, then starts the flow: at once, or within
   * the time of habit `cached-within`. An unknown token stays silent.
   */
  subscribe(receiver: Subscriber, { mode, exchangeType, token }: Subscription): void {
    const index = this.#market.indexOf(exchangeType, token);
    if (index === undefined) return;
    const random = this.#random;
    const dueMs = this.#clock.marketMs() + this.#withinMs * random();
    const one = { dueMs: Math.floor(dueMs / ANSWER_MS) * ANSWER_MS, order: random(), receiver, mode, index };
    if (this.#withinMs === 0) this.#start(one);
    else {
      this.#waiting.push(one);
      this.#schedule();
    }
  }

  unsubscribe(receiver: Subscriber, { mode, exchangeType, token }: Subscription): void {
    const index = this.#market.indexOf(exchangeType, token);
    if (index === undefined) return;
    this.#receivers[index * MODES.length + mode - 1].delete(receiver);
    this.#waiting = this.#waiting.filter(
      (one) => one.receiver !== receiver || one.mode !== mode || one.index !== index,
    );
    if (this.#waiting.length === 0) this.#schedule();
  }

  /** Sends the cached packets that are due now. */
  #answer(): void {
    const nowMs = this.#clock.marketMs();
    const due = this.#waiting
      .filter(({ dueMs }) => dueMs <= nowMs)
      .sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
    this.#waiting = this.#waiting.filter(({ dueMs }) => dueMs > nowMs);
    for (const one of due) this.#start(one);
    this.#schedule();
  }

  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const nextMs = this.#waiting.reduce((next, { dueMs }) => Math.min(next, dueMs), Infinity);
    const delayMs = Math.max(0, nextMs - this.#clock.marketMs()) / this.#clock.speed;
    this.#timer = this.#clock.after(delayMs, () => this.#answer());
  }

  #start({ receiver, mode, index }: Waiting): void {
    receiver.sendPacket(frameOf(this.#last(index), mode), index);
    this.#receivers[index * MODES.length + mode - 1].add(receiver);
  }

  /** The last packet as a frame; undefined for an unknown token. */
  lastFrame({ mode, exchangeType, token }: Subscription): Uint8Array | undefined {
    const index = this.#market.indexOf(exchangeType, token);
    return index === undefined ? undefined : frameOf(this.#market.last(index), mode);
  }

  /** To the subscribers of the instrument in `modes`, the sum of SENT_TO. `packet` is not kept. */
  publish(index: number, packet: Packet, modes: number): void {
    for (const mode of MODES) {
      if ((modes & (mode === MODE.ltp ? SENT_TO.ltp : SENT_TO.full)) === 0) continue;
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
