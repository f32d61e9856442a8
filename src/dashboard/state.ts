/**
 * All that a page knows of a run: its state, and changes of it. The live page receives these, a report embeds one
 * state; `src/page` reads nothing else. Plain data that survives JSON: prices in rupees, times in epoch ms of the
 * market, null for what is unknown.
 */
import type { RunVerdict, Status } from '../gates/gate.js';
import type { SymbolState } from '../gates/symbol-state.js';
import { type RunEvent, MAX_EVENTS } from '../monitor/event.js';
import type { TickRateCurve } from '../monitor/tick-rate.js';

export const CANDLE = {
  /** A gap touches the minute. */
  partial: 1,
  /** Corrected after its seal. */
  revised: 2,
  /** The closing auction's price. */
  auction: 4,
  /** Not sealed yet. */
  open: 8,
  /** Its high or low is of a trade that no packet showed, known by the day's own high or low. */
  repaired: 16,
  /** A packet stamped after the end of trading changed it. */
  tail: 32,
  /** The broker's candle of a minute that a gap touched. */
  polled: 64,
} as const;

/**
 * A tuple, to keep a day of fifty symbols short. VWAP and high of day are of the rule's evaluation, null without one.
 */
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

/** Constant during the run. */
export interface DashboardRun {
  readonly version: string;
  /** Of Node, the system and the packages. */
  readonly versions: readonly (readonly [name: string, version: string])[];
  readonly runId: string;
  readonly title: string;
  readonly mode: string;
  readonly volumeKind: 'tick' | 'traded';
  readonly feed: string;
  readonly seed: number | null;
  readonly speed: number | 'max';
  readonly startedAt: string;
  /** How the program was started. */
  readonly options: readonly (readonly [name: string, value: string])[];
  readonly symbols: readonly { readonly symbol: string; readonly token: string; readonly shard: number }[];
  readonly shards: number;
}

export interface DashboardPercentiles {
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
}

/** Replaced at every update. */
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
  /** Records that wait in each shard's ring, and its capacity; null in a report. */
  readonly rings: readonly { readonly depth: number; readonly slots: number }[] | null;
  readonly appliedUs: DashboardPercentiles;
  readonly sealedMs: DashboardPercentiles;
  readonly lagMs: { readonly p50: number; readonly p99: number } | null;
  readonly loopP99Ms: number;
  readonly cpuPercent: number;
  readonly rssMb: number;
  /** Received and not used. */
  readonly refused: readonly { readonly reason: string; readonly packets: number }[];
  readonly received: number;
  readonly gaps: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** Path of the report's page, once written. */
  readonly report: string | null;
}

export interface DashboardGate {
  /** Not checked against this version's gates: a report may be of another. */
  readonly id: string;
  readonly title: string;
  readonly status: Status;
  readonly observed: string;
  readonly expected: string;
  readonly remedy: string | null;
}

export interface SymbolView {
  readonly last: number | null;
  /** Base of the change: the day's open, or in LTP mode, which carries none, the run's first price. */
  readonly open: number | null;
  readonly ticks: number;
  /** Ticks a second: of real time over the last seconds; in a report, of market time over the run. */
  readonly rate: number;
  readonly lastTickMs: number | null;
  readonly state: SymbolState;
  readonly whole: number;
  readonly partial: number;
  readonly late: number;
  /** As SnapQuote told it last. */
  readonly openInterest: number | null;
}

/** `value` says what was compared. */
export interface RuleCondition {
  readonly name: string;
  readonly met: boolean;
  readonly value: string;
}

/** The rule's evaluation of a symbol's newest minute. */
export interface RuleView {
  readonly minuteMs: number;
  /** Why the rule was not applied; null when it was. */
  readonly why: string | null;
  readonly conditions: readonly RuleCondition[];
  readonly signal: string | null;
  /** So far. */
  readonly signals: number;
}

/** Packets that took at most `us` microseconds, and longer than the previous bucket's. */
export type LatencyBucket = readonly [us: number, packets: number];

/** All symbols' candles of a longer timeframe. */
export interface LongerCandles {
  readonly timeframe: string;
  /** In the order of `run.symbols`; ascending. VWAP and high of day are null. */
  readonly candles: readonly (readonly DashboardCandle[])[];
}

export interface DashboardState {
  readonly run: DashboardRun;
  readonly now: DashboardStatus;
  readonly gates: readonly DashboardGate[];
  /** In the order of `run.symbols`; so are candles, trails and rules. */
  readonly rows: readonly SymbolView[];
  /** Ascending. */
  readonly candles: readonly (readonly DashboardCandle[])[];
  /** From the shortest. */
  readonly longer: readonly LongerCandles[];
  /** Last prices, a second apart, oldest first; at most TRAIL_LENGTH. */
  readonly trails: readonly (readonly number[])[];
  readonly rules: readonly (RuleView | null)[];
  readonly events: readonly RunEvent[];
  readonly tickRate: TickRateCurve;
  readonly latency: readonly LatencyBucket[];
}

/** Changes since the previous state or change. Lists by symbol are pairs of its index and new value. */
export interface DashboardChange {
  readonly now: DashboardStatus;
  readonly gates: readonly DashboardGate[];
  readonly rows: readonly (readonly [symbol: number, row: SymbolView])[];
  /** New or different ones. */
  readonly candles: readonly (readonly [symbol: number, candles: readonly DashboardCandle[]])[];
  /** `at`: the timeframe's place in `longer` of the state. */
  readonly longer: readonly (readonly [symbol: number, at: number, candles: readonly DashboardCandle[]])[];
  /** One more price for every symbol, or empty. */
  readonly trail: readonly (number | null)[];
  readonly rules: readonly (readonly [symbol: number, rule: RuleView])[];
  readonly events: readonly RunEvent[];
  /** Whole if it changed: it is short. */
  readonly tickRate: DashboardState['tickRate'] | null;
  readonly latency: readonly LatencyBucket[] | null;
}

/** Prices in a trail. */
export const TRAIL_LENGTH = 60;

/** Merges two ascending lists; for a minute in both, the new candle wins. */
export function withCandles(
  known: readonly DashboardCandle[],
  news: readonly DashboardCandle[],
): DashboardCandle[] {
  const byMinute = new Map(known.map((candle) => [candle[0], candle]));
  for (const candle of news) byMinute.set(candle[0], candle);
  return [...byMinute.values()].sort((a, b) => a[0] - b[0]);
}

/** Merges events by id, in order; keeps the newest MAX_EVENTS. */
export function withEvents(known: readonly RunEvent[], news: readonly RunEvent[]): readonly RunEvent[] {
  if (news.length === 0) return known;
  const byId = new Map(known.map((event) => [event.id, event]));
  for (const event of news) byId.set(event.id, event);
  return [...byId.values()].sort((a, b) => a.id - b.id).slice(-MAX_EVENTS);
}
