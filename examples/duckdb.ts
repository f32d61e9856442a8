/**
 * Candles into DuckDB: one row a symbol, timeframe and start; a later revision replaces an earlier one, so that the
 * program may be started again and told everything again. Usage: node duckdb.js FILE
 */
import { DuckDBInstance } from '@duckdb/node-api';
import { openFeed, simulated } from 'tickshard';

const [, , file = ':memory:'] = process.argv;
const instance = await DuckDBInstance.create(file);
const database = await instance.connect();
await database.run(`CREATE TABLE IF NOT EXISTS candles (
  symbol VARCHAR, timeframe VARCHAR, start TIMESTAMP, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE,
  partial BOOLEAN, revision INTEGER, PRIMARY KEY (symbol, timeframe, start))`);
const upsert = await database.prepare(`INSERT INTO candles
  VALUES ($symbol, $timeframe, make_timestamp($startUs::BIGINT), $open, $high, $low, $close, $volume, $partial, $revision)
  ON CONFLICT DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
    volume = excluded.volume, partial = excluded.partial, revision = excluded.revision
    WHERE excluded.revision >= candles.revision`);

const feed = await openFeed({ broker: simulated({ seed: 1 }), instruments: ['RELIANCE', 'TCS'], minutes: 5 });
for await (const event of feed) {
  if (event.type !== 'candle' && event.type !== 'revision') continue;
  const { instrument, timeframe, candle, quality, revision } = event;
  const { timestampMs, open, high, low, close, volume } = candle;
  upsert.bind({
    ...{ symbol: instrument.symbol, timeframe, startUs: BigInt(timestampMs) * 1000n },
    ...{ open, high, low, close, volume, partial: quality.partial, revision },
  });
  await upsert.run();
}

const rows = await database.runAndReadAll(
  'SELECT symbol, count(*), max(close) FROM candles GROUP BY 1 ORDER BY 1',
);
for (const row of rows.getRowsJson()) console.log(JSON.stringify(row));
