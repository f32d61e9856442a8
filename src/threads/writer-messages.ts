/** Messages between the main thread and the writer's thread. No candle is among them. */
import type { MessagePort } from 'node:worker_threads';
import type { FileIdentity } from '../candles/candle.js';
import type { SinkModule } from '../candles/sink.js';
import type { WarmUpCandles } from '../candles/warm-up-candles.js';
import type { RowPlace } from '../memory/shard-reader.js';
import type { ShardShape } from '../memory/layout.js';
import type { Evaluation } from '../momentum/series.js';
import type { WrittenFile } from '../parquet/store.js';

/** What the writer is made for. */
export interface WriterSetup {
  readonly outDir: string;
  readonly identity: FileIdentity;
  /** Folder of earlier candles; undefined without `--history`. */
  readonly historyDir: string | undefined;
  /** Any instant of the market's date, epoch ms. */
  readonly marketDateMs: number;
  /** Earlier candles that no file holds. */
  readonly given: WarmUpCandles | undefined;
  readonly ledger: SharedArrayBuffer;
  /** Sinks that get the candles in addition to the Parquet files. */
  readonly sinks?: readonly SinkModule[] | undefined;
}

/** What the thread's task is given. */
export interface WriterTask extends WriterSetup {
  readonly port: MessagePort;
  readonly shards: readonly {
    readonly shape: ShardShape;
    readonly buffer: SharedArrayBuffer;
    readonly places: readonly RowPlace[];
  }[];
  /** By shard, the last bar of which the main thread has the evaluations; -1 before the first. */
  readonly evaluated: readonly number[];
}

/**
 * Requests of the main thread, one at a time; each is answered by the message of the same kind. `follow` is not
 * answered.
 */
export type ToWriter =
  /** Loads what is needed and reads the history, before anything is connected. */
  | { readonly kind: 'prepare' }
  /** From now on writes and evaluates whenever a shard signals a change. */
  | { readonly kind: 'follow' }
  /** Writes and evaluates what is due now. */
  | { readonly kind: 'settle' }
  /** After the shards have applied END: writes and evaluates the rest, open minutes included, and proves it all. */
  | { readonly kind: 'finish' };

export interface PrepareAnswer {
  readonly kind: 'prepare';
  /** Undefined when all is well; else why the run must not begin. */
  readonly refusal: { readonly code: 'HISTORY'; readonly sentence: string } | undefined;
  readonly notes: readonly string[];
  /** SHA-256 of the history rows that are used, by symbol. */
  readonly historyRows: Readonly<Record<string, string>>;
}

export interface ConcludeAnswer {
  /** What did not read back as it was sealed, a sentence each. */
  readonly unproven: readonly string[];
  /** Candles read back as they were sealed. */
  readonly proven: number;
  /** Minutes in which a better row of an earlier run stayed. */
  readonly kept: number;
  /** Where our schema differs from the existing files'; undefined without `--history`. */
  readonly schema: readonly string[] | undefined;
  /** Of the final candles. */
  readonly evaluations: readonly Evaluation[];
  /** Holes in the series, and what of the history was not used, a sentence each. */
  readonly notes: readonly string[];
  /** SHA-256 of the run's rows, whatever files they are in: equal hashes, equal rows. */
  readonly hashes: { readonly candles: string; readonly quality: string };
}

export interface FinishAnswer {
  readonly kind: 'finish';
  /** What no sink could store in the end, a sentence each. */
  readonly unwritten: readonly string[];
  readonly conclusion: ConcludeAnswer;
}

export type FromWriter =
  | PrepareAnswer
  | FinishAnswer
  | { readonly kind: 'settle' }
  /** A request failed by a fault of the program. */
  | { readonly kind: 'fault'; readonly error: unknown }
  | { readonly kind: 'written'; readonly files: readonly WrittenFile[] }
  /** A sink was fed; `failures` are sentences. `sink` is undefined for the Parquet files. */
  | { readonly kind: 'fed'; readonly sink: string | undefined; readonly failures: readonly string[] }
  /** The rule was applied to the candles as first sealed, in the bars after the last message's up to `through`. */
  | {
      readonly kind: 'evaluated';
      readonly shard: number;
      readonly through: number;
      readonly evaluations: readonly Evaluation[];
      /** Why bars up to `through` were left out, a sentence. */
      readonly failure: string | undefined;
    };
