import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packCandles, shareNumbers, unpackCandles } from '../../src/candles/warm-up-candles.js';

const who = { symbol: 'M&M', exchange: 'NSE' };
const price = fc.double({ min: 0.01, max: 1e6, noNaN: true });
// Time 0 is that of room that was not filled.
const candle = fc
  .record({
    timestampMs: fc.integer({ min: 1, max: 2 ** 42 }),
    open: price,
    high: price,
    low: price,
    close: price,
    volume: fc.maxSafeNat(),
  })
  .map((numbers) => ({ ...who, ...numbers }));

it('gives candles back as they were, in their order, also by way of JSON and of shared memory', () => {
  fc.assert(
    fc.property(fc.array(candle, { maxLength: 50 }), (rows) => {
      const told = JSON.parse(JSON.stringify(packCandles(rows))) as number[];
      const shared = shareNumbers(told);
      expect(unpackCandles(shared, who)).toEqual(rows);
      expect(shared.buffer).toBeInstanceOf(SharedArrayBuffer);
    }),
  );
});
