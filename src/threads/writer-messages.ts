/** Messages between the main thread and the writer's. None holds a candle. */
import type { MessagePort } from 'node:worker_threads';
import type { FileIdentity } from '../candles/candle.js';
import type { SharedShard } from '../candles/shared-shards.js';
import type { SinkModule } from '../candles/sink.js';
import type { WarmUpCandles } from '../candles/warm-up-candles.js';
import type { Evaluation } from '../momentum/series.js';
import type { Timeframe } from '../market/timeframe.js';
import type { MinuteRange } from '../parquet/merge.js';
import type { LockToken } from '../parquet/out-lock.js';
import type { ReserveToken } from '../parquet/reserve.js';
import type { WrittenFile } from '../parquet/store.js';

export interface WriterSetup {
  readonly outDir: string;
  /** Held by the main thread; undefined if nothing else can write to `outDir`. */
  readonly lock?: LockToken | undefined;
  /** Room in `outDir` that is kept for candles; undefined if none is. */
  readonly reserve?: ReserveToken | undefined;
  /** Minutes of which the run's killed process saw more than this one. */
  readonly seenBetter?: MinuteRange | undefined;
  readonly identity: FileIdentity;
  /** Of the candles, from the shortest. */
  readonly timeframes: readonly Timeframe[];
  /** Undefined without `--history`. */
  readonly historyDir: string | undefined;
  /** Any instant of the market's date, epoch ms. */
  readonly marketDateMs: number;
  /** Earlier candles that no file holds. */
  readonly given: WarmUpCandles | undefined;
  readonly ledger: SharedArrayBuffer;
  /** In addition to the Parquet files. */
  readonly sinks?: readonly SinkModule[] | undefined;
}

export interface WriterTask extends WriterSetup {
  readonly port: MessagePort;
  readonly shards: readonly SharedShard[];
  /** By shard, the last bar whose evaluations the main thread has; -1 before the first. */
  readonly evaluated: readonly number[];
}

/** The main thread's requests, one at a time; a message of the same kind answers each but `follow`. */
export type ToWriter =
  /** Loads what is needed and reads the history, before connecting. */
  | { readonly kind: 'prepare' }
  /** From now on writes and evaluates at each change; `onRequest`: only with `settle`, except for other sinks. */
  | { readonly kind: 'follow'; readonly onRequest: boolean }
  /** Writes and evaluates what is due now. */
  | { readonly kind: 'settle' }
  /** After END in all shards: writes and evaluates the rest, open minutes included, and proves all. */
  | { readonly kind: 'finish' };

export interface PrepareAnswer {
  readonly kind: 'prepare';
  /** Why the run must not begin; undefined when all is well. */
  readonly refusal: { readonly code: 'HISTORY'; readonly sentence: string } | undefined;
  readonly notes: readonly string[];
  /** SHA-256 of the used history rows, by name. */
  readonly historyRows: Readonly<Record<string, string>>;
}

export interface ConcludeAnswer {
  /** What did not read back as sealed, a sentence each. */
  readonly unproven: readonly string[];
  /** Candles read back as sealed. */
  readonly proven: number;
  /** Minutes in which a better row of an earlier run stayed. */
  readonly kept: number;
  /** Differences of our schema from existing files'; undefined without `--history`. */
  readonly schema: readonly string[] | undefined;
  /** Of the final candles. */
  readonly evaluations: readonly Evaluation[];
  /** Holes in the series, and unused history, a sentence each. */
  readonly notes: readonly string[];
  /**
   * SHA-256 of the run's rows, in whatever files: equal hashes, equal rows. All but `polled` as seen. `longer`: candles
   * and quality of all longer timeframes; undefined without one.
   */
  readonly hashes: {
    readonly candles: string;
    readonly quality: string;
    readonly longer: string | undefined;
    readonly polled: string;
  };
}

export interface FinishAnswer {
  readonly kind: 'finish';
  /** What no sink could store, a sentence each. */
  readonly unwritten: readonly string[];
  readonly conclusion: ConcludeAnswer;
}

export type FromWriter =
  | PrepareAnswer
  | FinishAnswer
  | { readonly kind: 'settle' }
  /** A fault of the program. */
  | { readonly kind: 'fault'; readonly error: unknown }
  | { readonly kind: 'written'; readonly files: readonly WrittenFile[] }
  /** `failures` are sentences; `sink` is undefined for the Parquet files. */
  | { readonly kind: 'fed'; readonly sink: string | undefined; readonly failures: readonly string[] }
  /** The rule ran on candles as first sealed, in the bars after the last message's up to `through`. */
  | {
      readonly kind: 'evaluated';
      readonly shard: number;
      readonly through: number;
      readonly evaluations: readonly Evaluation[];
      /** Why bars up to `through` were left out, a sentence. */
      readonly failure: string | undefined;
    };
