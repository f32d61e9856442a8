/**
 * Compares one field of a candle: exact, within one tick, or different. Pure.
 *
 * Prices are integers of 1e-4 rupee, so that a decimal column, a double and the sum of two roundings are equal. Only
 * prices have a tolerance: a broker may round a price, but not a count.
 */
import { istDate } from '../market/session.js';
import { causeOf, type Cause, type DayRange } from './causes.js';
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

/** Undefined when exactly equal. `tick`: units of 1e-4 rupee. */
export function fieldDifference(
  field: CandleField,
  { ours, reference }: MatchedMinute,
  tick: number,
  day: DayRange,
): FieldDifference | undefined {
  const values = { ours: ours.candle[field], reference: reference.candle[field] };
  const causedBy = (): Cause => causeOf({ field, ...values, own: ours, other: reference, day });
  if (field === 'volume') {
    if (values.ours === values.reference) return undefined;
    const distance = Math.abs(values.ours - values.reference) / Math.abs(values.reference);
    return { field, agreement: 'different', ...values, cause: causedBy(), distance };
  }
  const apart = Math.abs(unitsOf(values.ours) - unitsOf(values.reference));
  if (apart === 0) return undefined;
  const agreement = apart <= tick ? 'withinTick' : 'different';
  return { field, agreement, ...values, cause: causedBy(), distance: apart / tick };
}

/**
 * The day's range as known at each minute of the reference: from our candles of the date and the reference's earlier
 * ones. A run of some minutes knows little of its day; the reference usually has it whole.
 */
export function dayRanges(
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
