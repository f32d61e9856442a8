/** Finds a constant factor or distance between the prices of two sides, and between their volumes. Pure. */
import type { CandleRow } from '../candles/candle.js';
import { PRICES, type CandleField } from './fields.js';
import type { OurCandle } from './minutes.js';
import { isNear } from './shift.js';

/** A minute that both sides have, our labels. */
export interface Pair {
  readonly own: OurCandle;
  readonly other: CandleRow;
}

/** The reference's prices are `factor` times ours, or those of `fields` are `rupees` above ours. */
export type PriceScale =
  | { readonly kind: 'factor'; readonly factor: number }
  | { readonly kind: 'distance'; readonly rupees: number; readonly fields: readonly CandleField[] };

/** The reference's volumes are `factor` times ours, the day's running sums of ours, or all 0. */
export type VolumeScale =
  | { readonly kind: 'factor'; readonly factor: number }
  | { readonly kind: 'sums' }
  | { readonly kind: 'zero' };

/** A day's prices move by less: exchanges halt a stock at a fifth. */
const SAME_DAY = { least: 0.7, most: 1.4 } as const;
/** The least number of minutes, and the share of them that a constant explains. */
const MIN_MINUTES = 2;
const MIN_SHARE = 0.75;
/**
 * The same for a distance, of the minutes but the middle one: fewer prices than volumes of a conflated feed are exact.
 * In less than MIN_PLENTY minutes some agree by chance.
 */
const MIN_DISTANCE = { minutes: 5, share: 0.5, clearShare: 0.7 } as const;
const MIN_PLENTY = 10;
/** A constant distance of less is a bias of some ticks, which the bounds of causes judge. */
const MIN_DISTANCE_TICKS = 2;
/** Factors nearer to 1 are a distance. */
const MIN_FACTOR_GAIN = 0.02;
/** Share by which prices may be off a factor: a day adjusted for a split is rounded to the paisa. */
const FACTOR_TOLERANCE = 0.0005;
/** The least factor between volumes, and the share by which volumes of a minute may be off it. */
const MIN_VOLUME_FACTOR = 1.5;
const VOLUME_TOLERANCE = 0.1;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const shareOf = <T>(values: readonly T[], holds: (value: T) => boolean): number =>
  values.length === 0 ? 0 : values.filter(holds).length / values.length;

/** The power of ten between two sides' prices of one day, however their times are labelled; 1 for another ratio. */
export function powerOfTen(ours: readonly CandleRow[], reference: readonly CandleRow[]): number {
  const closes = (rows: readonly CandleRow[]): number => median(rows.map(({ close }) => close));
  const ratio = closes(reference) / closes(ours);
  if (!Number.isFinite(ratio) || ratio <= 0) return 1;
  const power = 10 ** Math.round(Math.log10(ratio));
  return ratio / power >= SAME_DAY.least && ratio / power <= SAME_DAY.most ? power : 1;
}

/** Beyond a power of ten: a factor, as of adjusted prices, or a distance in rupees. */
export function priceScale(pairs: readonly Pair[], tickRupees: number): PriceScale | undefined {
  if (pairs.length < MIN_MINUTES) return undefined;
  const factor = median(pairs.map(({ own, other }) => other.close / own.candle.close));
  const fits = shareOf(pairs, ({ own, other }) =>
    PRICES.every(
      (field) =>
        Math.abs(other[field] / factor / own.candle[field] - 1) <=
        FACTOR_TOLERANCE + tickRupees / other[field],
    ),
  );
  if (Math.abs(factor - 1) >= MIN_FACTOR_GAIN && fits >= MIN_SHARE) return { kind: 'factor', factor };
  if (pairs.length < MIN_DISTANCE.minutes) return undefined;
  const least = pairs.length < MIN_PLENTY ? MIN_DISTANCE.clearShare : MIN_DISTANCE.share;
  const distances = PRICES.flatMap((field) => {
    const apart = pairs.map(({ own, other }) => other[field] - own.candle[field]);
    const rupees = median(apart);
    const near = apart.filter((one) => Math.abs(one - rupees) <= tickRupees * 1.001).length;
    const constant = (near - 1) / (pairs.length - 1) >= least;
    return constant && Math.abs(rupees) > MIN_DISTANCE_TICKS * tickRupees ? [{ field, rupees }] : [];
  });
  const [first] = distances;
  if (first === undefined) return undefined;
  const alike = distances.filter(({ rupees }) => Math.abs(rupees - first.rupees) <= tickRupees * 1.001);
  return { kind: 'distance', rupees: first.rupees, fields: alike.map(({ field }) => field) };
}

/** True if most volumes are the day's running sums of ours. */
function isSums(pairs: readonly Pair[]): boolean {
  const steps = pairs
    .slice(1)
    .map(({ own, other }, k) => ({ own, step: other.volume - pairs[k].other.volume }));
  return steps.length >= MIN_MINUTES && shareOf(steps, ({ own, step }) => isNear(own, step)) >= MIN_SHARE;
}

/** The largest of these divides it: exchanges choose round lots. */
const ROUND = [1000, 500, 250, 125, 100, 50, 25, 10, 5, 2, 1] as const;
const roundness = (lot: number): number => ROUND.find((part) => lot % part === 0)!;

/**
 * The size of a lot near `about`: the roundest one of those by which most volumes of the reference are ours in whole
 * lots, rounded down, to the nearest or up.
 */
function lotOf(pairs: readonly Pair[], about: number): number {
  let [most, best] = [0, [Math.round(about)]];
  const last = Math.floor(about * (1 + VOLUME_TOLERANCE));
  for (let lot = Math.ceil(about * (1 - VOLUME_TOLERANCE)); lot <= last; lot++) {
    for (const rounded of [Math.floor, Math.round, Math.ceil]) {
      const fitting = pairs.filter(({ own: { candle, quality }, other: { volume } }) => {
        const slack = quality?.volSlack ?? 0;
        return (
          rounded((candle.volume - slack) / lot) <= volume && volume <= rounded((candle.volume + slack) / lot)
        );
      }).length;
      if (fitting > most) [most, best] = [fitting, [lot]];
      else if (fitting === most) best.push(lot);
    }
  }
  return best.reduce((one, lot) => (roundness(lot) > roundness(one) ? lot : one));
}

/** For pairs of minutes with traded quantities, by time. */
export function volumeScale(pairs: readonly Pair[]): VolumeScale | undefined {
  const traded = pairs.filter(({ own }) => own.candle.volume > 0);
  if (traded.length < MIN_MINUTES) return undefined;
  if (traded.every(({ other }) => other.volume === 0)) return { kind: 'zero' };
  if (isSums(pairs)) return { kind: 'sums' };
  const sum = (volume: (pair: Pair) => number): number =>
    traded.reduce((total, pair) => total + volume(pair), 0);
  const ratio = sum(({ other }) => other.volume) / sum(({ own }) => own.candle.volume);
  if (Math.max(ratio, 1 / ratio) < MIN_VOLUME_FACTOR) return undefined;
  const whole = ratio >= 1 ? Math.round(ratio) : 1 / lotOf(traded, 1 / ratio);
  const factor = Math.abs(whole / ratio - 1) <= VOLUME_TOLERANCE ? whole : ratio;
  // A volume in lots is rounded to a lot.
  const rounding = Math.max(1, 1 / factor);
  const fits = shareOf(traded, ({ own: { candle, quality }, other }) => {
    const tolerance = Math.max(quality?.volSlack ?? 0, VOLUME_TOLERANCE * candle.volume, rounding);
    return Math.abs(other.volume / factor - candle.volume) <= tolerance;
  });
  return fits >= MIN_SHARE ? { kind: 'factor', factor } : undefined;
}
