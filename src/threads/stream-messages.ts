/** Messages between the main thread and the thread of `--stream`. */
import type { MessagePort } from 'node:worker_threads';
import type { SharedShard } from '../candles/shared-shards.js';
import type { Timeframe } from '../market/timeframe.js';

export interface StreamTask {
  readonly port: MessagePort;
  readonly shards: readonly SharedShard[];
  readonly timeframes: readonly Timeframe[];
  /** Memory of the run's notices. */
  readonly notices: SharedArrayBuffer;
  /** File descriptor to which the events are written. */
  readonly fd: number;
  readonly ledger: SharedArrayBuffer;
}

export type FromStream =
  /** Why the stream ended before the run, a sentence. */
  | { readonly kind: 'broken'; readonly sentence: string }
  /** Bytes that the reader has taken so far; sent while the main thread waits for the end. */
  | { readonly kind: 'taken'; readonly bytes: number };

/** Ask for `taken`. */
export interface ToStream {
  readonly kind: 'progress';
}
