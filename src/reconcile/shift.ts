/**
 * Finds the constant distance of the reference's time labels from ours, by what the candles contain. Pure.
 *
 * A day of 375 minutes in another zone overlaps ours, so labels alone prove nothing: at the right distance prices and
 * volumes agree, at any other they do not.
 */
import { MINUTE_MS } from '../market/session.js';
import { minutesOf, type Timeframe } from '../market/timeframe.js';
import type { CandleRow } from '../candles/candle.js';
import type { OurCandle } from './minutes.js';

/** One symbol on one IST date; of days, on all. */
export interface Unit {
  readonly ours: readonly OurCandle[];
  /** By epoch ms; also of the days before and after. */
  readonly reference: ReadonlyMap<number, CandleRow>;
  readonly tickRupees: number;
  /** Both sides have traded quantities. */
  readonly volumes: boolean;
  readonly timeframe: Timeframe;
}

/** Shares of values that agree, 0 to 1, over `minutes` that both sides have. */
interface ShiftAgreement {
  readonly minutes: number;
  readonly prices: number;
  readonly volumes: number;
}

/** Minutes of a unit that are looked at; they are spread over its day. */
const MAX_SAMPLES = 120;
/** Share of a volume by which two of one minute may differ when no slack is known. */
const VOLUME_TOLERANCE = 0.05;
/** The least share that agrees at the right distance, and by how much it exceeds the share at none. */
const MIN_AGREEMENT = 0.5;
const MIN_GAIN = 0.25;
/** The least number of minutes, for a distance with a known cause and for any other. */
const MIN_MINUTES = { known: 2, any: 3 } as const;
/** Below this number of minutes any other distance needs prices and volumes that agree to MIN_CLEAR. */
const MIN_PLENTY = 10;
const MIN_CLEAR = 0.75;
/** By how much any other distance exceeds the second best, which is no neighbour of it. */
const MIN_LEAD = 0.15;
/** Minutes. */
const MAX_SHIFT = 24 * 60;
/** India's offset, minutes. */
export const ZONE_MINUTES = 330;

/** Minutes from a candle's label to the next one's. */
export const stepOf = (timeframe: Timeframe): number => Math.min(MAX_SHIFT, minutesOf(timeframe));

/** Minutes: labels by the end of the candle, India's offset, and both. */
const knownShifts = (step: number): readonly number[] => [
  step,
  -step,
  -ZONE_MINUTES,
  ZONE_MINUTES,
  step - ZONE_MINUTES,
  ZONE_MINUTES + step,
];

/** Every n-th candle, so that at most MAX_SAMPLES are left. */
function sampled(candles: readonly OurCandle[]): readonly OurCandle[] {
  const step = Math.ceil(candles.length / MAX_SAMPLES);
  return candles.filter((_, k) => k % step === 0);
}

/** True if two volumes of one minute are equal but for its edges. */
export function isNear({ candle, quality }: OurCandle, volume: number): boolean {
  const tolerance = Math.max(quality?.volSlack ?? 0, VOLUME_TOLERANCE * candle.volume);
  return Math.abs(candle.volume - volume) <= tolerance;
}

/** With the reference `shift` minutes later than ours, and its prices divided by `factor`. */
function agreementAt(
  { reference, tickRupees, volumes }: Unit,
  samples: readonly OurCandle[],
  shift: number,
  factor: number,
): ShiftAgreement {
  let [minutes, prices, near] = [0, 0, 0];
  for (const own of samples) {
    const other = reference.get(own.candle.timestampMs + shift * MINUTE_MS);
    if (other === undefined) continue;
    minutes++;
    const { open, high, low, close } = own.candle;
    // Half a unit more than a tick: prices are decimals in binary.
    const limit = tickRupees + 0.00005;
    if (Math.abs(other.open / factor - open) <= limit) prices++;
    if (Math.abs(other.high / factor - high) <= limit) prices++;
    if (Math.abs(other.low / factor - low) <= limit) prices++;
    if (Math.abs(other.close / factor - close) <= limit) prices++;
    if (volumes && isNear(own, other.volume)) near++;
  }
  if (minutes === 0) return { minutes, prices: 0, volumes: 0 };
  return { minutes, prices: prices / (4 * minutes), volumes: near / minutes };
}

/** The better of prices and volumes, so that neither a quiet price nor a volume in lots hides the distance. */
const best = (agreement: ShiftAgreement, none: ShiftAgreement): number =>
  agreement.prices - none.prices >= agreement.volumes - none.volumes ? agreement.prices : agreement.volumes;

function isRight(agreement: ShiftAgreement, none: ShiftAgreement): boolean {
  return (['prices', 'volumes'] as const).some(
    (kind) => agreement[kind] >= MIN_AGREEMENT && agreement[kind] >= none[kind] + MIN_GAIN,
  );
}

/** True if the distance is right, and clearly so in few minutes: by chance some of 2,880 distances agree a little. */
function isClear(agreement: ShiftAgreement, none: ShiftAgreement, volumes: boolean): boolean {
  if (!isRight(agreement, none)) return false;
  return (
    agreement.minutes >= MIN_PLENTY ||
    (agreement.prices >= MIN_CLEAR && (!volumes || agreement.volumes >= MIN_CLEAR))
  );
}

interface Found {
  readonly shift: number;
  readonly share: number;
}

/** The first of the best among distances with a known cause. */
function likeliest(
  shifts: readonly number[],
  at: (shift: number) => ShiftAgreement,
  none: ShiftAgreement,
  minMinutes: number,
): Found | undefined {
  let found: Found | undefined;
  for (const shift of shifts) {
    const agreement = at(shift);
    if (agreement.minutes < minMinutes || !isRight(agreement, none)) continue;
    const share = best(agreement, none);
    if (found === undefined || share > found.share) found = { shift, share };
  }
  return found;
}

/** The one distance of all that is clearly better than the others. */
function only(
  at: (shift: number) => ShiftAgreement,
  none: ShiftAgreement,
  minMinutes: number,
  volumes: boolean,
): Found | undefined {
  const all: Found[] = [];
  for (let shift = -MAX_SHIFT; shift <= MAX_SHIFT; shift++) {
    const agreement = at(shift);
    if (agreement.minutes >= minMinutes && isClear(agreement, none, volumes))
      all.push({ shift, share: best(agreement, none) });
  }
  const [first, second] = all.sort((a, b) => b.share - a.share);
  return second === undefined || second.share <= first.share - MIN_LEAD ? first : undefined;
}

/**
 * Minutes by which the reference's labels are later than ours: 0 if they agree, or if no distance is clearly right.
 * `known`: distances found in other units, tried first. `all`: false to try known ones only.
 */
export function shiftOf(unit: Unit, factor: number, known: readonly number[], all: boolean): number {
  const samples = sampled(unit.ours);
  const none = agreementAt(unit, samples, 0, factor);
  // Nothing can gain enough.
  if (none.prices > 1 - MIN_GAIN && (!unit.volumes || none.volumes > 1 - MIN_GAIN)) return 0;
  const at = (shift: number): ShiftAgreement => agreementAt(unit, samples, shift, factor);
  const half = samples.length / 2;
  const likely = likeliest(
    [...known, ...knownShifts(stepOf(unit.timeframe))],
    at,
    none,
    Math.max(MIN_MINUTES.known, half),
  );
  if (!all || (likely !== undefined && likely.share >= MIN_CLEAR)) return likely?.shift ?? 0;
  const other = only(at, none, Math.max(MIN_MINUTES.any, half), unit.volumes);
  return (other !== undefined && other.share > (likely?.share ?? 0) ? other : likely)?.shift ?? 0;
}
