/**
 * One connection with faults: what is sent instead of each frame, whether pings and requests are answered, and
 * how it ends.
 */

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Subscription } from '../../broker/broker.js';
import { byteWriter, messageBytes, sendBurst } from './bytes.js';
import { numberOf } from './fault.js';
import type { FaultName } from './catalogue.js';
import { DAMAGE } from './frames.js';
import type { ActiveFault } from './active-fault.js';

/** What a connection asks of the broker's faults. */
export interface LinkFaults {
  /** Faults that change frames on their way. */
  readonly frameFaults: readonly ActiveFault[];
  /** Market time, epoch ms. */
  nowMs(): number;
  named(name: FaultName): readonly ActiveFault[];
  /** The instrument's index; undefined for one that the market does not have. */
  indexOf(exchangeType: number, token: string): number | undefined;
  /** The first fault of a name that triggers now, counted; undefined when none does. */
  triggered(name: FaultName, index?: number): ActiveFault | undefined;
}

export class Link {
  readonly #faults: LinkFaults;
  readonly #socket: WebSocket;
  readonly #raw: Socket;
  readonly #writeByteWise: ((bytes: Buffer) => void) | undefined;
  #joining: Uint8Array | undefined;
  #halfOpen: ActiveFault | undefined;

  constructor(faults: LinkFaults, socket: WebSocket, raw: Socket) {
    this.#faults = faults;
    this.#socket = socket;
    this.#raw = raw;
    if (faults.named('fragments').length > 0) this.#writeByteWise = byteWriter(raw);
  }

  get open(): boolean {
    return this.#halfOpen === undefined && this.#socket.readyState === this.#socket.OPEN;
  }

  /** Whether it is half open: nothing is sent or received any more. */
  get isHalfOpen(): boolean {
    return this.#halfOpen !== undefined;
  }

  /** Sends an instrument's frame as the faults leave it. `room` is asked before each message. */
  sendPacket(frame: Uint8Array, index: number, room: () => boolean): void {
    if (this.withheld() || this.#triggered('mute') || this.#triggered('mute-symbol', index)) return;
    for (const message of this.#messages(frame, index)) {
      if (!room()) return;
      const bytes =
        this.#writeByteWise !== undefined && this.#triggered('fragments', index)
          ? messageBytes(message)
          : undefined;
      if (bytes === undefined) this.#socket.send(message, { binary: true });
      else this.#writeByteWise!(bytes);
    }
  }

  /** Whether the connection is half open, so nothing may be sent; counts a strike. */
  withheld(): boolean {
    this.#halfOpen?.record(this.#faults.nowMs());
    return this.#halfOpen !== undefined;
  }

  /** Whether pings of either kind are answered. */
  pongs(): boolean {
    return !this.withheld() && !this.#triggered('pong-lost');
  }

  /** Whether a request to subscribe is refused as over the quota. */
  overQuota(): boolean {
    return this.#triggered('quota');
  }

  /** Whether a subscription is answered. */
  answers({ exchangeType, token }: Subscription): boolean {
    const index = this.#faults.indexOf(exchangeType, token);
    return index === undefined || !this.#triggered('unanswered', index);
  }

  drop(): void {
    this.#socket.terminate();
  }

  reset(): void {
    this.#raw.resetAndDestroy();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  /**
   * From now on nothing is sent or received, and the connection stays up. The client's bytes are read and
   * discarded.
   */
  halfOpen(fault: ActiveFault): void {
    this.#halfOpen = fault;
    this.#raw.removeAllListeners('data');
    this.#raw.resume();
  }

  burst(fault: ActiveFault, frames: readonly Uint8Array[]): void {
    sendBurst({
      socket: this.#socket,
      raw: this.#raw,
      payloads: frames,
      count: numberOf(fault.fault, 'frames'),
      sent: (messages) => fault.record(this.#faults.nowMs(), messages),
    });
  }

  #triggered(
    name: 'mute' | 'mute-symbol' | 'pong-lost' | 'quota' | 'unanswered' | 'fragments',
    index?: number,
  ): boolean {
    return this.#faults.triggered(name, index) !== undefined;
  }

  #messages(frame: Uint8Array, index: number): Uint8Array[] {
    let messages = [frame];
    const joining = this.#joining;
    if (joining !== undefined) {
      this.#joining = undefined;
      messages = [Buffer.concat([joining, frame])];
    } else if (this.#faults.triggered('joined', index) !== undefined) {
      this.#joining = frame;
      return [];
    }
    for (const active of this.#faults.frameFaults) {
      if (!active.triggers(this.#faults.nowMs(), index)) continue;
      const damage = DAMAGE[active.fault.name]!;
      // Messages put before the frame stay as they are.
      messages = [...messages.slice(0, -1), ...damage(messages.at(-1)!, active.fault, active.random)];
    }
    return messages;
  }
}
