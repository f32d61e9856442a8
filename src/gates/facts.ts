/** What a run knows of itself at one moment: the one input of the gates, the report and the terminal. Plain data, read-only. */
import type { JournalFigures } from '../journal/writer.js';
import type { VolumeKind } from '../candles/candle.js';
import type { ModeName } from '../market/packet.js';
import type { Evaluation } from '../momentum/series.js';
import type { CounterName } from '../memory/counters.js';
import type { RowFigures } from '../memory/shard-reader.js';
import type { LagFigures } from '../ingest/feed-lag.js';
import type { WrittenFile } from '../parquet/store.js';
import type { CountedConnection } from '../memory/io-ledger.js';

export interface SymbolFacts {
  readonly symbol: string;
  readonly token: string;
  readonly shard: number;
  /** Wire units in a rupee. */
  readonly priceScale: number;
  readonly figures: RowFigures;
  /** Real ms from subscribing to the first packet; undefined while there was none. */
  readonly answeredAfterMs: number | undefined;
  /** Sealed candles, seen whole. */
  readonly whole: number;
  /** Candles, sealed or still open, of minutes not seen whole. */
  readonly partial: number;
  readonly late: number;
  readonly revisions: number;
}

/** SHA-256 of what a run made of its frames, hex: equal hashes, equal rows, whatever the number of shards. */
export interface Hashes {
  readonly candles: string;
  readonly quality: string;
  /** Of the evaluations of candles as first sealed, and of the final ones. */
  readonly momentum: string;
}

/** A span of market time in which nothing could be seen, epoch ms. */
export interface Unseen {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How a connection ended. */
export interface Disconnect {
  readonly connection: number;
  readonly code: number | undefined;
  readonly reason: string;
  readonly cause: string;
  /** What happened and what to do, one sentence. */
  readonly sentence: string;
  readonly livedMs: number;
}

/** One that was noted. */
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
  readonly speed: number;
  readonly symbols: readonly SymbolFacts[];
  readonly counters: Readonly<Record<CounterName, number>>;
  readonly market: {
    /** Market time T, epoch ms; undefined before the first frame. */
    readonly timeMs: number | undefined;
    /** Whether trading is continuous at T. */
    readonly inContinuous: boolean;
    /** Minutes that passed since the feed opened, grace included: after two of them a whole one must be sealed. */
    readonly boundaries: number;
    /** The market clock was given with `--market-clock`: its distance from the exchange's is unknown. */
    readonly clockByHand: boolean;
    /** Why the session's hours are a guess; undefined when they are known. */
    readonly hoursUnknown: string | undefined;
  };
  readonly duration: {
    readonly askedMin: number;
    readonly ranMin: number;
    readonly settledMin: number;
  };
  readonly feed: {
    readonly connected: boolean;
    readonly connections: number;
    readonly disconnects: readonly NotedDisconnect[];
    /** Real ms since the first open, and how many of them without a connection. */
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
    /** What the final candles say otherwise; undefined before the end. */
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
    /** Undefined before the end. */
    readonly proven: number | undefined;
    readonly kept: number;
    readonly problems: readonly string[];
    readonly strayWrites: readonly string[];
    readonly workerStrayWrites: number;
    /** Undefined before the end. */
    readonly hashes: Hashes | undefined;
  };
  /** What was not seen between the first packet and the end. */
  readonly unseen: {
    readonly gaps: readonly Unseen[];
    /** Labels (epoch ms) of minutes with partial candles, ascending, and of how many symbols; none before the end. */
    readonly minutes: readonly { readonly minuteMs: number; readonly symbols: number }[];
  };
  /** Undefined with `--no-journal`. */
  readonly journal: JournalFigures | undefined;
  /** Undefined without `--history`; else how our schema differs, a sentence each. */
  readonly schema: readonly string[] | undefined;
  readonly historyGiven: boolean;
}

/** What became of the routed packets, summed over the symbols. */
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
  /** `log-in` until the first connection opened, but `warm-up` once earlier candles are polled; `run` until the feed was closed, then `after`. */
  readonly phase: Phase;
  /** Whether it is the log-in. */
  readonly logIn: boolean;
  /** Whether it asks for candles. */
  readonly candles: boolean;
}

export type Phase = 'log-in' | 'warm-up' | 'run' | 'after';

/** A connection of this thread with what it was for. */
export interface PurposedConnection extends CountedConnection {
  readonly purpose: 'log-in' | 'feed' | 'candles' | 'rest' | 'unknown';
}

export interface PerformanceFigures {
  /** CPU time of the whole process over real time since the feed opened, in percent of one core. */
  readonly cpuPercent: number;
  /** Greatest resident set seen, MiB. */
  readonly rssMb: number;
  readonly eventLoopDelayP99Ms: number;
  readonly receiveToAppliedUs: Percentiles;
  readonly receiveToSealedMs: Percentiles;
}

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
