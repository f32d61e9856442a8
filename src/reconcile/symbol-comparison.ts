/** Compares one symbol's candles with the reference's. Pure. */
import type { VolumeKind } from '../candles/candle.js';
import { istDate } from '../market/session.js';
import { noCauses, type CauseCounts } from './causes.js';
import { dayRanges, fieldDifference, tickSizeOf, type FieldDifference } from './field-difference.js';
import { FIELDS, PRICES, type Agreement, type CandleField } from './fields.js';
import { idleRows } from './idle.js';
import { align, type AbsentMinutes, type Coverage, type MatchedMinute, type OurCandle } from './minutes.js';

/** One symbol's candles, ascending, one a minute. */
export interface Side {
  readonly candles: readonly OurCandle[];
  readonly volumeKind: VolumeKind;
}

export interface SymbolPair {
  readonly symbol: string;
  readonly exchange: string;
  readonly tickSizeRupees: number | undefined;
  readonly ours: Side;
  /** Undefined when it does not have the symbol. */
  readonly reference: Side | undefined;
}

/** A compared minute that is not exactly equal. */
export interface Difference {
  readonly symbol: string;
  readonly exchange: string;
  /** Our label, epoch ms. */
  readonly startMs: number;
  /** Epoch ms; it differs for some closing auctions. */
  readonly referenceMs: number;
  readonly fields: readonly FieldDifference[];
}

export interface SymbolComparison {
  readonly symbol: string;
  readonly exchange: string;
  readonly tickSizeRupees: number;
  /** False for the default tick size. */
  readonly tickSizeKnown: boolean;
  readonly referenceFound: boolean;
  /** True only when both sides have traded quantities. */
  readonly volumeCompared: boolean;
  /** Minutes whole on both sides, in all and by IST date. */
  readonly compared: number;
  readonly comparedOn: ReadonlyMap<string, number>;
  readonly fields: Readonly<Record<CandleField, Readonly<Record<Agreement, number>>>>;
  /** Minutes partial on either side, and how many are exactly equal. */
  readonly partial: { readonly minutes: number; readonly exact: number };
  readonly missing: AbsentMinutes;
  readonly unseen: AbsentMinutes;
  /** Minutes in which nothing traded: absent on a side, and none of its missing candles. */
  readonly idle: AbsentMinutes;
  readonly outside: number;
  readonly relabelled: number;
  /** Fields that are not exactly equal, and missing minutes. */
  readonly causes: CauseCounts;
  /** Fields of whole minutes that are different, by cause, for the verdict. Without missing minutes. */
  readonly judged: CauseCounts;
  /** Closing auctions with another price: the one figure of an auction that sources agree on. */
  readonly otherPrints: number;
}

/** One symbol's sums over matched minutes. */
class MinuteTally {
  readonly fields = Object.fromEntries(
    FIELDS.map((field) => [field, { exact: 0, withinTick: 0, different: 0 }]),
  ) as Record<CandleField, Record<Agreement, number>>;
  readonly partial: { minutes: number; exact: number };
  readonly causes = noCauses();
  readonly judged = noCauses();
  readonly comparedOn = new Map<string, number>();
  compared = 0;
  otherPrints = 0;

  constructor(unmatchedPartial: number, missing: AbsentMinutes) {
    this.partial = { minutes: unmatchedPartial, exact: 0 };
    this.causes.oursMissing = missing.ours.length;
    this.causes.referenceMissing = missing.reference.length;
  }

  /** A partial minute's differences have causes, and are not judged. */
  addPartial(found: readonly FieldDifference[]): void {
    for (const { cause } of found) this.causes[cause]++;
    this.partial.minutes++;
    if (found.length === 0) this.partial.exact++;
  }

  /** For a minute whole on both sides. */
  addWhole(startMs: number, compared: readonly CandleField[], found: readonly FieldDifference[]): void {
    this.compared++;
    const date = istDate(startMs);
    this.comparedOn.set(date, (this.comparedOn.get(date) ?? 0) + 1);
    for (const { agreement, cause, field } of found) {
      this.causes[cause]++;
      if (agreement !== 'different') continue;
      this.judged[cause]++;
      if (cause === 'auction' && field === 'close') this.otherPrints++;
    }
    for (const field of compared)
      this.fields[field][found.find((one) => one.field === field)?.agreement ?? 'exact']++;
  }
}

/** Returns the symbol's figures, and its whole minutes that are not exactly equal. */
export function compareSymbol(
  pair: SymbolPair,
  coverage: Coverage,
): { readonly result: SymbolComparison; readonly differences: Difference[] } {
  const { symbol, exchange, ours, reference } = pair;
  const tick = tickSizeOf(pair.tickSizeRupees);
  const volumeCompared =
    reference !== undefined && ours.volumeKind === 'traded' && reference.volumeKind === 'traded';
  const fields = volumeCompared ? FIELDS : PRICES;
  const referenceCandles = reference?.candles ?? [];
  const idleOnes = new Set(
    [ours, ...(reference === undefined ? [] : [reference])].flatMap(({ candles, volumeKind }) => [
      ...idleRows(candles, volumeKind),
    ]),
  );
  const { matches, unmatchedPartial, missing, unseen, idle, outside, relabelled } = align(
    ours.candles,
    referenceCandles,
    coverage,
    idleOnes,
  );
  const ranges = dayRanges(ours.candles, referenceCandles);
  const found = (match: MatchedMinute): FieldDifference[] =>
    fields.flatMap((field) => fieldDifference(field, match, tick.units, ranges.get(match.reference)!) ?? []);
  const tally = new MinuteTally(unmatchedPartial.length, missing);
  const differences: Difference[] = [];
  for (const match of matches) {
    const unequal = found(match);
    if (match.ours.partial || match.reference.partial) {
      tally.addPartial(unequal);
      continue;
    }
    const startMs = match.ours.candle.timestampMs;
    tally.addWhole(startMs, fields, unequal);
    const referenceMs = match.reference.candle.timestampMs;
    if (unequal.length > 0) differences.push({ symbol, exchange, startMs, referenceMs, fields: unequal });
  }
  const { compared, comparedOn, partial, causes, judged, otherPrints } = tally;
  const result: SymbolComparison = {
    symbol,
    exchange,
    tickSizeRupees: tick.rupees,
    tickSizeKnown: tick.known,
    referenceFound: reference !== undefined,
    volumeCompared,
    compared,
    comparedOn,
    fields: tally.fields,
    partial,
    missing,
    unseen,
    idle,
    outside,
    relabelled,
    causes,
    judged,
    otherPrints,
  };
  return { result, differences };
}

/** Of each minute whole on both sides: prices, and volume where both have traded quantities. */
export function valuesCompared(symbols: readonly SymbolComparison[]): number {
  return symbols.reduce(
    (sum, { compared, volumeCompared }) => sum + compared * (volumeCompared ? FIELDS.length : PRICES.length),
    0,
  );
}
