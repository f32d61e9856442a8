/** What a run left on disk, by an engine that shares no code with ours: each candle with its quality. */
import { existsSync, readdirSync } from 'node:fs';
import { duckdb } from './candles.js';

export interface DiskRow {
  readonly symbol: string;
  /** `HH:mm` in India. */
  readonly minute: string;
  /** Open, high, low, close and volume. */
  readonly candle: string;
  /** Ticks and changes of price. */
  readonly counts: string;
  /** True where there is no quality. */
  readonly partial: boolean;
  readonly gapMs: number;
}

/** All rows in `out`, by symbol and minute; none where there is no file. Throws when one cannot be opened. */
export async function rowsOnDisk(out: string): Promise<DiskRow[]> {
  if (!existsSync(out) || !readdirSync(out).some((name) => name.endsWith('.parquet'))) return [];
  return (await duckdb(
    `SELECT c.symbol, strftime(c.timestamp, '%H:%M') AS minute, concat_ws(' ', open, high, low, close, volume) AS candle, concat_ws(' ', q.ticks, q.price_changes) AS counts,
       coalesce(q.partial, true) AS partial, q.gap_ms::INT AS "gapMs"
     FROM read_parquet('${out}/*_test.parquet') c LEFT JOIN read_parquet('${out}/quality/*_quality.parquet', filename = true) q
       ON c.timestamp = q.timestamp AND ends_with(q.filename, concat('/NSE_', c.symbol, '_1m_quality.parquet')) ORDER BY 1, 2`,
  )) as unknown as DiskRow[];
}
