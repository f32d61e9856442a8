/** Reads candles from shared memory. The one place where wire units become rupees. */
import { MINUTE_MS } from '../market/session.js';
import { priceScale } from '../market/instrument.js';
import type { Timeframe } from '../market/timeframe.js';
import type { CandleRow, CandleSource, CandleWithQuality, QualityRow } from './candle.js';
import { SHARD, type ShardMemory } from '../memory/layout.js';
import { lastBarOf, spanEndingAt, spanMinutes, type BarSpan } from '../memory/bar-span.js';
import { barLabelMs, isAuction } from '../memory/bar-times.js';
import { hasPolled, isGapMinute, readPolled } from '../memory/polled.js';
import { readAsSealedRollUp, readRollUp, type RolledUp } from '../memory/roll-up.js';
import {
  eachBarFigures,
  gapMsIn,
  readAsSealed,
  readBar,
  type BarFigures,
  type BarPrices,
  type RowPlace,
} from '../memory/shard-reader.js';

const MINUTE_SECONDS = MINUTE_MS / 1000;

/** A candle as sealed, and whether it was partial then. */
export interface AsSealedCandle {
  readonly candle: CandleRow;
  readonly partial: boolean;
}

function candleOf(m: ShardMemory, { instrument, row }: RowPlace, bar: number, figures: BarPrices): CandleRow {
  const scale = priceScale(instrument.exchangeType);
  return {
    symbol: instrument.symbol,
    exchange: instrument.exchange,
    timestampMs: barLabelMs(m, row, bar),
    open: figures.open / scale,
    high: figures.high / scale,
    low: figures.low / scale,
    close: figures.close / scale,
    volume: figures.volume,
  };
}

/** `auction` for a row's last bar. */
export function sourceOf(m: ShardMemory, row: number, bar: number): CandleSource {
  return isAuction(m, row, bar) ? 'auction' : 'continuous';
}

/** What this process saw of a bar. `gapMs`: `gapMsIn` the bar. */
interface SeenBar {
  readonly figures: BarFigures;
  readonly gapMs: number;
  readonly sealed: boolean;
}

/** A bar as it leaves the engine: what was seen of it, if anything, and what was polled over it. */
export interface ShownBar {
  readonly figures: BarFigures | undefined;
  readonly gapMs: number;
  readonly sealed: boolean;
  readonly polled: BarPrices | undefined;
}

/** Undefined for a bar without a tick that is not polled. */
export function showBar(m: ShardMemory, row: number, bar: number, sealed: boolean): ShownBar | undefined {
  const figures = readBar(m, row, bar);
  const there = readPolled(m, row, bar);
  const polled = there !== undefined && isGapMinute(m, row, bar, figures) ? there : undefined;
  if (figures === undefined && polled === undefined) return undefined;
  return { figures, gapMs: gapMsIn(m, row, bar), sealed, polled };
}

/** Of a minute of which no packet told. */
const UNSEEN = {
  ticks: 0,
  priceChanges: 0,
  revision: 0,
  late: 0,
  coverage: 0,
  maxAgeMs: MINUTE_MS,
  oiHigh: null,
  oiLow: null,
  oiClose: null,
} as const;

/** A bar with its quality. A polled one has the broker's figures, and the quality of what was seen. */
export function candleFromBar(
  m: ShardMemory,
  place: RowPlace,
  bar: number,
  { figures, gapMs, sealed, polled }: ShownBar,
): CandleWithQuality {
  const seen = figures && candleAsSeen(m, place, bar, { figures, gapMs, sealed });
  if (polled === undefined) return seen!;
  const quality = seen?.quality ?? UNSEEN;
  return {
    candle: candleOf(m, place, bar, polled),
    quality: {
      ...quality,
      timestampMs: barLabelMs(m, place.row, bar),
      partial: false,
      revision: quality.revision + 1,
      gapMs: Math.round(gapMs),
      source: 'polled',
      volSlack: null,
      repaired: false,
      tail: false,
    },
  };
}

/** A bar as this process saw it; an open one is partial. */
function candleAsSeen(
  m: ShardMemory,
  place: RowPlace,
  bar: number,
  { figures, gapMs, sealed }: SeenBar,
): CandleWithQuality {
  const candle = candleOf(m, place, bar, figures);
  const { timestampMs } = candle;
  const source = sourceOf(m, place.row, bar);
  const silenceAtEnd = figures.lastSeenAt === 0 ? MINUTE_MS : timestampMs + MINUTE_MS - figures.lastSeenAt;
  return {
    candle,
    quality: qualityOf(figures, {
      timestampMs,
      source,
      partial: gapMs > 0 || figures.hasSnapshot || !sealed,
      gapMs,
      minutes: 1,
      maxAgeMs: Math.max(figures.longestSilenceMs, silenceAtEnd),
    }),
  };
}

interface SeenSpan extends Pick<QualityRow, 'timestampMs' | 'source' | 'partial' | 'gapMs'> {
  /** Of continuous trading. */
  readonly minutes: number;
  readonly maxAgeMs: number;
}

/** Of a candle of any length. An auction is one print: it has no coverage. */
function qualityOf(
  figures: RolledUp['figures'],
  { timestampMs, source, partial, gapMs, minutes, maxAgeMs }: SeenSpan,
): QualityRow {
  return {
    timestampMs,
    ticks: figures.ticks,
    priceChanges: figures.priceChanges,
    partial,
    revision: figures.revision,
    late: figures.late,
    gapMs: Math.round(gapMs),
    source,
    volSlack: figures.volSlack,
    repaired: figures.repaired,
    tail: figures.tail,
    coverage: source === 'auction' ? null : figures.coveredSeconds / (minutes * MINUTE_SECONDS),
    maxAgeMs: source === 'auction' ? null : maxAgeMs,
    oiHigh: figures.oiHigh || null,
    oiLow: figures.oiLow || null,
    oiClose: figures.oiClose || null,
  };
}

/** `continuous+auction`: a day's candle with the auction's print. */
function spanSourceOf(m: ShardMemory, row: number, span: BarSpan, polled: number): CandleSource {
  if (isAuction(m, row, span.first)) return 'auction';
  const printed = span.auction >= 0 && readBar(m, row, span.auction) !== undefined;
  const minutes = polled > 0 ? 'mixed' : 'continuous';
  return printed ? `${minutes}+auction` : minutes;
}

/** A candle of a longer timeframe with its quality; undefined without a tick. One that is open is partial. */
export function candleFromSpan(
  m: ShardMemory,
  place: RowPlace,
  span: BarSpan,
  { figures, gapMs, maxAgeMs, isUnseen, polled }: RolledUp,
  sealed: boolean,
): CandleWithQuality {
  const candle = candleOf(m, place, span.first, figures);
  const { timestampMs } = candle;
  const source = spanSourceOf(m, place.row, span, polled);
  const partial = isUnseen || !sealed;
  const minutes = spanMinutes(span);
  return { candle, quality: qualityOf(figures, { timestampMs, source, partial, gapMs, minutes, maxAgeMs }) };
}

/** A longer candle of its minutes as each was sealed; undefined if none had a tick then. */
export function readSealedSpan(m: ShardMemory, place: RowPlace, span: BarSpan): CandleRow | undefined {
  const figures = readAsSealedRollUp(m, place.row, span);
  return figures && candleOf(m, place, span.first, figures);
}

/**
 * The row's candles of a longer timeframe that end with bar `from` or later, ascending, those included that are open.
 * `asSeen`: without what was polled.
 */
export function readLongerCandles(
  m: ShardMemory,
  place: RowPlace,
  timeframe: Timeframe,
  { from = 0, asSeen = false }: { readonly from?: number; readonly asSeen?: boolean } = {},
): CandleWithQuality[] {
  const sealed = Atomics.load(m.i32, SHARD.sealed);
  return Array.from({ length: Math.max(0, m.shape.bars - from) }, (_, k) => {
    const bar = from + k;
    const span = spanEndingAt(m, place.row, timeframe, bar);
    const rolledUp = span && readRollUp(m, place.row, span, asSeen);
    return rolledUp ? [candleFromSpan(m, place, span, rolledUp, lastBarOf(span) <= sealed)] : [];
  }).flat();
}

/** The candle as first sealed, which the momentum rule saw live; undefined when the minute had no tick then. */
export function readSealedCandle(m: ShardMemory, place: RowPlace, bar: number): AsSealedCandle | undefined {
  const figures = readAsSealed(m, place.row, bar);
  if (figures === undefined) return undefined;
  return { candle: candleOf(m, place, bar, figures), partial: figures.partial };
}

/**
 * The row's candles in rupees as this process saw them, ascending, from bar `from`. Sealed ones only, or with
 * `includeOpen` every bar with ticks; at a run's end an open bar is partial by the gap that END leaves.
 */
export function readCandles(
  m: ShardMemory,
  place: RowPlace,
  includeOpen: boolean,
  from = 0,
): CandleWithQuality[] {
  const candles: CandleWithQuality[] = [];
  eachBarFigures(
    m,
    place.row,
    includeOpen,
    (bar, figures, sealed) =>
      candles.push(candleAsSeen(m, place, bar, { figures, gapMs: gapMsIn(m, place.row, bar), sealed })),
    from,
  );
  return candles;
}

/** As `readCandles` with open ones, with what was polled laid over: the candles of files, pages and tables. */
export function readFinalCandles(m: ShardMemory, place: RowPlace, from = 0): CandleWithQuality[] {
  if (!hasPolled(m)) return readCandles(m, place, true, from);
  const sealed = Atomics.load(m.i32, SHARD.sealed);
  const candles: CandleWithQuality[] = [];
  for (let bar = from; bar < m.shape.bars; bar++) {
    const shown = showBar(m, place.row, bar, bar <= sealed);
    if (shown !== undefined) candles.push(candleFromBar(m, place, bar, shown));
  }
  return candles;
}
