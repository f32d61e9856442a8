/** Folders for the tests of `compare`: ours by our own sink, the reference by DuckDB in the manner of pandas. */
import { RULES } from '../../../src/candles/rules.js';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CandleWithQuality, FileIdentity } from '../../../src/candles/candle.js';
import type { Timeframe } from '../../../src/market/timeframe.js';
import { ParquetStore } from '../../../src/parquet/store.js';
import { compare, type CompareOptions } from '../../../src/commands/compare/compare.js';
import type { TickSizeOf } from '../../../src/run/universe.js';
import { candleOf, duckdb, inFolder, noWait, OPEN_MS } from '../../parquet/candles.js';

export const TRADED: FileIdentity = { feed: 'sim:1', mode: 'quote', volumeKind: 'traded', rules: RULES };

export interface Folders {
  readonly root: string;
  readonly ours: string;
  readonly reference: string;
}

/** A row of the reference as SQL literals; prices and volume as in `candleOf` unless given. */
export interface Row {
  readonly minute: number;
  readonly symbol?: string;
  readonly open?: string;
  readonly high?: string;
  readonly low?: string;
  readonly close?: string;
  readonly volume?: string;
  /** Seconds added to the minute's start. */
  readonly seconds?: number;
}

/** How `timestamp` and the prices are stored. */
export interface Manner {
  readonly time?: 'zoned' | 'naive' | 'utc';
  readonly price?: string;
  readonly count?: string;
  readonly timeframe?: Timeframe;
}

export async function inFolders<T>(body: (folders: Folders) => Promise<T>): Promise<T> {
  return inFolder(async (root) => {
    const folders = { root, ours: join(root, 'ours'), reference: join(root, 'reference') };
    await mkdir(folders.ours);
    await mkdir(folders.reference);
    return body(folders);
  });
}

/** Writes candles of one symbol as a run does. */
export async function writeOurs(
  folder: string,
  rows: readonly CandleWithQuality[],
  identity: FileIdentity = TRADED,
  timeframe?: Timeframe,
): Promise<void> {
  const { symbol, exchange } = rows[0].candle;
  await new ParquetStore({ outDir: folder, identity, wait: noWait }).write(
    { exchange, symbol, timeframe },
    rows,
  );
}

/** The same minutes, `from` to `to`, both included. */
export const minutes = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Candles of ours, one for each of these minutes. */
export const ours = (from: number, to: number, symbol = 'RELIANCE'): CandleWithQuality[] =>
  minutes(from, to).map((minute) => candleOf({ minute, symbol }));

/** Rows of the reference, one for each of these minutes. */
export const rest = (from: number, to: number): Row[] => minutes(from, to).map((minute) => ({ minute }));

export async function writeReference(
  folder: string,
  rows: readonly Row[],
  symbol = 'RELIANCE',
  { time = 'zoned', price = 'DOUBLE', count = 'BIGINT', timeframe = '1m' }: Manner = {},
): Promise<string> {
  const path = join(folder, `NSE_${symbol}_${timeframe}.parquet`);
  const values = rows.map((row) => {
    const ms = OPEN_MS + row.minute * 60_000 + (row.seconds ?? 0) * 1000;
    return `('${row.symbol ?? symbol}', 'NSE', epoch_ms(${ms}), ${[row.open ?? '100', row.high ?? '101', row.low ?? '99.5', row.close ?? '100.05'].map((text) => `${text}::${price}`).join(', ')}, ${row.volume ?? '42'}::${count})`;
  });
  // `epoch_ms` gives a naive time in UTC; pandas' naive times are Indian wall clocks.
  const stamp = {
    zoned: `(timestamp AT TIME ZONE 'UTC')`,
    utc: `(timestamp AT TIME ZONE 'UTC')`,
    naive: `(timestamp + INTERVAL 330 MINUTE)`,
  }[time];
  await duckdb(
    `COPY (SELECT symbol, exchange, ${stamp} AS timestamp, open, high, low, close, volume FROM (VALUES ${values.join(',')}) t(symbol, exchange, timestamp, open, high, low, close, volume)) TO '${path}' (FORMAT parquet)`,
  );
  return path;
}

/** With the tick sizes, rupees. */
type ComparingOptions = Partial<CompareOptions> & { readonly tickSizeRupees?: TickSizeOf };

/** Calls `compare` and returns its exit code with what it printed. */
export async function comparing(
  folders: Folders,
  { tickSizeRupees = () => 0.05, ...options }: ComparingOptions = {},
): Promise<{ readonly code: number; readonly text: string }> {
  let text = '';
  const code = await compare(
    {
      ours: folders.ours,
      reference: folders.reference,
      timeframe: '1m',
      symbols: undefined,
      tickSizes: () => Promise.resolve(tickSizeRupees),
      date: undefined,
      unexplainedPercent: undefined,
      report: undefined,
      html: undefined,
      json: false,
      columns: 100,
      ...options,
    },
    (printed) => (text += printed),
  );
  return { code, text };
}

/** The same as JSON. */
export async function comparingJson(folders: Folders, options: ComparingOptions = {}) {
  const { code, text } = await comparing(folders, { ...options, json: true });
  return { code, json: JSON.parse(text) };
}

export { candleOf };
