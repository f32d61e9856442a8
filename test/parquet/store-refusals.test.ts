/** The store where files are held open, left by dead processes, or cannot be written. */
import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { candlesPath } from '../../src/parquet/candles-file.js';
import { qualityPath } from '../../src/parquet/quality-file.js';
import { asideOf } from '../../src/text/atomic-file.js';
import { candleOf, duckdb, inFolder } from './candles.js';
import { RELIANCE, contents, storeIn } from './folder.js';

describe('ParquetStore', () => {
  it('waits for a reader that holds the file open', () =>
    inFolder(async (folder) => {
      const waits: number[] = [];
      let refusals = 5;
      const store = storeIn(folder, {
        wait: (ms) => Promise.resolve(void waits.push(ms)),
        rename: (from, to) =>
          refusals-- > 0
            ? Promise.reject(Object.assign(new Error('held'), { code: 'EPERM' }))
            : rename(from, to),
      });
      await store.write(RELIANCE, [candleOf({ minute: 0 })]);
      expect(waits).toStrictEqual([10, 20, 40, 80, 160]);
      expect(await store.readBack(RELIANCE)).toStrictEqual([candleOf({ minute: 0 })]);
    }));

  it('waits for as long as it may, all files of a task together', () =>
    inFolder(async (folder) => {
      let patience = 3;
      const refuse = (): Promise<void> => Promise.reject(Object.assign(new Error('held'), { code: 'EBUSY' }));
      const store = storeIn(folder, { rename: refuse, mayWait: () => patience-- > 0 });
      for (const tried of ['tried 4 times', 'tried once'])
        await expect(store.write(RELIANCE, [candleOf({ minute: 0 })])).rejects.toMatchObject({
          message: expect.stringContaining(tried) as string,
        });
    }));

  it('gives up on a file that stays held, leaves it whole, and continues when it is released', () =>
    inFolder(async (folder) => {
      await storeIn(folder).write(RELIANCE, [candleOf({ minute: 0, partial: true })]);
      const before = await contents(folder);
      for (const held of [qualityPath(folder, RELIANCE), candlesPath(folder, RELIANCE)]) {
        const refuse = (from: string, to: string) =>
          to === held
            ? Promise.reject(Object.assign(new Error('held'), { code: 'EBUSY' }))
            : rename(from, to);
        const attempt = storeIn(folder, { rename: refuse }).write(RELIANCE, [
          candleOf({ minute: 0, close: 100.9 }),
        ]);
        await expect(attempt).rejects.toMatchObject({
          code: 'OUTPUT',
          retryable: true,
          message: expect.stringContaining('EBUSY, tried 12 times'),
        });
        expect((await contents(folder))[candlesPath(folder, RELIANCE)]).toBe(
          before[candlesPath(folder, RELIANCE)],
        );
      }
      // Quality is in place and the candles are aside: the next write finishes that first, so the whole candle is not
      // lost.
      await storeIn(folder).write(RELIANCE, [candleOf({ minute: 0, partial: true, close: 100.1 })]);
      expect(await storeIn(folder).readBack(RELIANCE)).toStrictEqual([candleOf({ minute: 0, close: 100.9 })]);
      expect(
        (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.writing')),
      ).toStrictEqual([]);
    }));

  it('stores what it can of many at once, and says of each other why not', () =>
    inFolder(async (folder) => {
      const symbols = ['TCS', 'M&M', 'RELIANCE', 'INFY', 'SBIN'];
      const of = (symbol: string) => ({ exchange: 'NSE', symbol });
      for (const symbol of symbols)
        await storeIn(folder).write(of(symbol), [candleOf({ symbol, minute: 0 })]);
      const refused = [qualityPath(folder, of('TCS')), candlesPath(folder, of('INFY'))];
      const refuse = (from: string, to: string) =>
        refused.includes(to)
          ? Promise.reject(Object.assign(new Error('held'), { code: 'EBUSY' }))
          : rename(from, to);
      await writeFile(candlesPath(folder, of('SBIN')), 'no Parquet');
      const outcomes = await storeIn(folder, { rename: refuse }).writeAll(
        symbols.map((symbol) => ({ instrument: of(symbol), rows: [candleOf({ symbol, minute: 1 })] })),
      );
      expect(
        outcomes.map((outcome) =>
          outcome instanceof Error
            ? outcome.message.replace(folder, '')
            : outcome.files.map(({ rows }) => rows),
        ),
      ).toStrictEqual([
        expect.stringContaining('/quality/NSE_TCS_1m_quality.parquet cannot be replaced'),
        [2, 2],
        [2, 2],
        expect.stringContaining('/NSE_INFY_1m_test.parquet cannot be replaced'),
        expect.stringContaining('/NSE_SBIN_1m_test.parquet is no whole Parquet file'),
      ]);
      const aside = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.writing'));
      expect(aside).toStrictEqual([expect.stringMatching(/^\.NSE_INFY_1m_test\.parquet\./)]);
      expect((await storeIn(folder).readBack(of('TCS'))).length).toBe(1);
      await storeIn(folder).write(of('INFY'), [candleOf({ symbol: 'INFY', minute: 0 })]);
      expect((await storeIn(folder).readBack(of('INFY'))).length).toBe(2);
      expect(await storeIn(folder).writeAll([])).toStrictEqual([]);
    }));

  it('removes what dead processes left, and leaves what living ones are writing', () =>
    inFolder(async (folder) => {
      await storeIn(folder).write(RELIANCE, [candleOf({ minute: 0 })]);
      const target = candlesPath(folder, RELIANCE);
      const dead = '999999999-0-0';
      const living = `${process.ppid}-0-0`;
      await writeFile(asideOf(target, dead), 'half');
      await writeFile(asideOf(qualityPath(folder, RELIANCE), dead), 'half');
      await writeFile(asideOf(target, living), 'half');
      await storeIn(folder).write(RELIANCE, [candleOf({ minute: 1 })]);
      const left = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.writing'));
      expect(left).toStrictEqual([asideOf(target, living).slice(folder.length + 1)]);
      expect(await storeIn(folder).readBack(RELIANCE)).toHaveLength(2);
      expect(await duckdb(`SELECT count(*) AS n FROM '${folder}/*.parquet'`)).toStrictEqual([{ n: '2' }]);
    }));

  it('says so when the folder cannot be made', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'file'), '');
      await expect(
        storeIn(join(folder, 'file')).write(RELIANCE, [candleOf({ minute: 0 })]),
      ).rejects.toMatchObject({ code: 'OUTPUT' });
    }));
});
