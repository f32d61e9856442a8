/**
 * Candles of ours against candles of a reference: for each symbol and field exact, within one tick, or different. Pure.
 *
 * Prices are compared as integers of 1e-4 rupee, so that a decimal column, a double and the sum of two roundings say the same. One tick
 * of tolerance is for prices alone: a broker may round, but there is no rounding in a count.
 */
import type { VolumeKind } from '../candles/candle.js';
import { istDate } from '../market/session.js';
import { causeOf, noCauses, type Cause, type CauseCounts, type DayRange } from './causes.js';
import { align, spansOf, watchedBy } from './minutes.js';
import type { Absent, Match, OurCandle, Span, Watch } from './minutes.js';

export const PRICES = ['open', 'high', 'low', 'close'] as const;
export const FIELDS = [...PRICES, 'volume'] as const;
export type CandleField = (typeof FIELDS)[number];
export type Agreement = 'exact' | 'withinTick' | 'different';
export type Tally = Readonly<Record<Agreement, number>>;

/** Compared prices have this unit. */
export const UNITS_IN_RUPEE = 10_000;
/** Assumed for a symbol whose tick size is not known, and said. */
const USUAL_TICK_RUPEES = 0.05;

/** One side's candles of a symbol, ascending, one a minute. */
export interface Side {
  readonly candles: readonly OurCandle[];
  readonly volumeKind: VolumeKind;
}

/** What is to be compared. */
export interface Pair {
  readonly symbol: string;
  readonly exchange: string;
  readonly tickSizeRupees: number | undefined;
  readonly ours: Side;
  /** Undefined when the reference knows nothing of the symbol. */
  readonly reference: Side | undefined;
}

/** A field in which the sides are not exactly equal, as it was in the files. */
export interface FieldDifference {
  readonly field: CandleField;
  readonly agreement: Exclude<Agreement, 'exact'>;
  readonly ours: number;
  readonly reference: number;
  readonly cause: Cause;
  /** How far apart: ticks for a price, a share of the reference for volume (Infinity when that is 0). */
  readonly distance: number;
}

/** A compared minute that is not exactly equal. */
export interface Difference {
  readonly symbol: string;
  readonly exchange: string;
  /** Our label, epoch ms. */
  readonly startMs: number;
  /** The reference's label; another one for some closing auctions. */
  readonly referenceMs: number;
  readonly fields: readonly FieldDifference[];
}

export interface SymbolComparison {
  readonly symbol: string;
  readonly exchange: string;
  readonly tickSizeRupees: number;
  /** Whether the tick size is the symbol's own and no assumption. */
  readonly tickSizeKnown: boolean;
  readonly referenceFound: boolean;
  /** Both volumes are traded quantities; else nothing was compared there. */
  readonly volumeCompared: boolean;
  /** Minutes that are whole on both sides, and the same by IST date. */
  readonly compared: number;
  readonly comparedOn: ReadonlyMap<string, number>;
  readonly fields: Readonly<Record<CandleField, Tally>>;
  /** Minutes partial on either side, and how many of them are exact all the same. */
  readonly partial: { readonly minutes: number; readonly exact: number };
  readonly missing: Absent;
  readonly unseen: Absent;
  readonly outside: number;
  readonly relabelled: number;
  /** Differences by their cause: fields that are not exactly equal, and minutes that are missing. */
  readonly causes: CauseCounts;
  /** Fields of whole minutes that are different, and why: what the verdict looks at. Without missing minutes. */
  readonly judged: CauseCounts;
  /** Closing auctions that printed another price: of an auction's candle the rest is drawn differently by different sources, the price is not. */
  readonly otherPrints: number;
}

export interface Comparison {
  readonly spans: readonly Span[];
  /** By symbol, then exchange. */
  readonly symbols: readonly SymbolComparison[];
  /** All of them, the worst first. */
  readonly differences: readonly Difference[];
}

const unitsOf = (rupees: number): number => Math.round(rupees * UNITS_IN_RUPEE);

/** A tick size in units; undefined for what can be none. */
function tickUnits(rupees: number | undefined): number | undefined {
  if (rupees === undefined || !Number.isFinite(rupees)) return undefined;
  return unitsOf(rupees) > 0 ? unitsOf(rupees) : undefined;
}

/** The field's difference, or undefined when it is exactly equal. */
function fieldDifference(
  field: CandleField,
  { ours, reference }: Match,
  tick: number,
  day: DayRange,
): FieldDifference | undefined {
  const values = { ours: ours.candle[field], reference: reference.candle[field] };
  if (field === 'volume') {
    if (values.ours === values.reference) return undefined;
    return {
      field,
      agreement: 'different',
      ...values,
      cause: causeOf({ field, ...values, own: ours, other: reference, day }),
      distance: Math.abs(values.ours - values.reference) / Math.abs(values.reference),
    };
  }
  const apart = Math.abs(unitsOf(values.ours) - unitsOf(values.reference));
  if (apart === 0) return undefined;
  return {
    field,
    agreement: apart <= tick ? 'withinTick' : 'different',
    ...values,
    cause: causeOf({ field, ...values, own: ours, other: reference, day }),
    distance: apart / tick,
  };
}

/**
 * How far the market is known to have reached by each minute of the reference: by our candles of the whole date, and by the reference's up to the minute
 * before. A run of some minutes knows little of its day; the reference usually holds all of it.
 */
function reaches(
  ours: readonly OurCandle[],
  reference: readonly OurCandle[],
): ReadonlyMap<OurCandle, DayRange> {
  const byDate = new Map<string, DayRange>();
  const widen = (date: string, { candle }: OurCandle): void => {
    const { low, high } = byDate.get(date) ?? { low: Infinity, high: -Infinity };
    byDate.set(date, { low: Math.min(low, candle.low), high: Math.max(high, candle.high) });
  };
  for (const seen of ours) widen(istDate(seen.candle.timestampMs), seen);
  const by = new Map<OurCandle, DayRange>();
  for (const seen of reference) {
    const date = istDate(seen.candle.timestampMs);
    by.set(seen, byDate.get(date) ?? { low: Infinity, high: -Infinity });
    widen(date, seen);
  }
  return by;
}

/** One symbol, and its minutes that are not exactly equal. */
function compareSymbol(
  pair: Pair,
  watch: Watch,
): { readonly result: SymbolComparison; readonly differences: Difference[] } {
  const { symbol, exchange, ours, reference } = pair;
  const known = tickUnits(pair.tickSizeRupees);
  const tick = known ?? unitsOf(USUAL_TICK_RUPEES);
  const volumeCompared =
    reference !== undefined && ours.volumeKind === 'traded' && reference.volumeKind === 'traded';
  const fields = volumeCompared ? FIELDS : PRICES;
  const { matches, partialAlone, missing, unseen, outside, relabelled } = align(
    ours.candles,
    reference?.candles ?? [],
    watch,
  );
  const tallies = Object.fromEntries(
    FIELDS.map((field) => [field, { exact: 0, withinTick: 0, different: 0 }]),
  ) as Record<CandleField, Record<Agreement, number>>;
  const partial = { minutes: partialAlone.length, exact: 0 };
  const differences: Difference[] = [];
  const reached = reaches(ours.candles, reference?.candles ?? []);
  const causes = noCauses();
  const judged = noCauses();
  causes.oursMissing = missing.ours.length;
  causes.referenceMissing = missing.reference.length;
  let compared = 0;
  let otherPrints = 0;
  const comparedOn = new Map<string, number>();
  for (const match of matches) {
    const found = fields.flatMap(
      (field) => fieldDifference(field, match, tick, reached.get(match.reference)!) ?? [],
    );
    for (const { cause } of found) causes[cause]++;
    if (match.ours.partial || match.reference.partial) {
      partial.minutes++;
      if (found.length === 0) partial.exact++;
      continue;
    }
    compared++;
    const date = istDate(match.ours.candle.timestampMs);
    comparedOn.set(date, (comparedOn.get(date) ?? 0) + 1);
    for (const { agreement, cause, field } of found) {
      if (agreement !== 'different') continue;
      judged[cause]++;
      if (cause === 'auction' && field === 'close') otherPrints++;
    }
    for (const field of fields)
      tallies[field][found.find((one) => one.field === field)?.agreement ?? 'exact']++;
    if (found.length > 0)
      differences.push({
        symbol,
        exchange,
        startMs: match.ours.candle.timestampMs,
        referenceMs: match.reference.candle.timestampMs,
        fields: found,
      });
  }
  const result: SymbolComparison = {
    symbol,
    exchange,
    tickSizeRupees: tick / UNITS_IN_RUPEE,
    tickSizeKnown: known !== undefined,
    referenceFound: reference !== undefined,
    volumeCompared,
    compared,
    comparedOn,
    fields: tallies,
    partial,
    missing,
    unseen,
    outside,
    relabelled,
    causes,
    judged,
    otherPrints,
  };
  return { result, differences };
}

/** The widest distance of a minute among its prices, or in its volume. */
function widest({ fields }: Difference, kind: 'price' | 'volume'): number {
  return Math.max(
    0,
    ...fields
      .filter(({ field }) => (field === 'volume') === (kind === 'volume'))
      .map(({ distance }) => distance),
  );
}

const named = (a: { symbol: string; exchange: string }, b: { symbol: string; exchange: string }): number =>
  a.symbol < b.symbol
    ? -1
    : a.symbol > b.symbol
      ? 1
      : a.exchange < b.exchange
        ? -1
        : a.exchange > b.exchange
          ? 1
          : 0;

/** Descending; two infinities are equal. */
const falling = (a: number, b: number): number => (a === b ? 0 : b > a ? 1 : -1);

const isDifferent = ({ fields }: Difference): boolean =>
  fields.some(({ agreement }) => agreement === 'different');

/** The worst first: what is different before what is within a tick, prices before volumes, then the wider, then by symbol and time. */
function byWeight(a: Difference, b: Difference): number {
  return (
    Number(isDifferent(b)) - Number(isDifferent(a)) ||
    falling(widest(a, 'price'), widest(b, 'price')) ||
    falling(widest(a, 'volume'), widest(b, 'volume')) ||
    named(a, b) ||
    a.startMs - b.startMs
  );
}

/** Values that were compared: of each minute that is whole on both sides the prices and, where both count traded quantity, the volume. */
export function valuesCompared(symbols: readonly SymbolComparison[]): number {
  return symbols.reduce(
    (sum, { compared, volumeCompared }) => sum + compared * (volumeCompared ? FIELDS.length : PRICES.length),
    0,
  );
}

/** Compares all symbols within the spans that they make together. */
export function compareCandles(pairs: readonly Pair[]): Comparison {
  const ours = pairs.map((pair) => pair.ours.candles);
  const spans = spansOf(ours);
  const watch = {
    spans,
    ours: watchedBy(ours),
    reference: watchedBy(pairs.map(({ reference }) => reference?.candles ?? [])),
  };
  const each = pairs.map((pair) => compareSymbol(pair, watch));
  return {
    spans,
    symbols: each.map(({ result }) => result).sort(named),
    differences: each.flatMap(({ differences }) => differences).sort(byWeight),
  };
}
