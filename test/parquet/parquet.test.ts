/** The columns that we hand to the Parquet library are those that it would have made of our rows itself. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ParquetEnvelopeWriter, ParquetSchema, ParquetWriter } from '@dsnp/parquetjs';
import type { FieldDefinition, ParquetType } from '@dsnp/parquetjs/dist/lib/declare.js';
import { describe, expect, it } from 'vitest';
import { shipped } from '../../src/paths.js';
import { CANDLE_COLUMNS, QUALITY_COLUMNS, type Column } from '../../src/parquet/columns.js';
import { candleRecord } from '../../src/parquet/candles-file.js';
import { encodeParquet, type ParquetRecord } from '../../src/parquet/parquet.js';
import { qualityRecord } from '../../src/parquet/quality-file.js';
import { openParquet } from '../../src/parquet/reader.js';
import { candleOf, inFolder } from './candles.js';

const TYPES: Record<Column['type'], ParquetType> = {
  string: 'UTF8',
  double: 'DOUBLE',
  int64: 'INT64',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMP_MILLIS',
};

/** What the library makes of rows by its own way, up to its footer. */
async function byRow(columns: readonly Column[], rows: readonly ParquetRecord[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const stream = {
    write: (bytes: Buffer, written: () => void) => (chunks.push(bytes), written(), true),
    end: (ended: () => void) => ended(),
  };
  const fields = Object.fromEntries(
    columns.map(({ name, type }): [string, FieldDefinition] => [
      name,
      { type: TYPES[type], optional: true, compression: 'UNCOMPRESSED', statistics: false },
    ]),
  );
  const options = {
    rowGroupSize: rows.length + 1,
    pageSize: rows.length + 1,
    useDataPageV2: false,
    pageIndex: false,
  };
  const envelope = await ParquetEnvelopeWriter.openStream(
    new ParquetSchema(fields),
    stream as never,
    options,
  );
  envelope.writeFooter = () => Promise.resolve() as never;
  const writer = new ParquetWriter(envelope.schema, envelope, options);
  for (const row of rows) await writer.appendRow(row);
  await writer.close();
  return Buffer.concat(chunks);
}

const rows = Array.from({ length: 40 }, (_, minute) =>
  candleOf({
    minute,
    partial: minute % 7 === 0,
    close: 100 + (minute % 3) / 20,
    volSlack: minute % 4 === 0 ? null : minute,
    coverage: minute < 20 ? null : 0.5,
    maxAgeMs: minute === 39 ? null : minute * 1000,
    oiHigh: minute === 39 ? null : 5_000_000_000 + minute,
    oiLow: minute === 39 ? null : minute + 1,
    oiClose: minute === 39 ? null : 5_000_000_000,
  }),
);

describe('encodeParquet', () => {
  it.each([
    ['candles', CANDLE_COLUMNS, rows.map(({ candle }) => candleRecord(candle))],
    ['quality rows', QUALITY_COLUMNS, rows.map(({ quality }) => qualityRecord(quality))],
    [
      'names that change, and are not ASCII',
      [{ name: 'symbol', type: 'string' }],
      ['M&M', 'M&M', '\u20b9', null, '', '\u20b9'].map((symbol) => ({ symbol })),
    ],
    [
      'nothing but nulls',
      [
        { name: 'n', type: 'int64' },
        { name: 'b', type: 'boolean' },
      ],
      [
        { n: null, b: null },
        { n: null, b: null },
      ],
    ],
    ['no rows', CANDLE_COLUMNS, []],
  ] as const)(
    'writes %s as the library does by the row',
    async (_, columns, records: readonly ParquetRecord[]) => {
      const bytes = await encodeParquet({ columns, rows: records, zone: '+05:30', keys: {} });
      const expected = await byRow(columns, records);
      expect(bytes.subarray(0, expected.length).equals(expected)).toBe(true);
    },
  );

  it.each([
    ['no number', { n: 'one' }],
    ['a fraction', { n: 1.5 }],
    ['more than an int64', { n: 2 ** 64 }],
  ])('refuses %s where a whole number belongs', async (_, row) => {
    await expect(
      encodeParquet({
        columns: [{ name: 'n', type: 'int64' }],
        rows: [{ n: 1 }, row],
        zone: '+05:30',
        keys: {},
      }),
    ).rejects.toThrow();
  });

  it('loads the library without its reader and what that brings along', async () => {
    const script = `const { parquetLibrary } = await import(${JSON.stringify(shipped('dist/src/parquet/parquet.js').href)});
      parquetLibrary();
      const { createRequire } = await import('node:module');
      console.log(Object.keys(createRequire(${JSON.stringify(import.meta.url)}).cache).join('\\n'));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    const loaded = stdout
      .split('\n')
      .map((path) => path.replaceAll('\\', '/').split('node_modules/').at(-1)!);
    expect(loaded).toContain('@dsnp/parquetjs/dist/lib/writer.js');
    expect(loaded.filter((path) => path.startsWith('@aws-sdk/') || path.endsWith('lib/reader.js'))).toEqual(
      [],
    );
  });

  it('keeps each value in its row', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'x.parquet');
      const records = rows.map(({ quality }) => qualityRecord(quality));
      await writeFile(
        path,
        await encodeParquet({ columns: QUALITY_COLUMNS, rows: records, zone: '+05:30', keys: {} }),
      );
      const read = await (await openParquet(path, 'OUTPUT'))!.rows();
      expect(
        read.map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([name, value]) => [
              name,
              typeof value === 'bigint' ? Number(value) : value,
            ]),
          ),
        ),
      ).toEqual(records);
    }));
});
