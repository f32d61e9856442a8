/**
 * Trades reach the feed up to 1.5 s late, so the close of a session's last minute comes with stamps after its end
 * (docs/feed-behaviour.md, "Measured", fact 3). Broken on purpose and caught here: no tail, a tail that takes equal
 * prices or counts ticks, one that reaches into an auction, a seal or an end of gaps that does not know it.
 */
import { describe, expect, it } from 'vitest';
import type { CandleWithQuality } from '../../src/candles/candle.js';
import { readRow } from '../../src/memory/shard-reader.js';
import { at } from './drive.js';
import { Script, type ScriptOptions } from './script.js';

const RANGE = { dayHigh: 1020n, dayLow: 980n };

/** A run since 15:13:30 whose last packets in session came at 15:14:50 and, of another instrument, at 15:14:59. */
function nearTheEnd(mode: 1 | 2 | 3, options: ScriptOptions = {}): Script {
  const script = new Script({ mode, ...options }).subscribe(at('15:13:30'));
  script.frame('RELIANCE', at('15:13:30'), 999, { volume: 900n, lastQuantity: 1n, ...RANGE });
  script.frame('USDINR', at('15:13:40'), 1).hum(at('15:14:50'));
  script.frame('RELIANCE', at('15:14:50'), 1000, { volume: 1000n, lastQuantity: 10n, ...RANGE });
  return script.frame('USDINR', at('15:14:59'), 1);
}

const lastMinute = (script: Script): CandleWithQuality | undefined => script.candles('RELIANCE').get('15:14');

describe('in LTP mode', () => {
  it('another price in the two seconds after the end is close, high or low, and no tick', () => {
    const script = nearTheEnd(1)
      .frame('RELIANCE', at('15:15:00'), 1007)
      .frame('RELIANCE', at('15:15:01'), 995)
      .frame('RELIANCE', at('15:15:02'), 1050)
      .frame('RELIANCE', at('15:15:05'), 1060);
    expect(lastMinute(script)).toMatchObject({
      candle: { open: 10, high: 10.07, low: 9.95, close: 9.95, volume: 1 },
      quality: { ticks: 1, priceChanges: 0, coverage: 1 / 60, partial: false, revision: 0, tail: true },
    });
    const [{ shard, row }] = script.engine.places;
    expect(readRow(script.engine.memories[shard], row)).toMatchObject({
      ticks: 1,
      outOfSession: 4,
      sessionHigh: 1007,
      sessionLow: 995,
    });
  });

  it('an equal price changes nothing, nor does an official close minutes later', () => {
    const script = nearTheEnd(1)
      .frame('RELIANCE', at('15:15:00'), 1000)
      .frame('RELIANCE', at('15:15:05'), 1000)
      .frame('RELIANCE', at('15:20:00'), 1090);
    expect(lastMinute(script)).toMatchObject({ candle: { high: 10, close: 10 }, quality: { tail: false } });
  });

  it('a price that a first packet showed before, whenever it was traded, is no other', () => {
    const script = nearTheEnd(1).disconnect().subscribe(at('15:14:59'));
    script.frame('RELIANCE', at('15:14:59'), 1004).frame('RELIANCE', at('15:15:00'), 1004);
    script.frame('RELIANCE', at('15:15:05'), 1004);
    expect(lastMinute(script)).toMatchObject({ candle: { close: 10 }, quality: { partial: true } });
  });

  it('prices of the tail close in the order of their sequence', () => {
    const later = { sequence: 900n };
    const script = nearTheEnd(1)
      .frame('RELIANCE', at('15:15:01'), 1003, later)
      .frame('RELIANCE', at('15:15:01'), 1002, { sequence: 800n })
      .frame('RELIANCE', at('15:15:05'), 1060, { sequence: 1000n });
    expect(lastMinute(script)!.candle).toMatchObject({ high: 10.03, low: 10, close: 10.03 });
  });

  it('nothing is made of a last minute without a tick: the price may be of an earlier one', () => {
    const script = new Script().subscribe(at('15:13:30')).frame('RELIANCE', at('15:13:30'), 999);
    script.frame('RELIANCE', at('15:13:50'), 1000).hum(at('15:15:00'));
    script.frame('RELIANCE', at('15:15:00'), 1007).frame('RELIANCE', at('15:15:05'), 1007);
    expect([...script.candles('RELIANCE').keys()]).toEqual(['15:13']);
  });

  it('an auction that follows at once leaves no tail', () => {
    const auction = { fromMs: at('15:15:01'), toMs: at('15:20'), labelMs: at('15:16') };
    const session = { date: '2026-11-23', openMs: at('09:15'), closeMs: at('15:15'), auction };
    const script = nearTheEnd(1, { engine: { sessionOf: () => session } })
      .frame('RELIANCE', at('15:15:00'), 1007)
      .frame('RELIANCE', at('15:15:01'), 1030)
      .frame('RELIANCE', at('15:15:04'), 1031);
    expect(lastMinute(script), 'sealed at the end of its tail, 15:15:01, and the grace').toBeDefined();
    script.hum(at('15:20:03')).frame('USDINR', at('15:20:03'), 1);
    const candles = script.candles('RELIANCE');
    expect(candles.get('15:14')!.candle).toMatchObject({ high: 10.07, close: 10.07 });
    expect(candles.get('15:16')!).toMatchObject({
      candle: { close: 10.31 },
      quality: { source: 'auction', ticks: 2 },
    });
  });
});

describe('the seal', () => {
  it.each([0, 3000])('comes when the tail and a grace of %i ms are over', (graceMs) => {
    const script = nearTheEnd(1, { engine: { graceMs } });
    const dueMs = at('15:15:02') + graceMs;
    script.frame('RELIANCE', at('15:15:01'), 1007).frame('USDINR', dueMs - 1000, 1);
    expect(lastMinute(script)).toBeUndefined();
    script.frame('USDINR', dueMs, 1);
    expect(lastMinute(script)).toMatchObject({ candle: { close: 10.07 }, quality: { revision: 0 } });
    expect(script.first('RELIANCE', '15:14')).toMatchObject({ close: 1007, partial: false });
  });

  it('comes by the clock too, when the feed is silent after the end', () => {
    const script = nearTheEnd(1)
      .frame('RELIANCE', at('15:15:01'), 1007)
      .tick(at('15:15:04') + 900);
    expect(lastMinute(script)).toBeUndefined();
    expect(lastMinute(script.tick(at('15:15:05')))).toMatchObject({ candle: { close: 10.07 } });
  });

  it('does not wait at other minutes, and a session that continues has no tail', () => {
    const script = new Script({ engine: { graceMs: 0 } }).subscribe(at('15:12:00'));
    script.frame('INFYBSE', at('15:12:00'), 1).frame('INFYBSE', at('15:12:01'), 2);
    script.frame('INFYBSE', at('15:13:00'), 1);
    expect([...script.candles('INFYBSE').keys()]).toEqual(['15:12']);
    script.hum(at('15:14:59')).frame('INFYBSE', at('15:14:59'), 1).frame('INFYBSE', at('15:15:02'), 5);
    expect(script.candles('INFYBSE').get('15:14')!.candle.close).toBe(0.01);
  });

  it('is revised by a price of the tail that comes later, as by a late tick', () => {
    const script = nearTheEnd(1).frame('USDINR', at('15:15:05'), 1);
    expect(lastMinute(script)!.quality).toMatchObject({ revision: 0, tail: false });
    script.frame('RELIANCE', at('15:15:06'), 1007, { exchangeMs: BigInt(at('15:15:01')) });
    expect(lastMinute(script)).toMatchObject({
      candle: { close: 10.07, volume: 1 },
      quality: { ticks: 1, late: 1, revision: 1, tail: true },
    });
    expect(script.first('RELIANCE', '15:14')).toMatchObject({ close: 1000 });
  });
});

describe.each([
  ['LTP', 1, '15:15:01', true],
  ['LTP', 1, '15:15:02', false],
  ['Quote', 2, '15:15:01', true],
  ['Quote', 2, '15:15:02', false],
  ['SnapQuote', 3, '15:15:01', false],
] as const)('in %s mode a connection that ends', (_name, mode, last, partial) => {
  it(`at ${last} leaves the last minute ${partial ? 'partial' : 'whole'}`, () => {
    const script = nearTheEnd(mode).frame('USDINR', at(last), 1).disconnect().tick(at('15:15:10'));
    expect(lastMinute(script)!.quality).toMatchObject({ partial, gapMs: partial ? 1000 : 0 });
  });
});

describe('in Quote mode', () => {
  it('a volume that rose in the tail is a tick of the last minute, without coverage', () => {
    const script = nearTheEnd(2)
      .frame('RELIANCE', at('15:15:00'), 1007, { volume: 1050n, lastQuantity: 5n, ...RANGE })
      .frame('RELIANCE', at('15:15:05'), 1007, { volume: 1050n, lastQuantity: 5n, ...RANGE });
    expect(lastMinute(script)).toMatchObject({
      candle: { open: 10, high: 10.07, close: 10.07, volume: 150 },
      quality: { ticks: 2, coverage: 1 / 60, volSlack: 100, tail: true },
    });
  });

  it('it makes the candle of a last minute that had none', () => {
    const script = new Script({ mode: 2 }).subscribe(at('15:13:30'));
    script.frame('RELIANCE', at('15:13:30'), 999, { volume: 900n }).hum(at('15:15:00'));
    script.frame('RELIANCE', at('15:15:00'), 1007, { volume: 950n });
    script.frame('RELIANCE', at('15:15:05'), 1007, { volume: 950n });
    expect(lastMinute(script)).toMatchObject({
      candle: { open: 10.07, volume: 50 },
      quality: { volSlack: 50, tail: true },
    });
  });

  it('another price alone changes close, high and low there, and is no tick', () => {
    const same = { volume: 1000n, lastQuantity: 10n, ...RANGE };
    const script = nearTheEnd(2)
      .frame('RELIANCE', at('15:15:01'), 1007, same)
      .frame('RELIANCE', at('15:20:00'), 1019, same);
    expect(lastMinute(script)).toMatchObject({
      candle: { high: 10.07, close: 10.07, volume: 100 },
      quality: { ticks: 1, tail: true },
    });
  });

  it('a trade of the tail whose volume comes after it leaves that as slack', () => {
    const script = nearTheEnd(2)
      .frame('RELIANCE', at('15:15:01'), 1007, { volume: 1000n, lastQuantity: 5n, ...RANGE })
      .frame('RELIANCE', at('15:15:03'), 1007, { volume: 1040n, lastQuantity: 5n, ...RANGE })
      .frame('RELIANCE', at('15:15:06'), 1007, { volume: 1040n, lastQuantity: 5n, ...RANGE });
    script.frame('USDINR', at('15:15:06'), 1);
    expect(lastMinute(script)).toMatchObject({
      candle: { close: 10.07, volume: 100 },
      quality: { ticks: 2, volSlack: 100 },
    });
    const waiting = nearTheEnd(2)
      .frame('RELIANCE', at('15:15:00'), 1007, { volume: 1000n, lastQuantity: 10n, ...RANGE })
      .frame('RELIANCE', at('15:15:01'), 1008, { volume: 1000n, lastQuantity: 5n, ...RANGE })
      .hum(at('15:29:00'))
      .frame('RELIANCE', at('15:29:00'), 1008, { volume: 9000n, lastQuantity: 80n, ...RANGE })
      .hum(at('15:35:03'))
      .frame('RELIANCE', at('15:35:03'), 1008, { volume: 9000n, lastQuantity: 80n, ...RANGE });
    expect(lastMinute(waiting)!.quality).toMatchObject({ volSlack: 8000 });
  });
});

describe('in SnapQuote mode', () => {
  const traded = (time: string): { lastTradeSeconds: bigint } => ({
    lastTradeSeconds: BigInt(at(time) / 1000),
  });

  it('the second of the last trade decides, not the stamp', () => {
    const script = nearTheEnd(3)
      .frame('RELIANCE', at('15:15:01'), 1007, {
        volume: 1050n,
        lastQuantity: 5n,
        ...traded('15:14:59'),
        ...RANGE,
      })
      .frame('RELIANCE', at('15:15:01'), 1009, {
        volume: 1060n,
        lastQuantity: 6n,
        ...traded('15:15:00'),
        ...RANGE,
      })
      .frame('USDINR', at('15:15:05'), 1);
    expect(lastMinute(script)).toMatchObject({
      candle: { high: 10.07, close: 10.07, volume: 150 },
      quality: { ticks: 2, tail: false },
    });
  });

  it('a packet of the tail that is older by sequence counts, if its last trade is of the last minute', () => {
    const script = nearTheEnd(3)
      .frame('RELIANCE', at('15:15:01'), 1007, {
        sequence: 900n,
        volume: 1050n,
        lastQuantity: 5n,
        ...traded('15:14:59'),
        ...RANGE,
      })
      .frame('RELIANCE', at('15:15:01'), 1011, {
        sequence: 800n,
        volume: 1030n,
        lastQuantity: 3n,
        ...traded('15:14:58'),
        ...RANGE,
      })
      .frame('USDINR', at('15:15:05'), 1);
    expect(lastMinute(script)).toMatchObject({
      candle: { high: 10.11, close: 10.07, volume: 150 },
      quality: { ticks: 3 },
    });
  });
});
