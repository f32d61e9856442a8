/** One client's connection to the simulated feed: heart-beat, subscriptions with their quota, and what is sent (PROTOCOL.md 3 and 4). */
import type { WebSocket } from 'ws';
import type { Clock } from '../clock.js';
import { EXCHANGE } from '../market/instrument.js';
import { MODE } from '../market/packet.js';
import { QUOTA, type SubscriptionMode } from '../wire/requests.js';

/** A client that does not read is dropped rather than waited for. Bytes. */
const MOST_UNREAD = 8 * 1024 * 1024;
/** Without a heart-beat of either kind for so long the client is gone: two of the documented thirty seconds. Real ms. */
const HEARTBEAT_WITHIN_MS = 60_000;
const MODES: readonly number[] = [MODE.ltp, MODE.quote, MODE.snapquote];

/** A subscription as the quota counts it. */
export interface Wanted {
  readonly exchangeType: number;
  readonly token: string;
  readonly mode: SubscriptionMode;
}

interface Request {
  readonly action: 0 | 1;
  readonly mode: SubscriptionMode;
  readonly tokens: readonly Wanted[];
}

/** Whole numbers as they are, and as digits in a string: a moderator's own sample sends them so. */
function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) ? number : undefined;
}

/** The request in a text, its correlation identifier, and whether it can be understood. */
function parse(text: string): { readonly correlationId: string; readonly request: Request | undefined } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { correlationId: '', request: undefined }; // Not JSON: answered with E1001 like any other payload that makes no sense.
  }
  if (typeof value !== 'object' || value === null) return { correlationId: '', request: undefined };
  const { correlationID, action, params } = value as Record<string, unknown>;
  const correlationId = typeof correlationID === 'string' ? correlationID : '';
  if ((action !== 0 && action !== 1) || typeof params !== 'object' || params === null) return { correlationId, request: undefined };
  const { mode, tokenList } = params as Record<string, unknown>;
  if (typeof mode !== 'number' || !MODES.includes(mode) || !Array.isArray(tokenList)) return { correlationId, request: undefined };
  const tokens: Wanted[] = [];
  for (const entry of tokenList as unknown[]) {
    if (typeof entry !== 'object' || entry === null) return { correlationId, request: undefined };
    const { exchangeType, tokens: list } = entry as Record<string, unknown>;
    const exchange = wholeNumber(exchangeType);
    if (exchange === undefined || !Array.isArray(list) || !list.every((token) => typeof token === 'string')) return { correlationId, request: undefined };
    // An exchange that does not exist is answered with silence, and costs nothing.
    if (EXCHANGE[exchange] === undefined) continue;
    for (const token of list) tokens.push({ exchangeType: exchange, token, mode: mode as SubscriptionMode });
  }
  return { correlationId, request: { action, mode: mode as SubscriptionMode, tokens } };
}

const keyOf = ({ exchangeType, token, mode }: Wanted): string => `${mode} ${exchangeType} ${token}`;

export interface FeedSessionHandlers {
  /** New subscriptions; each is to be answered with its cached packet. */
  subscribed(session: FeedSession, wanted: readonly Wanted[]): void;
  unsubscribed(session: FeedSession, wanted: readonly Wanted[]): void;
  ended(session: FeedSession): void;
}

export class FeedSession {
  readonly clientCode: string;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #handlers: FeedSessionHandlers;
  readonly #wanted = new Map<string, Wanted>();
  #beatMs: number;

  constructor(options: { socket: WebSocket; clientCode: string; clock: Clock; handlers: FeedSessionHandlers }) {
    this.clientCode = options.clientCode;
    this.#socket = options.socket;
    this.#clock = options.clock;
    this.#handlers = options.handlers;
    this.#beatMs = options.clock.monoMs();
    const socket = options.socket;
    socket.on('ping', () => this.#beat());
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) this.#text(data.toString('utf8'));
    });
    // A client that vanishes resets its connection; `close` follows and is what counts.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#handlers.ended(this));
  }

  /** How much of the quota is used. */
  get subscriptions(): number {
    return this.#wanted.size;
  }

  /** Everything that is subscribed. */
  get wanted(): readonly Wanted[] {
    return [...this.#wanted.values()];
  }

  /** Sends one packet as one message. */
  send(frame: Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MOST_UNREAD) this.#socket.terminate();
    else this.#socket.send(frame);
  }

  /** Drops the client when its heart-beat is overdue. */
  checkHeartbeat(): void {
    if (this.#clock.monoMs() - this.#beatMs > HEARTBEAT_WITHIN_MS) this.#socket.terminate();
  }

  close(): void {
    this.#socket.close(1001);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #beat(): void {
    this.#beatMs = this.#clock.monoMs();
  }

  #text(text: string): void {
    if (text === 'ping') {
      this.#beat();
      this.#socket.send('pong');
      return;
    }
    const { correlationId, request } = parse(text);
    if (request === undefined) this.#error(correlationId, 'E1001', 'Invalid Request Payload.');
    else if (request.action === 1) this.#subscribe(correlationId, request.tokens);
    else this.#unsubscribe(request.tokens);
  }

  #subscribe(correlationId: string, tokens: readonly Wanted[]): void {
    const fresh = new Map(tokens.filter((wanted) => !this.#wanted.has(keyOf(wanted))).map((wanted) => [keyOf(wanted), wanted]));
    // Whether the surplus alone or all is refused is not known; refusing all leaves no doubt about what holds (PROTOCOL.md 4).
    if (this.#wanted.size + fresh.size > QUOTA) {
      this.#error(correlationId, 'E1002', 'Invalid Request. Subscription Limit Exceeded');
      return;
    }
    for (const [key, wanted] of fresh) this.#wanted.set(key, wanted);
    this.#handlers.subscribed(this, [...fresh.values()]);
  }

  #unsubscribe(tokens: readonly Wanted[]): void {
    const gone = tokens.filter((wanted) => this.#wanted.delete(keyOf(wanted)));
    this.#handlers.unsubscribed(this, gone);
  }

  #error(correlationID: string, errorCode: string, errorMessage: string): void {
    this.#socket.send(JSON.stringify({ correlationID, errorCode, errorMessage }));
  }
}
