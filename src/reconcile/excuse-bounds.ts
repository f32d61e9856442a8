/**
 * Bounds what a conflated feed may excuse, for each instrument, price and date: no more values than such a feed hides
 * at the day's own packet rate, and no further away (docs/compare-and-cutover.md, "Excuses"). Pure.
 */
import type { QualityRow } from '../candles/candle.js';
import { HIDDEN } from './hidden-data.js';
import { HIDDEN_RANGES, HIDDEN_RATES, type HiddenKind, type HiddenMode } from './hidden-prices.js';

/** Standard deviations that chance may add. With more bounds at once it is more, so that the whole fails as rarely. */
const SIGMAS = 3;
/** How many times the measured mean distance of hidden prices that of a day may be. */
const MAX_DISTANCE_FACTOR = 3;
const MINUTE_SECONDS = 60;

/** What is judged as one: a price, and the side on which the reference lies. */
const SIDES = {
  'open above ours': { kind: 'open', part: 0.5 },
  'open below ours': { kind: 'open', part: 0.5 },
  high: { kind: 'extreme', part: 1 },
  low: { kind: 'extreme', part: 1 },
  'close above ours': { kind: 'close', part: 0.5 },
  'close below ours': { kind: 'close', part: 0.5 },
} as const satisfies Record<string, { readonly kind: HiddenKind; readonly part: number }>;
export type ExcuseSide = keyof typeof SIDES;
const SIDE_NAMES = Object.keys(SIDES) as ExcuseSide[];

/** A price of a minute that is more than a tick off, with a cause. Distance in ticks. */
export interface ExcusedPrice {
  readonly side: ExcuseSide;
  readonly ticks: number;
}

/** A whole minute that was compared, or a candle of several. */
export interface BoundedMinute {
  readonly quality: QualityRow;
  /** Of trading. */
  readonly minutes: number;
  /** Range of a minute of our candle in ticks: the reference's may be that of a bad print. */
  readonly rangeTicks: number;
  readonly excused: readonly ExcusedPrice[];
}

/** More is excused on one side than the feed hides. */
export interface Excess {
  readonly side: ExcuseSide;
  readonly minutes: number;
  /** `share`: too many values; `distance`: too far away, mean ticks. */
  readonly what: 'share' | 'distance';
  readonly found: number;
  readonly allowed: number;
}

/**
 * Packets a second, at least: LTP counts all as ticks; of the others ticks are those with a trade, and `coverage` is
 * the share of seconds with any.
 */
export function packetRate(minutes: readonly BoundedMinute[]): number {
  const seconds = minutes.reduce((sum, one) => sum + one.minutes, 0) * MINUTE_SECONDS;
  const ticks = minutes.reduce((sum, { quality }) => sum + quality.ticks, 0);
  const covered =
    minutes.reduce((sum, one) => sum + (one.quality.coverage ?? 0) * one.minutes, 0) * MINUTE_SECONDS;
  return seconds === 0 ? 0 : Math.max(ticks, covered) / seconds;
}

interface Hidden {
  readonly share: number;
  readonly ticks: number;
}

/** A feed that does not say its mode gets the widest bounds. */
const hiddenOf = (mode: string | undefined): HiddenMode =>
  HIDDEN[mode === 'quote' || mode === 'snapquote' ? mode : 'ltp'];

const classOf = (rangeTicks: number): number => HIDDEN_RANGES.findLastIndex((least) => rangeTicks >= least);

/** Measured at a rate and range: between two measured rates by the logarithm, beyond them the nearest. */
function hiddenAt(mode: string | undefined, kind: HiddenKind, rate: number, rangeTicks: number): Hidden {
  const rows = hiddenOf(mode).rows[kind];
  const range = classOf(rangeTicks);
  const last = HIDDEN_RATES.length - 1;
  const above = HIDDEN_RATES.findIndex((one) => one >= rate);
  const to = above === -1 ? last : above;
  const from = Math.max(0, to - 1);
  const between =
    from === to
      ? 1
      : Math.min(1, Math.log(rate / HIDDEN_RATES[from]) / Math.log(HIDDEN_RATES[to] / HIDDEN_RATES[from]));
  const [[fromShare, fromTicks], [toShare, toTicks]] = [rows[from][range], rows[to][range]];
  // Beyond twice the last class distances grow with the range.
  const wide = Math.max(1, rangeTicks / (2 * HIDDEN_RANGES[HIDDEN_RANGES.length - 1]));
  return {
    share: fromShare + (toShare - fromShare) * between,
    ticks: (fromTicks + (toTicks - fromTicks) * between) * wide,
  };
}

/** Standard deviations for one of `bounds` that are judged at once. */
export const sigmasOf = (bounds: number): number =>
  Math.sqrt(SIGMAS ** 2 + 2 * Math.log(Math.max(1, bounds)));

/** Bounds of one symbol on one date, for `sigmasOf`. */
export const BOUNDS = 2 * SIDE_NAMES.length;

/** Of one instrument on one date. */
export interface BoundedDay {
  /** `ltp`, `quote` or `snapquote`, of our file. */
  readonly mode: string | undefined;
  readonly minutes: readonly BoundedMinute[];
}

/** Sums over the minutes of some instruments. */
interface SideSum {
  expected: number;
  variance: number;
  /** Of the instruments' own spread. */
  spread: number;
  found: number;
  ticks: number;
  expectedTicks: number;
}

function sumOf(days: readonly BoundedDay[], side: ExcuseSide): SideSum {
  const { kind, part } = SIDES[side];
  const sum: SideSum = { expected: 0, variance: 0, spread: 0, found: 0, ticks: 0, expectedTicks: 0 };
  for (const { mode, minutes } of days) {
    const rate = packetRate(minutes);
    let expected = 0;
    for (const { rangeTicks, excused } of minutes) {
      const hidden = hiddenAt(mode, kind, rate, rangeTicks);
      const share = part * hidden.share;
      expected += share;
      sum.variance += share * (1 - share);
      for (const one of excused) {
        if (one.side !== side) continue;
        sum.found++;
        sum.ticks += one.ticks;
        sum.expectedTicks += hidden.ticks;
      }
    }
    sum.expected += expected;
    sum.spread += (hiddenOf(mode).spread[kind] * expected) ** 2;
  }
  return sum;
}

/**
 * What is too much on any side, of one instrument's date or of several together. `sigmas`: of `sigmasOf`. The share is
 * bounded by the expected number, `sigmas` standard deviations, and what a Poisson number's skew adds; the mean
 * distance by thrice the measured one and `sigmas` of its own, as of an exponential distance.
 */
export function excessesOf(days: readonly BoundedDay[], sigmas: number): Excess[] {
  const minutes = days.reduce((sum, day) => sum + day.minutes.length, 0);
  return SIDE_NAMES.flatMap((side): Excess[] => {
    const { expected, variance, spread, found, ticks, expectedTicks } = sumOf(days, side);
    if (found === 0) return [];
    const allowed = expected + sigmas * Math.sqrt(variance + spread) + (sigmas ** 2 - 1) / 6;
    const measured = expectedTicks / found;
    const far = measured * (MAX_DISTANCE_FACTOR + sigmas / Math.sqrt(found));
    return [
      ...(found > allowed
        ? [{ side, minutes, what: 'share', found, allowed: Math.floor(allowed) } as const]
        : []),
      ...(ticks / found > far
        ? [{ side, minutes, what: 'distance', found: ticks / found, allowed: far } as const]
        : []),
    ];
  });
}

/**
 * Most ticks by which a single price may be off for a cause: as measured in `mode` for the range of a minute of our
 * candle, or that range itself.
 */
export const reachTicks = (mode: string | undefined, rangeTicks: number): number =>
  Math.max(hiddenOf(mode).reach[classOf(rangeTicks)], rangeTicks);
