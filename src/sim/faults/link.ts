/** A connection with faults: what is sent for each frame, if pings and requests are answered, how it ends. */

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Subscription } from '../../broker/broker.js';
import { byteWriter, messageBytes, sendBurst } from './bytes.js';
import { numberOf } from './fault.js';
import type { FaultName } from './catalogue.js';
import { DAMAGE } from './frames.js';
import type { ActiveFault } from './active-fault.js';

export interface LinkFaults {
  /** Of frames on their way. */
  readonly frameFaults: readonly ActiveFault[];
  /** Market time, epoch ms. */
  nowMs(): number;
  named(name: FaultName): readonly ActiveFault[];
  /** Undefined for an instrument that the market lacks. */
  indexOf(exchangeType: number, token: string): number | undefined;
  /** The first fault of a name that triggers now, counted. */
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

  /** Nothing is sent or received any more. */
  get isHalfOpen(): boolean {
    return this.#halfOpen !== undefined;
  }

  /** As the faults leave the frame. Asks `room` before each message. */
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

  /** True if half open, so nothing may be sent; counts a strike. */
  withheld(): boolean {
    this.#halfOpen?.record(this.#faults.nowMs());
    return this.#halfOpen !== undefined;
  }

  /** True if pings of either kind are answered. */
  pongs(): boolean {
    return !this.withheld() && !this.#triggered('pong-lost');
  }

  /** True if a request to subscribe is refused. */
  overQuota(): boolean {
    return this.#triggered('quota');
  }

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

  /** The connection stays up; nothing is sent any more, and the client's bytes are read and discarded. */
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
      // Messages before the frame stay as they are.
      messages = [...messages.slice(0, -1), ...damage(messages.at(-1)!, active.fault, active.random)];
    }
    return messages;
  }
}
