import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { evaluateAll } from '../../../src/momentum/series.js';
import { holeText } from '../../../src/momentum/series.js';
import { shipped } from '../../../src/paths.js';
import type { Random } from '../../../src/random.js';
import { CANDLE_COLUMNS } from '../../../src/parquet/columns.js';
import { readHistory, readSchema } from '../../../src/parquet/history.js';
import { chance, mutated, randomBytes, size } from '../bytes.js';
import { forgedFile } from '../parquet.js';
import { checkSentence, refusedAs, type Target } from '../target.js';

const samples = ['kolkata', 'naive', 'offset'].map((name) =>
  readFileSync(shipped(`test/parquet/files/pandas-${name}.parquet`)),
);
const WITH_FOOTER = {
  volume_kind: 'traded',
  'ARROW:schema': samples[2].toString('latin1').match(/\/{5}[A-Za-z0-9+/=]{100,}/)![0],
};

/** A file as pandas writes it, with forgeries. */
export function hostileParquet(
  random: Random,
  kept: readonly Buffer[],
  forged: (random: Random) => Buffer,
): Buffer {
  if (chance(random, 0.05)) return randomBytes(random, size(random, 10_000) - 1);
  if (chance(random, 0.4)) return mutated(random, kept);
  const bytes = forged(random);
  return chance(random, 0.1) ? mutated(random, [bytes]) : bytes;
}

export const history: Target = {
  name: 'history',
  description: 'candles of another program (Parquet), read as momentum reads them, and evaluated',
  files: true,
  mostMb: 768,
  input: (random) =>
    hostileParquet(random, samples, () =>
      forgedFile({
        columns: CANDLE_COLUMNS,
        rows: size(random, 5000),
        keys: WITH_FOOTER,
        lies: { random, rate: 0.06 * random() ** 2 },
      }),
    ),
  async run(bytes, folder) {
    const path = join(folder, 'NSE_RELIANCE_1m.parquet');
    await writeFile(path, bytes);
    try {
      await readSchema(path);
      const read = (await readHistory(folder, 'NSE', 'RELIANCE'))!;
      // Many notes or rows of one file are alike, so a few are enough.
      for (const note of read.notes.slice(0, 10)) checkSentence(note);
      if (read.rows.length > 0)
        await readHistory(folder, 'NSE', 'RELIANCE', {
          fromMs: read.rows[0].timestampMs + 1,
          toMs: read.rows.at(-1)!.timestampMs,
        });
      const { evaluations, series } = evaluateAll(
        read.rows.slice(0, 500).map((candle) => ({ candle, partial: false })),
        { symbol: 'RELIANCE', volumeKind: read.volumeKind, history: read },
      );
      JSON.stringify([evaluations, series.holes.map(holeText)]);
      return 'accepted';
    } catch (error) {
      return refusedAs(error, 'HISTORY');
    }
  },
};
