/** Room for candles is an upper bound, and no more than half as much again as files of a day take. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { candleRecord, candlesPath } from '../../src/parquet/candles-file.js';
import { CANDLE_COLUMNS, QUALITY_COLUMNS } from '../../src/parquet/columns.js';
import { footerKeys } from '../../src/parquet/existing.js';
import { encodeParquet } from '../../src/parquet/parquet.js';
import { qualityRecord } from '../../src/parquet/quality-file.js';
import { fileBytes, onDisk, roomForCandles } from '../../src/parquet/room.js';
import { candleOf, IDENTITY, inFolder } from './candles.js';

const INSTRUMENT = { exchange: 'NSE', symbol: 'BAJAJ-AUTO' };
/** Hosts have at most 253 characters. */
const keys = footerKeys({ ...IDENTITY, feed: `url:${'h'.repeat(253)}`, mode: 'snapquote' });

describe('room for candles', () => {
  it.each([1, 15, 376])('bounds both files of %i rows', async (count) => {
    const rows = Array.from({ length: count }, (_, minute) =>
      candleOf({ symbol: INSTRUMENT.symbol, minute, volSlack: minute, partial: minute % 3 === 0 }),
    );
    const candles = await encodeParquet({
      columns: CANDLE_COLUMNS,
      rows: rows.map(({ candle }) => candleRecord(candle)),
      zone: 'Asia/Kolkata',
      keys,
    });
    const quality = await encodeParquet({
      columns: QUALITY_COLUMNS,
      rows: rows.map((row, k) =>
        qualityRecord({ ...row.quality, oiHigh: 9e9 + k, oiLow: 8e9 - k, oiClose: 8e9 + k }),
      ),
      zone: 'Asia/Kolkata',
      keys,
    });
    const bound = fileBytes(INSTRUMENT, count);
    expect(candles.length).toBeLessThanOrEqual(bound.candles);
    expect(quality.length).toBeLessThanOrEqual(bound.quality);
    expect(candles.length).toBeGreaterThan(bound.candles / 1.5);
    expect(quality.length).toBeGreaterThan(bound.quality / 1.5);
  });

  it('counts whole blocks, the files that are there, and temporary files', () =>
    inFolder(async (folder) => {
      const one = [INSTRUMENT];
      const empty = roomForCandles(folder, one, 3);
      // Two files of a block, twice as many for two writes at a time, the names' blocks.
      expect(empty).toBe(4096 * (2 + 4 + 2));
      await writeFile(candlesPath(folder, INSTRUMENT), Buffer.alloc(100_000));
      // The file grows by less than a block, and its temporary files are as large as it.
      expect(roomForCandles(folder, one, 3)).toBe(empty - 4096 + 2 * (onDisk(102_300) - 4096));
      expect(roomForCandles(join(folder, 'nowhere'), one, 3)).toBe(empty);
    }));
});
