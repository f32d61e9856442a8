/**
 * A price that its own packet contradicts. Broken on purpose and caught: one of range, circuits, previous close and
 * last price alone refuses, a range beyond the circuits repairs, an accepted price outside its range is not counted.
 */
import { describe, expect, it } from 'vitest';
import { COUNTER } from '../../src/memory/counters.js';
import { at } from '../shard/drive.js';
import { Script } from '../shard/script.js';

const CIRCUITS = { upperCircuit: 1200n, lowerCircuit: 800n };
const SOUND = { previousClose: 1000n, dayHigh: 1010n, dayLow: 990n, ...CIRCUITS };

/** A run of RELIANCE at 1000, then a packet at `price` with `change`. */
function told(price: number, change: object, mode: 2 | 3 = 3): Script {
  return new Script({ mode })
    .subscribe(at('10:59:30'))
    .frame('RELIANCE', at('10:59:30'), 1000, { volume: 1000n, ...SOUND })
    .frame('RELIANCE', at('11:00:01'), 1001, { volume: 1010n, ...SOUND })
    .frame('RELIANCE', at('11:00:02'), price, { volume: 1020n, ...SOUND, ...change })
    .frame('RELIANCE', at('11:00:03'), 1002, { volume: 1030n, ...SOUND, ...change });
}

const counted = ({ engine: { counters } }: Script) => ({
  refused: counters[COUNTER.unadmittedPrice],
  outside: counters[COUNTER.outsideRange],
});
const highOf = (script: Script): number =>
  script.hum(at('11:03:20')).candles('RELIANCE').get('11:00')!.candle.high;

describe('a price ten times too high', () => {
  it('is refused when range, circuits, close and last price contradict it', () => {
    const script = told(10_000, {});
    expect(highOf(script)).toBe(10.02);
    expect(counted(script)).toEqual({ refused: 1, outside: 0 });
  });

  it.each([
    ['the range holds it', { dayHigh: 10_000n }],
    ['there is no range', { dayHigh: 0n, dayLow: 0n }],
    ['the circuits hold it', { upperCircuit: 20_000n }],
    ['there are no circuits', { upperCircuit: 0n, lowerCircuit: 0n }],
    ['the circuits are crossed', { upperCircuit: 800n, lowerCircuit: 1200n }],
    ['the previous close is near', { previousClose: 9000n }],
  ])('is accepted when %s', (_why, change) => {
    expect(highOf(told(10_000, change))).toBe(100);
  });

  it('is accepted in Quote mode, which tells no circuits', () => {
    expect(counted(told(10_000, {}, 2))).toEqual({ refused: 0, outside: 1 });
  });
});

it('a price slightly outside the range is accepted and counted: the range may be told late', () => {
  const script = told(1012, {});
  expect(highOf(script)).toBe(10.12);
  expect(counted(script)).toEqual({ refused: 0, outside: 1 });
});

it('a spike of one print within circuits is a price', () => {
  expect(highOf(told(1190, {}))).toBe(11.9);
});

it("a day's range beyond the circuits repairs nothing", () => {
  expect(highOf(told(1001, { dayHigh: 1201n }))).toBe(10.02);
  expect(highOf(told(1001, { dayHigh: 1199n }))).toBe(11.99);
});
