/**
 * One connection, from handshake to end. It reports each thing once, with its number; after its end or `terminate` it
 * reports nothing.
 *
 * Bounds on what a server can make it hold or do:
 *
 *   the answer to the handshake   10 s, 16 KiB of headers (Node's own bound), 2 KiB of a refusal's body
 *   one message                   64 KiB by its declared length, before a byte is kept; at most 64 fragments, empty
 *                                 ones counted: each may hold on to the read of 64 KiB that it came in
 *   messages that are no packets  token-bucket.ts: about 16,384 and 256 a second; then the connection ends as `flood`
 *   answers to pings              4 KiB that the server has not read; further pings are not answered
 *   packets                       no bound: they were requested. A consumer without room for them pauses the socket
 *
 * A server that exceeds a message's bound gets a close frame and a second to disconnect; nothing more is kept.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type * as Ws from 'ws';
import type { Clock, Timer } from '../clock.js';
import { MessageBatch } from '../broker/messages.js';
import type { Broker, BrokerSession, FrameCodec } from '../broker/broker.js';
import type { Endpoint } from '../broker/endpoint.js';
import { certificateFault } from '../text/certificate-fault.js';
import { TokenBucket, TOKEN_BUCKET } from './token-bucket.js';
import { FrameTap, type FrameTapOptions } from './frame-tap.js';
import type { RawEnd } from './connection-machine.js';
import { requirePackage } from '../packages.js';
import { sanitize } from '../text/sanitize.js';

const { WebSocket } = requirePackage('ws') as typeof Ws;

export interface SocketHandlers {
  opened(connection: number): void;
  /** Of one read, in order; valid only during the call. */
  binary(messages: MessageBatch, connection: number): void;
  text(bytes: Uint8Array, connection: number): void;
  /** A pong of the protocol, not the text `pong`. */
  pong(connection: number): void;
  ended(connection: number, end: RawEnd): void;
}

/** Longer messages are no packet and no reply of the feed. */
const MAX_MESSAGE_BYTES = 65_536;
/** The feed sends one frame a message. */
const MAX_FRAGMENTS = 64;
/** No ping is answered while more bytes wait to be sent: only the latest need be (RFC 6455, 5.5.3). */
const MAX_UNSENT_BYTES = 4096;
/** Characters kept of the server's words; a close frame carries no more. */
const MAX_REASON_CHARS = 123;
/** Real ms for the whole handshake. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Real ms that a server may keep the connection after either close frame; the library's default is 30 s. */
const LINGER_MS = 1000;

/** Bytes read of a refusal's body. */
const MAX_REFUSAL_BYTES = 2048;

/** Gives the beginning of a refusal's body, once; the handshake's time-out cuts off one that does not end. */
function beginningOf(response: IncomingMessage, give: (text: string) => void): void {
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (part: string) => {
    text += part;
    if (text.length >= MAX_REFUSAL_BYTES) give(text.slice(0, MAX_REFUSAL_BYTES));
  });
  response.on('close', () => give(text));
}

/** Options that the library's types lack. */
type Options = Ws.ClientOptions & { readonly closeTimeout: number; readonly maxFragments: number };

export type FeedBroker = Pick<Broker, 'codec' | 'feed'>;

export class FeedSocket {
  readonly #ws: Ws.WebSocket;
  readonly #broker: FeedBroker;
  readonly #codec: FrameCodec;
  readonly #connection: number;
  readonly #handlers: SocketHandlers;
  readonly #secrets: Iterable<string>;
  /** The library's limit counts silence only, and a server may drip. */
  readonly #handshake: Timer;
  readonly #bucket: TokenBucket;
  /** Undefined until the library connects. */
  #tap: FrameTap | undefined;
  /** For a message from the library. */
  readonly #single = new MessageBatch();
  #opened = false;
  #over = false;
  #failure: RawEnd | undefined;

  /**
   * Begins the handshake at once. Certificates and host names are always checked. `secrets` are removed from the
   * server's words.
   */
  constructor(options: {
    broker: FeedBroker;
    endpoint: Endpoint;
    session: BrokerSession;
    secrets: Iterable<string>;
    connection: number;
    handlers: SocketHandlers;
    clock: Pick<Clock, 'after' | 'monoMs'>;
    handshakeWithinMs?: number | undefined;
  }) {
    const { broker, endpoint, session, connection, handlers } = options;
    this.#broker = broker;
    this.#codec = broker.codec;
    this.#connection = connection;
    this.#handlers = handlers;
    this.#secrets = options.secrets;
    const headers = broker.feed.handshakeHeaders(session);
    // Explicit: NODE_TLS_REJECT_UNAUTHORIZED=0 would change the default.
    const trust = { rejectUnauthorized: true, ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca }) };
    const bounds = { maxPayload: MAX_MESSAGE_BYTES, maxFragments: MAX_FRAGMENTS, autoPong: false };
    const secure = endpoint.feedUrl.startsWith('wss:');
    const createConnection = (connection: unknown): FrameTap =>
      (this.#tap = new FrameTap({
        connection: connection as FrameTapOptions['connection'],
        secure,
        deliver: (messages) => this.#take(messages),
      }));
    const library: Options = {
      perMessageDeflate: false,
      ...bounds,
      closeTimeout: LINGER_MS,
      followRedirects: false,
      headers,
      ...trust,
      createConnection: createConnection as unknown as NonNullable<Ws.ClientOptions['createConnection']>,
    };
    this.#bucket = new TokenBucket(() => options.clock.monoMs());
    this.#ws = new WebSocket(endpoint.feedUrl, library);
    this.#handshake = options.clock.after(options.handshakeWithinMs ?? HANDSHAKE_TIMEOUT_MS, () => {
      this.#failure ??= { cause: 'handshake-timeout', code: undefined, reason: '' };
      this.#ws.terminate();
    });
    this.#listen();
  }

  #listen(): void {
    const ws = this.#ws;
    ws.on('open', () => {
      if (this.#over) return;
      this.#opened = true;
      this.#handshake.cancel();
      // As without the tap, what came with the answer follows this event.
      process.nextTick(() => this.#tap?.open());
      this.#handlers.opened(this.#connection);
    });
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      if (this.#over) return;
      // A connection that breaks while paused delivers all it had read. The consumer has no room for it: it belongs
      // to the gap that follows.
      if (ws.isPaused && ws.readyState !== WebSocket.OPEN) return;
      if (isBinary) {
        this.#single.only(data);
        this.#take(this.#single);
      } else if (!this.#floods(TOKEN_BUCKET.text, data.length)) this.#handlers.text(data, this.#connection);
    });
    ws.on('ping', (data: Buffer) => {
      if (this.#over || this.#floods(TOKEN_BUCKET.control, 0)) return;
      if (ws.readyState === WebSocket.OPEN && ws.bufferedAmount <= MAX_UNSENT_BYTES) ws.pong(data);
    });
    ws.on('pong', () => {
      if (!this.#over && !this.#floods(TOKEN_BUCKET.control, 0)) this.#handlers.pong(this.#connection);
    });
    ws.on('unexpected-response', (request: ClientRequest, response: IncomingMessage) => {
      this.#failure = this.#refusedBy(response, '');
      const over = (body: string): void => {
        if (this.#over) return;
        request.destroy();
        this.#end(this.#refusedBy(response, body));
      };
      if (this.#broker.feed.readsBody(response.statusCode ?? 0)) beginningOf(response, over);
      else over('');
    });
    // `close` always follows an error and reports it; after the end an error is ignored.
    ws.on('error', (error: Error & { code?: string }) => {
      this.#failure ??= this.#failureOf(error);
    });
    ws.on('close', (code: number, reason: Buffer) => {
      const words = this.#words(reason.toString('utf8'));
      this.#end(
        this.#failure ??
          (code === 1006
            ? { cause: 'dropped', code, reason: words }
            : { cause: 'closed', code, reason: words }),
      );
    });
  }

  /** Hands over messages; of a flood, those before the limit. */
  #take(messages: MessageBatch): void {
    if (this.#over) return;
    const { bytes, places, count } = messages;
    const codec = this.#codec;
    const bucket = this.#bucket;
    for (let k = 0; k < count; k++) {
      const length = places[2 * k + 1];
      if (codec.looksLikePacket(bytes, places[2 * k], length)) bucket.earn();
      else if (bucket.spend(TOKEN_BUCKET.binary, length)) {
        messages.count = k;
        if (k > 0) this.#handlers.binary(messages, this.#connection);
        this.#flooded();
        return;
      }
    }
    this.#handlers.binary(messages, this.#connection);
  }

  /** Pays for what is no packet. Over the limit it ends the connection at once, even in the middle of a read. */
  #floods(units: number, bytes: number): boolean {
    if (!this.#bucket.spend(units, bytes)) return false;
    this.#flooded();
    return true;
  }

  #flooded(): void {
    this.#ws.terminate();
    this.#end({ cause: 'flood', code: undefined, reason: '' });
  }

  #words(text: string): string {
    return sanitize(text, this.#secrets, MAX_REASON_CHARS);
  }

  #refusedBy(response: IncomingMessage, body: string): RawEnd {
    const { statusCode = 0, headers } = response;
    const { cause, reason } = this.#broker.feed.judgeRefusal({ status: statusCode, headers, body });
    return { cause, code: undefined, reason: this.#words(reason) };
  }

  #failureOf(error: Error & { code?: string }): RawEnd {
    const code = error.code ?? '';
    if (code.startsWith('WS_ERR_')) return { cause: 'protocol', code: undefined, reason: code };
    if (this.#opened) return { cause: 'dropped', code: 1006, reason: this.#words(code) };
    const fault = certificateFault(code);
    if (fault !== undefined) return { cause: 'certificate', code: undefined, reason: fault };
    if (code.startsWith('HPE_')) return { cause: 'unexpected-answer', code: undefined, reason: code };
    if (/^(Invalid|Unexpected|Server sent|Missing)/.test(error.message))
      return { cause: 'unexpected-answer', code: undefined, reason: this.#words(error.message) };
    return { cause: 'network', code: undefined, reason: this.#words(code || error.message) };
  }

  #end(end: RawEnd): void {
    if (this.#over) return;
    this.#finish();
    this.#handlers.ended(this.#connection, end);
  }

  /** Nothing is reported from now on. */
  #finish(): void {
    this.#over = true;
    this.#handshake.cancel();
  }

  get isOpen(): boolean {
    return !this.#over && this.#ws.readyState === WebSocket.OPEN;
  }

  /** Does nothing when the connection is not open: its end is reported in any case. */
  send(text: string): void {
    if (this.isOpen) this.#ws.send(text);
  }

  /** Sends both kinds of heart-beat: servers were seen to count either (docs/protocol.md 3). */
  ping(text: string): void {
    if (!this.isOpen) return;
    this.#ws.send(text);
    this.#ws.ping();
  }

  pause(): void {
    if (this.isOpen) this.#ws.pause();
  }

  resume(): void {
    if (this.isOpen) this.#ws.resume();
  }

  /** Drops the connection and reports nothing more. */
  terminate(): void {
    this.#finish();
    this.#ws.terminate();
  }

  /**
   * Closes with a close frame and resolves when the connection is gone; the timer of `after` drops it. Reports
   * nothing more.
   */
  close(after: (fire: () => void) => { cancel(): void }): Promise<void> {
    this.#finish();
    const ws = this.#ws;
    if (ws.readyState === WebSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => {
      const limit = after(() => ws.terminate());
      ws.once('close', () => {
        limit.cancel();
        resolve();
      });
      // A paused socket would never read the server's answer.
      if (ws.readyState === WebSocket.OPEN) ws.resume();
      if (ws.readyState === WebSocket.CONNECTING) ws.terminate();
      else ws.close(1000);
    });
  }
}
