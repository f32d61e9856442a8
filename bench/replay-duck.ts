/** Process of bench `replay`: DuckDB makes candles of ticks. Arguments: mode, Parquet files of ticks and of candles. */
import { duckdb } from '../test/parquet/candles.js';
import { candlesOf, type ReplayMode } from './replay-ticks.js';

const [mode, ticks, candles] = process.argv.slice(2);
await duckdb(
  `COPY (${candlesOf(mode as ReplayMode, ticks)} ORDER BY symbol, minute) TO '${candles}' (FORMAT parquet)`,
);
