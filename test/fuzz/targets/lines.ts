import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JsonLines } from '../../../src/reconcile/json-lines.js';
import type { Random } from '../../../src/random.js';
import { chance, mutated, pick, randomBytes, size, uglyJson, uglyVersion } from '../bytes.js';
import { checkSentence, refusedAs, type Target } from '../target.js';

const NAMES = [
  'symbol',
  'exchange',
  'interval',
  'timestamp',
  'open',
  'high',
  'low',
  'close',
  'volume',
  'source',
  'ingestion_ts',
];
const candle = (minute: number): object => ({
  symbol: 'RELIANCE', exchange: 'NSE', interval: 'ONE_MINUTE', timestamp: `2026-11-23T11:0${minute}:00+05:30`, open: 100, high: 101, low: 99, close: 100.5, volume: 42, source: 'rest', ingestion_ts: '2026-11-23T16:00:00+05:30',
}); // prettier-ignore
const sample = Buffer.from([0, 1, 2].map((minute) => JSON.stringify(candle(minute))).join('\n'));

/** Small files that need much memory. */
const greedy = (random: Random): string => {
  const times = size(random, 3_000_000);
  return pick(random, [
    () => 'x'.repeat(times),
    () => '\n'.repeat(times),
    () => '['.repeat(times),
    () => `{"symbol":"${'A'.repeat(times)}"}`,
    () =>
      Array.from({ length: Math.min(times, 20_000) }, (_, k) =>
        JSON.stringify({ ...candle(0), symbol: `S${k}` }),
      ).join('\n'),
  ])();
};

function input(random: Random): Buffer {
  if (chance(random, 0.1)) return randomBytes(random, size(random, 10_000) - 1);
  if (chance(random, 0.05)) return Buffer.from(greedy(random));
  if (chance(random, 0.2))
    return Buffer.from(Array.from({ length: size(random, 6) }, () => uglyJson(random, NAMES)).join('\n'));
  if (chance(random, 0.5))
    return Buffer.from(
      [0, 1, 2].map((minute) => uglyVersion(random, candle(minute), NAMES, 0.2 * random())).join('\n'),
    );
  return mutated(random, [sample]);
}

export const lines: Target = {
  name: 'lines',
  description: 'candles as JSON lines, from disk',
  files: true,
  mostMb: 160,
  input,
  async run(bytes, folder) {
    const path = join(folder, 'candles.jsonl');
    await writeFile(path, bytes);
    try {
      const file = (await JsonLines.read(path)).of({ symbol: 'RELIANCE', exchange: 'NSE' });
      for (const note of file?.notes ?? []) checkSentence(note.replace(path, ''));
      let before = Number.NEGATIVE_INFINITY;
      for (const { candle: row } of file?.rows ?? []) {
        if (
          !(row.timestampMs > before) ||
          ![row.open, row.high, row.low, row.close, row.volume].every(Number.isFinite)
        )
          throw new Error(`a candle ${JSON.stringify(row)}`);
        before = row.timestampMs;
      }
      return file === undefined ? 'refused' : 'accepted';
    } catch (error) {
      return refusedAs(error, 'HISTORY');
    }
  },
};
