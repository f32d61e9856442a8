/** Compares one symbol's candles with the reference's. Pure. */
import { isPolled, type VolumeKind } from '../candles/candle.js';
import { istDate } from '../market/session.js';
import type { Timeframe } from '../market/timeframe.js';
import { lengthMs, tradedMinutes } from './candle-length.js';
import { noCauses, type CauseCounts, type LateTrades } from './causes.js';
import { type BoundedDay, type BoundedMinute, type ExcusedPrice, type ExcuseSide } from './excuse-bounds.js';
import {
  dayRanges,
  EXCUSES,
  fieldDifference,
  rangeTicks,
  tickSizeOf,
  type ComparedFeed,
  type FieldDifference,
} from './field-difference.js';
import { FIELDS, PRICES, type Agreement, type CandleField } from './fields.js';
import { idleRows } from './idle.js';
import {
  align,
  withFirstEdges,
  type AbsentMinutes,
  type Coverage,
  type MatchedMinute,
  type OurCandle,
} from './minutes.js';

/** One symbol's candles, ascending, one a label. */
export interface Side {
  readonly candles: readonly OurCandle[];
  readonly volumeKind: VolumeKind;
  /** Of our file: `ltp`, `quote` or `snapquote`. */
  readonly mode?: string | undefined;
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
  /** Minutes that a back-fill polled: not judged, as that would compare the broker with itself. */
  readonly polled: number;
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
  polled: number;
  readonly causes = noCauses();
  readonly judged = noCauses();
  readonly comparedOn = new Map<string, number>();
  compared = 0;
  otherPrints = 0;

  constructor(unmatchedPartial: readonly OurCandle[], missing: AbsentMinutes) {
    this.polled = unmatchedPartial.filter(isPolled).length;
    this.partial = { minutes: unmatchedPartial.length - this.polled, exact: 0 };
    this.causes.oursMissing = missing.ours.length;
    this.causes.referenceMissing = missing.reference.length;
  }

  sums(): Pick<
    SymbolComparison,
    'compared' | 'comparedOn' | 'fields' | 'partial' | 'polled' | 'causes' | 'judged' | 'otherPrints'
  > {
    const { compared, comparedOn, fields, partial, polled, causes, judged, otherPrints } = this;
    return { compared, comparedOn, fields, partial, polled, causes, judged, otherPrints };
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

/** Prices of a whole minute that are more than a tick off, with a cause. */
function excusedOf(found: readonly FieldDifference[]): ExcusedPrice[] {
  return found.flatMap(({ field, agreement, cause, ours, reference, distance }) => {
    if (field === 'volume' || agreement !== 'different' || !EXCUSES.has(cause)) return [];
    const side: ExcuseSide =
      field === 'high' || field === 'low' ? field : `${field} ${reference > ours ? 'above' : 'below'} ours`;
    return [{ side, ticks: distance }];
  });
}

/** Whole minutes by IST date, for the bounds of causes. Those without a quality row say nothing of the feed. */
class BoundedMinutes {
  readonly byDate = new Map<string, BoundedMinute[]>();
  readonly #feed: ComparedFeed;

  constructor(feed: ComparedFeed) {
    this.#feed = feed;
  }

  add({ ours }: MatchedMinute, found: readonly FieldDifference[]): void {
    if (ours.quality === undefined || ours.source === 'auction') return;
    const date = istDate(ours.candle.timestampMs);
    const minutes = this.byDate.get(date) ?? [];
    this.byDate.set(date, minutes);
    minutes.push({
      quality: ours.quality,
      minutes: this.#feed.minutes,
      rangeTicks: rangeTicks(ours, this.#feed),
      excused: excusedOf(found),
    });
  }
}

/** Adds the matched minutes to `tally`; returns the whole ones that are not exactly equal, and those for the bounds. */
function tallied(
  { symbol, exchange }: SymbolPair,
  matches: readonly MatchedMinute[],
  found: (match: MatchedMinute) => FieldDifference[],
  fields: readonly CandleField[],
  tally: MinuteTally,
  feed: ComparedFeed,
): { readonly differences: Difference[]; readonly bounded: BoundedMinutes } {
  const differences: Difference[] = [];
  const bounded = new BoundedMinutes(feed);
  for (const match of matches) {
    if (isPolled(match.ours) || isPolled(match.reference)) {
      tally.polled++;
      continue;
    }
    const unequal = found(match);
    if (match.ours.partial || match.reference.partial) {
      tally.addPartial(unequal);
      continue;
    }
    const startMs = match.ours.candle.timestampMs;
    tally.addWhole(startMs, fields, unequal);
    bounded.add(match, unequal);
    const referenceMs = match.reference.candle.timestampMs;
    if (unequal.length > 0) differences.push({ symbol, exchange, startMs, referenceMs, fields: unequal });
  }
  return { differences, bounded };
}

/** What the reference tells of trades that the feed of a mode may have shown late. */
function lateTradesOf(
  mode: string | undefined,
  reference: readonly OurCandle[],
  timeframe: Timeframe,
): (match: MatchedMinute) => LateTrades | undefined {
  if (mode !== 'ltp' && mode !== 'quote') return () => undefined;
  const byStart = new Map(reference.map((one) => [one.candle.timestampMs, one]));
  return (match) => ({
    before: byStart.get(match.reference.candle.timestampMs - lengthMs(timeframe)),
    slackKnown: mode === 'quote',
  });
}

/**
 * The mode by which our candles are judged. An index has no volume in any: its packets show a price and not when it
 * was traded, as in LTP mode.
 */
const judgedMode = ({ mode, candles }: SymbolPair['ours']): string | undefined =>
  mode !== undefined && candles.every(({ candle }) => candle.volume === 0) ? 'ltp' : mode;

/** One symbol on one IST date, for the bounds of causes. */
export interface BoundedSymbolDay extends BoundedDay {
  readonly symbol: string;
  readonly exchange: string;
  readonly date: string;
}

/** Returns the symbol's figures, its whole minutes that are not exactly equal, and its dates for the bounds. */
export function compareSymbol(
  pair: SymbolPair,
  coverage: Coverage,
  timeframe: Timeframe,
): {
  readonly result: SymbolComparison;
  readonly differences: Difference[];
  readonly days: BoundedSymbolDay[];
} {
  const { symbol, exchange, reference } = pair;
  const ours = { ...pair.ours, candles: withFirstEdges(pair.ours.candles) };
  const tick = tickSizeOf(pair.tickSizeRupees);
  const volumeCompared =
    reference !== undefined && ours.volumeKind === 'traded' && reference.volumeKind === 'traded';
  const fields = volumeCompared ? FIELDS : PRICES;
  const referenceCandles = reference?.candles ?? [];
  const sides = reference === undefined ? [ours] : [ours, reference];
  const idleOnes = new Set(sides.flatMap(({ candles, volumeKind }) => [...idleRows(candles, volumeKind)]));
  const { matches, unmatchedPartial, missing, unseen, idle, outside, relabelled } = align(
    ours.candles,
    referenceCandles,
    coverage,
    idleOnes,
  );
  const feed = { tick: tick.units, mode: judgedMode(ours), minutes: tradedMinutes(timeframe) };
  const ranges = dayRanges(ours.candles, referenceCandles, feed);
  const lateTrades = lateTradesOf(feed.mode, referenceCandles, timeframe);
  const found = (match: MatchedMinute): FieldDifference[] => {
    const day = ranges.get(match.reference)!;
    const late = lateTrades(match);
    return fields.flatMap((field) => fieldDifference(field, match, feed, day, late) ?? []);
  };
  const tally = new MinuteTally(unmatchedPartial, missing);
  const { differences, bounded } = tallied(pair, matches, found, fields, tally, feed);
  const result: SymbolComparison = {
    symbol,
    exchange,
    tickSizeRupees: tick.rupees,
    tickSizeKnown: tick.known,
    referenceFound: reference !== undefined,
    volumeCompared,
    ...tally.sums(),
    missing,
    unseen,
    idle,
    outside,
    relabelled,
  };
  const days = [...bounded.byDate].map(([date, minutes]) => ({
    symbol,
    exchange,
    date,
    mode: feed.mode,
    minutes,
  }));
  return { result, differences, days };
}

/** Of each minute whole on both sides: prices, and volume where both have traded quantities. */
export function valuesCompared(symbols: readonly SymbolComparison[]): number {
  return symbols.reduce(
    (sum, { compared, volumeCompared }) => sum + compared * (volumeCompared ? FIELDS.length : PRICES.length),
    0,
  );
}
