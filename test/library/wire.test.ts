import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode, rupees, type Frame } from '../../src/library/wire.js';
import { shipped } from '../../src/paths.js';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const int16 = fc.integer({ min: -32_768, max: 32_767 });
const header = {
  exchangeType: fc.integer({ min: 0, max: 255 }),
  token: fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 25 }),
  sequence: int64,
  exchangeMs: int64,
  price: int64,
};
const total = fc.double({ noNaN: true });
const quote = {
  ...header,
  lastQuantity: int64,
  averagePrice: int64,
  volume: int64,
  totalBuyQuantity: total,
  totalSellQuantity: total,
  dayOpen: int64,
  dayHigh: int64,
  dayLow: int64,
  previousClose: int64,
};
const frames: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ mode: fc.constant('ltp' as const), ...header }),
  fc.record({ mode: fc.constant('quote' as const), ...quote }),
  fc.record({
    mode: fc.constant('snapquote' as const),
    ...quote,
    lastTradeSeconds: int64,
    openInterest: int64,
    oiChangeBits: int64,
    upperCircuit: int64,
    lowerCircuit: int64,
    high52Week: int64,
    low52Week: int64,
    bestFive: fc.array(fc.record({ flag: int16, quantity: int64, price: int64, orders: int16 }), {
      minLength: 10,
      maxLength: 10,
    }),
  }),
);

describe('wire', () => {
  it('decodes what it encoded, whatever the numbers', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(decode(encode(frame))).toEqual(frame);
      }),
      { numRuns: 300 },
    );
  });

  it('refuses any other bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const frame = decode(bytes);
        expect('refused' in frame || ['ltp', 'quote', 'snapquote'].includes(frame.mode)).toBe(true);
      }),
    );
    expect(decode(new Uint8Array())).toEqual({ refused: 'length' });
    expect(decode(new Uint8Array([4, 1]))).toEqual({ refused: 'mode' });
  });

  it('encodes the bytes of the vectors again', () => {
    const vectors = JSON.parse(readFileSync(shipped('test/vectors/frames.json'), 'utf8')) as unknown;
    const hexes = [...JSON.stringify(vectors).matchAll(/"(?:[0-9a-f]{2}){51,379}"/g)].map(([text]) =>
      text.slice(1, -1),
    );
    expect(hexes.length).toBeGreaterThan(3);
    for (const hex of hexes) {
      const bytes = Buffer.from(hex, 'hex');
      const frame = decode(bytes);
      if ('refused' in frame) continue;
      expect(decode(encode(frame))).toEqual(frame);
    }
  });

  it('throws for what no frame can hold', () => {
    const frame: Frame = {
      mode: 'ltp',
      exchangeType: 1,
      token: '1',
      sequence: 1n,
      exchangeMs: 1n,
      price: 1n,
    };
    expect(() => encode({ ...frame, token: '1'.repeat(26) })).toThrow(RangeError);
    expect(() => encode({ ...frame, mode: 'depth' as never })).toThrow(RangeError);
  });

  it('converts prices by their exchange', () => {
    expect(rupees(1, 265_850n)).toBe(2658.5);
    expect(rupees(13, 835_000_000n)).toBe(83.5);
  });
});
