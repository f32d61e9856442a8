/**
 * What frames tell beyond their prices, rule by rule. The naive fold says the same of any schedule
 * (properties.test.ts). Broken on purpose and caught by both: no repair, repair across an edge, a quiet packet that
 * is not heard, one that does not anchor.
 */
import { describe, expect, it } from 'vitest';
import { readLongerCandles } from '../../src/candles/read-candles.js';
import { at } from './drive.js';
import { Script } from './script.js';

/** A run in Quote or SnapQuote mode whose first packets came at 10:59:30; day's range 990 to 1010, volume 1000. */
function started(mode: 2 | 3): Script {
  const range = { dayHigh: 1010n, dayLow: 990n };
  return new Script({ mode })
    .subscribe(at('10:59:30'))
    .frame('RELIANCE', at('10:59:30'), 1000, { volume: 1000n, ...range })
    .frame('RELIANCE', at('10:59:31'), 1000, { volume: 1010n, ...range });
}

const RANGE = { dayHigh: 1010n, dayLow: 990n };
const qualityOf = (script: Script, minute: string) =>
  script.hum(at('11:03:20')).candles('RELIANCE').get(minute)!.quality;

describe('volume at the edge', () => {
  it('is slack of both minutes when a rise lies between the last packet before it and the first after', () => {
    const script = started(2)
      .frame('RELIANCE', at('10:59:58'), 1001, { volume: 1100n, ...RANGE })
      .frame('RELIANCE', at('11:00:01'), 1002, { volume: 1160n, ...RANGE });
    script
      .frame('RELIANCE', at('11:00:30'), 1003, { volume: 1200n, ...RANGE })
      .frame('RELIANCE', at('11:01:02'), 1003, { volume: 1200n, ...RANGE });
    expect(script.hum(at('11:03:20')).candles('RELIANCE').get('11:00')).toMatchObject({
      candle: { volume: 100 },
      quality: { volSlack: 60 },
    });
    expect(qualityOf(script, '10:59').volSlack).toBe(60);
  });

  it('is known when a packet without a trade follows it', () => {
    const script = started(2)
      .frame('RELIANCE', at('10:59:58'), 1001, { volume: 1100n, ...RANGE })
      .frame('RELIANCE', at('11:00:00'), 1001, { volume: 1100n, ...RANGE });
    script
      .frame('RELIANCE', at('11:00:01'), 1002, { volume: 1160n, ...RANGE })
      .frame('RELIANCE', at('11:01:00'), 1002, { volume: 1160n, ...RANGE });
    expect(qualityOf(script, '11:00').volSlack).toBe(0);
    expect(qualityOf(script, '10:59').volSlack).toBe(0);
  });

  it('is known in SnapQuote mode by a packet whose last trade lies before it', () => {
    const script = started(3).frame('RELIANCE', at('11:00:00'), 1001, {
      volume: 1100n,
      lastTradeSeconds: BigInt(at('10:59:59') / 1000),
      ...RANGE,
    });
    script
      .frame('RELIANCE', at('11:00:20'), 1002, { volume: 1160n, ...RANGE })
      .frame('RELIANCE', at('11:01:00'), 1002, {
        volume: 1160n,
        lastTradeSeconds: BigInt(at('11:00:20') / 1000),
        ...RANGE,
      });
    expect(script.hum(at('11:03:20')).candles('RELIANCE').get('10:59')).toMatchObject({
      candle: { volume: 100 },
      quality: { volSlack: 0 },
    });
    expect(qualityOf(script, '11:00').volSlack).toBe(0);
  });

  it('is unknown until a packet follows it, and does not exist for a number of ticks', () => {
    const script = started(2).frame('RELIANCE', at('11:00:10'), 1002, { volume: 1160n, ...RANGE });
    expect(qualityOf(script, '11:00').volSlack).toBeNull();
    const ltp = new Script()
      .subscribe(at('10:59:30'))
      .frame('RELIANCE', at('10:59:30'), 1000)
      .frame('RELIANCE', at('11:00:10'), 1001)
      .frame('RELIANCE', at('11:01:10'), 1001);
    expect(qualityOf(ltp, '11:00').volSlack).toBeNull();
  });
});

describe("the day's high or low that moved", () => {
  it('is a trade of the minute in which both packets are', () => {
    const script = started(2)
      .frame('RELIANCE', at('11:00:01'), 1000, { volume: 1100n, ...RANGE })
      .frame('RELIANCE', at('11:00:02'), 1001, { volume: 1160n, dayHigh: 1015n, dayLow: 985n });
    expect(script.hum(at('11:03:20')).candles('RELIANCE').get('11:00')).toMatchObject({
      candle: { open: 10, high: 10.15, low: 9.85, close: 10.01 },
      quality: { repaired: true, ticks: 2 },
    });
  });

  it('belongs to no minute when an edge or a new connection lies between them', () => {
    const script = started(2).frame('RELIANCE', at('11:00:01'), 1001, {
      volume: 1160n,
      dayHigh: 1015n,
      dayLow: 985n,
    });
    expect(script.hum(at('11:01:20')).candles('RELIANCE').get('11:00')).toMatchObject({
      candle: { high: 10.01, low: 10.01 },
      quality: { repaired: false },
    });
    script
      .disconnect()
      .subscribe(at('11:01:30'))
      .frame('RELIANCE', at('11:01:31'), 1001, { volume: 1200n, dayHigh: 1020n, dayLow: 985n })
      .frame('RELIANCE', at('11:01:32'), 1001, { volume: 1210n, dayHigh: 1020n, dayLow: 985n });
    expect(script.hum(at('11:03:20')).candles('RELIANCE').get('11:01')).toMatchObject({
      candle: { high: 10.01 },
      quality: { repaired: false },
    });
  });

  it.each([
    ['of which the price itself is outside', { dayHigh: 1015n, dayLow: 1005n }],
    ['that is no price', { dayHigh: 0n, dayLow: 0n }],
    ['that is absurdly high', { dayHigh: 1_000_000_000n, dayLow: 990n }],
    ['that is absurdly low', { dayHigh: 1010n, dayLow: 1n }],
    ['that is not wider than the candle', { dayHigh: 1011n, dayLow: 990n }],
  ])('is not taken from a range %s', (_what, range) => {
    const script = started(2)
      .frame('RELIANCE', at('11:00:01'), 1011, { volume: 1100n, dayHigh: 1010n, dayLow: 990n })
      .frame('RELIANCE', at('11:00:02'), 1001, { volume: 1160n, ...range });
    expect(script.hum(at('11:03:20')).candles('RELIANCE').get('11:00')).toMatchObject({
      candle: { high: 10.11, low: 10.01 },
      quality: { repaired: false },
    });
  });
});

describe("a day's high that moved twice across a minute's start, because a stamp went back", () => {
  it.each([
    ['high', 1, [1000 + 15, 1000 + 20]],
    ['low', -1, [1000 - 15, 1000 - 20]],
  ] as const)('is that of the candle which holds both packets: the %s', (side, sign, [first, second]) => {
    const range = (end: number): { dayHigh: bigint; dayLow: bigint } =>
      sign > 0 ? { dayHigh: BigInt(end), dayLow: 990n } : { dayHigh: 1010n, dayLow: BigInt(end) };
    const script = started(2)
      .frame('RELIANCE', at('11:14:29'), 1000, { volume: 1050n, ...RANGE })
      .frame('RELIANCE', at('11:16:59'), 1000, { volume: 1100n, ...RANGE })
      .frame('RELIANCE', at('11:17:01'), 1000, { volume: 1110n, ...range(first) })
      .frame('RELIANCE', at('11:14:30'), 1000, { volume: 1120n, ...range(first) })
      .frame('RELIANCE', at('11:17:02'), 1000, { volume: 1130n, ...range(second) });
    expect(script.hum(at('11:20:20')).candles('RELIANCE').get('11:17')!.candle[side]).toBe(10);
    const { places, memories } = script.engine;
    const place = places.find(({ instrument }) => instrument.symbol === 'RELIANCE')!;
    const ends = (['3m', '15m', '1d'] as const).map((timeframe) =>
      readLongerCandles(memories[place.shard], place, timeframe)
        .filter(({ candle }) => candle.timestampMs <= at('11:15'))
        .map(({ candle }) => candle[side])
        .at(-1),
    );
    // The packet of 11:14 is in the day's candle only.
    expect(ends).toEqual([first / 100, first / 100, second / 100]);
  });
});

describe('coverage and age', () => {
  it('count the covered seconds, with or without trades, and the longest silence', () => {
    const script = started(2)
      .frame('RELIANCE', at('11:00:05'), 1001, { volume: 1100n, ...RANGE })
      .frame('RELIANCE', at('11:00:05'), 1001, { volume: 1120n, ...RANGE });
    script
      .frame('RELIANCE', at('11:00:06'), 1001, { volume: 1120n, ...RANGE })
      .hum(at('11:00:36'))
      .frame('RELIANCE', at('11:00:36'), 1001, { volume: 1120n, ...RANGE })
      .frame('RELIANCE', at('11:01:10'), 1001, { volume: 1130n, ...RANGE });
    expect(qualityOf(script, '11:00')).toMatchObject({ ticks: 2, coverage: 3 / 60, maxAgeMs: 30_000 });
  });

  it("reach to the minute's edges, in LTP mode, too", () => {
    const script = new Script()
      .subscribe(at('10:59:30'))
      .frame('RELIANCE', at('10:59:30'), 1000)
      .hum(at('11:00:10'))
      .frame('RELIANCE', at('11:00:10'), 1001)
      .hum(at('11:00:15'))
      .frame('RELIANCE', at('11:00:15'), 1001);
    expect(qualityOf(script, '11:00')).toMatchObject({ coverage: 2 / 60, maxAgeMs: 45_000 });
  });
});
