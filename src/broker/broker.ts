/**
 * What the program needs of a broker. A broker's protocol is known in its own folder only, which gives one `Broker`;
 * `src/run/broker.ts` chooses it.
 */
import type { Clock } from '../clock.js';
import type { CandleRow } from '../candles/candle.js';
import type { Instrument, Listing } from '../market/instrument.js';
import type { MODE, ModeName, Packet } from '../market/packet.js';
import type { TradingSession } from '../market/session.js';
import type { Timeframe } from '../market/timeframe.js';
import type { Endpoint } from './endpoint.js';
import type { TickScanner } from './scanner.js';

export interface Broker {
  readonly codec: FrameCodec;
  readonly feed: FeedProtocol;
  readonly access: BrokerAccess;
  readonly candles: RestCandles;
  readonly instruments: InstrumentFile;
}

/** Why bytes are not a packet. The packet filter judges exchange, token, price and time. */
export type FrameRefusal = 'length' | 'mode';

/** Binary frames of the feed: one WebSocket message is one packet. */
export interface FrameCodec {
  /** Of the shortest frame: bounds how many packets one read of the socket can hold. */
  readonly minFrameBytes: number;
  /**
   * Decodes a message into `packet`, or leaves `packet` unchanged and returns why. Never throws, allocates nothing.
   */
  decode(bytes: Uint8Array, packet: Packet): FrameRefusal | undefined;
  /** The frame of a packet. Throws RangeError for an unknown mode. Allocates. */
  encode(packet: Packet): Uint8Array;
  /** True if the binary message of `length` bytes at `at` has its mode's length. */
  looksLikePacket(bytes: Uint8Array, at: number, length: number): boolean;
  /** The packet as `tickshard decode` prints it, the fields of its mode. Allocates. */
  toJson(packet: Packet): Record<string, unknown>;
  /** The fast path's scanner for one mode, if the broker has one. `answers`: `RECORD.what` by instrument index. */
  scannerFor(
    mode: SubscriptionMode,
    instruments: readonly Instrument[],
    answers: ArrayLike<number>,
  ): TickScanner | undefined;
}

/** Identity on the feed: tokens repeat across exchange types. */
export type TokenKey = Pick<Instrument, 'exchangeType' | 'token'>;

export type SubscriptionMode = (typeof MODE)[ModeName];

/** Unit of the broker's quota. */
export interface Subscription extends TokenKey {
  readonly mode: SubscriptionMode;
}

export interface SubscriptionRequest {
  readonly correlationId: string;
  /** What it asks for, to name it when an error reply comes. */
  readonly tokens: readonly TokenKey[];
  readonly text: string;
}

export interface SubscribeOptions {
  readonly mode: SubscriptionMode;
  readonly tokens: Iterable<TokenKey>;
  /** Alphanumeric; a message's identifier is it and 0, 1, 2...: at most 10 characters together. */
  readonly correlationPrefix: string;
}

/** A text message of the feed. */
export type FeedText =
  | { readonly kind: 'pong' }
  | {
      readonly kind: 'error';
      /** Of the request; empty where the server names none. */
      readonly correlationId: string;
      readonly code: string;
      readonly message: string;
    }
  | { readonly kind: 'other' };

/** An HTTP answer to the handshake other than 101. */
export interface HandshakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Its beginning; empty where `readsBody` did not ask for it. */
  readonly body: string;
}

export interface HandshakeRefusal {
  readonly cause: 'unauthorized' | 'forbidden' | 'rate-limited' | 'server-error' | 'unexpected-answer';
  /** The server's words, not sanitized. */
  readonly reason: string;
}

interface FeedQuota {
  /** Counted per (token, mode). */
  readonly subscriptionsPerSocket: number;
  readonly tokensPerRequest: number;
  /** Of one account at a time. */
  readonly sockets: number;
}

/** Clauses for the sentences of `src/feed`. */
export interface FeedWords {
  /** As in "is this a ... server?". */
  readonly server: string;
  readonly socketLimit: string;
  readonly account: string;
  /** What to check when the feed refuses the tokens of a fresh log-in. */
  readonly freshTokensRefused: string;
}

/** The WebSocket feed without its binary frames. */
interface FeedProtocol {
  readonly quota: FeedQuota;
  readonly words: FeedWords;
  /** Text that keeps the connection; the server answers with a text of kind `pong`. */
  readonly ping: string;
  /** Bytes; longer texts are `other`. */
  readonly maxTextBytes: number;
  /** They carry the session. */
  handshakeHeaders(session: BrokerSession): Record<string, string>;
  /** True if a refusal of this status cannot be judged without its body. */
  readsBody(status: number): boolean;
  judgeRefusal(answer: HandshakeAnswer): HandshakeRefusal;
  subscriptionsUsed(subscriptions: Iterable<Subscription>): number;
  /** Throws RangeError for what cannot be subscribed. */
  subscribeRequests(options: SubscribeOptions): SubscriptionRequest[];
  /** `clean` sees each string of an error reply whole, before it is cut. Never throws. */
  classifyText(bytes: Uint8Array, clean?: (text: string) => string): FeedText;
}

/** By the broker's own names. Every value is a secret. */
export type Credentials = Readonly<Record<string, string>>;

/** What a log-in gives, with the broker's tokens: immutable, replaced as a whole. */
export interface BrokerSession {
  /** Afterwards a new log-in comes before a new connection; epoch ms, wall clock. */
  readonly validUntilMs: number;
  /**
   * Ms by which this machine's clock is ahead of the server's `Date`, to about half a second; undefined without a
   * `Date`.
   */
  readonly clockAheadMs: number | undefined;
  /** All that must be redacted. */
  readonly secrets: readonly string[];
}

/** What credentials look like before they are sent. Clauses that repeat no value. */
export interface CredentialsLook {
  readonly present: string;
  /** Said when there is no doubt. */
  readonly usable: string;
  /** Why the broker may refuse them, a sentence; undefined without a reason. */
  readonly doubt: string | undefined;
}

/** The servers, and who we are to them. */
interface BrokerAccess {
  readonly liveEndpoint: Endpoint;
  /** Environment variable of each credential, by its name. */
  readonly variables: Readonly<Record<string, string>>;
  /** Purpose of each REST path; other paths have no known purpose. */
  readonly restPurposes: ReadonlyMap<string, 'log-in' | 'candles'>;
  /** Another server of this protocol. `ca`: certificates (PEM) to trust. Throws EngineError USAGE. */
  endpointAt(url: string, ca?: string): Endpoint;
  /** Throws EngineError CONFIG naming what is missing or cannot be sent. */
  readCredentials(environment: Readonly<Record<string, string | undefined>>): Credentials;
  lookAt(credentials: Credentials): CredentialsLook;
  /**
   * `signal` ends it early. Throws EngineError LOGIN with one sentence: LoginRefused, LoginLimited, or another
   * without an answer.
   */
  logIn(
    endpoint: Endpoint,
    credentials: Credentials,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<BrokerSession>;
}

/** What a request for candles needs of an instrument. */
export interface PolledInstrument {
  readonly symbol: string;
  readonly exchange: string;
  readonly token: string;
}

/** Candles of another timeframe than minutes, and the hours that they are counted from. */
export interface PolledTimeframe {
  readonly name: Timeframe;
  /** An instrument's hours on a date (IST, `YYYY-MM-DD`); undefined without trading. */
  readonly sessionOf: (instrument: PolledInstrument, date: string) => TradingSession | undefined;
}

/** Asks for candles over REST, one request at a time, no faster than the broker allows. */
export interface CandlePoller {
  /** Refused ones too. */
  readonly requests: number;
  /** Unreadable rows of the last answer, left out; by symbol. */
  readonly unreadable: ReadonlyMap<string, number>;
  /**
   * The candles that begin from `fromMs` to `toMs`, both included (epoch ms, starts of minutes); ascending. A day's
   * begins with its session, whatever the broker's label. Throws CandlesRefused for this instrument; EngineError
   * CANDLES when the broker cannot be reached or limits for too long, or on the signal.
   */
  candles(instrument: PolledInstrument, fromMs: number, toMs: number): Promise<CandleRow[]>;
}

export interface CandlePollerOptions {
  readonly endpoint: Endpoint;
  readonly session: BrokerSession;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Receives a sentence before a long wait. */
  readonly say?: (sentence: string) => void;
  /** Default: minutes. */
  readonly timeframe?: PolledTimeframe | undefined;
}

interface RestCandles {
  /** For reports. */
  readonly requestName: string;
  /** Real ms from one request's beginning to the next. */
  readonly apartMs: number;
  poller(options: CandlePollerOptions): CandlePoller;
}

/** What the broker's instrument file says. */
export interface BrokerListings {
  /** Cash equities of NSE, by symbol. */
  readonly listings: ReadonlyMap<string, Listing>;
  /** Indices, and all else of the exchanges asked for, by `EXCHANGE:SYMBOL`. */
  readonly others: ReadonlyMap<string, Listing>;
  /** How rows of a symbol contradict each other, one clause. Such symbols of NSE have no listing. */
  readonly conflicts: ReadonlyMap<string, string>;
  /** Stocks with futures. */
  readonly derivatives: number;
  /**
   * Rows in the file; rows that could not be read; equities without a readable tick size, for which 0.05 rupees are
   * taken.
   */
  readonly rows: number;
  readonly unreadable: number;
  readonly guessedTicks: number;
}

export interface CachedFile {
  readonly path: string;
  /** Of the download, IST, `YYYY-MM-DD`. */
  readonly date: string;
  readonly ageDays: number;
}

/** The broker's list of instruments, downloaded once a day. */
interface InstrumentFile {
  readonly url: string;
  readonly cacheFolder: string;
  /** Checks an address; the broker's own by default. Throws EngineError USAGE. */
  downloadUrl(text?: string): URL;
  /** `date`: IST. Throws EngineError CONNECT, INSTRUMENT or OUTPUT. */
  download(
    url: URL,
    date: string,
    options: { readonly ca: string | undefined; readonly clock: Clock },
  ): Promise<void>;
  /** The newest file up to `today` (IST), if any. */
  newest(today: string): Promise<CachedFile | undefined>;
  /**
   * `exchanges`: those of whose instruments more is wanted than cash equities of NSE and indices. Throws EngineError
   * INSTRUMENT in one sentence.
   */
  read(path: string, exchanges: ReadonlySet<string>): Promise<BrokerListings>;
  /** The file's text, as `read` reads it from disk. `name`: for sentences. */
  parse(text: string, name: string, exchanges: ReadonlySet<string>): Promise<BrokerListings>;
}
