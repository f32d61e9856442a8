/** A client's socket after the handshake: heartbeats, requests, outgoing packets (docs/protocol.md 3 and 4). */

import type { WebSocket } from 'ws';
import type { Clock } from '../clock.js';
import { PING } from '../broker/angel/requests.js';
import { PONG } from '../broker/angel/texts.js';
import type { FaultTarget } from './faults/moments.js';
import type { Link } from './faults/link.js';
import type { Broadcast, Subscriber } from './broadcast.js';
import { ERROR_TEXT, parseRequest, Subscriptions, type RequestError } from './subscriptions.js';

export interface ClientConnectionOptions {
  readonly socket: WebSocket;
  readonly feed: Broadcast;
  readonly clock: Clock;
  /** With faults, the connection answers pings itself, not ws. */
  readonly link: Link | undefined;
  /** Real ms without a heartbeat until the client counts as dead. */
  readonly heartbeatMs: number;
  /** Waiting for a client that does not read. */
  readonly maxBufferedBytes: number;
}

export class ClientConnection implements Subscriber {
  readonly #options: ClientConnectionOptions;
  readonly #subscriptions = new Subscriptions();
  #heartbeatAtMs: number;

  constructor(options: ClientConnectionOptions) {
    this.#options = options;
    this.#heartbeatAtMs = options.clock.monoMs();
    const { socket } = options;
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    // Without faults ws answers; a client that does not read is still disconnected.
    socket.on('ping', (data: Buffer) => {
      this.#heartbeat();
      if (this.#canSend() && options.link?.pongs() === true) socket.pong(data);
    });
    socket.on('close', () => this.#leave());
    // ws then closes the socket: `close` follows.
    socket.on('error', () => this.#leave());
  }

  /** Drops a client without a heartbeat of either kind for too long. */
  check(): void {
    if (
      this.#options.clock.monoMs() - this.#heartbeatAtMs > this.#options.heartbeatMs &&
      this.#options.link?.isHalfOpen !== true
    )
      this.#options.socket.terminate();
  }

  sendPacket(frame: Uint8Array, index: number): void {
    if (this.#options.link !== undefined) this.#options.link.sendPacket(frame, index, () => this.#canSend());
    else if (this.#canSend()) this.#options.socket.send(frame, { binary: true });
  }

  /** Undefined without faults. */
  get faultTarget(): FaultTarget | undefined {
    const { link } = this.#options;
    return (
      link && {
        link,
        lastFrames: () =>
          [...this.#subscriptions.all()]
            .map((subscription) => this.#options.feed.lastFrame(subscription))
            .filter((frame) => frame !== undefined),
      }
    );
  }

  /** True if more may be sent. Disconnects a client that does not read: memory is bounded. */
  #canSend(): boolean {
    const { socket, maxBufferedBytes: mostBufferedBytes } = this.#options;
    if (socket.readyState !== socket.OPEN) return false;
    if (socket.bufferedAmount <= mostBufferedBytes) return true;
    socket.terminate();
    return false;
  }

  #heartbeat(): void {
    this.#heartbeatAtMs = this.#options.clock.monoMs();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    const text = isBinary ? '' : data.toString('utf8');
    if (text === PING) {
      this.#heartbeat();
      if (this.#options.link?.pongs() !== false) this.#sendText(PONG);
      return;
    }
    const request = parseRequest(text);
    if ('invalid' in request) {
      this.#refuse('E1001', request.invalid);
      return;
    }
    const { feed, link } = this.#options;
    if (!request.subscribes) {
      for (const subscription of this.#subscriptions.remove(request.subscriptions))
        feed.unsubscribe(this, subscription);
      return;
    }
    const fresh = link?.overQuota() === true ? undefined : this.#subscriptions.add(request.subscriptions);
    if (fresh === undefined) {
      this.#refuse('E1002', request.correlationId);
      return;
    }
    for (const subscription of fresh) {
      if (link?.answers(subscription) !== false) feed.subscribe(this, subscription);
    }
  }

  #refuse(errorCode: RequestError, correlationID: string): void {
    this.#sendText(JSON.stringify({ correlationID, errorCode, errorMessage: ERROR_TEXT[errorCode] }));
  }

  #sendText(text: string): void {
    if (this.#canSend()) this.#options.socket.send(text);
  }

  #leave(): void {
    for (const subscription of this.#subscriptions.all()) this.#options.feed.unsubscribe(this, subscription);
  }
}
