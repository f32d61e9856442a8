/**
 * Polled bars: over which minutes they are laid. Broken on purpose and caught: a polled bar over a minute that was seen
 * whole, over one without ticks that no gap touches, over the auction; a state that is stored before the numbers.
 */
import { describe, expect, it, vi } from 'vitest';
import { readCandles, readFinalCandles } from '../../src/candles/read-candles.js';
import { MAIN, POLLED } from '../../src/memory/layout.js';
import { layPolled, readPolled, tellPolled } from '../../src/memory/polled.js';
import type { RowPlace } from '../../src/memory/shard-reader.js';
import { missingMinutes } from '../../src/run/back-fill.js';
import { at, drain } from '../shard/drive.js';
import { Script } from '../shard/script.js';

const timeOf = (ms: number): string => new Date(ms + 19_800_000).toISOString().slice(11, 16);
const SPAN = { openedMs: at('10:59') + 52_000, endedMs: at('11:07') + 3000 };

/**
 * RELIANCE ticks in 11:00, 11:01 and 11:04 to 11:06, INFY in 11:00 only. The connection is away from 11:01:01 to
 * 11:03:20, when the second one begins.
 */
function withGap(): Script {
  const script = new Script().subscribe(at('10:59') + 52_000);
  script.frame('RELIANCE', at('11:00') + 500, 10_000).frame('INFY', at('11:00') + 700, 20_000);
  script.hum(at('11:01')).frame('RELIANCE', at('11:01') + 1000, 10_100);
  script.disconnect().subscribe(at('11:03') + 20_000);
  script.frame('RELIANCE', at('11:04') + 1000, 10_400).hum(at('11:05'));
  script.frame('RELIANCE', at('11:05') + 1000, 10_500).hum(at('11:06'));
  script.frame('RELIANCE', at('11:06') + 1000, 10_600).hum(at('11:07') + 4000);
  script.engine.router.end();
  drain(script.engine);
  return script;
}

function placeOf({ engine }: Script, symbol: string): RowPlace {
  return engine.places.find(({ instrument }) => instrument.symbol === symbol)!;
}

function missingOf(script: Script, symbol: string, span = SPAN): string[] {
  const found = missingMinutes(script.engine, span).find(({ place }) => place.instrument.symbol === symbol);
  return (found?.minutes ?? []).map(timeOf);
}

const BAR = { open: 10_010, high: 10_050, low: 10_005, close: 10_020, volume: 77, answers: 2 };
const polledAt = (script: Script, symbol: string, minute: string) => ({
  instrument: placeOf(script, symbol).instrument.index,
  minuteMs: at(minute),
  ...BAR,
});

describe('the minutes that are to be polled', () => {
  it('are those that a gap touches, from the first connection to the last whole minute, with or without ticks', () => {
    const script = withGap();
    expect(missingOf(script, 'RELIANCE')).toEqual(['10:59', '11:01', '11:02', '11:03']);
    expect(missingOf(script, 'INFY')).toEqual(['10:59', '11:01', '11:02', '11:03']);
    expect(missingOf(script, 'INFY', { openedMs: at('11:01') + 59_999, endedMs: at('11:03') + 59_999 })).toEqual(['11:01', '11:02']);
  }); // prettier-ignore

  it('are asked for once', () => {
    const script = withGap();
    layPolled(script.engine, polledAt(script, 'RELIANCE', '11:02'));
    expect(missingOf(script, 'RELIANCE')).toEqual(['10:59', '11:01', '11:03']);
  });
});

describe('a polled bar', () => {
  it('is laid over minutes that a gap touches, and over no other', () => {
    const script = withGap();
    for (const symbol of ['RELIANCE', 'INFY'])
      for (const minute of ['10:59', '11:00', '11:01', '11:02', '11:03', '11:04', '11:05', '11:06'])
        expect(layPolled(script.engine, polledAt(script, symbol, minute))).toBe(true);
    const polled = (symbol: string): string[] => {
      const place = placeOf(script, symbol);
      const memory = script.engine.memories[place.shard];
      return readFinalCandles(memory, place).map(({ candle, quality }) => `${timeOf(candle.timestampMs)} ${quality.source}`);
    };
    const filled = ['10:59', '11:01', '11:02', '11:03'].map((minute) => `${minute} polled`);
    expect(polled('RELIANCE')).toEqual([filled[0], '11:00 continuous', ...filled.slice(1), '11:04 continuous', '11:05 continuous', '11:06 continuous']);
    // From 11:04 on INFY is silent: nothing traded.
    expect(polled('INFY')).toEqual([filled[0], '11:00 continuous', ...filled.slice(1)]);
  }); // prettier-ignore

  it('has the broker\'s figures and the quality of what was seen; what was seen stays as it was', () => {
    const script = withGap();
    const place = placeOf(script, 'RELIANCE');
    const memory = script.engine.memories[place.shard];
    const before = readCandles(memory, place, true);
    for (const minute of ['11:01', '11:02']) layPolled(script.engine, polledAt(script, 'RELIANCE', minute));
    expect(readCandles(memory, place, true)).toEqual(before);
    const after = readFinalCandles(memory, place);
    const of = (list: typeof after, minute: string) => list.find(({ candle }) => candle.timestampMs === at(minute));
    const [seen, polled, unseen] = [of(before, '11:01')!, of(after, '11:01')!, of(after, '11:02')!];
    expect(polled.candle).toEqual({ symbol: 'RELIANCE', exchange: 'NSE', timestampMs: at('11:01'), open: 100.1, high: 100.5, low: 100.05, close: 100.2, volume: 77 });
    expect(seen.quality).toMatchObject({ partial: true, ticks: 1 });
    expect(polled.quality).toEqual({ ...seen.quality, partial: false, source: 'polled', revision: seen.quality.revision + 1 });
    expect(unseen.quality).toEqual({ timestampMs: at('11:02'), ticks: 0, priceChanges: 0, partial: false, revision: 1, late: 0, gapMs: 60_000, source: 'polled', volSlack: null, repaired: false, tail: false, coverage: 0, maxAgeMs: 60_000, oiHigh: null, oiLow: null, oiClose: null });
    expect(after.filter(({ quality }) => quality.source !== 'polled')).toEqual(before.filter(({ candle }) => candle.timestampMs !== at('11:01')));
  }); // prettier-ignore

  it('is not there before its state is, which is stored last, and is never changed', () => {
    const script = withGap();
    const { engine } = script;
    const { shard, row } = placeOf(script, 'RELIANCE');
    const memory = engine.memories[shard];
    const numbersAt = (at: number): number[] => Array.from(memory.f64.subarray(at + POLLED.open, at + POLLED.size));
    const stored: number[][] = [];
    const spy = vi.spyOn(Atomics, 'store').mockImplementation((array, index, value) => {
      stored.push(numbersAt(index / 2));
      array[index] = value;
      return value;
    });
    const polled = polledAt(script, 'RELIANCE', '11:02');
    expect(layPolled(engine, polled)).toBe(true);
    spy.mockRestore();
    const numbers = [10_010, 10_050, 10_005, 10_020, 77];
    expect(stored).toEqual([numbers]);
    expect(layPolled(engine, { ...polled, close: 1 })).toBe(false);
    const bar = Array.from({ length: memory.shape.bars }, (_, k) => k).find((k) => readPolled(memory, row, k) !== undefined)!;
    expect(numbersAt(memory.polledOf(row, bar))).toEqual(numbers);
    Atomics.store(memory.i32, 2 * (memory.polledOf(row, bar) + POLLED.state), 0);
    expect(readPolled(memory, row, bar)).toBeUndefined();
  }); // prettier-ignore

  it('is refused for a minute that the instrument does not have', () => {
    const script = withGap();
    for (const minuteMs of [at('09:14'), at('11:02') + 1, at('23:59')])
      expect(layPolled(script.engine, { ...polledAt(script, 'RELIANCE', '11:02'), minuteMs })).toBe(false);
  });

  it('wakes those that wait', async () => {
    const { engine } = withGap();
    const { i32 } = engine.memories[0];
    const { value } = Atomics.waitAsync(i32, MAIN.polledNews, 0);
    tellPolled(engine.memories);
    expect(await value).toBe('ok');
  });
});
