/** One client's socket, behind the handshake: heart-beats, requests, and packets on their way out (PROTOCOL.md 3 and 4). */

import type { WebSocket } from 'ws';
import type { Clock } from '../clock.js';
import { PING } from '../wire/requests.js';
import { PONG } from '../wire/texts.js';
import type { Feed, Receiver } from './feed.js';
import { ERROR_TEXT, parseRequest, Subscriptions, type RequestError } from './subscriptions.js';

export interface ConnectionOptions {
  readonly socket: WebSocket;
  readonly feed: Feed;
  readonly clock: Clock;
  /** Real ms without a heart-beat after which the client is taken for dead. */
  readonly heartbeatMs: number;
  /** Bytes that may wait for a client that does not read. */
  readonly mostBufferedBytes: number;
}

export class Connection implements Receiver {
  readonly #options: ConnectionOptions;
  readonly #subscriptions = new Subscriptions();
  #beatMs: number;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#beatMs = options.clock.monoMs();
    const { socket } = options;
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#hear(data, isBinary));
    // ws answers the ping itself; the answer too may wait for a client that does not read.
    socket.on('ping', () => {
      this.#beat();
      this.#room();
    });
    socket.on('close', () => this.#leave());
    // ws closes the socket after an error of its own accord: `close` follows.
    socket.on('error', () => this.#leave());
  }

  /** Drops the client when it has sent no heart-beat of either kind for too long. */
  check(): void {
    if (this.#options.clock.monoMs() - this.#beatMs > this.#options.heartbeatMs) this.#options.socket.terminate();
  }

  sendPacket(frame: Uint8Array): void {
    if (this.#room()) this.#options.socket.send(frame, { binary: true });
  }

  /** Whether more may be sent. A client that lets too much pile up is disconnected: memory must not grow for it. */
  #room(): boolean {
    const { socket, mostBufferedBytes } = this.#options;
    if (socket.readyState !== socket.OPEN) return false;
    if (socket.bufferedAmount <= mostBufferedBytes) return true;
    socket.terminate();
    return false;
  }

  #beat(): void {
    this.#beatMs = this.#options.clock.monoMs();
  }

  #hear(data: Buffer, isBinary: boolean): void {
    const text = isBinary ? '' : data.toString('utf8');
    if (text === PING) {
      this.#beat();
      this.#sendText(PONG);
      return;
    }
    const request = parseRequest(text);
    if ('invalid' in request) {
      this.#refuse('E1001', request.invalid);
      return;
    }
    const { feed } = this.#options;
    if (!request.subscribes) {
      for (const subscription of this.#subscriptions.remove(request.subscriptions)) feed.unsubscribe(this, subscription);
      return;
    }
    const fresh = this.#subscriptions.add(request.subscriptions);
    if (fresh === undefined) {
      this.#refuse('E1002', request.correlationId);
      return;
    }
    for (const subscription of fresh) feed.subscribe(this, subscription);
  }

  #refuse(errorCode: RequestError, correlationID: string): void {
    this.#sendText(JSON.stringify({ correlationID, errorCode, errorMessage: ERROR_TEXT[errorCode] }));
  }

  #sendText(text: string): void {
    if (this.#room()) this.#options.socket.send(text);
  }

  #leave(): void {
    for (const subscription of this.#subscriptions.all()) this.#options.feed.unsubscribe(this, subscription);
  }
}
