/** `compare` with reference files as other programs write them: DuckDB in several types, and pandas. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { CandleWithQuality } from '../../../src/candles/candle.js';
import { shipped } from '../../../src/paths.js';
import {
  candleOf,
  comparing,
  comparingJson,
  inFolders,
  minutes,
  writeOurs,
  writeReference,
} from './folders.js';
import type { Manner } from './folders.js';

const ours = (from: number, to: number, symbol = 'RELIANCE'): CandleWithQuality[] =>
  minutes(from, to).map((minute) => candleOf({ minute, symbol }));
const rest = (from: number, to: number) => minutes(from, to).map((minute) => ({ minute }));

describe('a reference in the manner of other programs', () => {
  const manners: [string, Manner][] = [
    ['zoned, doubles', {}],
    ['naive Indian time', { time: 'naive' }],
    ['decimals', { price: 'DECIMAL(10,2)' }],
    ['wide decimals', { price: 'DECIMAL(28,4)', count: 'DECIMAL(20,0)' }],
    ['floats of 32 bits', { price: 'FLOAT', count: 'INTEGER' }],
    ['volume as double', { count: 'DOUBLE' }],
    ['volume unsigned', { count: 'UBIGINT' }],
  ];
  it.each(manners)('passes: %s', (_, manner) =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 9));
      await writeReference(folders.reference, rest(-30, 30), 'RELIANCE', manner);
      const { code, json } = await comparingJson(folders);
      expect(json).toMatchObject({
        verdict: 'pass',
        reasons: [],
        symbols: [
          {
            compared: 10,
            close: { exact: 10, withinTick: 0, different: 0 },
            volume: { exact: 10 },
            missingOurs: 0,
            missingReference: 0,
            outside: 51,
          },
        ],
      });
      expect(code).toBe(0);
    }),
  );

  it('passes with whole rupees as integers', () =>
    inFolders(async (folders) => {
      await writeOurs(
        folders.ours,
        minutes(0, 3).map((minute) => ({
          ...candleOf({ minute, close: 101 }),
          candle: { ...candleOf({ minute, close: 101 }).candle, low: 99 },
        })),
      );
      await writeReference(
        folders.reference,
        rest(0, 3).map((row) => ({ ...row, low: '99', close: '101' })),
        'RELIANCE',
        { price: 'INTEGER' },
      );
      expect((await comparing(folders)).code).toBe(0);
    }));

  it('rounds floats of 32 bits to the paisa and says so', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, [candleOf({ minute: 0, close: 25_000.05 })]);
      await writeReference(
        folders.reference,
        [{ minute: 0, high: '25000.05', close: '25000.05' }],
        'RELIANCE',
        { price: 'FLOAT' },
      );
      const { json } = await comparingJson(folders, { tickSizeRupees: () => 0.01 });
      expect(json).toMatchObject({ verdict: 'pass', notes: [expect.stringContaining('prices of 32 bits')] });
      await writeReference(
        folders.reference,
        [{ minute: 0, high: '25000.05', close: '25000.06' }],
        'RELIANCE',
        { price: 'FLOAT' },
      );
      expect(
        (await comparingJson(folders, { tickSizeRupees: () => 0.01 })).json.symbols[0].close,
      ).toStrictEqual({ exact: 0, withinTick: 1, different: 0 });
    }));

  it.each(['offset', 'kolkata', 'naive'])('passes with what pandas wrote: %s', (name) =>
    inFolders(async (folders) => {
      // Thirty minutes of M&M from 2026-11-16T09:15, seven days before the first minute of `candleOf`.
      await copyFile(
        fileURLToPath(shipped(`test/parquet/files/pandas-${name}.parquet`)),
        join(folders.reference, 'NSE_M&M_1m.parquet'),
      );
      const rows = minutes(0, 29).map((index) => {
        const { candle, quality } = candleOf({ minute: index - 7 * 1440, symbol: 'M&M' });
        return {
          quality,
          candle: {
            ...candle,
            open: 100 + index / 20,
            high: 101 + index / 20,
            low: 99 + index / 20,
            close: 100.5 + index / 20,
            volume: 1000 + index,
          },
        };
      });
      await writeOurs(folders.ours, rows);
      const { code, json } = await comparingJson(folders);
      expect(json.symbols[0]).toMatchObject({ symbol: 'M&M', compared: 30, volume: { exact: 30 } });
      expect(code).toBe(0);
    }),
  );

  it('handles bad rows and notes them', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 5));
      await writeReference(folders.reference, [
        { minute: 5 },
        { minute: 4 },
        { minute: 3, close: "'NaN'" },
        { minute: 2, close: '7' },
        { minute: 2 },
        { minute: 1, symbol: 'TCS', close: '5' },
        { minute: 1 },
        { minute: 0, seconds: 30, close: '5' },
        { minute: 0 },
        { minute: 1440, close: '5' },
        { minute: -1440, close: '5' },
        { minute: 4, symbol: 'TCS', close: 'NULL' },
      ]);
      const { code, json } = await comparingJson(folders);
      expect(json.symbols[0]).toMatchObject({
        compared: 5,
        close: { exact: 5 },
        missingOurs: 0,
        missingReference: 1,
        outside: 0,
      });
      expect(json.missing).toStrictEqual({
        total: 1,
        listed: [
          {
            symbol: 'RELIANCE',
            exchange: 'NSE',
            from: 'reference',
            timestamp: '2026-11-23T09:18:00+05:30',
            timestampMs: expect.any(Number),
          },
        ],
      });
      const path = join(folders.reference, 'NSE_RELIANCE_1m.parquet');
      expect(json.notes.map((note: string) => note.slice(path.length + 2))).toStrictEqual([
        '2 rows with a missing value are left out.',
        '1 rows of other symbols than RELIANCE are left out.',
        '1 minutes occur twice; the later row counts.',
        '1 rows that are not at the start of a minute are left out.',
      ]);
      expect(code).toBe(1);
    }));
});
