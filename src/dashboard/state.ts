/**
 * What a page shows of a run: the whole of it, and what changed since. The live page is sent these, the report has one frozen in, and
 * the program in the browser (`src/page`) knows nothing else. Plain data that survives JSON; prices are rupees, times epoch ms of the
 * market, and what is not known is null.
 */
import type { RunVerdict, Status } from '../gates/gate.js';
import type { SymbolState } from '../gates/symbol-state.js';
import { type RunEvent, EVENTS_KEPT } from '../monitor/event.js';
import type { TickRateCurve } from '../monitor/tick-rate.js';

/** Flags of a candle. */
export const CANDLE = {
  /** Not seen whole. */
  partial: 1,
  /** Corrected behind its seal. */
  revised: 2,
  /** The closing auction's print. */
  auction: 4,
  /** Not sealed yet. */
  open: 8,
  /** Its high or low is of a trade that no packet showed. */
  repaired: 16,
} as const;

/** Minute, open, high, low, close, volume, flags, VWAP and high of day as the rule saw them (null where it looked at none). */
export type DashboardCandle = readonly [
  minuteMs: number,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
  flags: number,
  vwap: number | null,
  hod: number | null,
];

/** What does not change while the run lasts. */
export interface DashboardRun {
  readonly version: string;
  /** Of what else it depends on, name and version. */
  readonly versions: readonly (readonly [name: string, version: string])[];
  readonly runId: string;
  readonly title: string;
  readonly mode: string;
  readonly volumeKind: 'tick' | 'traded';
  readonly feed: string;
  readonly seed: number | null;
  readonly speed: number;
  readonly startedAt: string;
  /** How the program was started, name and value. */
  readonly options: readonly (readonly [name: string, value: string])[];
  readonly symbols: readonly { readonly symbol: string; readonly token: string; readonly shard: number }[];
  readonly shards: number;
}

export interface DashboardPercentiles {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
}

/** What changes with every look. */
export interface DashboardStatus {
  /** Null before the first packet. */
  readonly marketMs: number | null;
  readonly verdict: RunVerdict | null;
  readonly endedAt: string | null;
  readonly askedMin: number;
  readonly ranMin: number;
  readonly ticks: number;
  readonly ticksPerSecond: number;
  readonly whole: number;
  readonly partial: number;
  /** Records that wait in each shard's ring, and how many it can hold; null where that is no more known. */
  readonly rings: readonly { readonly depth: number; readonly slots: number }[] | null;
  readonly appliedUs: DashboardPercentiles;
  readonly sealedMs: DashboardPercentiles;
  readonly lagMs: { readonly p50: number; readonly p99: number } | null;
  readonly loopP99Ms: number;
  readonly cpuPercent: number;
  readonly rssMb: number;
  /** What was received and not used, by reason. */
  readonly refused: readonly { readonly reason: string; readonly packets: number }[];
  readonly received: number;
  readonly gaps: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** Where the report of the run is, once it is written. */
  readonly report: string | null;
}

export interface DashboardGate {
  /** Not checked against the gates of this version: a report may be of another. */
  readonly id: string;
  readonly title: string;
  readonly status: Status;
  readonly observed: string;
  readonly expected: string;
  readonly remedy: string | null;
}

export interface SymbolView {
  readonly last: number | null;
  /** Price that the change is counted from: the day's open, or where no packet tells it the first of the run. */
  readonly open: number | null;
  readonly ticks: number;
  /** Ticks a second of real time of late; in a report, of market time over the run. */
  readonly rate: number;
  readonly lastTickMs: number | null;
  readonly state: SymbolState;
  readonly whole: number;
  readonly partial: number;
  readonly late: number;
}

/** One condition of the rule: what was looked at, against what, and whether it is met. */
export interface RuleCondition {
  readonly name: string;
  readonly met: boolean;
  readonly value: string;
}

/** What the rule said of a symbol's newest minute. */
export interface RuleView {
  readonly minuteMs: number;
  /** Why the rule could not be applied; null when it was. */
  readonly why: string | null;
  readonly conditions: readonly RuleCondition[];
  readonly signal: string | null;
  /** Signals of the symbol so far. */
  readonly signals: number;
}

/** Packets that took so many microseconds or less, and more than those of the bucket before. */
export type LatencyBucket = readonly [us: number, packets: number];

export interface DashboardState {
  readonly run: DashboardRun;
  readonly now: DashboardStatus;
  readonly gates: readonly DashboardGate[];
  /** By symbol, in the order of `run.symbols`; so are candles, trails and rules. */
  readonly rows: readonly SymbolView[];
  /** Ascending. */
  readonly candles: readonly (readonly DashboardCandle[])[];
  /** Prices of late, the oldest first. */
  readonly trails: readonly (readonly number[])[];
  readonly rules: readonly (RuleView | null)[];
  readonly events: readonly RunEvent[];
  readonly pace: TickRateCurve;
  readonly latency: readonly LatencyBucket[];
}

/** What changed since the picture, or the change, before it. Lists by symbol are pairs of its index and what is new. */
export interface DashboardChange {
  readonly now: DashboardStatus;
  readonly gates: readonly DashboardGate[];
  readonly rows: readonly (readonly [symbol: number, row: SymbolView])[];
  /** Candles that are new or other than before. */
  readonly candles: readonly (readonly [symbol: number, candles: readonly DashboardCandle[]])[];
  /** One price more for every symbol, or none. */
  readonly trail: readonly (number | null)[];
  readonly rules: readonly (readonly [symbol: number, rule: RuleView])[];
  readonly events: readonly RunEvent[];
  /** Whole, where it changed: it is short. */
  readonly pace: DashboardState['pace'] | null;
  readonly latency: readonly LatencyBucket[] | null;
}

/** Prices of a trail. */
export const TRAIL_LENGTH = 60;

/** Two ascending lists of candles as one; of a minute that both have, the new one. */
export function withCandles(
  known: readonly DashboardCandle[],
  news: readonly DashboardCandle[],
): DashboardCandle[] {
  const byMinute = new Map(known.map((candle) => [candle[0], candle]));
  for (const candle of news) byMinute.set(candle[0], candle);
  return [...byMinute.values()].sort((a, b) => a[0] - b[0]);
}

/** Events in order of their ids, the newest that are kept; one that went on takes its own place. */
export function withEvents(known: readonly RunEvent[], news: readonly RunEvent[]): readonly RunEvent[] {
  if (news.length === 0) return known;
  const byId = new Map(known.map((event) => [event.id, event]));
  for (const event of news) byId.set(event.id, event);
  return [...byId.values()].sort((a, b) => a.id - b.id).slice(-EVENTS_KEPT);
}
