/** `NSE_{SYMBOL}_1m_test.parquet`: candles in exactly the existing data's schema. */
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import type { CandleRow } from '../candles/candle.js';
import type { ParquetRecord } from './parquet.js';

/** The instrument of a file. */
export interface FileInstrument {
  /** File name's prefix and the column's content, e.g. `NSE`. */
  readonly exchange: string;
  /** E.g. `M&M`; used unchanged. */
  readonly symbol: string;
}

/**
 * A file name up to `_1m`. Callers check symbols; as a second barrier, a name that could leave the folder throws
 * EngineError OUTPUT.
 */
export function fileStem({ exchange, symbol }: FileInstrument): string {
  for (const part of [exchange, symbol]) {
    if (part === '' || /[/\\:\0]/.test(part))
      throw new EngineError('OUTPUT', `\`${part}\` cannot be part of a file's name.`);
  }
  return `${exchange}_${symbol}`;
}

/** Path of an instrument's candles. */
export function candlesPath(outDir: string, instrument: FileInstrument): string {
  return join(outDir, `${fileStem(instrument)}_1m_test.parquet`);
}

/** One row for the encoder. */
export function candleRecord(row: CandleRow): ParquetRecord {
  const { symbol, exchange, timestampMs: timestamp, open, high, low, close, volume } = row;
  return { symbol, exchange, timestamp, open, high, low, close, volume };
}

/** Epoch ms: a file may hold any number, and one far outside has no date. */
const EARLIEST_MS = 0;
const LATEST_MS = Date.UTC(2200, 0, 1);

/** One row from a reader; undefined when a value is missing, of another type, or its time out of range. */
export function candleFrom(
  record: Readonly<Record<string, unknown>>,
  instrument: FileInstrument,
): CandleRow | undefined {
  const { symbol, exchange } = instrument;
  const row: CandleRow = {
    symbol: typeof record.symbol === 'string' ? record.symbol : symbol,
    exchange: typeof record.exchange === 'string' ? record.exchange : exchange,
    timestampMs: numberFrom(record.timestamp),
    open: numberFrom(record.open),
    high: numberFrom(record.high),
    low: numberFrom(record.low),
    close: numberFrom(record.close),
    volume: numberFrom(record.volume),
  };
  const numbers = [row.timestampMs, row.open, row.high, row.low, row.close, row.volume];
  return numbers.every(Number.isFinite) && row.timestampMs >= EARLIEST_MS && row.timestampMs < LATEST_MS
    ? row
    : undefined;
}

/** NaN for what is no number. Volumes and times are far below 2^53. */
export function numberFrom(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'bigint' ? Number(value) : Number.NaN;
}
