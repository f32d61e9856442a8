/** One packet with a wrong sequence or a wrong volume moves nothing, and a counter that restarts loses nothing. */
import { describe, expect, it } from 'vitest';
import { COUNTER } from '../../src/memory/counters.js';
import { readRow } from '../../src/memory/shard-reader.js';
import { at, INSTRUMENTS } from './drive.js';
import { Script } from './script.js';

const HUGE = 2n ** 62n;
const QUANTITY = 10n;

interface Sent {
  readonly sequence?: bigint;
  readonly volume?: bigint;
  /** Without one the packet repeats the price, and its volume does not rise. */
  readonly price?: number | undefined;
  readonly lastQuantity?: bigint;
  /** Of the day; by default it moves with nothing. */
  readonly dayHigh?: bigint;
  readonly dayLow?: bigint;
}

/**
 * A Quote packet each two seconds from 11:00:00 on, the volume rising by QUANTITY, from 5,000,000; `change`: by number
 * of the packet, counted from 0. Ends at 11:05.
 */
function played(change: (k: number) => Sent, mode: 2 | 3 = 2): Script {
  const script = new Script({ mode }).subscribe(at('11:00:00'));
  for (let k = 0; k < 150; k++) {
    const { price, ...fields } = change(k);
    const told = {
      volume: 5_000_000n + QUANTITY * BigInt(k),
      lastQuantity: BigInt(1 + (k % 2)),
      dayHigh: 2000n,
      dayLow: 900n,
    };
    script.frame('RELIANCE', at('11:00:00') + 2000 * k, price ?? 1000 + (k % 7), {
      sequence: 20_000_000n + BigInt(k),
      ...told,
      ...fields,
    });
  }
  return script.end();
}

const candles = (script: Script): unknown =>
  [...script.candles('RELIANCE', true)].map(([time, { candle, quality }]) => ({
    time,
    ...candle,
    ...quality,
  }));

const PLAIN = candles(played(() => ({})));

describe('a counter that restarts within a connection', () => {
  it.each([
    [20_000_000n, 1n],
    [900_000n, 1n],
    [2n ** 40n, 700n],
    [50n, 9_000_000n],
    [20_000_000n, 19_999_000n],
  ])('at %i, from %i on, loses no tick', (from, restart) => {
    const script = played((k) => ({ sequence: BigInt(k) + (k < 75 ? from : restart) }));
    expect(candles(script)).toEqual(PLAIN);
    expect(script.engine.counters[COUNTER.unadmittedSequence]).toBe(0);
  });

  it('three packets before the end is not believed', () => {
    const script = played((k) => ({ sequence: BigInt(k) + (k < 147 ? 20_000_000n : 1n) }));
    expect(script.engine.counters[COUNTER.unadmittedSequence]).toBe(3);
  });

  it('is another counter on each exchange', () => {
    const script = new Script({ mode: 2 }).subscribe(at('11:00:00'));
    for (let k = 0; k < 100; k++)
      script
        .frame('RELIANCE', at('11:00:00') + 2000 * k, 1000, { sequence: 20_000_000n + BigInt(k) })
        .frame('INFYBSE', at('11:00:00') + 2000 * k, 1000, { sequence: 5n + BigInt(k) });
    expect(script.engine.counters[COUNTER.heldSequence]).toBe(0);
  });
});

it('the numbers of an index mean nothing', () => {
  const nifty = { symbol: 'NIFTY', exchangeType: 1, token: '99926000', derivatives: false };
  const reliance = { symbol: 'RELIANCE', exchangeType: 1, token: '2885' };
  const script = new Script({ mode: 1, instruments: [reliance, nifty] }).subscribe(at('11:00:00'));
  for (let k = 0; k < 100; k++) {
    const nowMs = at('11:00:00') + 2000 * k;
    script.frame('RELIANCE', nowMs, 1000, { sequence: 20_000_000n + BigInt(k) });
    script.frame('NIFTY', nowMs, 1000 + k, { sequence: BigInt((k * 7919) % 100) * 2n ** 40n });
  }
  script.end();
  const { counters } = script.engine;
  expect([counters[COUNTER.heldSequence], counters[COUNTER.unadmittedSequence]]).toEqual([0, 0]);
  const ticks = [...script.candles('NIFTY', true).values()].reduce(
    (sum, { quality }) => sum + quality.ticks,
    0,
  );
  // The first is the initial packet, of no tick.
  expect(ticks).toBe(99);
});

it.each([2, 3] as const)(
  'an index has neither volume, trades nor open interest, and ticks in mode %i as in LTP mode',
  (mode) => {
    const nifty = { symbol: 'NIFTY', exchangeType: 1, token: '99926000', derivatives: false };
    // Stocks in the same shard, whose packets come before and after the index's.
    const stocks = INSTRUMENTS.filter(({ exchangeType }) => exchangeType === 1);
    const script = new Script({ mode, instruments: [...stocks, nifty] }).subscribe(at('11:00:00'));
    for (let k = 0; k < 100; k++) {
      const nowMs = at('11:00:00') + 2000 * k;
      const shows = {
        volume: 10n * BigInt(k),
        lastQuantity: 10n,
        openInterest: 777n,
        dayHigh: 2000n,
        dayLow: 900n,
      };
      for (const { symbol } of stocks) script.frame(symbol, nowMs, 1000, shows);
      script.frame('NIFTY', nowMs, 1000 + k, {
        ...{ sequence: 0n, volume: 0n, lastQuantity: 0n, dayHigh: 0n, dayLow: 0n, openInterest: 0n },
      });
    }
    script.end();
    const candles = [...script.candles('NIFTY', true).values()];
    expect(candles.map(({ candle, quality }) => [candle.close, candle.volume, quality.ticks])).toEqual([
      [10.29, 0, 29],
      [10.59, 0, 30],
      [10.89, 0, 30],
      [10.99, 0, 10],
    ]);
    expect(candles.map(({ quality }) => quality.oiClose)).toEqual([null, null, null, null]);
    const told = [...script.candles('RELIANCE', true).values()].map(({ quality }) => quality.oiClose);
    expect(told.at(-1)).toBe(mode === 3 ? 777 : null);
  },
);

describe('one packet with a stray number', () => {
  it.each([0, 1, 2, 3, 15, 29, 30, 31, 149])('as packet %i silences nothing and makes no candle', (stray) => {
    for (const sequence of [HUGE, 30_000_000n, 2n ** 32n]) {
      const script = played((k) => (k === stray ? { sequence, price: 1900 } : {}));
      const others = played((k) =>
        k === stray ? { sequence: 20_000_000n + BigInt(k), price: undefined } : {},
      );
      const rejected = script.engine.counters[COUNTER.unadmittedSequence];
      // The first is the initial packet, of no tick.
      expect(rejected).toBe(stray === 0 ? 0 : 1);
      for (const [k, one] of (candles(script) as { high: number; close: number }[]).entries())
        expect(one).toMatchObject({ high: (candles(others) as { high: number }[])[k].high });
    }
  });

  it('leaves the volume whole', () => {
    const volume = (script: Script): number =>
      [...script.candles('RELIANCE', true).values()].reduce((sum, { candle }) => sum + candle.volume, 0);
    expect(volume(played((k) => (k === 40 ? { sequence: HUGE } : {})))).toBe(volume(played(() => ({}))));
  });
});

describe('one packet with a stray volume', () => {
  it.each([1, 2, 15, 29, 30, 31, 59, 60, 149])('as packet %i is in no minute', (stray) => {
    for (const volume of [0n, 5_000_000_000n, 4_999_000n, 5_000_001n + QUANTITY * BigInt(stray)]) {
      const script = played((k) => (k === stray ? { volume } : {}));
      // The last one's nothing contradicts.
      if (stray === 149 && volume > 5_000_000n + QUANTITY * 149n) continue;
      const told = [...script.candles('RELIANCE', true).values()];
      const plain = [
        ...played(() => ({}))
          .candles('RELIANCE', true)
          .values(),
      ];
      const total = told.reduce((sum, { candle }) => sum + candle.volume, 0);
      const rises = stray === 149 ? 148n : 149n;
      expect(total).toBe(Number(QUANTITY * rises));
      for (const [k, { candle, quality }] of told.entries()) {
        expect(candle).toMatchObject({
          open: plain[k].candle.open,
          high: plain[k].candle.high,
          low: plain[k].candle.low,
        });
        expect(Math.abs(candle.volume - plain[k].candle.volume)).toBeLessThanOrEqual(
          quality.volSlack ?? Infinity,
        );
      }
    }
  });

  it('that shows no trade, first in its minute, does not open it', () => {
    // Packet 30 is the first of 11:01: the price and quantity of packet 29, and a volume that is not.
    const quiet = { price: 1001, lastQuantity: 2n, volume: 5_000_000n + QUANTITY * 29n };
    const script = played((k) => (k === 30 ? { ...quiet, volume: 5_000_000_000n } : {}));
    const plain = played((k) => (k === 30 ? quiet : {}));
    const { candle } = script.candles('RELIANCE', true).get('11:01')!;
    expect(candle).toEqual(plain.candles('RELIANCE', true).get('11:01')!.candle);
  });

  it('as the initial packet makes no rise of a whole day', () => {
    for (const volume of [0n, 5_000_000_000n]) {
      const script = played((k) => (k === 0 ? { volume } : {}), 3);
      const total = [...script.candles('RELIANCE', true).values()].reduce(
        (sum, { candle }) => sum + candle.volume,
        0,
      );
      expect(total).toBeLessThanOrEqual(Number(QUANTITY) * 150);
    }
  });

  it.each([
    ['0, though the day has a range,', 0n],
    ['a negative volume', -7n],
    ['a volume that no double holds', 2n ** 63n - 1n],
  ])('%s moves no volume, not even in a row, and hides no price', (_what, volume) => {
    for (const first of [29, 30, 40]) {
      const price = (k: number): number | undefined => (k === first ? 1900 : undefined);
      const script = played((k) => (k === first || k === first + 1 ? { volume, price: price(k) } : {}));
      const told = candles(script) as { volume: number; high: number }[];
      expect(told.reduce((sum, one) => sum + one.volume, 0)).toBe(Number(QUANTITY) * 149);
      expect(told[Math.floor(first / 30)].high).toBe(19);
    }
  });

  it('and a fall that lasts is counted and anchors again', () => {
    const script = played((k) => (k < 70 ? {} : { volume: 1000n + QUANTITY * BigInt(k) }));
    const total = [...script.candles('RELIANCE', true).values()].reduce(
      (sum, { candle }) => sum + candle.volume,
      0,
    );
    // The packet that fell tells no rise.
    expect(total).toBe(Number(QUANTITY) * 148);
  });
});

it.each([
  ['09:14:52', 0],
  ['09:15:02', 1],
])("the day before's volume gives way at %s and is counted %i times", (time, reseeds) => {
  const script = new Script({ mode: 3 }).subscribe(at('09:14:30'));
  const told = [5_000_000n, 5_000_000n, 40n, 50n, 60n];
  for (const [k, volume] of told.entries()) {
    const sentMs = k < 2 ? at('09:14:40') + 1000 * k : at(time) + 1000 * k;
    script.frame('RELIANCE', sentMs, 1000 + k, {
      sequence: 1000n + BigInt(k),
      volume,
      lastQuantity: BigInt(k + 1),
    });
  }
  script.end();
  const { shard, row } = script.engine.places.find(({ instrument }) => instrument.symbol === 'RELIANCE')!;
  expect(readRow(script.engine.memories[shard], row).volumeResets).toBe(reseeds);
});

it('one packet with a stray day range, narrower or of another scale, repairs nothing by the next', () => {
  const sound = { dayHigh: 1200n, dayLow: 900n };
  const plain = candles(played(() => sound, 3)) as { low: number; repaired: boolean }[];
  const narrow = played((k) => (k === 40 ? { dayHigh: 1005n, dayLow: 1000n } : sound), 3);
  expect(candles(narrow)).toEqual(plain);
  const scaled = played((k) => (k === 40 ? { price: 10_050, dayHigh: 12_000n, dayLow: 9000n } : sound), 3);
  const [, one] = candles(scaled) as { low: number }[];
  expect(one.low).toBe(plain[1].low);
});
