/** Messages between a feed and its engine's thread. None holds a candle: these are read from memory. */
import type { SharedShard } from '../candles/shared-shards.js';
import type { ErrorCode } from '../errors.js';
import type { Timeframe } from '../market/timeframe.js';
import type { FeedSettings } from './feed-options.js';

export interface EngineTask {
  readonly settings: FeedSettings;
}

export type FromEngine =
  | {
      readonly kind: 'memory';
      readonly shards: readonly SharedShard[];
      readonly notices: SharedArrayBuffer;
      readonly timeframes: readonly Timeframe[];
    }
  /** The first connection is open. */
  | { readonly kind: 'open' }
  /** Nothing more is written; `failure` is why, if not for the run's end. */
  | { readonly kind: 'over'; readonly failure: EngineFailure | undefined };

export interface EngineFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
}

/** Ends the run in order. */
export interface ToEngine {
  readonly kind: 'stop';
}
