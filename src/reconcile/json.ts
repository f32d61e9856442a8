/** A comparison as JSON: keys in a fixed order, lists bounded and with totals. Pure. */
import { istStamp } from '../market/session.js';
import { causesOf } from './causes.js';
import { FIELDS } from './fields.js';
import { valuesCompared } from './symbol-comparison.js';
import type { Comparison } from './comparison.js';
import type { Difference, SymbolComparison } from './symbol-comparison.js';
import { distinct, rulesOf } from './origin.js';
import type { Origin } from './origin.js';
import type { ComparisonContext } from './present.js';
import { explained, unexplained, type ComparisonJudgement } from './verdict.js';

/** Maximum listed differing minutes, and missing ones. */
const LISTED = 1000;

const originJson = (origin: Origin): object => ({
  folder: origin.folder,
  files: origin.files.length,
  feeds: distinct(origin, 'feed'),
  modes: distinct(origin, 'mode'),
  volumeKinds: distinct(origin, 'volumeKind'),
  rules: rulesOf(origin)[0] ?? null,
});

function symbolJson(symbol: SymbolComparison): object {
  const { missing, unseen, idle } = symbol;
  return {
    symbol: symbol.symbol,
    exchange: symbol.exchange,
    tickSizeRupees: symbol.tickSizeRupees,
    tickSizeKnown: symbol.tickSizeKnown,
    referenceFound: symbol.referenceFound,
    volumeCompared: symbol.volumeCompared,
    compared: symbol.compared,
    comparedOn: Object.fromEntries(symbol.comparedOn),
    ...Object.fromEntries(FIELDS.map((field) => [field, symbol.fields[field]])),
    missingOurs: missing.ours.length,
    missingReference: missing.reference.length,
    partial: symbol.partial.minutes,
    partialExact: symbol.partial.exact,
    polled: symbol.polled,
    unseenOurs: unseen.ours.length,
    unseenReference: unseen.reference.length,
    idleOurs: idle.ours.length,
    idleReference: idle.reference.length,
    outside: symbol.outside,
    relabelled: symbol.relabelled,
    causes: symbol.causes,
    unexplained: symbol.judged.unexplained,
    otherPrints: symbol.otherPrints,
  };
}

function differenceJson({ symbol, exchange, startMs, referenceMs, fields }: Difference): object {
  return {
    symbol,
    exchange,
    timestamp: istStamp(startMs),
    timestampMs: startMs,
    referenceTimestampMs: referenceMs,
    fields: fields.map(({ field, agreement, ours, reference, cause, distance }) => ({
      field,
      agreement,
      cause,
      ours,
      reference,
      // JSON has no infinity: a distance from 0 is left out.
      ...(field === 'volume' ? {} : { ticks: Math.round(distance * 10_000) / 10_000 }),
    })),
  };
}

/** `differences`: minutes that are not exactly equal, the worst first. */
export function comparisonJson(
  { timeframe, spans, symbols, differences, excesses }: Comparison,
  { verdict, reasons }: ComparisonJudgement,
  { ours, reference, notes, unexplainedPercent, comparedWallMs }: ComparisonContext,
): object {
  const missing = symbols.flatMap((one) =>
    (['ours', 'reference'] as const).flatMap((side) =>
      one.missing[side].map((ms) => ({
        symbol: one.symbol,
        exchange: one.exchange,
        from: side,
        timestamp: istStamp(ms),
        timestampMs: ms,
      })),
    ),
  );
  return {
    kind: 'comparison',
    comparedAt: istStamp(comparedWallMs),
    timeframe,
    verdict,
    reasons,
    ours: originJson(ours),
    reference: originJson(reference),
    spans: spans.map(({ date, firstMs, lastMs }) => ({
      date,
      first: istStamp(firstMs),
      last: istStamp(lastMs),
      firstMs,
      lastMs,
    })),
    symbols: symbols.map(symbolJson),
    causes: causesOf(symbols),
    values: {
      compared: valuesCompared(symbols),
      explained: explained(symbols),
      unexplained: unexplained(symbols),
      unexplainedPercentAllowed: unexplainedPercent,
    },
    excesses,
    differences: { total: differences.length, listed: differences.slice(0, LISTED).map(differenceJson) },
    missing: { total: missing.length, listed: missing.slice(0, LISTED) },
    notes,
  };
}
