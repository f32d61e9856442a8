/**
 * The price of a trade may reach the feed before its volume (docs/feed-behaviour.md, "Measured", fact 4). Broken on
 * purpose and caught here: only a rise is a trade, a pending volume that moves the anchor's time, slack of the edge
 * before only, a repair only where the volume rose, a second that counts twice.
 */
import { describe, expect, it } from 'vitest';
import { at } from './drive.js';
import { Script } from './script.js';

const RANGE = { dayHigh: 1010n, dayLow: 990n };

/** A run whose first packets came at 10:59:30: volume 1010, last quantity 10, price 1000. */
function started(mode: 2 | 3): Script {
  return new Script({ mode })
    .subscribe(at('10:59:30'))
    .frame('RELIANCE', at('10:59:30'), 1000, { volume: 1000n, lastQuantity: 5n, ...RANGE })
    .frame('RELIANCE', at('10:59:31'), 1000, { volume: 1010n, lastQuantity: 10n, ...RANGE });
}

const candleOf = (script: Script, minute: string) =>
  script.hum(at('11:05:20')).candles('RELIANCE').get(minute);
const seconds = (time: string): bigint => BigInt(at(time) / 1000);

describe.each([
  ['quote', 2],
  ['snapquote', 3],
] as const)('in %s mode another price', (_name, mode) => {
  it('with another last quantity is a trade, whose volume comes later', () => {
    const script = started(mode)
      .frame('RELIANCE', at('11:00:02'), 1000, { volume: 1110n, lastQuantity: 20n, ...RANGE })
      .frame('RELIANCE', at('11:00:10'), 1007, { volume: 1110n, lastQuantity: 5n, ...RANGE })
      .frame('RELIANCE', at('11:00:11'), 1003, { volume: 1160n, lastQuantity: 7n, ...RANGE });
    expect(candleOf(script.frame('RELIANCE', at('11:01:00'), 1003, { volume: 1160n, lastQuantity: 7n, ...RANGE }), '11:00')).toMatchObject({ candle: { high: 10.07, close: 10.03, volume: 150 }, quality: { ticks: 3 } });
  }); // prettier-ignore

  it('of a minute that has no rise makes a candle of volume 0', () => {
    const script = started(mode)
      .frame('RELIANCE', at('11:00:10'), 1007, { volume: 1010n, lastQuantity: 3n, ...RANGE })
      .frame('RELIANCE', at('11:01:10'), 1006, { volume: 1060n, lastQuantity: 4n, ...RANGE })
      .frame('RELIANCE', at('11:02:10'), 1006, { volume: 1060n, lastQuantity: 4n, ...RANGE });
    expect(candleOf(script, '11:00')).toMatchObject({
      candle: { open: 10.07, close: 10.07, volume: 0 },
      quality: { volSlack: 50 },
    });
  });

  it('alone, as when only the book changed or in the official close, is no trade', () => {
    const script = started(mode);
    const old = { lastTradeSeconds: seconds('10:59:31') };
    script
      .frame('RELIANCE', at('11:00:10'), 1007, { volume: 1010n, lastQuantity: 10n, ...old, ...RANGE })
      .frame('RELIANCE', at('15:20:00'), 1009, { volume: 1010n, lastQuantity: 11n, ...old, ...RANGE });
    expect(candleOf(script, '11:00')).toBeUndefined();
  });
});

describe('a volume that is pending across an edge', () => {
  it('is slack of both minutes, although a packet of the same volume followed the edge', () => {
    const script = started(2)
      .frame('RELIANCE', at('10:59:50'), 1001, { volume: 1020n, lastQuantity: 10n, ...RANGE })
      .frame('RELIANCE', at('10:59:59'), 1002, { volume: 1020n, lastQuantity: 900n, ...RANGE })
      .frame('RELIANCE', at('11:00:00'), 1002, { volume: 1020n, lastQuantity: 900n, ...RANGE })
      .frame('RELIANCE', at('11:00:02'), 1003, { volume: 2020n, lastQuantity: 100n, ...RANGE })
      .frame('RELIANCE', at('11:01:05'), 1003, { volume: 2020n, lastQuantity: 100n, ...RANGE });
    expect(candleOf(script, '11:00')).toMatchObject({
      candle: { volume: 1000 },
      quality: { volSlack: 1000 },
    });
    expect(candleOf(script, '10:59')!.quality.volSlack).toBe(1000);
  });

  it('is slack of each minute since, if one has trades and no rise', () => {
    const script = started(2)
      .frame('RELIANCE', at('10:59:59'), 1002, { volume: 1010n, lastQuantity: 900n, ...RANGE })
      .frame('RELIANCE', at('11:00:10'), 1004, { volume: 1010n, lastQuantity: 100n, ...RANGE })
      .frame('RELIANCE', at('11:01:02'), 1003, { volume: 2010n, lastQuantity: 50n, ...RANGE })
      .frame('RELIANCE', at('11:02:05'), 1003, { volume: 2010n, lastQuantity: 50n, ...RANGE });
    const slack = ['10:59', '11:00', '11:01'].map((minute) => candleOf(script, minute)!.quality.volSlack);
    expect(slack).toEqual([1000, 1000, 1000]);
  });

  it('makes later rises slack, too, that come shortly after an edge: their volume may be late unseen', () => {
    const script = started(2)
      .frame('RELIANCE', at('10:59:40'), 1002, { volume: 1010n, lastQuantity: 900n, ...RANGE })
      .frame('RELIANCE', at('10:59:41'), 1003, { volume: 1910n, lastQuantity: 900n, ...RANGE })
      .frame('RELIANCE', at('10:59:59'), 1004, { volume: 1920n, lastQuantity: 10n, ...RANGE })
      .frame('RELIANCE', at('11:00:00'), 1005, { volume: 1930n, lastQuantity: 10n, ...RANGE })
      .frame('RELIANCE', at('11:00:01'), 1006, { volume: 1970n, lastQuantity: 20n, ...RANGE })
      .frame('RELIANCE', at('11:00:03'), 1007, { volume: 1990n, lastQuantity: 20n, ...RANGE })
      .frame('RELIANCE', at('11:00:04'), 1008, { volume: 2090n, lastQuantity: 90n, ...RANGE })
      .frame('RELIANCE', at('11:01:05'), 1008, { volume: 2090n, lastQuantity: 90n, ...RANGE });
    // 10 and 40 with an anchor before the edge, and 20 with one of 10:59:59; 100 has one of 11:00:01.
    expect(candleOf(script, '11:00')).toMatchObject({ candle: { volume: 170 }, quality: { volSlack: 70 } });
    expect(candleOf(script, '10:59')!.quality.volSlack).toBe(70);
  });

  it('is known by a rise of less than the last quantity', () => {
    const script = started(2)
      .frame('RELIANCE', at('10:59:59'), 1002, { volume: 1030n, lastQuantity: 900n, ...RANGE })
      .frame('RELIANCE', at('11:00:01'), 1002, { volume: 1030n, lastQuantity: 900n, ...RANGE })
      .frame('RELIANCE', at('11:00:02'), 1003, { volume: 1930n, lastQuantity: 900n, ...RANGE })
      .frame('RELIANCE', at('11:01:05'), 1003, { volume: 1930n, lastQuantity: 900n, ...RANGE });
    expect(candleOf(script, '11:00')).toMatchObject({ candle: { volume: 900 }, quality: { volSlack: 900 } });
  });
});

describe("a day's high that moved", () => {
  it('in a packet whose volume did not rise is of the minute of the packet before', () => {
    const wide = { dayHigh: 1015n, dayLow: 990n };
    const script = started(2)
      .frame('RELIANCE', at('11:00:01'), 1001, { volume: 1060n, lastQuantity: 50n, ...RANGE })
      .frame('RELIANCE', at('11:00:02'), 1001, { volume: 1060n, lastQuantity: 50n, ...wide })
      .frame('RELIANCE', at('11:01:02'), 1001, { volume: 1060n, lastQuantity: 50n, ...wide });
    expect(candleOf(script, '11:00')).toMatchObject({ candle: { high: 10.15 }, quality: { repaired: true } });
  });

  it('only up to a price that was shown in another minute comes late, and repairs nothing', () => {
    const wide = { dayHigh: 1015n, dayLow: 990n };
    const script = started(2)
      .frame('RELIANCE', at('10:59:58'), 1015, { volume: 1060n, lastQuantity: 50n, ...RANGE })
      .frame('RELIANCE', at('11:00:01'), 1001, { volume: 1110n, lastQuantity: 50n, ...RANGE })
      .frame('RELIANCE', at('11:00:02'), 1002, { volume: 1160n, lastQuantity: 50n, ...wide });
    expect(candleOf(script, '11:00')).toMatchObject({
      candle: { high: 10.02 },
      quality: { repaired: false },
    });
  });
});

describe("the day's range of a first packet", () => {
  const first = (before: bigint): Script => {
    const last = { volume: before + 90n, lastQuantity: 9n, dayHigh: 1015n, dayLow: 985n };
    return new Script({ mode: 2 })
      .subscribe(at('09:13:00'))
      .frame('RELIANCE', at('09:14:00'), 1000, { volume: before, dayHigh: 0n, dayLow: 0n })
      .frame('RELIANCE', at('09:14:30'), 1000, { volume: before, dayHigh: 0n, dayLow: 0n })
      .frame('RELIANCE', at('09:15:02'), 1001, last)
      .frame('RELIANCE', at('09:16:02'), 1001, last)
      .hum(at('09:18:00'));
  };

  it('is that of the candle of 09:15 if the volume before was 0', () => {
    expect(first(0n).candles('RELIANCE').get('09:15')).toMatchObject({
      candle: { high: 10.15, low: 9.85 },
      quality: { repaired: true },
    });
  });

  it("else has the pre-open's print in it", () => {
    expect(first(10n).candles('RELIANCE').get('09:15')).toMatchObject({
      candle: { high: 10.01, low: 10.01 },
      quality: { repaired: false },
    });
  });
});

describe('a packet that is older by sequence', () => {
  const late = (mode: 2 | 3, lastTrade: string): Script => {
    const told = { volume: 1100n, lastQuantity: 20n, ...RANGE };
    const older = { volume: 1090n, lastQuantity: 9n, lastTradeSeconds: seconds(lastTrade), ...RANGE };
    return started(mode)
      .frame('RELIANCE', at('11:00:20'), 1001, { ...told, sequence: 900n })
      .frame('RELIANCE', at('11:00:19'), 1008, { ...older, sequence: 899n })
      .frame('RELIANCE', at('11:01:00'), 1001, { ...told, sequence: 901n });
  };

  it('counts with its price and without its volume, if its last trade is of its own minute', () => {
    expect(candleOf(late(3, '11:00:18'), '11:00')).toMatchObject({
      candle: { open: 10.08, high: 10.08, close: 10.01, volume: 90 },
      quality: { ticks: 2 },
    });
  });

  it('does not count if that trade is of the minute before, or in Quote mode, which has none', () => {
    for (const script of [late(3, '10:59:59'), late(2, '11:00:18')]) {
      expect(candleOf(script, '11:00')).toMatchObject({ candle: { high: 10.01, volume: 90 }, quality: { ticks: 1 } });
      expect(candleOf(script, '10:59')).toMatchObject({ candle: { high: 10 }, quality: { revision: 0 } });
    }
  }); // prettier-ignore
});

describe('coverage', () => {
  it('counts a second once when stamps carry milliseconds, and is never above 1', () => {
    const script = new Script({ mode: 1 }).subscribe(at('10:59:00'));
    for (let ms = at('10:59:30'); ms < at('11:01:00'); ms += 490)
      script.frame('RELIANCE', ms, 1000 + (ms % 7), { exchangeMs: BigInt(ms) });
    expect(candleOf(script, '11:00')!.quality.coverage).toBe(1);
  });

  it.each([1, 2, 3] as const)('is the share of seconds with a packet, in mode %i', (mode) => {
    const own = new Script({ mode }).subscribe(at('10:59:00'));
    own.frame('RELIANCE', at('10:59:30'), 1000, { volume: 1n }).frame('RELIANCE', at('10:59:31'), 1000, { volume: 2n });
    for (let k = 0; k < 19; k++)
      for (const ms of [100, 600])
        own.frame('RELIANCE', at('11:00:20') + k * 1000 + ms, 1000 + k, { volume: BigInt(10 + 2 * k), exchangeMs: BigInt(at('11:00:20') + k * 1000 + ms) });
    expect(candleOf(own, '11:00')!.quality.coverage).toBeCloseTo(19 / 60, 10);
  }); // prettier-ignore
});
