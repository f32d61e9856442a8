/** Candles that other programs wrote. */
import { copyFile, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { shipped } from '../../src/paths.js';
import { readHistory, readSchema, schemaDifferences } from '../../src/parquet/history.js';
import { candlesPath } from '../../src/parquet/candles-file.js';
import { ParquetStore } from '../../src/parquet/store.js';
import { IDENTITY, OPEN_MS, candleOf, duckdb, inFolder, noWait } from './candles.js';

const START_MS = Date.parse('2026-11-16T09:15:00+05:30');

/** Written by pandas 3.0 with pyarrow 25: thirty minutes of M&M from 2026-11-16T09:15, closes 100.5 + i/20. */
function pandasFile(name: string): string {
  return fileURLToPath(shipped(`test/parquet/files/pandas-${name}.parquet`));
}

async function historyOf(folder: string, name: string) {
  await copyFile(pandasFile(name), join(folder, 'NSE_M&M_1m.parquet'));
  return readHistory(folder, 'NSE', 'M&M');
}

describe('readHistory', () => {
  it.each([
    ['offset', '+05:30'],
    ['kolkata', 'Asia/Kolkata'],
    ['naive', undefined],
  ])('reads what pandas wrote: %s', (name, zone) =>
    inFolder(async (folder) => {
      const history = (await historyOf(folder, name))!;
      expect(history.zone).toBe(zone);
      expect(history.volumeKind).toBe('traded');
      expect(history.notes).toStrictEqual(
        name === 'naive' ? [`${history.path} has times without a zone: they are taken as IST.`] : [],
      );
      expect(history.rows).toHaveLength(30);
      expect(history.rows[29]).toStrictEqual({
        symbol: 'M&M',
        exchange: 'NSE',
        timestampMs: START_MS + 29 * 60_000,
        open: 100 + 29 / 20,
        high: 101 + 29 / 20,
        low: 99 + 29 / 20,
        close: 100.5 + 29 / 20,
        volume: 1029,
      });
      expect(await readdir(folder)).toStrictEqual(['NSE_M&M_1m.parquet']);
    }),
  );

  it('reads ZSTD or says in a sentence that it cannot', () =>
    inFolder(async (folder) => {
      const outcome = await historyOf(folder, 'zstd').catch((error: unknown) => error);
      if (outcome instanceof Error)
        expect(outcome).toMatchObject({
          code: 'HISTORY',
          message: expect.stringContaining('is compressed with ZSTD, which this Node.js cannot decompress'),
        });
      else expect(outcome).toMatchObject({ rows: { length: 30 } });
    }));

  it.each(['snappy', 'gzip', 'brotli', 'uncompressed'])(
    'reads what DuckDB wrote with %s: dictionaries, row groups, us and ns',
    (codec) =>
      inFolder(async (folder) => {
        const path = join(folder, 'NSE_RELIANCE_1m.parquet');
        const rows = `SELECT 'RELIANCE' AS symbol, 'NSE' AS exchange, epoch_ms(${OPEN_MS} + i * 60000)::TIMESTAMP AT TIME ZONE 'UTC' AS timestamp,
        100.0::DOUBLE AS open, 101.5::DOUBLE AS high, (99 + i % 7)::DOUBLE AS low, 100.25::DOUBLE AS close, (1000 + i)::BIGINT AS volume FROM range(5000) t(i) ORDER BY i DESC`;
        await duckdb(`COPY (${rows}) TO '${path}' (FORMAT parquet, CODEC '${codec}', ROW_GROUP_SIZE 2048)`);
        const history = (await readHistory(folder, 'NSE', 'RELIANCE'))!;
        expect(history.zone).toBe('UTC');
        expect(history.rows).toHaveLength(5000);
        expect(history.rows[4999]).toStrictEqual({
          symbol: 'RELIANCE',
          exchange: 'NSE',
          timestampMs: OPEN_MS + 4999 * 60_000,
          open: 100,
          high: 101.5,
          low: 99 + (4999 % 7),
          close: 100.25,
          volume: 5999,
        });
        const window = (await readHistory(folder, 'NSE', 'RELIANCE', {
          fromMs: OPEN_MS + 60_000,
          toMs: OPEN_MS + 4 * 60_000,
        }))!;
        expect(window.rows).toStrictEqual(history.rows.slice(1, 4));
        expect((await readHistory(folder, 'NSE', 'RELIANCE', { toMs: OPEN_MS }))!.rows).toStrictEqual([]);
        expect((await readSchema(path))!.columns.map(({ type }) => type)).toStrictEqual([
          'string',
          'string',
          'timestamp',
          'double',
          'double',
          'double',
          'double',
          'int64',
        ]);
      }),
  );

  it('prefers the existing file and else takes ours, without its partial candles', () =>
    inFolder(async (folder) => {
      expect(await readHistory(folder, 'NSE', 'M&M')).toBeUndefined();
      const instrument = { exchange: 'NSE', symbol: 'M&M' };
      await new ParquetStore({ outDir: folder, identity: IDENTITY, wait: noWait }).write(instrument, [
        candleOf({ minute: 0, symbol: 'M&M', partial: true }),
        candleOf({ minute: 1, symbol: 'M&M' }),
      ]);
      const ours = (await readHistory(folder, 'NSE', 'M&M'))!;
      expect(ours).toMatchObject({
        volumeKind: 'tick',
        zone: '+05:30',
        rows: [candleOf({ minute: 1, symbol: 'M&M' }).candle],
        notes: [expect.stringContaining('1 partial candles are left out')],
      });
      expect((await historyOf(folder, 'offset'))!.rows).toHaveLength(30);
    }));

  it('leaves out what it cannot use and says so', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'NSE_RELIANCE_1m.parquet');
      const row = (symbol: string, minute: number, close: string) =>
        `('${symbol}', TIMESTAMPTZ '2026-11-16 09:${minute}:00+05:30', 1.0::DOUBLE, 1.0::DOUBLE, 1.0::DOUBLE, ${close}::DOUBLE, 5::BIGINT)`;
      const values = [
        row('RELIANCE', 20, '3'),
        row('RELIANCE', 20, '4'),
        row('TCS', 21, '1'),
        row('RELIANCE', 22, 'NULL'),
        row('RELIANCE', 15, '2'),
      ].join(',');
      await duckdb(
        `COPY (SELECT * FROM (VALUES ${values}) t(symbol, timestamp, open, high, low, close, volume)) TO '${path}' (FORMAT parquet)`,
      );
      const history = (await readHistory(folder, 'NSE', 'RELIANCE'))!;
      expect(history.rows.map(({ close }) => close)).toStrictEqual([2, 4]);
      expect(history.notes.map((note) => note.slice(path.length + 2))).toStrictEqual([
        '1 rows with a missing value are left out.',
        '1 rows of other symbols than RELIANCE are left out.',
        '1 minutes occur twice; the later row counts.',
      ]);
    }));

  it.each([
    ['SELECT 1 AS a', 'has no column `timestamp`'],
    [
      "SELECT 'x' AS timestamp, 1.0 AS open, 1.0 AS high, 1.0 AS low, 1.0 AS close, 1 AS volume",
      'has a column `timestamp` of type string',
    ],
    [
      "SELECT now() AS timestamp, 1.0 AS open, 1.0 AS high, 1.0 AS low, 'x' AS close, 1 AS volume",
      'has a column `close` of type string',
    ],
  ])('refuses a file that cannot be candles: %s', (select, sentence) =>
    inFolder(async (folder) => {
      await duckdb(`COPY (${select}) TO '${join(folder, 'NSE_X_1m.parquet')}' (FORMAT parquet)`);
      await expect(readHistory(folder, 'NSE', 'X')).rejects.toMatchObject({
        code: 'HISTORY',
        message: expect.stringContaining(sentence),
      });
    }),
  );

  it('refuses a damaged file and a kind of volume that it does not know', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'NSE_X_1m.parquet');
      await writeFile(path, 'PAR1 and nothing more');
      await expect(readHistory(folder, 'NSE', 'X')).rejects.toMatchObject({ code: 'HISTORY' });
      await duckdb(
        `COPY (SELECT now() AS timestamp, 1.0 AS open, 1.0 AS high, 1.0 AS low, 1.0 AS close, 1 AS volume) TO '${path}' (FORMAT parquet, KV_METADATA { volume_kind: 'guessed' })`,
      );
      await expect(readHistory(folder, 'NSE', 'X')).rejects.toMatchObject({
        code: 'HISTORY',
        message: expect.stringContaining('volume_kind `guessed`'),
      });
    }));
});

describe('schemaDifferences', () => {
  it('finds none between our file and one that pandas wrote', () =>
    inFolder(async (folder) => {
      await new ParquetStore({ outDir: folder, identity: IDENTITY, wait: noWait }).write(
        { exchange: 'NSE', symbol: 'RELIANCE' },
        [candleOf({ minute: 0 })],
      );
      const ours = (await readSchema(candlesPath(folder, { exchange: 'NSE', symbol: 'RELIANCE' })))!;
      expect(schemaDifferences(ours, (await readSchema(pandasFile('offset')))!)).toStrictEqual([]);
      expect(schemaDifferences(ours, (await readSchema(pandasFile('kolkata')))!)).toStrictEqual([
        'The times have zone +05:30 in ours and Asia/Kolkata in the existing file.',
      ]);
      expect(schemaDifferences(ours, (await readSchema(pandasFile('naive')))!)).toStrictEqual([
        'The times have zone +05:30 in ours and none in the existing file.',
      ]);
    }));

  it('names columns, order and types', () => {
    const of = (...names: string[]) => ({
      zone: undefined,
      columns: names.map((text) => ({ name: text.split(' ')[0], type: text.split(' ')[1] })),
    });
    expect(
      schemaDifferences(of('a int64', 'b double', 'c string'), of('b double', 'a int32', 'd string')),
    ).toStrictEqual([
      'The existing file has a column `d` that ours has not.',
      'Our file has a column `c` that the existing one has not.',
      'The order is a, b, c in ours and b, a, d in the existing file.',
      'Column `a` is int64 in ours and int32 in the existing file.',
    ]);
  });
});
