/** Merges new candles with those on disk. Pure. */
import { isPolled, type CandleRow, type CandleWithQuality, type QualityRow } from '../candles/candle.js';

/** Without a quality row a candle counts as whole with revision 0; no row is invented. */
export interface StoredCandle {
  readonly candle: CandleRow;
  readonly quality: QualityRow | undefined;
}

export interface Merged {
  /** Sorted by time, one a minute. */
  readonly rows: readonly StoredCandle[];
  /** Minutes (epoch ms, ascending) in which the stored row stayed although the incoming one differs. */
  readonly kept: readonly number[];
}

/** Joins a pair's rows. A quality row without its candle is dropped. */
export function pairUp(candles: readonly CandleRow[], quality: readonly QualityRow[]): StoredCandle[] {
  const byMinute = new Map(quality.map((row) => [row.timestampMs, row]));
  return candles.map((candle) => ({ candle, quality: byMinute.get(candle.timestampMs) }));
}

/** 2: a minute that a run saw whole; 1: one that was polled; 0: one seen in part. */
function rankOf({ quality }: StoredCandle): number {
  if (quality === undefined) return 2;
  return isPolled(quality) ? 1 : quality.partial ? 0 : 2;
}

/** Seen whole beats polled, which beats partial; then the higher revision, then the newer. */
export function replaces(newer: StoredCandle, stored: StoredCandle): boolean {
  const [newerRank, storedRank] = [rankOf(newer), rankOf(stored)];
  if (newerRank !== storedRank) return newerRank > storedRank;
  return (newer.quality?.revision ?? 0) >= (stored.quality?.revision ?? 0);
}

/** Minutes from, to (epoch ms, half-open). */
export interface MinuteRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** True if two candles say the same of their minute. */
export function sameCandle(a: CandleRow, b: CandleRow): boolean {
  return firstDifference(a, b) === undefined;
}

function sameRow(a: StoredCandle, b: CandleWithQuality): boolean {
  return (
    sameCandle(a.candle, b.candle) &&
    a.quality !== undefined &&
    firstDifference(a.quality, b.quality) === undefined
  );
}

/** The first field in which two rows differ. */
export function firstDifference<Row extends object>(a: Row, b: Row): (keyof Row & string) | undefined {
  return (Object.keys(a) as (keyof Row & string)[]).find((name) => a[name] !== b[name]);
}

/**
 * True if `stored` has the same ticks up to the seal and no more late ticks. A writer that died leaves such rows, and
 * its successor does not remember them.
 */
function isEarlierState({ candle, quality }: StoredCandle, newer: CandleWithQuality): boolean {
  if (quality === undefined || quality.source !== newer.quality.source) return false;
  const lateSince = newer.quality.late - quality.late;
  if (
    newer.quality.ticks - quality.ticks !== lateSince ||
    newer.quality.revision - quality.revision !== lateSince
  )
    return false;
  if (lateSince === 0)
    return sameCandle(candle, newer.candle) && quality.priceChanges === newer.quality.priceChanges;
  // The auction's candle is flat at its last price, which moves either way.
  const within =
    quality.source === 'auction' || (candle.high <= newer.candle.high && candle.low >= newer.candle.low);
  return (
    lateSince > 0 &&
    within &&
    candle.volume <= newer.candle.volume &&
    quality.priceChanges <= newer.quality.priceChanges
  );
}

/**
 * `merge` for a writer whose `incoming` rows are all of its run's so far. `own`: the rows that it wrote before, by
 * minute. They yield to newer ones, because a minute that proves partial must not lose to its earlier state.
 * `seenBetter`: minutes of which another process of the run saw more. Its rows there yield only to better ones.
 */
export function mergeRun(
  stored: readonly StoredCandle[],
  incoming: readonly CandleWithQuality[],
  own: ReadonlyMap<number, CandleWithQuality> | undefined,
  seenBetter?: MinuteRange,
): Merged {
  const newer = new Map(incoming.map((row) => [row.candle.timestampMs, row]));
  const isProtected = ({ candle: { timestampMs } }: StoredCandle): boolean =>
    seenBetter !== undefined && timestampMs >= seenBetter.fromMs && timestampMs < seenBetter.toMs;
  const isOwn = (row: StoredCandle, mine: CandleWithQuality | undefined): boolean =>
    mine !== undefined &&
    row.quality !== undefined &&
    sameCandle(row.candle, mine.candle) &&
    firstDifference(row.quality, mine.quality) === undefined;
  const earlier = stored.filter((row) => {
    const replacement = newer.get(row.candle.timestampMs);
    return (
      replacement === undefined ||
      !(
        isOwn(row, own?.get(row.candle.timestampMs)) ||
        (!isProtected(row) && isEarlierState(row, replacement))
      )
    );
  });
  return merge(earlier, incoming, isProtected);
}

/**
 * Merges `incoming` into `stored` by minute, in order: a file holds one symbol. Idempotent. A protected row yields
 * only to a better one.
 */
export function merge(
  stored: readonly StoredCandle[],
  incoming: readonly CandleWithQuality[],
  isProtected: (stored: StoredCandle) => boolean = () => false,
): Merged {
  const byMinute = new Map<number, StoredCandle>();
  const lay = (row: StoredCandle): boolean => {
    const there = byMinute.get(row.candle.timestampMs);
    const wins =
      there === undefined || (replaces(row, there) && !(isProtected(there) && replaces(there, row)));
    if (wins) byMinute.set(row.candle.timestampMs, row);
    return wins;
  };
  stored.forEach(lay);
  const kept = new Set<number>();
  for (const row of incoming) {
    const minute = row.candle.timestampMs;
    const there = byMinute.get(minute);
    if (lay(row)) kept.delete(minute);
    else if (there !== undefined && !sameRow(there, row)) kept.add(minute);
  }
  return {
    rows: [...byMinute.values()].sort((a, b) => a.candle.timestampMs - b.candle.timestampMs),
    kept: [...kept].sort((a, b) => a - b),
  };
}
