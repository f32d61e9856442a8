/** A store that packs what it remembers writes the same files as one that does not. */
import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { CandleWithQuality } from '../../src/candles/candle.js';
import { candlesPath } from '../../src/parquet/candles-file.js';
import { RowMemory } from '../../src/parquet/row-memory.js';
import { seededRandom } from '../../src/random.js';
import { candleOf, inFolder, OPEN_MS } from './candles.js';
import { contents, RELIANCE, storeIn } from './folder.js';

const SEED = 20_261_130;

/** A candle with any numbers that a row can have. */
function some(random: () => number, minute: number): CandleWithQuality {
  const upTo = (most: number): number => Math.floor(random() * (most + 1));
  const maybe = (most: number): number | null => (random() < 0.3 ? null : upTo(most));
  return candleOf({
    minute,
    close: random() < 0.5 ? upTo(1e9) / 100 : random() * 1e7,
    volume: upTo(Number.MAX_SAFE_INTEGER),
    ticks: upTo(1e6),
    priceChanges: upTo(1e5),
    partial: random() < 0.3,
    revision: upTo(3),
    late: upTo(3),
    gapMs: upTo(60_000),
    source: random() < 0.1 ? 'auction' : random() < 0.1 ? 'polled' : 'continuous',
    volSlack: maybe(2 ** 52),
    repaired: random() < 0.3,
    tail: random() < 0.3,
    coverage: random() < 0.3 ? null : random(),
    maxAgeMs: maybe(60_000),
    oiHigh: maybe(2 ** 52),
    oiLow: maybe(2 ** 40),
    oiClose: maybe(1e6),
  });
}

describe('what is remembered', () => {
  it('is the same packed, to the bit', () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 30; round++) {
      const memory = new RowMemory(true);
      const rows = Array.from({ length: round }, (_, minute) => some(random, minute));
      const ours = rows.filter(() => random() < 0.7);
      // One that the file does not have: an earlier run's row stayed there.
      const stayed = some(random, 400);
      const own = new Map([...ours, stayed].map((row) => [row.candle.timestampMs, row]));
      const stored = rows.map((row) =>
        own.has(row.candle.timestampMs) || random() < 0.8 ? row : { ...row, quality: undefined },
      );
      const last = {
        quality: 'a'.repeat(64),
        candles: 'b'.repeat(64),
        pair: { rows: stored, candlesZone: '+05:30', qualityZone: undefined },
      } as const;
      expect(memory.recall(RELIANCE)).toBeUndefined();
      memory.remember(RELIANCE, memory.memoOf({ own, last }));
      expect(memory.recall(RELIANCE)).toEqual({ own, last });
      expect(memory.recall({ exchange: 'BSE', symbol: 'RELIANCE' })).toBeUndefined();
    }
  });

  it('makes the same files, whatever is written, revised, left by an earlier run, or removed meanwhile', () =>
    inFolder((plain) =>
      inFolder(async (packed) => {
        const random = seededRandom(SEED, 1);
        const earlier = Array.from({ length: 20 }, (_, minute) => some(random, minute));
        for (const folder of [plain, packed]) await storeIn(folder).write(RELIANCE, earlier);
        const stores = [storeIn(plain), storeIn(packed, { manyInstruments: true })];
        for (let round = 0; round < 12; round++) {
          const rows = Array.from({ length: 1 + Math.floor(random() * 6) }, () =>
            some(random, Math.floor(random() * 40)),
          );
          const unique = [...new Map(rows.map((row) => [row.candle.timestampMs, row])).values()];
          const outcomes = await Promise.all(stores.map((store) => store.write(RELIANCE, unique)));
          expect(outcomes[1].kept).toEqual(outcomes[0].kept);
          const [left, right] = await Promise.all([contents(plain), contents(packed)]);
          expect(Object.values(right)).toEqual(Object.values(left));
          if (round === 7) for (const folder of [plain, packed]) await rm(candlesPath(folder, RELIANCE));
        }
      }),
    ));

  it('writes again what the run wrote before, if the file is gone', () =>
    inFolder(async (folder) => {
      const store = storeIn(folder, { manyInstruments: true });
      await store.write(RELIANCE, [candleOf({ minute: 0 }), candleOf({ minute: 1 })]);
      await rm(candlesPath(folder, RELIANCE));
      await store.write(RELIANCE, [candleOf({ minute: 2 })]);
      const rows = await store.readBack(RELIANCE);
      expect(rows.map(({ candle }) => (candle.timestampMs - OPEN_MS) / 60_000)).toEqual([0, 1, 2]);
    }));
});
