/** The sink on real files. */
import { mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { candlesPath } from '../../src/parquet/candles-file.js';
import { readSchema } from '../../src/parquet/history.js';
import { QUALITY_COLUMNS, QUALITY_COLUMNS_BEFORE } from '../../src/parquet/columns.js';
import { encodeParquet } from '../../src/parquet/parquet.js';
import { asideOf } from '../../src/text/atomic-file.js';
import { qualityPath } from '../../src/parquet/quality-file.js';
import { verifyCandles, verifyQuality } from '../../src/parquet/proof.js';
import { ParquetStore } from '../../src/parquet/store.js';
import type { ParquetStoreOptions } from '../../src/parquet/store.js';
import { checkExisting } from '../../src/parquet/existing.js';
import { IDENTITY, candleOf, duckdb, inFolder, noWait } from './candles.js';

const RELIANCE = { exchange: 'NSE', symbol: 'RELIANCE' };

function sinkIn(outDir: string, more: Partial<ParquetStoreOptions> = {}): ParquetStore {
  return new ParquetStore({ outDir, identity: IDENTITY, wait: noWait, ...more });
}

/** Every file under a folder with its bytes. */
async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path, (await readFile(path)).toString('base64')] as const)),
  );
}

describe('ParquetStore', () => {
  it('writes, merges and reads back; the same rows twice leave equal files', () =>
    inFolder(async (folder) => {
      await sinkIn(join(folder, 'a', 'b')).write(RELIANCE, [
        candleOf({ minute: 2 }),
        candleOf({ minute: 0, partial: true }),
      ]);
      // Another run, with a sink of its own.
      const sink = sinkIn(join(folder, 'a', 'b'));
      const rows = [
        candleOf({ minute: 0, close: 100.5 }),
        candleOf({ minute: 1 }),
        candleOf({ minute: 2, partial: true, close: 100.7 }),
      ];
      const once = await sink.write(RELIANCE, rows);
      expect(await sink.readBack(RELIANCE)).toStrictEqual([rows[0], rows[1], candleOf({ minute: 2 })]);
      expect(once.kept).toStrictEqual([rows[2].candle.timestampMs]);
      expect(await sink.write(RELIANCE, rows)).toStrictEqual(once);
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
      await sinkIn(folder).write(RELIANCE, [candleOf({ minute: 0, close: 100.9 })]);
      const sink = sinkIn(folder);
      await sink.write(RELIANCE, [
        candleOf({ minute: 0, partial: true }),
        candleOf({ minute: 1 }),
        candleOf({ minute: 2 }),
      ]);
      await sink.write(RELIANCE, [
        candleOf({ minute: 0, partial: true, gapMs: 5 }),
        candleOf({ minute: 1, partial: true, gapMs: 20_000 }),
      ]);
      expect(await sink.readBack(RELIANCE)).toStrictEqual([
        candleOf({ minute: 0, close: 100.9 }),
        candleOf({ minute: 1, partial: true, gapMs: 20_000 }),
        candleOf({ minute: 2 }),
      ]);
    }));

  it('sees what others did to the files that it wrote last', () =>
    inFolder(async (folder) => {
      const sink = sinkIn(folder);
      const rows = [candleOf({ minute: 0, partial: true }), candleOf({ minute: 1 })];
      await sink.write(RELIANCE, rows);
      await sinkIn(folder).write(RELIANCE, [candleOf({ minute: 0, close: 100.9 })]);
      expect((await sink.write(RELIANCE, [...rows, candleOf({ minute: 2 })])).kept).toStrictEqual([
        rows[0].candle.timestampMs,
      ]);
      expect(await sink.readBack(RELIANCE)).toStrictEqual([
        candleOf({ minute: 0, close: 100.9 }),
        rows[1],
        candleOf({ minute: 2 }),
      ]);
      await rm(qualityPath(folder, RELIANCE));
      await sink.write(RELIANCE, [candleOf({ minute: 3 })]);
      expect((await sink.readBack(RELIANCE)).map(({ quality }) => quality === undefined)).toStrictEqual([
        true,
        true,
        true,
        false,
      ]);
      await writeFile(candlesPath(folder, RELIANCE), 'PAR1 and no more');
      await expect(sink.write(RELIANCE, rows)).rejects.toMatchObject({ code: 'OUTPUT' });
    }));

  it('keeps symbols as they are', () =>
    inFolder(async (folder) => {
      for (const symbol of ['M&M', 'BAJAJ-AUTO']) {
        await sinkIn(folder).write({ exchange: 'NSE', symbol }, [candleOf({ minute: 0, symbol })]);
        expect(
          await duckdb(`SELECT symbol FROM '${join(folder, `NSE_${symbol}_1m_test.parquet`)}'`),
        ).toStrictEqual([{ symbol }]);
      }
    }));

  it.each(['../X', 'A/B', 'A\\B', 'A:B', ''])('refuses the symbol %j', (symbol) =>
    inFolder((folder) =>
      expect(
        sinkIn(folder).write({ exchange: 'NSE', symbol }, [candleOf({ minute: 0, symbol })]),
      ).rejects.toMatchObject({ code: 'OUTPUT' }),
    ),
  );

  it('takes a row that breaks its ranges for a fault of the program', () =>
    inFolder(async (folder) => {
      for (const bad of [
        candleOf({ minute: 0, close: Number.NaN }),
        candleOf({ minute: 0, volume: 1.5 }),
        candleOf({ minute: 0, symbol: 'TCS' }),
      ]) {
        await expect(sinkIn(folder).write(RELIANCE, [bad])).rejects.toThrow();
      }
      expect(await readdir(folder)).toStrictEqual([]);
    }));

  it('follows the zone of an existing file', () =>
    inFolder(async (folder) => {
      await sinkIn(folder, { zone: 'Asia/Kolkata' }).write(RELIANCE, [candleOf({ minute: 0 })]);
      await sinkIn(folder).write(RELIANCE, [candleOf({ minute: 1 })]);
      for (const path of [candlesPath(folder, RELIANCE), qualityPath(folder, RELIANCE)])
        expect((await readSchema(path))?.zone).toBe('Asia/Kolkata');
    }));

  it('waits for a reader that holds the file open', () =>
    inFolder(async (folder) => {
      const waits: number[] = [];
      let refusals = 5;
      const sink = sinkIn(folder, {
        wait: (ms) => Promise.resolve(void waits.push(ms)),
        rename: (from, to) =>
          refusals-- > 0
            ? Promise.reject(Object.assign(new Error('held'), { code: 'EPERM' }))
            : rename(from, to),
      });
      await sink.write(RELIANCE, [candleOf({ minute: 0 })]);
      expect(waits).toStrictEqual([10, 20, 40, 80, 160]);
      expect(await sink.readBack(RELIANCE)).toStrictEqual([candleOf({ minute: 0 })]);
    }));

  it('goes on with a quality file of version 0.1, which had fewer columns', () =>
    inFolder(async (folder) => {
      await sinkIn(folder).write(RELIANCE, [candleOf({ minute: 0 })]);
      const row = {
        timestamp: candleOf({ minute: 0 }).candle.timestampMs,
        ticks: 42,
        price_changes: 7,
        partial: false,
        revision: 0,
        late: 0,
        gap_ms: 0,
        source: 'continuous',
      };
      const keys = { feed: IDENTITY.feed, mode: IDENTITY.mode, volume_kind: IDENTITY.volumeKind };
      await writeFile(
        qualityPath(folder, RELIANCE),
        await encodeParquet({
          columns: QUALITY_COLUMNS.slice(0, QUALITY_COLUMNS_BEFORE),
          rows: [row],
          zone: '+05:30',
          keys,
        }),
      );
      const added = candleOf({ minute: 1, volSlack: 12, repaired: true });
      await sinkIn(folder).write(RELIANCE, [added]);
      expect(await sinkIn(folder).readBack(RELIANCE)).toStrictEqual([
        candleOf({ minute: 0, coverage: null, maxAgeMs: null }),
        added,
      ]);
    }));

  it('waits for as long as it may, all files of a task together', () =>
    inFolder(async (folder) => {
      let patience = 3;
      const refuse = (): Promise<void> => Promise.reject(Object.assign(new Error('held'), { code: 'EBUSY' }));
      const sink = sinkIn(folder, { rename: refuse, mayWait: () => patience-- > 0 });
      for (const tried of ['tried 4 times', 'tried once'])
        await expect(sink.write(RELIANCE, [candleOf({ minute: 0 })])).rejects.toMatchObject({
          message: expect.stringContaining(tried) as string,
        });
    }));

  it('gives up on a file that stays held, leaves it whole, and goes on when it is let go', () =>
    inFolder(async (folder) => {
      await sinkIn(folder).write(RELIANCE, [candleOf({ minute: 0, partial: true })]);
      const before = await contents(folder);
      for (const held of [qualityPath(folder, RELIANCE), candlesPath(folder, RELIANCE)]) {
        const refuse = (from: string, to: string) =>
          to === held
            ? Promise.reject(Object.assign(new Error('held'), { code: 'EBUSY' }))
            : rename(from, to);
        const attempt = sinkIn(folder, { rename: refuse }).write(RELIANCE, [
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
      // Quality is in place and the candles are aside: the next write finishes that first, so the whole candle is not lost.
      await sinkIn(folder).write(RELIANCE, [candleOf({ minute: 0, partial: true, close: 100.1 })]);
      expect(await sinkIn(folder).readBack(RELIANCE)).toStrictEqual([candleOf({ minute: 0, close: 100.9 })]);
      expect(
        (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.writing')),
      ).toStrictEqual([]);
    }));

  it('stores what it can of many at once, and says of each other why not', () =>
    inFolder(async (folder) => {
      const symbols = ['TCS', 'M&M', 'RELIANCE', 'INFY', 'SBIN'];
      const of = (symbol: string) => ({ exchange: 'NSE', symbol });
      for (const symbol of symbols) await sinkIn(folder).write(of(symbol), [candleOf({ symbol, minute: 0 })]);
      const refused = [qualityPath(folder, of('TCS')), candlesPath(folder, of('INFY'))];
      const refuse = (from: string, to: string) =>
        refused.includes(to)
          ? Promise.reject(Object.assign(new Error('held'), { code: 'EBUSY' }))
          : rename(from, to);
      await writeFile(candlesPath(folder, of('SBIN')), 'no Parquet');
      const outcomes = await sinkIn(folder, { rename: refuse }).writeAll(
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
      expect((await sinkIn(folder).readBack(of('TCS'))).length).toBe(1);
      await sinkIn(folder).write(of('INFY'), [candleOf({ symbol: 'INFY', minute: 0 })]);
      expect((await sinkIn(folder).readBack(of('INFY'))).length).toBe(2);
      expect(await sinkIn(folder).writeAll([])).toStrictEqual([]);
    }));

  it('removes what dead processes left, and leaves what living ones are writing', () =>
    inFolder(async (folder) => {
      await sinkIn(folder).write(RELIANCE, [candleOf({ minute: 0 })]);
      const target = candlesPath(folder, RELIANCE);
      const dead = '999999999-0-0';
      const living = `${process.ppid}-0-0`;
      await writeFile(asideOf(target, dead), 'half');
      await writeFile(asideOf(qualityPath(folder, RELIANCE), dead), 'half');
      await writeFile(asideOf(target, living), 'half');
      await sinkIn(folder).write(RELIANCE, [candleOf({ minute: 1 })]);
      const left = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.writing'));
      expect(left).toStrictEqual([asideOf(target, living).slice(folder.length + 1)]);
      expect(await sinkIn(folder).readBack(RELIANCE)).toHaveLength(2);
      expect(await duckdb(`SELECT count(*) AS n FROM '${folder}/*.parquet'`)).toStrictEqual([{ n: '2' }]);
    }));

  it('says so when the folder cannot be made', () =>
    inFolder(async (folder) => {
      await writeFile(join(folder, 'file'), '');
      await expect(
        sinkIn(join(folder, 'file')).write(RELIANCE, [candleOf({ minute: 0 })]),
      ).rejects.toMatchObject({ code: 'OUTPUT' });
    }));
});

describe('checkExisting', () => {
  const check = (folder: string, identity = IDENTITY) => checkExisting(folder, [RELIANCE], identity);

  it('passes where there is nothing, and touches nothing', () =>
    inFolder(async (folder) => {
      await check(join(folder, 'absent'));
      await check(folder);
      expect(await readdir(folder)).toStrictEqual([]);
    }));

  it('passes where the files are of this identity', () =>
    inFolder(async (folder) => {
      await sinkIn(folder).write(RELIANCE, [candleOf({ minute: 0 })]);
      await check(folder);
    }));

  it.each([
    [{ feed: 'live' }, 'feed `sim:1` and this run writes `live`'],
    [{ mode: 'quote' }, 'mode `ltp` and this run writes `quote`'],
    [{ volumeKind: 'traded' }, 'volume_kind `tick` and this run writes `traded`'],
  ] as const)('refuses files of another origin: %j', (other, sentence) =>
    inFolder(async (folder) => {
      await sinkIn(folder).write(RELIANCE, [candleOf({ minute: 0 })]);
      const before = await contents(folder);
      const identity = { ...IDENTITY, ...other };
      const refusal = {
        code: 'FOOTER',
        exitCode: 2,
        message: expect.stringMatching(new RegExp(`NSE_RELIANCE_1m_test.parquet holds rows of ${sentence}`)),
      };
      await expect(check(folder, identity)).rejects.toMatchObject(refusal);
      await expect(
        sinkIn(folder, { identity }).write(RELIANCE, [candleOf({ minute: 1 })]),
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
      await duckdb(
        `COPY (SELECT 1 AS a) TO '${path}' (FORMAT parquet, KV_METADATA { feed: 'sim:1', mode: 'ltp', volume_kind: 'tick' })`,
      );
      await expect(check(folder)).rejects.toMatchObject({
        code: 'OUTPUT',
        message: expect.stringContaining('has the columns a int32 where symbol string'),
      });
    }));

  it('refuses what is no Parquet file, cut short, or damaged, and touches nothing', () =>
    inFolder(async (folder) => {
      await sinkIn(folder).write(RELIANCE, [candleOf({ minute: 0 }), candleOf({ minute: 1 })]);
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
        await expect(sinkIn(folder).write(RELIANCE, [candleOf({ minute: 2 })])).rejects.toMatchObject({
          code: 'OUTPUT',
        });
        expect((await readFile(path)).equals(bytes)).toBe(true);
      }
      await rm(path);
      await mkdir(path);
      await expect(check(folder)).rejects.toMatchObject({ code: 'OUTPUT' });
      await expect(check(path.replace('RELIANCE', 'X'))).resolves.toBeUndefined();
    }));

  it('answers for every damaged byte with a sentence or with rows, soon', () =>
    inFolder(async (folder) => {
      await sinkIn(folder).write(RELIANCE, [candleOf({ minute: 0 }), candleOf({ minute: 1 })]);
      const path = candlesPath(folder, RELIANCE);
      const sound = await readFile(path);
      for (let at = 0; at < sound.length; at += 3) {
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

describe('verify', () => {
  it('finds nothing in a sound file and the first difference in another', () =>
    inFolder(async (folder) => {
      const rows = [candleOf({ minute: 0 }), candleOf({ minute: 1 })];
      await sinkIn(folder).write(RELIANCE, rows);
      const [candles, quality] = [rows.map((row) => row.candle), rows.map((row) => row.quality)];
      const path = candlesPath(folder, RELIANCE);
      expect(await verifyCandles(path, candles)).toBeUndefined();
      expect(await verifyCandles(path, candles.slice(1))).toBeUndefined();
      expect(await verifyQuality(qualityPath(folder, RELIANCE), quality)).toBeUndefined();
      expect(await verifyCandles(path, [candles[0], { ...candles[1], close: 7 }])).toBe(
        `${path} has close 100.05 at 2026-11-23T09:16:00+05:30 where 7 was sealed.`,
      );
      expect(await verifyCandles(path, [candleOf({ minute: 2 }).candle])).toBe(
        `${path} has no row for 2026-11-23T09:17:00+05:30.`,
      );
      expect(await verifyQuality(qualityPath(folder, RELIANCE), [{ ...quality[0], late: 3 }])).toContain(
        'has late 0 at',
      );
      expect(await verifyCandles(join(folder, 'absent.parquet'), [])).toContain('does not exist');
      await writeFile(path, 'PAR1');
      expect(await verifyCandles(path, candles)).toContain('is no whole Parquet file');
    }));
});
