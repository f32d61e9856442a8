/** `NSE_{SYMBOL}_1m_test.parquet`, and of other timeframes: candles in exactly the existing data's schema. */
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import type { CandleRow } from '../candles/candle.js';
import type { Timeframe } from '../market/timeframe.js';
import type { ParquetRecord } from './parquet.js';

/** The instrument of a file, and its timeframe. */
export interface FileInstrument {
  /** File name's prefix and the column's content, e.g. `NSE`. */
  readonly exchange: string;
  /** E.g. `M&M`. */
  readonly symbol: string;
  /** Default: 1m. */
  readonly timeframe?: Timeframe | undefined;
}

/** Refused by a file system, or the escape itself. */
const ESCAPED = /[%/\\:*?"<>|\u0000-\u001f\u007f]/g;

/**
 * A file name up to `_1m`: exchange and symbol, in which what a file system refuses is `%` and two hexadecimal digits.
 * `instrumentOf` reads it back. Throws EngineError OUTPUT for an exchange that is not capital letters, or no symbol.
 */
export function fileStem({ exchange, symbol }: FileInstrument): string {
  if (symbol === '' || !/^[A-Z]+$/.test(exchange))
    throw new EngineError('OUTPUT', `\`${exchange}_${symbol}\` cannot be a file's name.`);
  const escaped = symbol.replace(
    ESCAPED,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return `${exchange}_${escaped}`;
}

/** A file name up to the timeframe, which is its last part. Throws as `fileStem`. */
export function timeframeStem(instrument: FileInstrument): string {
  return `${fileStem(instrument)}_${instrument.timeframe ?? '1m'}`;
}

/** The instrument of a file name up to `_1m`; undefined for one that `fileStem` does not write. */
export function instrumentOf(stem: string): FileInstrument | undefined {
  const [, exchange, escaped] = /^([A-Z]+)_(.+)$/s.exec(stem) ?? [];
  if (exchange === undefined) return undefined;
  const symbol = escaped.replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return fileStem({ exchange, symbol }) === stem ? { exchange, symbol } : undefined;
}

/** Path of an instrument's candles. */
export function candlesPath(outDir: string, instrument: FileInstrument): string {
  return join(outDir, `${timeframeStem(instrument)}_test.parquet`);
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
