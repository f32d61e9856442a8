/**
 * A sentence about a user's file says how to rewrite it, never to delete it or to move it. What it says works: its
 * statement, run as it is by DuckDB, makes a file that is read.
 */
import { mkdirSync } from 'node:fs';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCandleFile } from '../../src/parquet/history.js';
import { openParquet } from '../../src/parquet/reader.js';
import { duckdb, inFolder } from './candles.js';

const TCS = { exchange: 'NSE', symbol: 'TCS' };
const ROWS = `SELECT 'TCS' AS symbol, 'NSE' AS exchange, TIMESTAMPTZ '2026-11-23 09:15:00+05:30' AS timestamp,
  1.0::DOUBLE AS open, 2.0::DOUBLE AS high, 0.5::DOUBLE AS low, 1.5::DOUBLE AS close, 7::BIGINT AS volume`;
const REMOVAL = /delete|remove|move it|move the|take it out|throw/i;

async function sentenceOn(folder: string): Promise<string> {
  const refusal: unknown = await readCandleFile(folder, TCS, 'either').catch((thrown: unknown) => thrown);
  return refusal instanceof Error ? refusal.message : 'it was read';
}

describe('a file that is not usable', () => {
  it.each([
    ['has a compression that is not read', ROWS, '(FORMAT parquet, COMPRESSION lz4_raw)', /compressed with LZ4_RAW/],
    ['has no column `open`', ROWS.replace('AS open', 'AS c'), '(FORMAT parquet)', /has no column `open`/],
    ['has a volume that is text', ROWS.replace('7::BIGINT', "'7'"), '(FORMAT parquet)', /`volume` of type string/],
    ['has times that are text', ROWS.replace('TIMESTAMPTZ', ''), '(FORMAT parquet)', /`timestamp` of type string/],
    ['says another kind of volume', ROWS, "(FORMAT parquet, KV_METADATA {volume_kind: 'lots'})", /volume_kind `lots`/],
  ])('is read once its sentence is followed: it %s', (_what, rows, format, why) =>
    inFolder(async (parent) => {
      const folder = join(parent, "the user's");
      mkdirSync(folder);
      mkdirSync(join(parent, 'rewritten'));
      const path = join(folder, 'NSE_TCS_1m.parquet');
      await duckdb(`COPY (${rows}) TO '${path.replaceAll("'", "''")}' ${format}`);
      const before = await readFile(path);
      const sentence = await sentenceOn(folder);
      expect(sentence).toMatch(why);
      expect(sentence).not.toMatch(REMOVAL);
      const [, statement] = /DuckDB: (COPY .+\))\)[;.]/.exec(sentence)!;
      await duckdb(statement.replace("'rewritten/", `'${parent}/rewritten/`));
      const file = await readCandleFile(join(parent, 'rewritten'), TCS, 'either');
      expect(file!.rows.map(({ candle }) => [candle.timestampMs, candle.open, candle.volume])).toEqual([
        [Date.parse('2026-11-23T09:15:00+05:30'), 1, 7],
      ]);
      expect(await readFile(path)).toEqual(before);
    })); // prettier-ignore

  it('is shortened, not split by hand, where it is too large', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'NSE_TCS_1m.parquet');
      await writeFile(path, 'PAR1');
      await truncate(path, 2 ** 40);
      const sentence = await sentenceOn(folder);
      expect(sentence).toMatch(
        /is larger than \d+ MiB, .* WHERE timestamp >= TIMESTAMPTZ '2026-01-01'\) TO /,
      );
      expect(sentence).not.toMatch(REMOVAL);
      await duckdb(`COPY (${ROWS}) TO '${path}' (FORMAT parquet)`);
      mkdirSync(join(folder, 'rewritten'));
      const [, statement] = /\((COPY .+\))\)\./.exec(sentence)!;
      await duckdb(statement.replace("'rewritten/", `'${folder}/rewritten/`));
      expect((await readCandleFile(join(folder, 'rewritten'), TCS, 'either'))!.rows).toHaveLength(1);
    }));

  it.each([
    ['is cut off', 'PAR1'],
    ['has a footer that is not understood', `PAR1${'x'.repeat(40)}\u0008\0\0\0PAR1`],
  ])('is written again from where it comes where no program reads it: it %s', (_what, content) =>
    inFolder(async (folder) => {
      const path = join(folder, 'NSE_TCS_1m.parquet');
      await writeFile(path, content);
      const error: unknown = await openParquet(path, 'HISTORY').catch((thrown: unknown) => thrown);
      expect(String(error)).toContain('write it again from where it comes');
      expect(String(error)).not.toMatch(REMOVAL);
    }),
  );
});
