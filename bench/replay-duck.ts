/** Process of bench `replay`: DuckDB makes candles of ticks. Arguments: the Parquet files of ticks and of candles. */
import { duckdb } from '../test/parquet/candles.js';
import { CANDLES } from './replay-ticks.js';

const [ticks, candles] = process.argv.slice(2);
await duckdb(
  `COPY (${CANDLES} FROM '${ticks}' GROUP BY ALL ORDER BY symbol, minute) TO '${candles}' (FORMAT parquet)`,
);
