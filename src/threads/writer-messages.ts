import '../memory/io-ledger.js';
import { type FileIdentity } from '../candles/candle.js';
import { type WarmUpCandles } from '../candles/warm-up-candles.js';
import { type RowPlace } from '../memory/shard-reader.js';
import { type ShardShape } from '../memory/layout.js';
import { type Evaluation } from '../momentum/series.js';
import { type WrittenFile } from '../parquet/sink.js';

/** What the thread is made with. */
export interface WriterSetup {
  readonly shards: readonly {
    readonly shape: ShardShape;
    readonly buffer: SharedArrayBuffer;
    readonly places: readonly RowPlace[];
  }[];
  readonly outDir: string;
  readonly identity: FileIdentity;
  readonly historyDir: string | undefined;
  readonly marketDateMs: number;
  /** Used where no history file is. */
  readonly given: WarmUpCandles | undefined;
  readonly ledger: SharedArrayBuffer;
}

export type WriterTask =
  /** Loads what is needed and reads the history, before anything is connected. */
  | { readonly kind: 'prepare' }
  /** Writes the shard's sealed candles; with `includeOpen` also those that the end of the run left open. */
  | { readonly kind: 'write'; readonly shard: number; readonly includeOpen: boolean }
  /** Applies the rule to the candles first sealed in the bars `from`..`through`. */
  | { readonly kind: 'evaluate'; readonly shard: number; readonly from: number; readonly through: number }
  /** Reads every file back and evaluates everything again on the final candles. */
  | { readonly kind: 'conclude' };

export interface PrepareAnswer {
  readonly kind: 'prepare';
  /** Undefined when all is well; else why the run must not begin. */
  readonly refusal: { readonly code: 'HISTORY'; readonly sentence: string } | undefined;
  readonly notes: readonly string[];
  /** SHA-256 of the history rows that are used, by symbol. */
  readonly historyRows: Readonly<Record<string, string>>;
}

export interface WriteAnswer {
  readonly kind: 'write';
  readonly files: readonly WrittenFile[];
  /** Of symbols that could not be written, a sentence each. */
  readonly failures: readonly string[];
}

export interface EvaluateAnswer {
  readonly kind: 'evaluate';
  readonly evaluations: readonly Evaluation[];
}

export interface ConcludeAnswer {
  readonly kind: 'conclude';
  /** What did not read back as it was sealed, a sentence each. */
  readonly unproven: readonly string[];
  /** Candles read back as they were sealed. */
  readonly proven: number;
  /** Minutes in which a better row of an earlier run stayed. */
  readonly kept: number;
  /** Where our schema differs from the existing files'; undefined without `--history`. */
  readonly schema: readonly string[] | undefined;
  readonly evaluations: readonly Evaluation[];
  /** Holes in the series, and what of the history was not used, a sentence each. */
  readonly notes: readonly string[];
  /** SHA-256 of the run's rows, whatever files they are in: equal hashes, equal rows. */
  readonly hashes: { readonly candles: string; readonly quality: string };
}
