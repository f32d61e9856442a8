/**
 * Gives each difference from the reference one cause from a closed list, by our quality row of the minute. Pure. A
 * difference that no cause covers is `unexplained`, and needs a look.
 */
import type { QualityRow } from '../candles/candle.js';
import type { CandleField } from './fields.js';
import type { OurCandle } from './minutes.js';

/** The first that applies is the cause. */
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

/** Rupees: the date's range in all our candles and the reference's earlier ones; infinite where frames tell none. */
export interface DayRange {
  readonly low: number;
  readonly high: number;
}

/** LTP and Quote: trades of a minute's end are shown with stamps of the next (docs/feed-behaviour.md, fact 3). */
export interface LateTrades {
  /** The reference's candle of the minute before. */
  readonly before: OurCandle | undefined;
  /** `vol_slack` says whether a trade was late; LTP frames do not. */
  readonly slackKnown: boolean;
}

export interface MinuteEvidence {
  readonly field: CandleField;
  readonly ours: number;
  readonly reference: number;
  readonly own: OurCandle;
  readonly other: OurCandle;
  readonly day: DayRange;
  /** Undefined in SnapQuote: its packets tell when their trade was. */
  readonly late?: LateTrades | undefined;
}

/**
 * True if trades at the minute's edges can make the difference: those between the last packet before an edge and the
 * first after it, `vol_slack` in number (docs/protocol.md 7, "Conflation"). They bound the volume; a hidden open or
 * close may be any of their prices, all within the reference's candle.
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

/**
 * True if a trade that the feed showed late can make the difference: one of the minute before is our open, high or low,
 * or in LTP mode our close lacks the last ones.
 */
function isLate({ field, ours, reference, other, late }: MinuteEvidence): boolean {
  if (late === undefined) return false;
  if (field === 'close') return !late.slackKnown && holds(other, ours);
  const { before } = late;
  if (before === undefined) return false;
  if (field === 'open') return holds(before, ours);
  if (field === 'high') return ours > reference && ours <= before.candle.high;
  return field === 'low' && ours < reference && ours >= before.candle.low;
}

const holds = ({ candle }: OurCandle, price: number): boolean => price >= candle.low && price <= candle.high;

/**
 * True if no frame of ours showed the reference's trade. A high or low is beyond ours but within the day's range: any
 * new extreme of the day is in the frames that tell it. Our open is a later trade of the minute. A close is never
 * hidden: a minute's last frame shows it.
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

/** For a minute that both sides have. */
export function causeOf(evidence: MinuteEvidence): Exclude<Cause, 'oursMissing' | 'referenceMissing'> {
  const { own, other } = evidence;
  const quality: QualityRow | undefined = own.quality;
  if ((quality?.gapMs ?? 0) > 0) return 'gap';
  if (own.partial || other.partial) return 'partialMinute';
  if (own.source === 'auction') return 'auction';
  if (isBoundary(evidence, quality?.volSlack ?? 0) || isLate(evidence)) return 'boundary';
  if (isUnseen(evidence)) return 'unseenExtreme';
  if ((quality?.late ?? 0) > 0) return 'lateTick';
  return 'unexplained';
}

export type CauseCounts = Record<Cause, number>;

export const noCauses = (): CauseCounts =>
  Object.fromEntries(CAUSES.map((cause) => [cause, 0])) as CauseCounts;

export function causesOf(symbols: readonly { readonly causes: CauseCounts }[]): CauseCounts {
  const sum = noCauses();
  for (const { causes } of symbols) for (const cause of CAUSES) sum[cause] += causes[cause];
  return sum;
}
