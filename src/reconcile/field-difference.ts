/**
 * Compares one field of a candle: exact, within one tick, or different. Pure.
 *
 * Prices are integers of 1e-4 rupee, so that a decimal column, a double and the sum of two roundings are equal. Only
 * prices have a tolerance: a broker may round a price, but not a count.
 */
import { istDate } from '../market/session.js';
import { causeOf, type Cause, type DayRange, type LateTrades } from './causes.js';
import { reachTicks } from './excuse-bounds.js';
import type { Agreement, CandleField } from './fields.js';
import type { MatchedMinute, OurCandle } from './minutes.js';

/** Unit of compared prices. */
const UNITS_IN_RUPEE = 10_000;
/** For a symbol of unknown tick size; the text says so. */
const DEFAULT_TICK_RUPEES = 0.05;

/** A field that is not exactly equal; values as in the files. */
export interface FieldDifference {
  readonly field: CandleField;
  readonly agreement: Exclude<Agreement, 'exact'>;
  readonly ours: number;
  readonly reference: number;
  readonly cause: Cause;
  /** Ticks for a price; a share of the reference for volume (Infinity for reference 0). */
  readonly distance: number;
}

/** In rupees and in units of 1e-4 rupee. */
export interface TickSize {
  readonly rupees: number;
  readonly units: number;
  /** False for the default. */
  readonly known: boolean;
}

const unitsOf = (rupees: number): number => Math.round(rupees * UNITS_IN_RUPEE);

/** The symbol's own tick size where usable, else the default. */
export function tickSizeOf(rupees: number | undefined): TickSize {
  const own = rupees !== undefined && Number.isFinite(rupees) ? unitsOf(rupees) : 0;
  const units = own > 0 ? own : unitsOf(DEFAULT_TICK_RUPEES);
  return { rupees: units / UNITS_IN_RUPEE, units, known: own > 0 };
}

/**
 * Range in ticks of a minute of the candle: what a feed hides was measured of minutes. Prices that wander range as far
 * as the root of the time.
 */
export const rangeTicks = ({ candle }: OurCandle, { tick, minutes }: ComparedFeed): number =>
  (unitsOf(candle.high) - unitsOf(candle.low)) / tick / Math.sqrt(minutes);

/** Causes that excuse a price of a whole minute. */
export const EXCUSES: ReadonlySet<Cause> = new Set(['boundary', 'unseenExtreme', 'lateTick']);

/** Of our candles: the tick in units of 1e-4 rupee, the mode of their file, and the minutes of each. */
export interface ComparedFeed {
  readonly tick: number;
  readonly mode: string | undefined;
  readonly minutes: number;
}

/** Undefined when exactly equal. */
export function fieldDifference(
  field: CandleField,
  { ours, reference }: MatchedMinute,
  feed: ComparedFeed,
  day: DayRange,
  late?: LateTrades,
): FieldDifference | undefined {
  const { tick, mode } = feed;
  const values = { ours: ours.candle[field], reference: reference.candle[field] };
  const causedBy = (): Cause => causeOf({ field, ...values, own: ours, other: reference, day, late });
  if (field === 'volume') {
    if (values.ours === values.reference) return undefined;
    const distance = Math.abs(values.ours - values.reference) / Math.abs(values.reference);
    return { field, agreement: 'different', ...values, cause: causedBy(), distance };
  }
  const apart = Math.abs(unitsOf(values.ours) - unitsOf(values.reference));
  if (apart === 0) return undefined;
  const agreement = apart <= tick ? 'withinTick' : 'different';
  const cause = causedBy();
  // A hidden trade is one of a minute like ours: a price far outside of what ours shows is another trouble.
  const isFar = EXCUSES.has(cause) && apart / tick > reachTicks(mode, rangeTicks(ours, feed));
  return { field, agreement, ...values, cause: isFar ? 'unexplained' : cause, distance: apart / tick };
}

interface Bounds {
  low: number;
  high: number;
}

/** Widens `range` by a row of the reference no further than a cause may reach from our candle of the minute. */
function widenNear(range: Bounds, own: OurCandle, { candle }: OurCandle, feed: ComparedFeed): void {
  const { tick, mode } = feed;
  const reach = (reachTicks(mode, rangeTicks(own, feed)) * tick) / UNITS_IN_RUPEE;
  range.low = Math.min(range.low, Math.max(candle.low, own.candle.low - reach));
  range.high = Math.max(range.high, Math.min(candle.high, own.candle.high + reach));
}

/** The two most extreme rows of the reference in minutes that we did not see whole. */
class UncheckedRange {
  #lows: readonly number[] = [];
  #highs: readonly number[] = [];

  add({ candle }: OurCandle): void {
    this.#lows = [...this.#lows, candle.low].sort((a, b) => a - b).slice(0, 2);
    this.#highs = [...this.#highs, candle.high].sort((a, b) => b - a).slice(0, 2);
  }

  /** Without the most extreme row, which may be a bad print. */
  get range(): DayRange {
    return { low: this.#lows[1] ?? Infinity, high: this.#highs[1] ?? -Infinity };
  }
}

/** Frames of LTP mode and of an index tell no day's range: a new extreme of the day may be hidden, too. */
const UNTOLD: DayRange = { low: -Infinity, high: Infinity };

/**
 * The day's range as known at each minute of the reference: from our candles of the date and the reference's earlier
 * ones. A run of some minutes knows little of its day; the reference usually has it whole. A bad print of the reference
 * does not widen it: next to a whole candle of ours a row counts as far as a cause may reach, and of the others the
 * most extreme row does not count.
 */
export function dayRanges(
  ours: readonly OurCandle[],
  reference: readonly OurCandle[],
  feed: ComparedFeed,
): ReadonlyMap<OurCandle, DayRange> {
  if (feed.mode === 'ltp') return new Map(reference.map((seen) => [seen, UNTOLD]));
  const checked = new Map<string, Bounds>();
  const unchecked = new Map<string, UncheckedRange>();
  const whole = new Map<number, OurCandle>();
  for (const seen of ours) {
    const { low, high, timestampMs } = seen.candle;
    const range = checked.get(istDate(timestampMs)) ?? { low: Infinity, high: -Infinity };
    checked.set(istDate(timestampMs), { low: Math.min(range.low, low), high: Math.max(range.high, high) });
    if (!seen.partial) whole.set(timestampMs, seen);
  }
  const by = new Map<OurCandle, DayRange>();
  for (const seen of reference) {
    const date = istDate(seen.candle.timestampMs);
    const range = checked.get(date) ?? { low: Infinity, high: -Infinity };
    const others = unchecked.get(date) ?? new UncheckedRange();
    by.set(seen, {
      low: Math.min(range.low, others.range.low),
      high: Math.max(range.high, others.range.high),
    });
    checked.set(date, range);
    unchecked.set(date, others);
    const own = whole.get(seen.candle.timestampMs);
    if (own === undefined) others.add(seen);
    else widenNear(range, own, seen, feed);
  }
  return by;
}
