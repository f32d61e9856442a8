/** What other programs see in our files. */
import { readFile } from 'node:fs/promises';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { arrowSchema, zoneInArrowSchema } from '../../src/parquet/arrow-schema.js';
import { candlesPath } from '../../src/parquet/candles-file.js';
import { CANDLE_COLUMNS, QUALITY_COLUMNS, type Column } from '../../src/parquet/columns.js';
import { qualityPath } from '../../src/parquet/quality-file.js';
import { sha256Of } from '../../src/parquet/sha256.js';
import { ParquetStore } from '../../src/parquet/store.js';
import { IDENTITY, candleOf, duckdb, inFolder, noWait } from './candles.js';

const RELIANCE = { exchange: 'NSE', symbol: 'RELIANCE' };

/**
 * SHA-256 of our two schemas as pyarrow 25 and pandas 3 read them: after a change of a byte, let them read again.
 */
const SEEN_BY_PYARROW = {
  candles: '86b6407254cc2ac03428f54f4be8562619b517d53cb2f2f477f5c13ecd733c53',
  quality: 'f81f0ac3db9baa92c669c472b7a1af74968ab5d1ae6b582a6040778f923dc440',
};

async function written<T>(body: (folder: string) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const sink = new ParquetStore({ outDir: folder, identity: IDENTITY, wait: noWait });
    await sink.write(RELIANCE, [
      candleOf({ minute: 1, partial: true, gapMs: 1500 }),
      candleOf({ minute: 0, close: 100.1, volume: 2 ** 40 }),
    ]);
    return body(folder);
  });
}

describe('the candles file', () => {
  it('has exactly eight columns for DuckDB, times with a zone, volume as BIGINT', () =>
    written(async (folder) => {
      const path = candlesPath(folder, RELIANCE);
      const columns = await duckdb(`DESCRIBE SELECT * FROM '${path}'`);
      expect(columns.map((c) => [c.column_name, c.column_type])).toStrictEqual([
        ['symbol', 'VARCHAR'],
        ['exchange', 'VARCHAR'],
        ['timestamp', 'TIMESTAMP WITH TIME ZONE'],
        ['open', 'DOUBLE'],
        ['high', 'DOUBLE'],
        ['low', 'DOUBLE'],
        ['close', 'DOUBLE'],
        ['volume', 'BIGINT'],
      ]);
      const rows = await duckdb(
        `SELECT symbol, exchange, strftime(timestamp, '%Y-%m-%d %H:%M:%S') AS at, epoch_ms(timestamp) AS ms, open, high, low, close, volume FROM '${path}'`,
      );
      expect(rows).toStrictEqual([
        {
          symbol: 'RELIANCE',
          exchange: 'NSE',
          at: '2026-11-23 09:15:00',
          ms: String(Date.parse('2026-11-23T09:15:00+05:30')),
          open: 100,
          high: 101,
          low: 99.5,
          close: 100.1,
          volume: String(2 ** 40),
        },
        {
          symbol: 'RELIANCE',
          exchange: 'NSE',
          at: '2026-11-23 09:16:00',
          ms: String(Date.parse('2026-11-23T09:16:00+05:30')),
          open: 100,
          high: 101,
          low: 99.5,
          close: 100.05,
          volume: '42',
        },
      ]);
    }));

  it('is one row group with plain pages and no statistics to disagree about', () =>
    written(async (folder) => {
      const chunks = await duckdb(
        `SELECT DISTINCT row_group_id, compression, num_values FROM parquet_metadata('${candlesPath(folder, RELIANCE)}')`,
      );
      expect(chunks).toStrictEqual([{ row_group_id: '0', compression: 'UNCOMPRESSED', num_values: '2' }]);
    }));

  it('says instants, strings and the zone in its footer', () =>
    written(async (folder) => {
      const metadata = await parquetMetadataAsync(await asyncBufferFromFile(candlesPath(folder, RELIANCE)));
      const types = new Map(metadata.schema.map((element) => [element.name, element.logical_type]));
      expect(types.get('timestamp')).toMatchObject({
        type: 'TIMESTAMP',
        isAdjustedToUTC: true,
        unit: 'MILLIS',
      });
      expect(types.get('symbol')).toMatchObject({ type: 'STRING' });
      const keys = new Map(metadata.key_value_metadata!.map(({ key, value }) => [key, value]));
      expect([...keys.keys()].sort()).toStrictEqual(['ARROW:schema', 'feed', 'mode', 'rules', 'volume_kind']);
      expect([keys.get('feed'), keys.get('mode'), keys.get('volume_kind')]).toStrictEqual([
        'sim:1',
        'ltp',
        'tick',
      ]);
      const blob = Buffer.from(keys.get('ARROW:schema')!, 'base64');
      expect(blob.includes('+05:30')).toBe(true);
    }));
});

describe('the quality file', () => {
  it('has its sixteen columns', () =>
    written(async (folder) => {
      const path = qualityPath(folder, RELIANCE);
      const columns = await duckdb(`DESCRIBE SELECT * FROM '${path}'`);
      expect(columns.map((c) => [c.column_name, c.column_type])).toStrictEqual([
        ['timestamp', 'TIMESTAMP WITH TIME ZONE'],
        ['ticks', 'BIGINT'],
        ['price_changes', 'BIGINT'],
        ['partial', 'BOOLEAN'],
        ['revision', 'BIGINT'],
        ['late', 'BIGINT'],
        ['gap_ms', 'BIGINT'],
        ['source', 'VARCHAR'],
        ['vol_slack', 'BIGINT'],
        ['repaired', 'BOOLEAN'],
        ['coverage', 'DOUBLE'],
        ['max_age_ms', 'BIGINT'],
        ['tail', 'BOOLEAN'],
        ['oi_high', 'BIGINT'],
        ['oi_low', 'BIGINT'],
        ['oi_close', 'BIGINT'],
      ]);
      expect(await duckdb(`SELECT * EXCLUDE timestamp FROM '${path}'`)).toStrictEqual([
        {
          ticks: '42',
          price_changes: '7',
          partial: false,
          revision: '0',
          late: '0',
          gap_ms: '0',
          source: 'continuous',
          vol_slack: null,
          repaired: false,
          coverage: 0.7,
          max_age_ms: '4000',
          tail: false,
          oi_high: null,
          oi_low: null,
          oi_close: null,
        },
        {
          ticks: '42',
          price_changes: '7',
          partial: true,
          revision: '0',
          late: '0',
          gap_ms: '1500',
          source: 'continuous',
          vol_slack: null,
          repaired: false,
          coverage: 0.7,
          max_age_ms: '4000',
          tail: false,
          oi_high: null,
          oi_low: null,
          oi_close: null,
        },
      ]);
    }));
});

/**
 * Walks a flatbuffer by the format's rules, checking what Arrow's verifier checks: alignment, bounds, terminated
 * strings.
 */
function walk(base64: string) {
  const blob = Buffer.from(base64, 'base64');
  expect(blob.readUInt32LE(0)).toBe(0xffffffff);
  expect(blob.readInt32LE(4)).toBe(blob.length - 8);
  expect(blob.length % 8).toBe(0);
  const b = blob.subarray(8);
  const u32 = (at: number): number => (expect(at % 4).toBe(0), b.readUInt32LE(at));
  const slot = (table: number, index: number): number | undefined => {
    expect(table % 4).toBe(0);
    const vtable = table - b.readInt32LE(table);
    expect(vtable % 2).toBe(0);
    const [size, tableSize] = [b.readUInt16LE(vtable), b.readUInt16LE(vtable + 2)];
    const offset = 4 + 2 * index < size ? b.readUInt16LE(vtable + 4 + 2 * index) : 0;
    expect(offset).toBeLessThan(tableSize);
    return offset === 0 ? undefined : table + offset;
  };
  const ref = (table: number, index: number): number => slot(table, index)! + u32(slot(table, index)!);
  const text = (at: number): string => {
    expect(b[at + 4 + u32(at)]).toBe(0);
    return b.toString('utf8', at + 4, at + 4 + u32(at));
  };
  const message = u32(0);
  expect(b.readInt16LE(slot(message, 0))).toBe(4);
  expect(b[slot(message, 1)!]).toBe(1);
  const fields = ref(ref(message, 2), 1);
  return Array.from({ length: u32(fields) }, (_, i) => {
    const field = fields + 4 + 4 * i + u32(fields + 4 + 4 * i);
    const type = b[slot(field, 2)!];
    const table = ref(field, 3);
    expect(u32(ref(field, 5))).toBe(0);
    const detail =
      type === 2
        ? [b.readInt32LE(slot(table, 0)), b[slot(table, 1)!]]
        : type === 3
          ? b.readInt16LE(slot(table, 0))
          : type === 10
            ? [b.readInt16LE(slot(table, 0)), text(ref(table, 1))]
            : undefined;
    return { name: text(ref(field, 0)), nullable: b[slot(field, 1)!], type, detail };
  });
}

describe('ARROW:schema', () => {
  it.each(['+05:30', 'Asia/Kolkata'])('is a sound flatbuffer of our columns with zone %s', (zone) => {
    const [string, float, int, boolean, time] = [
      [5, undefined],
      [3, 2],
      [2, [64, 1]],
      [6, undefined],
      [10, [1, zone]],
    ];
    const expected = { string, double: float, int64: int, boolean, timestamp: time };
    for (const columns of [CANDLE_COLUMNS, QUALITY_COLUMNS]) {
      expect(walk(arrowSchema(columns, zone))).toStrictEqual(
        columns.map(({ name, type }) => ({
          name,
          nullable: 1,
          type: expected[type][0],
          detail: expected[type][1],
        })),
      );
      expect(zoneInArrowSchema(arrowSchema(columns, zone), 'timestamp')).toStrictEqual({ zone });
    }
  });

  it('is byte for byte what pyarrow was shown', () => {
    const digest = (columns: readonly Column[]) => sha256Of(Buffer.from(arrowSchema(columns, '+05:30')));
    // The columns that came since are of types that it was shown.
    expect({
      candles: digest(CANDLE_COLUMNS),
      quality: digest(QUALITY_COLUMNS.slice(0, 8)),
    }).toStrictEqual(SEEN_BY_PYARROW);
  });

  it('is read without harm however it is broken', () => {
    const sound = Buffer.from(arrowSchema(CANDLE_COLUMNS, '+05:30'), 'base64');
    for (let at = 0; at < sound.length; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const broken = Buffer.from(sound);
        broken[at] = value;
        zoneInArrowSchema(broken.toString('base64'), 'timestamp');
        zoneInArrowSchema(sound.subarray(0, at).toString('base64'), 'timestamp');
      }
    }
    expect(zoneInArrowSchema('', 'timestamp')).toBeUndefined();
    expect(zoneInArrowSchema(arrowSchema(CANDLE_COLUMNS, '+05:30'), 'open')).toBeUndefined();
  });
});

describe('bytes', () => {
  it('are the same for the same rows', () =>
    written(async (folder) => {
      const before = await readFile(candlesPath(folder, RELIANCE));
      const sink = new ParquetStore({ outDir: folder, identity: IDENTITY, wait: noWait });
      await sink.write(RELIANCE, [candleOf({ minute: 1, partial: true, gapMs: 1500 })]);
      expect((await readFile(candlesPath(folder, RELIANCE))).equals(before)).toBe(true);
    }));
});
