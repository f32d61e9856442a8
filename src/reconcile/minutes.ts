/**
 * Matches our candles with the reference's, and classifies those without a partner. Pure. They are of any timeframe;
 * `minute` here is the span of one.
 *
 * The reference usually holds whole days and ours some minutes, so only minutes in our files' span count.
 */
import type { CandleRow, CandleSource, QualityRow } from '../candles/candle.js';
import { DAY_MS, IST_OFFSET_MS, MINUTE_MS, istDate } from '../market/session.js';

/** A candle from REST is always whole and `continuous`. */
export interface OurCandle {
  readonly candle: CandleRow;
  /** Not known to be seen from start to end; true for a polled one of ours, which `source` tells apart. */
  readonly partial: boolean;
  readonly source: CandleSource;
  /** Only ours have one. */
  readonly quality?: QualityRow | undefined;
}

/** Our files' span of one IST date, all symbols: first to last minute, both included, epoch ms. */
export interface DateSpan {
  readonly date: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface MatchedMinute {
  readonly ours: OurCandle;
  readonly reference: OurCandle;
}

/** Epoch ms, ascending: absent from the side, present on the other. */
export interface AbsentMinutes {
  readonly ours: readonly number[];
  readonly reference: readonly number[];
}

/** One symbol's minutes, each in exactly one list. */
export interface Alignment {
  /** By time. */
  readonly matches: readonly MatchedMinute[];
  /** Partial in ours, absent from the reference. */
  readonly unmatchedPartial: readonly OurCandle[];
  /** Holes while the side was watching. */
  readonly missing: AbsentMinutes;
  /** Holes next to a partial candle: perhaps not watched. */
  readonly unseen: AbsentMinutes;
  /** Nothing traded in them: the other side's row says so, and no row is needed. */
  readonly idle: AbsentMinutes;
  /** The reference's, outside the spans. */
  readonly outside: number;
  /** Closing auctions that the reference labels before us. */
  readonly relabelled: number;
}

const HOUR_MS = 60 * MINUTE_MS;
const dayOf = (ms: number): number => Math.floor((ms + IST_OFFSET_MS) / DAY_MS);

/**
 * Ours, in which the slack of a session's last candle is that of its first edge, if no packet after it told the other:
 * the candle before it has that edge, too. Ascending.
 */
export function withFirstEdges(candles: readonly OurCandle[]): OurCandle[] {
  return candles.map((own, k) => {
    const before = candles[k - 1]?.quality;
    if (own.source === 'auction' || own.quality?.volSlack !== null) return own;
    if (typeof before?.volSlack !== 'number') return own;
    if (dayOf(before.timestampMs) !== dayOf(own.candle.timestampMs)) return own;
    return { ...own, quality: { ...own.quality, volSlack: before.volSlack } };
  });
}

/** The span of each IST date on which a side has a candle, whole or partial; ascending. */
export function dateSpans(sides: readonly (readonly OurCandle[])[]): DateSpan[] {
  const byDay = new Map<number, DateSpan>();
  for (const side of sides) {
    for (const { candle } of side) {
      const ms = candle.timestampMs;
      const there = byDay.get(dayOf(ms));
      byDay.set(dayOf(ms), {
        date: istDate(ms),
        firstMs: Math.min(ms, there?.firstMs ?? ms),
        lastMs: Math.max(ms, there?.lastMs ?? ms),
      });
    }
  }
  return [...byDay.values()].sort((a, b) => a.firstMs - b.firstMs);
}

/** Minutes of which a side has any symbol's whole candle: it was connected throughout. */
function coveredMinutes(sides: readonly (readonly OurCandle[])[]): Set<number> {
  return new Set(
    sides.flatMap((side) => side.filter(({ partial }) => !partial).map(({ candle }) => candle.timestampMs)),
  );
}

/** The candles before and after the hole `ms`, same date. */
function neighbours(
  side: readonly OurCandle[],
  ms: number,
): { readonly before: OurCandle | undefined; readonly after: OurCandle | undefined } {
  let low = 0;
  let high = side.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (side[middle].candle.timestampMs < ms) low = middle + 1;
    else high = middle;
  }
  const sameDay = (seen: OurCandle | undefined): OurCandle | undefined =>
    seen !== undefined && dayOf(seen.candle.timestampMs) === dayOf(ms) ? seen : undefined;
  return { before: sameDay(side[low - 1]), after: sameDay(side[low]) };
}

/** Minutes that a side saw whole, and those in which its run began or ended. */
export interface Watch {
  readonly watched: ReadonlySet<number>;
  readonly broken: ReadonlySet<number>;
}

/**
 * First and last minutes of dates of which no symbol has a whole candle, next to a minute of which some have: a run
 * began or ended inside.
 */
function brokenMinutes(sides: readonly (readonly OurCandle[])[], lengthMs: number): Set<number> {
  const whole = coveredMinutes(sides);
  const edges = dateSpans(sides).flatMap(({ firstMs, lastMs }) => [
    [firstMs, firstMs + lengthMs],
    [lastMs, lastMs - lengthMs],
  ]);
  return new Set(
    edges.filter(([edge, inside]) => !whole.has(edge) && whole.has(inside)).map(([edge]) => edge),
  );
}

/** `sides`: of all symbols. `lengthMs`: of a candle. */
export const watchOf = (sides: readonly (readonly OurCandle[])[], lengthMs: number): Watch => ({
  watched: coveredMinutes(sides),
  broken: brokenMinutes(sides, lengthMs),
});

/**
 * True if a side may not have been watching a symbol in the minute `ms`, a hole. A folder can hold several runs of a
 * day. Partial are a run's first minute, its last if interrupted, and any with a lost connection. So a hole next to a
 * partial candle lies between runs or in an outage; one between whole candles does not.
 *
 * A run begins and ends inside a minute, which a symbol that is silent for the rest of it has no candle of.
 *
 * A silent symbol must not be excused, and a later run's partial first minute proves nothing of the run before: if
 * other symbols were whole in every minute from this symbol's whole candle to the hole, the side was watching. A
 * symbol without a candle on a date has no neighbour: the files do not say if it was silent or not subscribed.
 */
function isUnseen(
  side: readonly OurCandle[],
  ms: number,
  { watched, broken }: Watch,
  lengthMs: number,
): boolean {
  if (broken.has(ms)) return true;
  const { before, after } = neighbours(side, ms);
  const unbroken = (fromMs: number, toMs: number): boolean => {
    for (let at = fromMs; at <= toMs; at += lengthMs) if (!watched.has(at)) return false;
    return true;
  };
  if (before?.partial === false && unbroken(before.candle.timestampMs, ms)) return false;
  if (after?.partial === false && unbroken(ms, after.candle.timestampMs)) return false;
  return before?.partial === true || after?.partial === true;
}

/**
 * Brokers label the closing auction 15:28 or 15:29, and we 15:29. Of a longer timeframe they may label it by the start
 * of the candle that would hold it. So an auction candle without a row at its label takes the nearest row less than a
 * candle earlier, or of minutes one minute, unless we have a candle there.
 */
function partnerOf(
  own: OurCandle,
  ours: ReadonlySet<number>,
  reference: ReadonlyMap<number, OurCandle>,
  lengthMs: number,
): OurCandle | undefined {
  const ms = own.candle.timestampMs;
  const same = reference.get(ms);
  if (same !== undefined || own.source !== 'auction') return same;
  // A day's candle has the auction, so none of its own is that long.
  const earliestMs = ms - Math.max(MINUTE_MS, Math.min(lengthMs, HOUR_MS) - MINUTE_MS);
  for (let at = ms - MINUTE_MS; at >= earliestMs && !ours.has(at); at -= MINUTE_MS) {
    const earlier = reference.get(at);
    if (earlier !== undefined) return earlier;
  }
  return undefined;
}

/** When each side was watching, from all symbols together. */
export interface Coverage {
  /** Of our side. */
  readonly spans: readonly DateSpan[];
  readonly ours: Watch;
  readonly reference: Watch;
  /** Of a candle, ms. */
  readonly lengthMs: number;
}

/** For one symbol. Both sides are ascending, one candle a label. `idle`: rows that report no trade, of both sides. */
export function align(
  ours: readonly OurCandle[],
  reference: readonly OurCandle[],
  coverage: Coverage,
  idle: ReadonlySet<OurCandle>,
): Alignment {
  const { lengthMs } = coverage;
  const ourMinutes = new Set(ours.map(({ candle }) => candle.timestampMs));
  const byMinute = new Map(reference.map((seen) => [seen.candle.timestampMs, seen]));
  const spanOfDay = new Map(coverage.spans.map((span) => [dayOf(span.firstMs), span]));
  const matches: MatchedMinute[] = [];
  const unmatchedPartial: OurCandle[] = [];
  const taken = new Set<OurCandle>();
  const missing = { ours: [] as number[], reference: [] as number[] };
  const unseen = { ours: [] as number[], reference: [] as number[] };
  const idleMinutes = { ours: [] as number[], reference: [] as number[] };
  let relabelled = 0;
  for (const own of ours) {
    const ms = own.candle.timestampMs;
    const partner = partnerOf(own, ourMinutes, byMinute, lengthMs);
    if (partner !== undefined) {
      matches.push({ ours: own, reference: partner });
      taken.add(partner);
      if (partner.candle.timestampMs !== ms) relabelled++;
    } else if (own.partial) unmatchedPartial.push(own);
    else if (idle.has(own)) idleMinutes.reference.push(ms);
    else (isUnseen(reference, ms, coverage.reference, lengthMs) ? unseen : missing).reference.push(ms);
  }
  let outside = 0;
  for (const other of reference) {
    const ms = other.candle.timestampMs;
    if (taken.has(other)) continue;
    const span = spanOfDay.get(dayOf(ms));
    if (span === undefined || ms < span.firstMs || ms > span.lastMs) outside++;
    else if (idle.has(other)) idleMinutes.ours.push(ms);
    else (isUnseen(ours, ms, coverage.ours, lengthMs) ? unseen : missing).ours.push(ms);
  }
  return { matches, unmatchedPartial, missing, unseen, idle: idleMinutes, outside, relabelled };
}
