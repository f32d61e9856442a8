/** What may be on disk before a run. */
import { mkdir, open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RULES } from '../../src/candles/rules.js';
import { candlesPath } from '../../src/parquet/candles-file.js';
import { checkExisting } from '../../src/parquet/existing.js';
import { perTier } from '../volume.js';
import { IDENTITY, candleOf, duckdb, inFolder } from './candles.js';
import { RELIANCE, contents, storeIn } from './folder.js';

describe('checkExisting', () => {
  const check = (folder: string, identity = IDENTITY) => checkExisting(folder, [RELIANCE], ['1m'], identity);

  it('passes where there is nothing, and touches nothing', () =>
    inFolder(async (folder) => {
      await check(join(folder, 'absent'));
      await check(folder);
      expect(await readdir(folder)).toStrictEqual([]);
    }));

  it('passes where the files are of this identity', () =>
    inFolder(async (folder) => {
      await storeIn(folder).write(RELIANCE, [candleOf({ minute: 0 })]);
      await check(folder);
    }));

  it.each([
    [{ feed: 'live' }, 'feed `sim:1` and this run writes `live`'],
    [{ mode: 'quote' }, 'mode `ltp` and this run writes `quote`'],
    [{ volumeKind: 'traded' }, 'volume_kind `tick` and this run writes `traded`'],
    [{ rules: RULES + 1 }, `rules \`${RULES}\` and this run writes \`${RULES + 1}\``],
  ] as const)('refuses files of another origin: %j', (other, sentence) =>
    inFolder(async (folder) => {
      await storeIn(folder).write(RELIANCE, [candleOf({ minute: 0 })]);
      const before = await contents(folder);
      const identity = { ...IDENTITY, ...other };
      const refusal = {
        code: 'FOOTER',
        exitCode: 2,
        message: expect.stringMatching(new RegExp(`NSE_RELIANCE_1m_test.parquet holds rows of ${sentence}`)),
      };
      await expect(check(folder, identity)).rejects.toMatchObject(refusal);
      await expect(
        storeIn(folder, { identity }).write(RELIANCE, [candleOf({ minute: 1 })]),
      ).rejects.toMatchObject(refusal);
      expect(await contents(folder)).toStrictEqual(before);
    }),
  );

  it('refuses a file without our footer keys, and one of other columns', () =>
    inFolder(async (folder) => {
      const path = candlesPath(folder, RELIANCE);
      await duckdb(`COPY (SELECT 1 AS a) TO '${path}' (FORMAT parquet)`);
      await expect(check(folder)).rejects.toMatchObject({
        code: 'FOOTER',
        message: expect.stringContaining('has no footer key `feed`'),
      });
      const withKeys = (rules: string): Promise<unknown> =>
        duckdb(
          `COPY (SELECT 1 AS a) TO '${path}' (FORMAT parquet, KV_METADATA { feed: 'sim:1', mode: 'ltp', volume_kind: 'tick'${rules} })`,
        );
      await withKeys('');
      await expect(check(folder)).rejects.toMatchObject({
        code: 'FOOTER',
        message: expect.stringContaining('holds rows of rules `1` and this run writes'),
      });
      await withKeys(`, rules: '${RULES}'`);
      await expect(check(folder)).rejects.toMatchObject({
        code: 'OUTPUT',
        message: expect.stringContaining('has the columns a int32 where symbol string'),
      });
    }));

  it('refuses what is no Parquet file, cut short, or damaged, and touches nothing', () =>
    inFolder(async (folder) => {
      await storeIn(folder).write(RELIANCE, [candleOf({ minute: 0 }), candleOf({ minute: 1 })]);
      const path = candlesPath(folder, RELIANCE);
      const sound = await readFile(path);
      const zeroed = Buffer.from(sound).fill(0, 4, 400);
      for (const bytes of [
        Buffer.alloc(0),
        Buffer.from('PAR1'),
        Buffer.from('not a parquet file at all'),
        sound.subarray(0, -9),
        Buffer.concat([sound.subarray(0, 50), sound.subarray(-8)]),
        zeroed,
      ]) {
        await writeFile(path, bytes);
        await expect(check(folder)).rejects.toMatchObject({
          code: 'OUTPUT',
          message: expect.stringContaining('NSE_RELIANCE_1m_test.parquet'),
        });
        await expect(storeIn(folder).write(RELIANCE, [candleOf({ minute: 2 })])).rejects.toMatchObject({
          code: 'OUTPUT',
        });
        expect((await readFile(path)).equals(bytes)).toBe(true);
      }
      await rm(path);
      await mkdir(path);
      await expect(check(folder)).rejects.toMatchObject({ code: 'OUTPUT' });
      await expect(check(path.replace('RELIANCE', 'X'))).resolves.toBeUndefined();
    }));

  it('answers for a damaged byte anywhere with a sentence or with rows, soon', () =>
    inFolder(async (folder) => {
      await storeIn(folder).write(RELIANCE, [candleOf({ minute: 0 }), candleOf({ minute: 1 })]);
      const path = candlesPath(folder, RELIANCE);
      const sound = await readFile(path);
      for (let at = 0; at < sound.length; at += perTier(15, 3, 1)) {
        const broken = Buffer.from(sound);
        broken[at] ^= 1 << (at % 8);
        await writeFile(path, broken);
        await check(folder).catch((error: unknown) => expect(error).toMatchObject({ name: 'EngineError' }));
      }
    }));

  it('refuses a folder that is a file', () =>
    inFolder(async (folder) => {
      await (await open(join(folder, 'file'), 'w')).close();
      await expect(check(join(folder, 'file'))).rejects.toMatchObject({ code: 'OUTPUT' });
    }));
});
