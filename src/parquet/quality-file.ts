/**
 * `quality/NSE_{SYMBOL}_1m_quality.parquet`, and of other timeframes: how well each candle was seen. A separate file
 * keeps the candles' schema.
 */
import { join } from 'node:path';
import { CANDLE_SOURCES, type CandleSource, type QualityRow } from '../candles/candle.js';
import { numberFrom, timeframeStem } from './candles-file.js';
import type { FileInstrument } from './candles-file.js';
import type { ParquetRecord } from './parquet.js';

/** Path of an instrument's quality rows. */
export function qualityPath(outDir: string, instrument: FileInstrument): string {
  return join(outDir, 'quality', `${timeframeStem(instrument)}_quality.parquet`);
}

/** One row for the encoder. */
export function qualityRecord(row: QualityRow): ParquetRecord {
  return {
    timestamp: row.timestampMs,
    ticks: row.ticks,
    price_changes: row.priceChanges,
    partial: row.partial,
    revision: row.revision,
    late: row.late,
    gap_ms: row.gapMs,
    source: row.source,
    vol_slack: row.volSlack,
    repaired: row.repaired,
    coverage: row.coverage,
    max_age_ms: row.maxAgeMs,
    tail: row.tail,
    oi_high: row.oiHigh,
    oi_low: row.oiLow,
    oi_close: row.oiClose,
  };
}

/** Undefined for another type. */
function numberOrNull(value: unknown): number | null | undefined {
  if (value === null || value === undefined) return null;
  const number = numberFrom(value);
  return Number.isFinite(number) ? number : undefined;
}

const isSource = (value: unknown): value is CandleSource =>
  (CANDLE_SOURCES as readonly unknown[]).includes(value);

/** One row from a reader; undefined when a value is missing or of another type. */
export function qualityFrom(record: Readonly<Record<string, unknown>>): QualityRow | undefined {
  // Older files lack open interest, those of rules 1 and 2 `tail`, and still older ones the four columns before it.
  const { partial, source, repaired = false, tail = false } = record;
  const [volSlack, coverage, maxAgeMs, oiHigh, oiLow, oiClose] = [
    numberOrNull(record.vol_slack),
    numberOrNull(record.coverage),
    numberOrNull(record.max_age_ms),
    numberOrNull(record.oi_high),
    numberOrNull(record.oi_low),
    numberOrNull(record.oi_close),
  ];
  if (volSlack === undefined || coverage === undefined || maxAgeMs === undefined) return undefined;
  if (oiHigh === undefined || oiLow === undefined || oiClose === undefined) return undefined;
  if (
    typeof partial !== 'boolean' ||
    typeof repaired !== 'boolean' ||
    typeof tail !== 'boolean' ||
    !isSource(source)
  )
    return undefined;
  const row: QualityRow = {
    timestampMs: numberFrom(record.timestamp),
    ticks: numberFrom(record.ticks),
    priceChanges: numberFrom(record.price_changes),
    partial,
    revision: numberFrom(record.revision),
    late: numberFrom(record.late),
    gapMs: numberFrom(record.gap_ms),
    source,
    volSlack,
    repaired,
    coverage,
    maxAgeMs,
    tail,
    oiHigh,
    oiLow,
    oiClose,
  };
  const numbers = [row.timestampMs, row.ticks, row.priceChanges, row.revision, row.late, row.gapMs];
  return numbers.every(Number.isFinite) ? row : undefined;
}
