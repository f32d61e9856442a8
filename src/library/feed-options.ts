/// <reference lib="esnext.disposable" preserve="true" />
/** The public types of `openFeed`. */
import type { CandleEvent } from '../candles/events.js';
import type { Timeframe } from '../market/timeframe.js';

/** Of the broker's account. Kept in memory only. */
export interface AngelCredentials {
  readonly apiKey: string;
  readonly clientCode: string;
  readonly pin: string;
  /** The secret of the time-based codes, base32. */
  readonly totpSecret: string;
}

/** Market time: `at`, Indian time or epoch ms, when the feed is opened; from then on `speed` times as fast as ours. */
export interface MarketClock {
  readonly at: string | number;
  readonly speed: number;
  /** When it was `at`, ms of this machine's monotonic clock; default: when the feed is opened. */
  readonly atMonoMs?: number | undefined;
}

export interface AngelOptions {
  /** Another server of this protocol: `ws://127.0.0.1:PORT`, or `wss://`. Default: the broker. */
  readonly url?: string | undefined;
  /** Path of certificates (PEM) to trust in place of the public ones; with `url`. */
  readonly ca?: string | undefined;
  /** Of a server whose market is not now. With `url`. */
  readonly marketClock?: MarketClock | undefined;
}

export interface SimulatedOptions {
  /** Of the market. Default 1. */
  readonly seed?: number | undefined;
  /** Market seconds a second, or `max` (default): from event to event, as fast as the machine works. */
  readonly speed?: number | 'max' | undefined;
  /** Indian time at which the market starts, `2026-11-23T11:00`. */
  readonly at?: string | undefined;
  /** How the simulated feed behaves, as `--habit`: `rate=4` (docs/habits.md). */
  readonly habits?: readonly string[] | undefined;
  /** As `--fault`: `drop:at=60` (docs/faults.md). */
  readonly faults?: readonly string[] | undefined;
  /** True trades that one instrument plays in place of the random walk (docs/tapes.md). */
  readonly tape?: { readonly instrument: string; readonly path: string } | undefined;
}

/** Made by `angel` and `simulated`. */
export type BrokerChoice =
  | ({ readonly kind: 'angel'; readonly credentials: AngelCredentials } & AngelOptions)
  | ({ readonly kind: 'simulated' } & SimulatedOptions);

export interface FeedSettings {
  readonly broker: BrokerChoice;
  /** `NSE:RELIANCE` or `RELIANCE`. */
  readonly instruments: readonly string[];
  /** Default `snapquote`: traded volume and the minute of each trade. `ltp` has a number of ticks as volume. */
  readonly mode?: 'ltp' | 'quote' | 'snapquote' | undefined;
  /** Lengths of candles. Default `['1m']`, which is always among them. */
  readonly timeframes?: readonly Timeframe[] | undefined;
  /** Market minutes. Default: until the close. */
  readonly minutes?: number | undefined;
  /** Wait for the market to open, if it is shut. Default false: FeedError `MARKET_SHUT`. */
  readonly waitOpen?: boolean | undefined;
  /** Seconds of market time between a minute and its seal, 0 to 30. Default 3. */
  readonly graceS?: number | undefined;
  /** Threads that build candles. Default: cores - 1. */
  readonly shards?: number | undefined;
  /** The broker's instrument file, for symbols that are not in the NIFTY 50. */
  readonly instrumentFile?: string | undefined;
}

export interface FeedOptions extends FeedSettings {
  /** Must be true for the broker's own servers: candles of this feed are not proven yet (docs/gates.md). */
  readonly testMode?: boolean | undefined;
  /** Ends the feed in order. */
  readonly signal?: AbortSignal | undefined;
}

/** Each type of event with its members. */
export type EventOfType<Type extends CandleEvent['type']> = Extract<CandleEvent, { readonly type: Type }>;

/**
 * A run's events. Each loop over it, and all listeners together, get every event from the run's begin. A consumer that
 * is slow costs no memory and misses no candle; of several revisions of a minute it may see only the last.
 */
export interface Feed extends AsyncIterable<CandleEvent> {
  /** Calls `listener` with each event of this type from the begin. What it throws ends the feed: see `closed`. */
  on<Type extends CandleEvent['type']>(type: Type, listener: (event: EventOfType<Type>) => void): this;
  off<Type extends CandleEvent['type']>(type: Type, listener: (event: EventOfType<Type>) => void): this;
  /** Settles when the feed has ended; rejects with the FeedError that ended it. */
  readonly closed: Promise<void>;
  /** Ends the feed in order: loops get what is left, the `end` last. May be called again. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
