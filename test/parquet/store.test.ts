/** The store on real files: what it merges and writes. */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { candlesPath, instrumentOf } from '../../src/parquet/candles-file.js';
import { readSchema } from '../../src/parquet/history.js';
import { qualityPath } from '../../src/parquet/quality-file.js';
import { candleOf, duckdb, inFolder } from './candles.js';
import { RELIANCE, storeIn } from './folder.js';

describe('ParquetStore', () => {
  it('writes, merges and reads back; the same rows twice leave equal files', () =>
    inFolder(async (folder) => {
      await storeIn(join(folder, 'a', 'b')).write(RELIANCE, [
        candleOf({ minute: 2 }),
        candleOf({ minute: 0, partial: true }),
      ]);
      // Another run, with a sink of its own.
      const store = storeIn(join(folder, 'a', 'b'));
      const rows = [
        candleOf({ minute: 0, close: 100.5 }),
        candleOf({ minute: 1 }),
        candleOf({ minute: 2, partial: true, close: 100.7 }),
      ];
      const once = await store.write(RELIANCE, rows);
      expect(await store.readBack(RELIANCE)).toStrictEqual([rows[0], rows[1], candleOf({ minute: 2 })]);
      expect(once.kept).toStrictEqual([rows[2].candle.timestampMs]);
      expect(await store.write(RELIANCE, rows)).toStrictEqual(once);
      expect(once.files.map(({ path, rows: count }) => [path, count])).toStrictEqual([
        [qualityPath(join(folder, 'a', 'b'), RELIANCE), 3],
        [candlesPath(join(folder, 'a', 'b'), RELIANCE), 3],
      ]);
      expect((await readdir(join(folder, 'a', 'b'), { recursive: true })).sort()).toStrictEqual([
        'NSE_RELIANCE_1m_test.parquet',
        'quality',
        join('quality', 'NSE_RELIANCE_1m_quality.parquet'),
      ]);
    }));

  it('within a run, a minute that turns out to be partial replaces its own earlier self, and never an earlier run’s', () =>
    inFolder(async (folder) => {
      await storeIn(folder).write(RELIANCE, [candleOf({ minute: 0, close: 100.9 })]);
      const store = storeIn(folder);
      await store.write(RELIANCE, [
        candleOf({ minute: 0, partial: true }),
        candleOf({ minute: 1 }),
        candleOf({ minute: 2 }),
      ]);
      await store.write(RELIANCE, [
        candleOf({ minute: 0, partial: true, gapMs: 5 }),
        candleOf({ minute: 1, partial: true, gapMs: 20_000 }),
      ]);
      expect(await store.readBack(RELIANCE)).toStrictEqual([
        candleOf({ minute: 0, close: 100.9 }),
        candleOf({ minute: 1, partial: true, gapMs: 20_000 }),
        candleOf({ minute: 2 }),
      ]);
    }));

  it('sees what others did to the files that it wrote last', () =>
    inFolder(async (folder) => {
      const store = storeIn(folder);
      const rows = [candleOf({ minute: 0, partial: true }), candleOf({ minute: 1 })];
      await store.write(RELIANCE, rows);
      await storeIn(folder).write(RELIANCE, [candleOf({ minute: 0, close: 100.9 })]);
      expect((await store.write(RELIANCE, [...rows, candleOf({ minute: 2 })])).kept).toStrictEqual([
        rows[0].candle.timestampMs,
      ]);
      expect(await store.readBack(RELIANCE)).toStrictEqual([
        candleOf({ minute: 0, close: 100.9 }),
        rows[1],
        candleOf({ minute: 2 }),
      ]);
      await rm(qualityPath(folder, RELIANCE));
      await store.write(RELIANCE, [candleOf({ minute: 3 })]);
      expect((await store.readBack(RELIANCE)).map(({ quality }) => quality === undefined)).toStrictEqual([
        // Another's row; those that follow are the run's own.
        true,
        false,
        false,
        false,
      ]);
      await writeFile(candlesPath(folder, RELIANCE), 'PAR1 and no more');
      await expect(store.write(RELIANCE, rows)).rejects.toMatchObject({ code: 'OUTPUT' });
    }));

  it('keeps symbols as they are', () =>
    inFolder(async (folder) => {
      for (const symbol of ['M&M', 'BAJAJ-AUTO']) {
        await storeIn(folder).write({ exchange: 'NSE', symbol }, [candleOf({ minute: 0, symbol })]);
        expect(
          await duckdb(`SELECT symbol FROM '${join(folder, `NSE_${symbol}_1m_test.parquet`)}'`),
        ).toStrictEqual([{ symbol }]);
      }
    }));

  it.each([
    ['../X', '..%2FX'],
    ['A\\B', 'A%5CB'],
    ['A:B*?', 'A%3AB%2A%3F'],
    ['50%', '50%25'],
    ['NIFTY 50', 'NIFTY 50'],
  ])('names the file of %j with what a file system refuses escaped, reversibly', (symbol, escaped) =>
    inFolder(async (folder) => {
      await storeIn(folder).write({ exchange: 'NSE', symbol }, [candleOf({ minute: 0, symbol })]);
      expect(await readdir(folder)).toContain(`NSE_${escaped}_1m_test.parquet`);
      expect(instrumentOf(`NSE_${escaped}`)).toEqual({ exchange: 'NSE', symbol });
    }),
  );

  it.each(['NSE_a%2fb', 'NSE_A%5', 'nse_A', 'NSE_', 'A'])('%j is the name of no instrument', (stem) =>
    expect(instrumentOf(stem)).toBeUndefined(),
  );

  it('refuses an empty symbol', () =>
    inFolder((folder) =>
      expect(
        storeIn(folder).write({ exchange: 'NSE', symbol: '' }, [candleOf({ minute: 0, symbol: '' })]),
      ).rejects.toMatchObject({ code: 'OUTPUT' }),
    ));

  it('takes a row that breaks its ranges for a fault of the program', () =>
    inFolder(async (folder) => {
      for (const bad of [
        candleOf({ minute: 0, close: Number.NaN }),
        candleOf({ minute: 0, volume: 1.5 }),
        candleOf({ minute: 0, symbol: 'TCS' }),
      ]) {
        await expect(storeIn(folder).write(RELIANCE, [bad])).rejects.toThrow();
      }
      expect(await readdir(folder)).toStrictEqual([]);
    }));

  it('follows the zone of an existing file', () =>
    inFolder(async (folder) => {
      await storeIn(folder, { zone: 'Asia/Kolkata' }).write(RELIANCE, [candleOf({ minute: 0 })]);
      await storeIn(folder).write(RELIANCE, [candleOf({ minute: 1 })]);
      for (const path of [candlesPath(folder, RELIANCE), qualityPath(folder, RELIANCE)])
        expect((await readSchema(path))?.zone).toBe('Asia/Kolkata');
    }));
});
