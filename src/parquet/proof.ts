/** Proves that a file holds what was sealed, with another library than the one that wrote it. */
import type { CandleRow, QualityRow } from '../candles/candle.js';
import { istStamp } from '../market/session.js';
import { candleFrom } from './candles-file.js';
import { firstDifference } from './merge.js';
import { qualityFrom } from './quality-file.js';
import { openParquet } from './reader.js';

/** The first field that differs, as one sentence. */
function difference<Row extends { readonly timestampMs: number }>(
  path: string,
  found: ReadonlyMap<number, Row>,
  expected: readonly Row[],
): string | undefined {
  for (const row of expected) {
    const there = found.get(row.timestampMs);
    if (there === undefined) return `${path} has no row for ${istStamp(row.timestampMs)}.`;
    const field = firstDifference(row, there);
    if (field !== undefined)
      return `${path} has ${field} ${String(there[field])} at ${istStamp(row.timestampMs)} where ${String(row[field])} was sealed.`;
  }
  return undefined;
}

/** Rows by minute, or a sentence on why there are none. */
async function readForProof<Row extends { readonly timestampMs: number }>(
  path: string,
  rowFrom: (record: Record<string, unknown>) => Row | undefined,
): Promise<ReadonlyMap<number, Row> | string> {
  const file = await openParquet(path, 'OUTPUT').catch((error: Error) => error.message);
  if (typeof file === 'string') return file;
  if (file === undefined) return `${path} does not exist.`;
  const records = await file.rows().catch((error: Error) => error.message);
  if (typeof records === 'string') return records;
  const found = new Map<number, Row>();
  let previousMs = Number.NEGATIVE_INFINITY;
  for (const [index, record] of records.entries()) {
    const row = rowFrom(record);
    if (row === undefined) return `${path} has a value that is missing or foreign in row ${index + 1}.`;
    if (row.timestampMs <= previousMs)
      return `${path} is not sorted and unique at ${istStamp(row.timestampMs)}.`;
    previousMs = row.timestampMs;
    found.set(row.timestampMs, row);
  }
  return found;
}

/**
 * Reads a candles file back. Returns a sentence on the first difference; undefined when every expected row is there
 * and the file is sorted, one row a minute. Rows of earlier runs may be there. Never rejects for a file's content.
 */
export async function verifyCandles(
  path: string,
  expected: readonly CandleRow[],
): Promise<string | undefined> {
  const from = (record: Record<string, unknown>) => candleFrom(record, { symbol: '', exchange: '' });
  const found = await readForProof(path, from);
  return typeof found === 'string' ? found : difference(path, found, expected);
}

/** The same for a quality file. */
export async function verifyQuality(
  path: string,
  expected: readonly QualityRow[],
): Promise<string | undefined> {
  const found = await readForProof(path, qualityFrom);
  return typeof found === 'string' ? found : difference(path, found, expected);
}
