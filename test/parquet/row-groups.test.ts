/** Row groups of numbers, read by DuckDB. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Column } from '../../src/parquet/columns.js';
import { RowGroupWriter, type ColumnValues } from '../../src/parquet/row-groups.js';
import { duckdb, inFolder } from './candles.js';

const COLUMNS: readonly Column[] = [
  { name: 'at', type: 'timestamp' },
  { name: 'value', type: 'double' },
  { name: 'count', type: 'int64' },
  { name: 'name', type: 'string' },
];

const words = (...values: readonly bigint[]): Int32Array =>
  Int32Array.from(values.flatMap((value) => [Number(BigInt.asIntN(32, value)), Number(value >> 32n)]));

it('keeps nulls, any int64 and one value for all rows, over several groups', () =>
  inFolder(async (folder) => {
    const chunks: Buffer[] = [];
    const writer = await RowGroupWriter.begin(COLUMNS, '+05:30', (bytes) =>
      Promise.resolve(void chunks.push(bytes)),
    );
    const first: ColumnValues[] = [
      { values: words(1000n, 2000n), nulls: [0, 2] },
      { values: Float64Array.of(0.1, -1, 1e300, 4), nulls: [] },
      { values: words(-1n, 2n ** 63n - 1n, -(2n ** 63n), 5n), nulls: [] },
      { all: 'M&M \u20b9' },
    ];
    await writer.group(4, first);
    await writer.group(200, [
      { values: new Int32Array(0), nulls: Array.from({ length: 200 }, (_, k) => k) },
      { all: 2.5 },
      { all: -7 },
      { all: '' },
    ]);
    await writer.end({ run: 'one' });
    writeFileSync(join(folder, 'rows.parquet'), Buffer.concat(chunks));
    const rows = await duckdb(`SELECT * REPLACE (epoch_ms("at") AS "at") FROM '${folder}/rows.parquet'`);
    expect(rows.slice(0, 4)).toEqual([
      { at: null, value: 0.1, count: '-1', name: 'M&M \u20b9' },
      { at: '1000', value: -1, count: '9223372036854775807', name: 'M&M \u20b9' },
      { at: null, value: 1e300, count: '-9223372036854775808', name: 'M&M \u20b9' },
      { at: '2000', value: 4, count: '5', name: 'M&M \u20b9' },
    ]);
    expect(rows.slice(4)).toEqual(Array(200).fill({ at: null, value: 2.5, count: '-7', name: '' }));
  }));
