/**
 * What the rest of the program needs of a broker. Everything that knows one broker's protocol is in that broker's
 * folder and reaches the program as one value of type `Broker`, which `src/run/broker.ts` chooses.
 */
import type { Clock } from '../clock.js';
import type { CandleRow } from '../candles/candle.js';
import type { Instrument, Listing } from '../market/instrument.js';
import type { MODE, ModeName, Packet } from '../market/packet.js';
import type { Endpoint } from './endpoint.js';
import type { TickScanner } from './scanner.js';

export interface Broker {
  readonly codec: FrameCodec;
  readonly feed: FeedProtocol;
  readonly access: BrokerAccess;
  readonly candles: RestCandles;
  readonly instruments: InstrumentFile;
}

/**
 * Why bytes are not a packet. Whether a packet makes sense (exchange, token, price, time) is for the packet filter to
 * say.
 */
export type FrameRefusal = 'length' | 'mode';

/** Binary frames of the feed: one WebSocket message is one packet. */
export interface FrameCodec {
  /** Bytes of the shortest frame: bounds how many packets one read of the socket can hold. */
  readonly minFrameBytes: number;
  /**
   * Decodes a message into `packet` and returns nothing, or leaves `packet` unchanged and returns why not. Never
   * throws, allocates nothing.
   */
  decode(bytes: Uint8Array, packet: Packet): FrameRefusal | undefined;
  /** Whether the binary message of `length` bytes at `at` has the length that its mode demands. */
  looksLikePacket(bytes: Uint8Array, at: number, length: number): boolean;
  /** The packet as `tickshard decode` prints it, only the fields that its mode has. Allocates. */
  toJson(packet: Packet): Record<string, unknown>;
  /**
   * A scanner of frames of one mode, for the fast path; undefined where the broker has none for it. `answers`: by
   * instrument index, the number that the scanner writes as `RECORD.what`.
   */
  scannerFor(
    mode: number,
    instruments: readonly Instrument[],
    answers: ArrayLike<number>,
  ): TickScanner | undefined;
}

/** Identity of an instrument on the feed: tokens repeat across exchange types. */
export type TokenKey = Pick<Instrument, 'exchangeType' | 'token'>;

/** Modes that can be subscribed. */
export type SubscriptionMode = (typeof MODE)[ModeName];

/** One subscription, as the broker's quota counts them. */
export interface Subscription extends TokenKey {
  readonly mode: SubscriptionMode;
}

/** One message to send. */
export interface SubscriptionRequest {
  readonly correlationId: string;
  /** What the message asks for, so that an error reply can be put into names. */
  readonly tokens: readonly TokenKey[];
  /** To send as a text message. */
  readonly text: string;
}

export interface SubscribeOptions {
  readonly mode: SubscriptionMode;
  readonly tokens: Iterable<TokenKey>;
  /** Alphanumeric; the messages are identified by it followed by 0, 1, 2...; at most 10 characters together. */
  readonly correlationPrefix: string;
}

/** A text message of the feed. */
export type FeedText =
  | { readonly kind: 'pong' }
  | {
      readonly kind: 'error';
      /** Of the request that this answers; empty where the server names none. */
      readonly correlationId: string;
      /** The broker's code of the error. */
      readonly code: string;
      readonly message: string;
    }
  | { readonly kind: 'other' };

/** An HTTP answer to the handshake other than 101. */
export interface HandshakeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The beginning of the body; empty where `readsBody` did not ask for it. */
  readonly body: string;
}

/** What such an answer means. */
export interface HandshakeRefusal {
  readonly cause: 'unauthorized' | 'forbidden' | 'rate-limited' | 'server-error' | 'unexpected-answer';
  /** The server's own words; not sanitized. */
  readonly reason: string;
}

/** How much the broker allows. */
interface FeedQuota {
  /** Subscriptions that one socket may hold, counted per (token, mode). */
  readonly subscriptionsPerSocket: number;
  readonly tokensPerRequest: number;
  /** Sockets of one account at a time. */
  readonly sockets: number;
}

/** Clauses that sentences about the feed need; each is put into a sentence of `src/feed`. */
export interface FeedWords {
  /** What kind of server this is, as in "is this a ... server?". */
  readonly server: string;
  /** How many sockets are allowed. */
  readonly socketLimit: string;
  /** What identifies the account. */
  readonly account: string;
  /** What to look at when the tokens of a fresh log-in are refused. */
  readonly freshTokensRefused: string;
}

/** The WebSocket feed, as far as it is not binary frames. */
interface FeedProtocol {
  readonly quota: FeedQuota;
  readonly words: FeedWords;
  /** Text message that keeps the connection; the server answers with a text of kind `pong`. */
  readonly ping: string;
  /** Longer texts are `other`, in bytes. */
  readonly maxTextBytes: number;
  /** Headers of the handshake, which carry the session. */
  handshakeHeaders(session: BrokerSession): Record<string, string>;
  /** Whether a refusal with this status must be read to its body before it can be judged. */
  readsBody(status: number): boolean;
  judgeRefusal(answer: HandshakeAnswer): HandshakeRefusal;
  /** How much of the quota the subscriptions take. */
  subscriptionsUsed(subscriptions: Iterable<Subscription>): number;
  /** The messages that subscribe to tokens in one mode. Throws RangeError for what cannot be subscribed. */
  subscribeRequests(options: SubscribeOptions): SubscriptionRequest[];
  /** Classifies a text message; `clean` sees each string of an error reply whole, before it is cut. Never throws. */
  classifyText(bytes: Uint8Array, clean?: (text: string) => string): FeedText;
}

/** Credentials under names of the broker's own. Every value is a secret. */
export type Credentials = Readonly<Record<string, string>>;

/** What a log-in gives: one immutable set, replaced as a whole. The broker keeps its tokens in it. */
export interface BrokerSession {
  /** From then on a new log-in comes before a new connection; epoch ms by the wall clock. */
  readonly validUntilMs: number;
  /**
   * Ms by which this machine's clock is ahead of the server's `Date`, to about half a second; undefined when it sent
   * none.
   */
  readonly clockAheadMs: number | undefined;
  /** Everything of this log-in that must be redacted. */
  readonly secrets: readonly string[];
}

/** What can be said of credentials without sending them. Clauses; no value is repeated. */
export interface CredentialsLook {
  readonly present: string;
  /** What is said when there is no doubt. */
  readonly usable: string;
  /** Why the broker may refuse them, a sentence; undefined where nothing speaks against them. */
  readonly doubt: string | undefined;
}

/** The servers, and who we are to them. */
interface BrokerAccess {
  readonly liveEndpoint: Endpoint;
  /** Variable of the environment of each credential, by its name. */
  readonly variables: Readonly<Record<string, string>>;
  /** What each REST path is for, by path; requests to other paths have no known purpose. */
  readonly restPurposes: ReadonlyMap<string, 'log-in' | 'candles'>;
  /**
   * A server elsewhere that speaks this broker's protocol. `ca`: certificates (PEM) to trust. Throws EngineError
   * USAGE.
   */
  endpointAt(url: string, ca?: string): Endpoint;
  /** Throws EngineError CONFIG naming what is missing or cannot be sent. */
  readCredentials(environment: Readonly<Record<string, string | undefined>>): Credentials;
  lookAt(credentials: Credentials): CredentialsLook;
  /**
   * Logs in; `signal` ends it early. Throws EngineError LOGIN with one sentence: LoginRefused, LoginLimited, or
   * another where no answer came.
   */
  logIn(
    endpoint: Endpoint,
    credentials: Credentials,
    clock: Clock,
    signal: AbortSignal,
  ): Promise<BrokerSession>;
}

/** What of an instrument a request for its candles needs. */
export interface PolledInstrument {
  readonly symbol: string;
  readonly exchange: string;
  readonly token: string;
}

/** Asks for candles over REST, one request after another, no faster than the broker allows. */
export interface CandlePoller {
  /** Requests so far, refused ones too. */
  readonly requests: number;
  /** Rows of the last answer that could not be read and are left out, by symbol. */
  readonly unreadable: ReadonlyMap<string, number>;
  /**
   * The candles with a label from `fromMs` to `toMs`, both included (epoch ms, starts of minutes); ascending, as the
   * broker has them now. Throws CandlesRefused when it refuses this instrument, EngineError CANDLES when it cannot be
   * reached or limits for too long, or the signal came.
   */
  candles(instrument: PolledInstrument, fromMs: number, toMs: number): Promise<CandleRow[]>;
}

export interface CandlePollerOptions {
  readonly endpoint: Endpoint;
  readonly session: BrokerSession;
  readonly clock: Clock;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** Receives what is waited for, when it is more than a moment; sentences. */
  readonly say?: (sentence: string) => void;
}

interface RestCandles {
  /** Name of the request, for reports. */
  readonly requestName: string;
  /** Real ms between the beginnings of two requests. */
  readonly apartMs: number;
  poller(options: CandlePollerOptions): CandlePoller;
}

/** What the broker's instrument file says of the cash equities. */
export interface BrokerListings {
  /** By symbol. */
  readonly listings: ReadonlyMap<string, Listing>;
  /** Symbols whose rows contradict each other, and how, one clause. They have no listing. */
  readonly conflicts: ReadonlyMap<string, string>;
  /** Stocks with futures. */
  readonly derivatives: number;
  /**
   * Rows in the file; those that could not be read as a row; equities whose tick size could not, for which 0.05
   * rupees are taken.
   */
  readonly rows: number;
  readonly unreadable: number;
  readonly guessedTicks: number;
}

/** An instrument file of an earlier download. */
export interface CachedFile {
  readonly path: string;
  /** IST date on which it was downloaded, `YYYY-MM-DD`. */
  readonly date: string;
  /** Days between then and today. */
  readonly ageDays: number;
}

/** The broker's list of instruments: a file that is downloaded once a day and read from disk. */
interface InstrumentFile {
  readonly url: string;
  /** Folder of the downloaded files. */
  readonly cacheFolder: string;
  /** Checks an address to download from; the broker's own where none is given. Throws EngineError USAGE. */
  downloadUrl(text?: string): URL;
  /** Downloads the file of `date` (IST) into the folder. Throws EngineError CONNECT, INSTRUMENT or OUTPUT. */
  download(
    url: URL,
    date: string,
    options: { readonly ca: string | undefined; readonly clock: Clock },
  ): Promise<void>;
  /** The newest file that is not of a later date than `today` (IST); undefined without one. */
  newest(today: string): Promise<CachedFile | undefined>;
  /** Reads a file. Throws EngineError INSTRUMENT in one sentence. */
  read(path: string): Promise<BrokerListings>;
}
