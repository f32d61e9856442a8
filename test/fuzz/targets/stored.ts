import { RULES } from '../../../src/candles/rules.js';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../../src/random.js';
import { candlesPath } from '../../../src/parquet/candles-file.js';
import { CANDLE_COLUMNS, QUALITY_COLUMNS } from '../../../src/parquet/columns.js';
import { qualityPath } from '../../../src/parquet/quality-file.js';
import { checkExisting, readPair } from '../../../src/parquet/existing.js';
import { pick } from '../bytes.js';
import { forgedFile } from '../parquet.js';
import { refusedAs, type Target } from '../target.js';
import { hostileParquet } from './history.js';

const RELIANCE = { exchange: 'NSE', symbol: 'RELIANCE' };
const IDENTITY = { feed: 'sim:1', mode: 'ltp', volumeKind: 'tick', rules: RULES } as const;
const KEYS = { feed: 'sim:1', mode: 'ltp', volume_kind: 'tick', rules: String(RULES) };
const honest = {
  candles: forgedFile({ columns: CANDLE_COLUMNS, rows: 30, keys: KEYS }),
  quality: forgedFile({ columns: QUALITY_COLUMNS, rows: 30, keys: KEYS }),
};

/** The first byte says which of the two files the rest is; the other one is honest. */
function input(random: Random): Buffer {
  const which = pick(random, ['candles', 'quality'] as const);
  const columns = which === 'candles' ? CANDLE_COLUMNS : QUALITY_COLUMNS;
  const bytes = hostileParquet(random, [honest[which]], () =>
    forgedFile({ columns, rows: 30, keys: KEYS, lies: { random, rate: 0.06 * random() ** 2 } }),
  );
  return Buffer.concat([Buffer.from([which === 'candles' ? 0 : 1]), bytes]);
}

export const stored: Target = {
  name: 'stored',
  description: 'files that are under --out already (Parquet), read as before a run that would write there',
  files: true,
  mostMb: 768,
  input,
  async run(bytes, folder) {
    await mkdir(join(folder, 'quality'));
    await writeFile(candlesPath(folder, RELIANCE), bytes[0] === 0 ? bytes.subarray(1) : honest.candles);
    await writeFile(qualityPath(folder, RELIANCE), bytes[0] === 1 ? bytes.subarray(1) : honest.quality);
    try {
      await checkExisting(folder, [RELIANCE], ['1m'], IDENTITY);
      const pair = await readPair(folder, RELIANCE, IDENTITY);
      for (const { candle } of pair.rows)
        if (!Number.isFinite(candle.timestampMs)) throw new Error('a candle without a time');
      return 'accepted';
    } catch (error) {
      return refusedAs(error, 'OUTPUT', 'FOOTER');
    }
  },
};
