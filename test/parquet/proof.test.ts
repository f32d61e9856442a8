/** Files read back against what was sealed. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { candlesPath } from '../../src/parquet/candles-file.js';
import { verifyCandles, verifyQuality } from '../../src/parquet/proof.js';
import { qualityPath } from '../../src/parquet/quality-file.js';
import { candleOf, inFolder } from './candles.js';
import { RELIANCE, storeIn } from './folder.js';

describe('verify', () => {
  it('finds nothing in a sound file and the first difference in another', () =>
    inFolder(async (folder) => {
      const rows = [candleOf({ minute: 0 }), candleOf({ minute: 1 })];
      await storeIn(folder).write(RELIANCE, rows);
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
