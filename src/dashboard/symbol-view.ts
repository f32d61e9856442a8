/** What a page shows of one symbol, from its shard's memory. Only reads; any thread may call it. */
import {
  CANDLE,
  type LatencyBucket,
  type LongerCandles,
  type DashboardCandle,
  type RuleCondition,
  type SymbolView,
  type RuleView,
} from './state.js';
import { symbolState } from '../gates/symbol-state.js';
import { isPolled, type CandleWithQuality } from '../candles/candle.js';
import { istMinute, MINUTE_MS } from '../market/session.js';
import { minutesOf, type Timeframe } from '../market/timeframe.js';
import { priceScale } from '../market/instrument.js';
import { DEFAULT_PARAMS, decimals, ruleConditions } from '../momentum/rule.js';
import type { Evaluation } from '../momentum/series.js';
import {
  gapMsIn,
  readAsSealed,
  readOpenBar,
  readRow,
  type RowFigures,
  type RowPlace,
} from '../memory/shard-reader.js';
import { readFinalCandles, readLongerCandles } from '../candles/read-candles.js';
import { filledBuckets, histogramIn } from '../memory/histogram.js';
import { barLabelMs, isAuction, sealedLabelMs } from '../memory/bar-times.js';
import { SHARD, type ShardMemory } from '../memory/layout.js';

/** By minute, epoch ms. */
export type EvaluationsByMinute = ReadonlyMap<number, Pick<Evaluation, 'vwap' | 'hod'>>;

/** The row's candles from bar `from` on, open ones included, with the rule's figures. */
export function dashboardCandles(
  m: ShardMemory,
  place: RowPlace,
  evaluations: EvaluationsByMinute,
  from = 0,
): DashboardCandle[] {
  const sealedMs = sealedLabelMs(m, place.row, Atomics.load(m.i32, SHARD.sealed));
  return readFinalCandles(m, place, from).map((row) => {
    const { timestampMs } = row.candle;
    const rule = evaluations.get(timestampMs);
    return dashboardCandle(row, timestampMs > sealedMs && row.quality.source !== 'polled', rule);
  });
}

/** The row's candles of a longer timeframe that end with bar `from` or later, open ones included. */
export function longerDashboardCandles(
  m: ShardMemory,
  place: RowPlace,
  timeframe: Timeframe,
  from = 0,
): DashboardCandle[] {
  const sealedMs = sealedLabelMs(m, place.row, Atomics.load(m.i32, SHARD.sealed)) + MINUTE_MS;
  const lengthMs = minutesOf(timeframe) * MINUTE_MS;
  return readLongerCandles(m, place, timeframe, { from }).map((row) =>
    dashboardCandle(row, row.quality.partial && row.candle.timestampMs + lengthMs > sealedMs, undefined),
  );
}

/** All rows' candles of the timeframes but the first. */
export function longerCandles(
  { memories, places }: { readonly memories: readonly ShardMemory[]; readonly places: readonly RowPlace[] },
  timeframes: readonly Timeframe[],
): LongerCandles[] {
  return timeframes.slice(1).map((timeframe) => ({
    timeframe,
    candles: places.map((place) => longerDashboardCandles(memories[place.shard], place, timeframe)),
  }));
}

/** An open candle is partial only if a gap touches it. */
function dashboardCandle(
  { candle, quality }: CandleWithQuality,
  open: boolean,
  rule: Pick<Evaluation, 'vwap' | 'hod'> | undefined,
): DashboardCandle {
  const partial = open ? quality.gapMs > 0 : quality.partial;
  const flags =
    (partial ? CANDLE.partial : 0) |
    (quality.revision > 0 ? CANDLE.revised : 0) |
    (quality.source === 'auction' ? CANDLE.auction : 0) |
    (isPolled(quality) ? CANDLE.polled : 0) |
    (open ? CANDLE.open : 0) |
    (quality.repaired ? CANDLE.repaired : 0) |
    (quality.tail ? CANDLE.tail : 0);
  return [
    candle.timestampMs,
    candle.open,
    candle.high,
    candle.low,
    candle.close,
    candle.volume,
    flags,
    rule?.vwap ?? null,
    rule?.hod ?? null,
  ];
}

/** The same at a run's end, with the rule's figures of `before`: candles that a report's page has. */
export function candlesOfPage(m: ShardMemory, place: RowPlace, before: unknown): DashboardCandle[] {
  const known = Array.isArray(before) ? (before as DashboardCandle[]) : [];
  const evaluations = new Map<number, Pick<Evaluation, 'vwap' | 'hod'>>();
  for (const [minuteMs, , , , , , , vwap, hod] of known)
    if (hod !== null) evaluations.set(minuteMs, { vwap, hod });
  return dashboardCandles(m, place, evaluations);
}

/** The candle of the row's open bar; undefined without one. */
export function openDashboardCandle(
  m: ShardMemory,
  { instrument, row }: RowPlace,
): DashboardCandle | undefined {
  const open = readOpenBar(m, row);
  if (open === undefined) return undefined;
  const scale = priceScale(instrument.exchangeType);
  const { figures, bar } = open;
  const flags =
    CANDLE.open |
    (gapMsIn(m, row, bar) > 0 ? CANDLE.partial : 0) |
    (figures.revision > 0 ? CANDLE.revised : 0) |
    (isAuction(m, row, bar) ? CANDLE.auction : 0) |
    (figures.repaired ? CANDLE.repaired : 0) |
    (figures.tail ? CANDLE.tail : 0);
  return [
    barLabelMs(m, row, bar),
    figures.open / scale,
    figures.high / scale,
    figures.low / scale,
    figures.close / scale,
    figures.volume,
    flags,
    null,
    null,
  ];
}

export function rowFigures(
  m: ShardMemory,
  { instrument, row }: RowPlace,
): RowFigures & { readonly scale: number } {
  return { ...readRow(m, row), scale: priceScale(instrument.exchangeType) };
}

export function symbolView(
  figures: RowFigures & { readonly scale: number },
  rest: Pick<SymbolView, 'rate' | 'whole' | 'partial' | 'late'> & {
    readonly firstPrice: number | undefined;
    readonly marketMs: number | undefined;
    readonly inContinuous: boolean;
  },
): SymbolView {
  const { lastPrice, sessionOpen, ticks, lastTickMs, openInterest, scale } = figures;
  const { rate, whole, partial, late, firstPrice, marketMs, inContinuous } = rest;
  return {
    last: lastPrice === undefined ? null : lastPrice / scale,
    open: sessionOpen === undefined ? (firstPrice ?? null) : sessionOpen / scale,
    ticks,
    rate,
    lastTickMs: lastTickMs ?? null,
    state: symbolState(figures, marketMs, inContinuous),
    whole,
    partial,
    late,
    openInterest: openInterest ?? null,
  };
}

function conditions(close: number, { vwap, hod, relVol, volMa }: Evaluation): RuleCondition[] {
  const { aboveVwap, distancePct, nearHod, volumeSurge } = ruleConditions(
    { close, vwap, hod, relVol },
    DEFAULT_PARAMS,
  );
  const { hodProximityPct, volMultiplier, volMaWindow } = DEFAULT_PARAMS;
  return [
    {
      name: 'Close above VWAP',
      met: aboveVwap === true,
      value: `${decimals(close, 2)} against ${vwap === null ? 'none' : decimals(vwap, 2)}`,
    },
    {
      name: `Within ${hodProximityPct} % of the high of day`,
      met: nearHod,
      value: `${decimals(distancePct, 2)} % below ${decimals(hod, 2)}`,
    },
    {
      name: `Volume at least ${volMultiplier} times the mean of ${volMaWindow}`,
      met: volumeSurge === true,
      value:
        relVol === null
          ? `no mean (${volMa ?? 'none'})`
          : `${decimals(relVol, 2)} times ${decimals(volMa!, 1)}`,
    },
  ];
}

/** Undefined if the rule evaluated another candle than ours. */
function evaluatedClose(
  m: ShardMemory,
  { instrument, row }: RowPlace,
  { timestampMs, basis }: Evaluation,
): number | undefined {
  if (basis !== 'ours') return undefined;
  for (let bar = Math.min(Atomics.load(m.i32, SHARD.sealed), m.shape.bars - 1); bar >= 0; bar--) {
    if (!m.hasBar(row, bar) || barLabelMs(m, row, bar) !== timestampMs) continue;
    const first = readAsSealed(m, row, bar);
    return first === undefined ? undefined : first.close / priceScale(instrument.exchangeType);
  }
  return undefined;
}

/** The rule's evaluation of a minute. `signals`: the symbol's, so far. */
export function ruleView(m: ShardMemory, place: RowPlace, evaluation: Evaluation, signals: number): RuleView {
  const { timestampMs: minuteMs, basis, evaluated, insufficient } = evaluation;
  const close = evaluatedClose(m, place, evaluation);
  const why =
    basis === 'partial'
      ? `the candle of ${istMinute(minuteMs)} was not seen whole`
      : !evaluated
        ? (insufficient ?? null)
        : close === undefined
          ? `the rule used the history's candle of ${istMinute(minuteMs)}, ours was not seen whole`
          : null;
  return {
    minuteMs,
    why,
    conditions: close === undefined ? [] : conditions(close, evaluation),
    signal: evaluation.signals[0]?.reason ?? null,
    signals,
  };
}

/** Receive-to-applied latency of all shards. */
export function latencyBuckets(memories: readonly ShardMemory[]): LatencyBucket[] {
  return filledBuckets(memories.map((memory) => histogramIn(memory, 'histogram')));
}
