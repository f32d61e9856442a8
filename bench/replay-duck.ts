/** Process of bench `replay`: DuckDB makes candles of a file of ticks and writes them as Parquet. Arguments: the file of ticks, the file of candles. */
import { duckdb } from '../test/parquet/candles.js';
import { CANDLES } from './replay-ticks.js';

const [ticks, candles] = process.argv.slice(2);
await duckdb(
  `COPY (${CANDLES} FROM '${ticks}' GROUP BY ALL ORDER BY symbol, minute) TO '${candles}' (FORMAT parquet)`,
);
