/**
 * A candle of a longer timeframe, from the bars of its minutes. Each bar keeps what may cross its edges, so the result
 * is that of a fold of the packets (docs/candles.md, "Timeframes"). Any thread may read.
 */
import { MINUTE_MS } from '../market/session.js';
import { BAR, MARK } from './bar.js';
import { lastBarOf, type BarSpan } from './bar-span.js';
import { isAuction, readSpan, SPAN } from './bar-times.js';
import type { ShardMemory } from './layout.js';
import { isGapMinute, readPolled } from './polled.js';
import {
  changesSinceSeal,
  copyBar,
  gapMsIn,
  pricesIn,
  readAsSealed,
  readBar,
  slackOf,
  underVersion,
  type BarFigures,
  type BarPrices,
} from './shard-reader.js';

/** Prices in wire units. */
export interface RolledUp {
  /** Counts are sums. `repaired`: a child is, or the range moved between two children. */
  readonly figures: Omit<BarFigures, 'hasSnapshot' | 'lastSeenAt' | 'longestSilenceMs'>;
  /** Market ms of gaps in its minutes, those without a candle too. */
  readonly gapMs: number;
  /** Longest time without a packet in one of its minutes, market ms. */
  readonly maxAgeMs: number;
  /** A gap touches one of its minutes, or a connection began in it, and it was not polled. */
  readonly isUnseen: boolean;
  /** Its minutes that were polled. Each counts as a revision; the candle's slack is unknown. */
  readonly polled: number;
}

/** The fold of a candle's bars, in order. Zero prices: none. */
interface Fold {
  readonly figures: { -readonly [Name in keyof RolledUp['figures']]: RolledUp['figures'][Name] };
  maxAgeMs: number;
  slackBefore: number;
  slackAfter: number;
  /** Of the day's range, where it moved between two packets of the candle. */
  edgeHigh: number;
  edgeLow: number;
  gapMs: number;
  isUnseen: boolean;
  polled: number;
}

const empty = (): Fold => ({
  figures: {
    ticks: 0,
    open: 0,
    high: 0,
    low: 0,
    close: 0,
    volume: 0,
    priceChanges: 0,
    late: 0,
    revision: 0,
    repaired: false,
    tail: false,
    coveredSeconds: 0,
    volSlack: null,
    oiHigh: 0,
    oiLow: 0,
    oiClose: 0,
  },
  maxAgeMs: 0,
  slackBefore: 0,
  slackAfter: 0,
  edgeHigh: 0,
  edgeLow: 0,
  gapMs: 0,
  isUnseen: false,
  polled: 0,
});

/** The bar at hand. Without ticks it may have an edge, a snapshot, seconds and open interest. */
const child = new Float64Array(BAR.size);
const bounds = new Float64Array(SPAN.size);

const least = (a: number, b: number): number => (a === 0 ? b : b === 0 ? a : Math.min(a, b));

/** Extends the candle by a child's prices and volume. */
function addPrices({ figures }: Fold, { open, high, low, close, volume }: BarPrices): void {
  if (figures.close === 0) figures.open = open;
  figures.high = Math.max(figures.high, high);
  figures.low = least(figures.low, low);
  figures.close = close;
  figures.volume = Math.min(figures.volume + volume, Number.MAX_SAFE_INTEGER);
}

function addCounts({ figures }: Fold): void {
  figures.ticks += child[BAR.ticks];
  figures.priceChanges += child[BAR.priceChanges];
  figures.late += child[BAR.late];
  figures.revision += child[BAR.revision];
}

function addTicks(fold: Fold, auction: boolean, first: number): void {
  const { figures } = fold;
  addPrices(fold, pricesIn(child, BAR, auction));
  figures.repaired ||= (child[BAR.marks] & MARK.repaired) !== 0;
  figures.tail ||= (child[BAR.marks] & MARK.tail) !== 0;
  // Rises since a packet before the candle's first minute.
  if (child[BAR.slackFrom] <= first) fold.slackBefore += child[BAR.slackBefore];
}

function addCoverage(fold: Fold): void {
  const { figures } = fold;
  const endMs = bounds[SPAN.start] + MINUTE_MS;
  const seenAt = child[BAR.lastSeenAt] === 0 ? bounds[SPAN.start] : child[BAR.lastSeenAt];
  figures.coveredSeconds += child[BAR.coveredSeconds];
  fold.maxAgeMs = Math.max(fold.maxAgeMs, child[BAR.longestSilenceMs], endMs - seenAt);
}

/** The price of a trade that no packet showed: an end of the day's range that moved since the bar `from`, less 1. */
function addEdge(fold: Fold, first: number, end: number, from: number): void {
  if (from <= first) return;
  fold.edgeHigh = Math.max(fold.edgeHigh, end);
  fold.edgeLow = least(fold.edgeLow, end);
}

/**
 * A child's ranges that moved across its edge, if both packets are of the candle. A new high of the day may be the
 * candle's low, before prices that are higher still.
 */
function addEdges(fold: Fold, first: number): void {
  addEdge(fold, first, child[BAR.edgeHigh], child[BAR.edgeHighFrom]);
  addEdge(fold, first, child[BAR.edgeLow], child[BAR.edgeLowFrom]);
  addEdge(fold, first, child[BAR.nearHigh], child[BAR.nearHighFrom]);
  addEdge(fold, first, child[BAR.nearLow], child[BAR.nearLowFrom]);
}

/** `polled`: the broker's candle of the bar, in place of what was seen. */
function addChild(
  fold: Fold,
  m: ShardMemory,
  row: number,
  bar: number,
  { first, polled }: { readonly first: number; readonly polled: BarPrices | undefined },
): void {
  const { figures } = fold;
  const auction = isAuction(m, row, bar);
  const gapMs = gapMsIn(m, row, bar);
  fold.gapMs += gapMs;
  readSpan(m, row, bar, bounds);
  if (!auction) addCoverage(fold);
  if (child[BAR.ticks] > 0) addCounts(fold);
  if (child[BAR.oiClose] !== 0) figures.oiClose = child[BAR.oiClose];
  figures.oiHigh = Math.max(figures.oiHigh, child[BAR.oiHigh]);
  figures.oiLow = least(figures.oiLow, child[BAR.oiLow]);
  if (polled !== undefined) {
    fold.polled++;
    figures.revision++;
    addPrices(fold, polled);
    return;
  }
  fold.isUnseen ||= gapMs > 0 || child[BAR.hasSnapshot] === 1;
  fold.slackAfter += child[BAR.slackAfter];
  addEdges(fold, first);
  if (child[BAR.ticks] > 0) addTicks(fold, auction, first);
}

/** Bars of the candle, in order. */
function* barsOf({ first, last, auction }: BarSpan): Generator<number> {
  for (let bar = first; bar <= last; bar++) yield bar;
  if (auction >= 0) yield auction;
}

/** The broker's candle of a minute of which something was not seen; undefined without one. */
function polledOf(m: ShardMemory, row: number, bar: number): BarPrices | undefined {
  const polled = readPolled(m, row, bar);
  if (polled === undefined) return undefined;
  return isGapMinute(m, row, bar, { hasSnapshot: child[BAR.hasSnapshot] === 1 }) ? polled : undefined;
}

/** Reads the candle, with what was polled unless `asSeen`; undefined without a tick or a polled minute. */
export function readRollUp(m: ShardMemory, row: number, span: BarSpan, asSeen = false): RolledUp | undefined {
  const fold = underVersion(m, row, (s) => {
    const sum = empty();
    for (const bar of barsOf(span)) {
      copyBar(m, row, s, bar, child);
      addChild(sum, m, row, bar, { first: span.first, polled: asSeen ? undefined : polledOf(m, row, bar) });
    }
    const slack = slackOf(m, row, s, lastBarOf(span), Math.max(sum.slackBefore, sum.slackAfter));
    sum.figures.volSlack = sum.polled > 0 ? null : slack;
    return sum;
  });
  const { figures, edgeHigh, edgeLow, gapMs, maxAgeMs, isUnseen, polled } = fold;
  if (figures.close === 0) return undefined;
  if (edgeHigh > figures.high || (edgeLow > 0 && edgeLow < figures.low)) figures.repaired = true;
  figures.high = Math.max(figures.high, edgeHigh);
  figures.low = least(figures.low, edgeLow);
  return { figures, gapMs, maxAgeMs, isUnseen, polled };
}

/** Changes of the candle's minutes since each was sealed; a polled one is one. */
export function changesInSpan(m: ShardMemory, row: number, span: BarSpan): number {
  let changes = 0;
  for (const bar of barsOf(span)) {
    const figures = readBar(m, row, bar);
    if (figures !== undefined) changes += changesSinceSeal(m, row, bar, figures, gapMsIn(m, row, bar));
    const polled = readPolled(m, row, bar);
    if (polled !== undefined && isGapMinute(m, row, bar, figures)) changes++;
  }
  return changes;
}

/** The candle of its minutes as each was sealed, in wire units; undefined if none had a tick then. */
export function readAsSealedRollUp(m: ShardMemory, row: number, span: BarSpan): BarPrices | undefined {
  const children = [...barsOf(span)].flatMap((bar) => readAsSealed(m, row, bar) ?? []);
  if (children.length === 0) return undefined;
  return {
    open: children[0].open,
    high: Math.max(...children.map(({ high }) => high)),
    low: Math.min(...children.map(({ low }) => low)),
    close: children[children.length - 1].close,
    volume: children.reduce((sum, { volume }) => sum + volume, 0),
  };
}
