/**
 * Why a candle of ours differs from the reference's: exactly one cause a difference, from a closed list, by what our quality row says of the
 * minute. Pure. What none of them covers is `unexplained`, and that is what to look at.
 */
import type { QualityRow } from '../candles/candle.js';
import type { CandleField } from './fields.js';
import type { OurCandle } from './minutes.js';

/** In the order in which they are asked; the first that holds is the cause. */
export const CAUSES = [
  'gap',
  'partialMinute',
  'auction',
  'boundary',
  'unseenExtreme',
  'lateTick',
  'oursMissing',
  'referenceMissing',
  'unexplained',
] as const;
export type Cause = (typeof CAUSES)[number];

/** A cause as a person reads it. */
export const CAUSE_NAME: Readonly<Record<Cause, string>> = {
  gap: 'gap',
  partialMinute: 'partial minute',
  auction: 'auction',
  boundary: 'boundary',
  unseenExtreme: 'unseen extreme',
  lateTick: 'late tick',
  oursMissing: 'missing in ours',
  referenceMissing: 'missing in the reference',
  unexplained: 'unexplained',
};

/** What a date is known to have reached, rupees: by all candles of ours, and by the reference's earlier ones. */
export interface DayRange {
  readonly low: number;
  readonly high: number;
}

/** What is known of a difference. */
export interface MinuteEvidence {
  readonly field: CandleField;
  readonly ours: number;
  readonly reference: number;
  readonly own: OurCandle;
  readonly other: OurCandle;
  readonly day: DayRange;
}

/**
 * Whether trades at the minute's edges may make the difference: those between the last packet before an edge and the first behind it, which are
 * `vol_slack` in number (docs/protocol.md 7, "Conflation"). They bound the volume; an open or a close that they hide may be any of their prices,
 * which lie within the reference's own candle.
 */
function isBoundary({ field, ours, reference, other }: MinuteEvidence, slack: number): boolean {
  if (field === 'volume') return Math.abs(ours - reference) <= slack;
  return (
    (field === 'open' || field === 'close') &&
    slack > 0 &&
    ours >= other.candle.low &&
    ours <= other.candle.high
  );
}

/** Whether `price` is one that the candle reached. */
const holds = ({ candle }: OurCandle, price: number): boolean => price >= candle.low && price <= candle.high;

/**
 * Whether the reference has a trade that stood between two of our frames. Of a high or low: it reaches farther than ours, and not beyond what the day
 * had reached, for a new extreme moves the day's own figures, which frames tell. Of an open: ours is a trade of the same minute, and one
 * before it was never sent; a close is not hidden so, because the last frame of a minute tells it.
 */
function isUnseen({ field, ours, reference, own, other, day }: MinuteEvidence): boolean {
  if (field === 'high') return reference > ours && reference <= day.high;
  if (field === 'low') return reference < ours && reference >= day.low;
  return (
    field === 'open' &&
    own.quality !== undefined &&
    holds(other, ours) &&
    holds(other, reference) &&
    reference <= day.high &&
    reference >= day.low
  );
}

/** The cause of one field's difference in a minute that both sides have. */
export function causeOf(evidence: MinuteEvidence): Exclude<Cause, 'oursMissing' | 'referenceMissing'> {
  const { own, other } = evidence;
  const quality: QualityRow | undefined = own.quality;
  if ((quality?.gapMs ?? 0) > 0) return 'gap';
  if (own.partial || other.partial) return 'partialMinute';
  if (own.source === 'auction') return 'auction';
  if (isBoundary(evidence, quality?.volSlack ?? 0)) return 'boundary';
  if (isUnseen(evidence)) return 'unseenExtreme';
  if ((quality?.late ?? 0) > 0) return 'lateTick';
  return 'unexplained';
}

export type CauseCounts = Record<Cause, number>;

export const noCauses = (): CauseCounts =>
  Object.fromEntries(CAUSES.map((cause) => [cause, 0])) as CauseCounts;

/** The causes of several comparisons together. */
export function causesOf(symbols: readonly { readonly causes: CauseCounts }[]): CauseCounts {
  const sum = noCauses();
  for (const { causes } of symbols) for (const cause of CAUSES) sum[cause] += causes[cause];
  return sum;
}
