/** A run at one moment: the only input of gates, report and terminal. Read-only plain data. */
import type { JournalFigures } from '../journal/writer.js';
import type { VolumeKind } from '../candles/candle.js';
import type { ModeName } from '../market/packet.js';
import type { Evaluation } from '../momentum/series.js';
import type { CounterName } from '../memory/counters.js';
import type { RowFigures } from '../memory/shard-reader.js';
import type { LagFigures } from '../ingest/feed-lag.js';
import type { PublishFigures } from '../publish/figures.js';
import type { WrittenFile } from '../parquet/store.js';
import type { CountedConnection } from '../memory/io-ledger.js';

export interface SymbolFacts {
  /** The instrument's name (src/market/instrument.ts). */
  readonly symbol: string;
  readonly token: string;
  readonly shard: number;
  /** Wire units per rupee. */
  readonly priceScale: number;
  readonly figures: RowFigures;
  /** Real ms from subscribing to the first packet; undefined before it. */
  readonly answeredAfterMs: number | undefined;
  /** Sealed, of minutes seen whole. */
  readonly whole: number;
  /** Sealed or still open, of minutes not seen whole. */
  readonly partial: number;
  readonly late: number;
  readonly revisions: number;
  /** True if its own trading is continuous at the market's time. */
  readonly inContinuous: boolean;
  /** Minute boundaries of its session since the feed opened, as those of the market. */
  readonly boundaries: number;
  /** False before its session's first minute. */
  readonly opened: boolean;
}

/** SHA-256, hex. Equal frames give equal hashes for any number of shards. */
export interface Hashes {
  readonly candles: string;
  readonly quality: string;
  /** Of candles and quality of all longer timeframes; undefined without one. */
  readonly longer: string | undefined;
  /** Of the evaluations of candles as first sealed and as final. */
  readonly momentum: string;
  /** Of the candles that a back-fill polled; the others are of what the run saw itself. */
  readonly polled: string;
}

/** What became of the minutes that gaps touched. A minute counts once for each symbol. */
export interface BackFillFigures {
  /** That were to be polled. */
  readonly minutes: number;
  readonly polled: number;
  /** No two answers agreed. */
  readonly disagreed: number;
  /** The broker refuses the symbol. */
  readonly refused: number;
  /** The broker has no candle of it: nothing was traded. */
  readonly absent: number;
  /** Not asked for to the end: interrupted, the broker not reached, or the journal did not take it. */
  readonly left: number;
  readonly requests: number;
  /** Sentences. */
  readonly notes: readonly string[];
}

/** Market time without a feed, epoch ms. */
interface UnseenSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How a connection, or an attempt at one, ended. */
export interface Disconnect {
  readonly connection: number;
  readonly code: number | undefined;
  readonly reason: string;
  readonly cause: string;
  /** What happened and what to do. */
  readonly sentence: string;
  readonly livedMs: number;
}

export interface NotedDisconnect extends Disconnect {
  /** Market time, epoch ms. */
  readonly atMs: number;
}

export interface Facts {
  readonly finished: boolean;
  readonly interrupted: boolean;
  readonly stage: 1 | 2;
  readonly mode: ModeName;
  readonly volumeKind: VolumeKind;
  /** 1 in stepped time. */
  readonly speed: number;
  /** Time stood still while the program worked (`--speed max`). */
  readonly stepped: boolean;
  readonly symbols: readonly SymbolFacts[];
  readonly counters: Readonly<Record<CounterName, number>>;
  readonly market: {
    /** The watermark, epoch ms of market time; undefined before the first frame. */
    readonly timeMs: number | undefined;
    /** True if trading is continuous at `timeMs`. */
    readonly inContinuous: boolean;
    /** Minute boundaries since the feed opened, grace included; after two a whole minute must be sealed. */
    readonly boundaries: number;
    /** True with `--market-clock`: the clock's offset from the exchange's is unknown. */
    readonly clockByHand: boolean;
    /** Why the session's hours are a guess; undefined if known. */
    readonly hoursUnknown: string | undefined;
  };
  readonly duration: {
    /** Market minutes. */
    readonly askedMin: number;
    readonly ranMin: number;
    /** A shorter run proves little. */
    readonly recommendedMin: number;
  };
  readonly feed: {
    readonly connected: boolean;
    readonly connections: number;
    readonly disconnects: readonly NotedDisconnect[];
    /** Real ms since the first open, and those of them without a connection. */
    readonly openForMs: number;
    readonly disconnectedMs: number;
    /** Real ms since the first subscription; undefined before. */
    readonly subscribedForMs: number | undefined;
    readonly answerMs: number;
    readonly errors: readonly { readonly code: string; readonly message: string }[];
  };
  readonly lag: LagFigures | undefined;
  readonly performance: PerformanceFigures;
  readonly momentum: {
    readonly evaluations: readonly Evaluation[];
    readonly failures: readonly string[];
    /** Where the final candles give another evaluation; undefined before the end. */
    readonly differences: readonly string[] | undefined;
    readonly notes: readonly string[];
  };
  readonly network: {
    readonly connections: readonly PurposedConnection[];
    readonly restCalls: readonly RestCall[];
    readonly handshakes: number;
    readonly workerConnections: number;
  };
  readonly output: {
    readonly outDir: string;
    readonly files: readonly WrittenFile[];
    /** Rows read back that equal what was sealed; undefined before the end. */
    readonly proven: number | undefined;
    /** Better minutes of an earlier run. */
    readonly kept: number;
    /** Sinks whose last write failed. */
    readonly refusing: number;
    readonly problems: readonly string[];
    readonly strayWrites: readonly string[];
    readonly workerStrayWrites: number;
    /** Undefined before the end. */
    readonly hashes: Hashes | undefined;
  };
  /** Missed between the first packet and the end. */
  readonly unseen: {
    readonly gaps: readonly UnseenSpan[];
    /** Minutes (epoch ms, ascending) with partial candles, and the number of symbols; empty before the end. */
    readonly minutes: readonly { readonly minuteMs: number; readonly symbols: number }[];
  };
  /** What `--back-fill` did after the run; undefined without it, and before the end. */
  readonly backFill: BackFillFigures | undefined;
  /** Undefined with `--no-journal`. */
  readonly journal: JournalFigures | undefined;
  /** Undefined without `--publish`. */
  readonly published: PublishFigures | undefined;
  /** How our schema differs from the history's, a sentence each; undefined with nothing to compare. */
  readonly schema: readonly string[] | undefined;
  readonly historyGiven: boolean;
}

/** Routed packets by what they were applied as, summed over the symbols. */
export function applied(facts: Facts): {
  tick: number;
  seed: number;
  noTrade: number;
  duplicate: number;
  outOfSession: number;
  poison: number;
  total: number;
} {
  const sum = (pick: (figures: RowFigures) => number): number =>
    facts.symbols.reduce((total, { figures }) => total + pick(figures), 0);
  const classes = {
    tick: sum((f) => f.ticks),
    seed: sum((f) => f.snapshots),
    noTrade: sum((f) => f.noTrade),
    duplicate: sum((f) => f.duplicates),
    outOfSession: sum((f) => f.outOfSession),
    poison: facts.counters.poison,
  };
  return { ...classes, total: Object.values(classes).reduce((a, b) => a + b, 0) };
}

export interface RestCall {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly phase: Phase;
  readonly logIn: boolean;
  /** True if it asks for candles. */
  readonly candles: boolean;
}

/**
 * `log-in` until the first connection opens, `warm-up` while earlier candles are polled before that, `run` until the
 * feed is closed, then `after`.
 */
export type Phase = 'log-in' | 'warm-up' | 'run' | 'after' | 'back-fill';

/** A connection of the main thread. */
export interface PurposedConnection extends CountedConnection {
  readonly purpose: 'log-in' | 'feed' | 'candles' | 'rest' | 'unknown';
}

export interface PerformanceFigures {
  /** CPU time of the whole process over real time since the feed opened, percent of one core. */
  readonly cpuPercent: number;
  /** Largest resident set sampled, MiB. */
  readonly rssMb: number;
  readonly eventLoopDelayP99Ms: number;
  /** Longest time for which the main thread stood still, real ms. */
  readonly longestStallMs: number;
  readonly receiveToAppliedUs: Percentiles;
  readonly receiveToSealedMs: Percentiles;
}

/** Undefined before the first measurement. */
export interface Percentiles {
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly p999: number | undefined;
}

/** Sums over the symbols. */
export function tally(facts: Facts): { candles: number; ticks: number; ticking: number } {
  return {
    candles: facts.symbols.reduce((sum, { whole, partial }) => sum + whole + partial, 0),
    ticks: facts.symbols.reduce((sum, { figures }) => sum + figures.ticks, 0),
    ticking: facts.symbols.filter(({ figures }) => figures.ticks > 0).length,
  };
}
