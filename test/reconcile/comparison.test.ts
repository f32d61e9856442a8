/** Any two sides are compared as a naive comparison does it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareCandles } from '../../src/reconcile/comparison.js';
import { FIELDS } from '../../src/reconcile/fields.js';
import type { SymbolPair, Side } from '../../src/reconcile/symbol-comparison.js';
import type { OurCandle } from '../../src/reconcile/minutes.js';
import { judge } from '../../src/reconcile/verdict.js';
import { holds, runsOf, seedsOf } from '../volume.js';
import { naiveCompare, naiveVerdict } from './naive.js';
import type { NaiveCandle, NaivePair } from './naive.js';

const FIRST_MS = Date.parse('2026-11-23T15:18:00+05:30');
const msOf = (minute: number): number =>
  FIRST_MS + Math.floor(minute / 100) * 86_400_000 + (minute % 100) * 60_000;
const minuteOf = (ms: number): number =>
  Math.floor((ms - FIRST_MS) / 86_400_000) * 100 + ((ms - FIRST_MS) % 86_400_000) / 60_000;

/** `noise`: errors that a float collects in other programs, far below the unit. */
function seen(
  symbol: string,
  { minute, prices, volume, partial, auction }: NaiveCandle,
  noise: number,
): OurCandle {
  const [open, high, low, close] = prices.map((units) => (units / 10_000) * (1 + noise));
  return {
    candle: { symbol, exchange: 'NSE', timestampMs: msOf(minute), open, high, low, close, volume },
    partial,
    source: auction ? 'auction' : 'continuous',
  };
}

function pairOf({ symbol, tick, ours, reference, volumes }: NaivePair): SymbolPair {
  const side = (candles: readonly NaiveCandle[], noise: number): Side => ({
    candles: candles.map((candle) => seen(symbol, candle, noise)),
    volumeKind: volumes ? 'traded' : 'tick',
  });
  return {
    symbol,
    exchange: 'NSE',
    tickSizeRupees: tick / 10_000,
    ours: side(ours, 0),
    reference: reference && side(reference, 1e-12),
  };
}

const LAST = 11;
/** Mostly equal, sometimes up to a tick (500) apart, sometimes one unit more. */
const apart = fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1, -100, 499, 500, -500, 501, -501, 20_000);
const flags = { there: fc.integer({ min: 0, max: 5 }), partial: fc.integer({ min: 0, max: 5 }) };
const minute = fc.record({
  ours: fc.record(flags),
  reference: fc.record(flags),
  price: fc.integer({ min: 1, max: 2_000_000 }),
  apart: fc.tuple(apart, apart, apart, apart),
  volume: fc.integer({ min: 0, max: 1000 }),
  moreVolume: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, -7),
});

/**
 * Sides of one symbol over two days of twelve minutes. `calm` ones have neither holes nor differences, so that
 * passes occur too.
 */
const symbolPair = fc
  .record({
    days: fc.array(fc.array(minute, { minLength: LAST + 1, maxLength: LAST + 1 }), {
      minLength: 2,
      maxLength: 2,
    }),
    calm: fc.boolean(),
    auction: fc.integer({ min: 0, max: 2 }),
    alien: fc.integer({ min: 0, max: 9 }),
    restPartial: fc.boolean(),
    volumes: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ days, calm, auction, alien, restPartial, volumes }) => {
    const ours: NaiveCandle[] = [];
    const reference: NaiveCandle[] = [];
    days.forEach((list, day) =>
      list.forEach((one, index) => {
        const prices = [0, 1, 2, 3].map((offset) => one.price + 1000 * offset + 30_000);
        const isAuction = auction > 0 && index === LAST;
        if (calm || one.ours.there > 0)
          ours.push({
            minute: day * 100 + index,
            prices,
            volume: one.volume,
            partial: one.ours.partial === 0,
            auction: isAuction,
          });
        const label = isAuction && auction === 2 ? index - 1 : index;
        if (
          (calm || one.reference.there > 0) &&
          !reference.some((other) => other.minute === day * 100 + label)
        ) {
          reference.push({
            minute: day * 100 + label,
            prices: prices.map((price, at) => price + (calm ? one.apart[at] % 501 : one.apart[at])),
            volume: one.volume + (calm ? 0 : Math.max(-one.volume, one.moreVolume)),
            partial: restPartial && one.reference.partial === 0,
            auction: false,
          });
        }
      }),
    );
    return { ours, reference: alien === 0 ? undefined : reference, volumes: volumes > 0 };
  });

const pairs = fc
  .array(symbolPair, { minLength: 0, maxLength: 3 })
  .map((list) => list.map((one, index): NaivePair => ({ symbol: `S${index}`, tick: 500, ...one })));

describe('compareCandles', () => {
  it.each(seedsOf(20261123))('says of any two sides what a naive comparison says (seed %i)', async (seed) => {
    const verdicts = { pass: 0, 'prices-agree': 0, fail: 0 };
    await holds(
      'comparisons',
      seed,
      fc.property(pairs, (naive) => {
        const comparison = compareCandles(naive.map(pairOf));
        const expected = naiveCompare(naive);
        const got = comparison.symbols.map(
          ({ symbol, compared, fields, partial, missing, unseen, outside, relabelled }) => ({
            symbol,
            compared,
            tallies: FIELDS.map((field) => [
              fields[field].exact,
              fields[field].withinTick,
              fields[field].different,
            ]),
            partial: partial.minutes,
            partialExact: partial.exact,
            missingOurs: missing.ours.map(minuteOf),
            missingReference: missing.reference.map(minuteOf),
            unseenOurs: unseen.ours.map(minuteOf),
            unseenReference: unseen.reference.map(minuteOf),
            outside,
            relabelled,
          }),
        );
        expect(got).toStrictEqual(expected);
        const { verdict, reasons } = judge(comparison, []);
        expect(verdict).toBe(naiveVerdict(naive, expected));
        expect(reasons.length > 0).toBe(verdict !== 'pass');
        verdicts[verdict]++;
        // Each minute of ours is in exactly one place.
        naive.forEach(({ ours }, index) => {
          const { missing, unseen, compared, partial } = comparison.symbols[index];
          expect(ours.length).toBe(
            compared + partial.minutes + missing.reference.length + unseen.reference.length,
          );
        });
      }),
    );
    // The property must meet each verdict often enough to prove something.
    expect(Math.min(...Object.values(verdicts))).toBeGreaterThan(runsOf('comparisons') / 75);
  });

  it.each(seedsOf(7))('does not depend on the order of the symbols (seed %i)', async (seed) => {
    await holds(
      'orders of symbols',
      seed,
      fc.property(pairs, (naive) => {
        const forth = compareCandles(naive.map(pairOf));
        expect(compareCandles([...naive].reverse().map(pairOf))).toStrictEqual(forth);
      }),
    );
  });

  it.each(seedsOf(11))('lists what is not exact once, the worst first (seed %i)', async (seed) => {
    await holds(
      'lists of differences',
      seed,
      fc.property(pairs, (naive) => {
        const { differences, symbols } = compareCandles(naive.map(pairOf));
        const sum = (agreement: 'withinTick' | 'different'): number =>
          symbols.reduce(
            (total, { fields }) => total + FIELDS.reduce((all, field) => all + fields[field][agreement], 0),
            0,
          );
        const listed = differences.flatMap(({ fields }) => fields);
        expect(listed.filter(({ agreement }) => agreement === 'withinTick')).toHaveLength(sum('withinTick'));
        expect(listed.filter(({ agreement }) => agreement === 'different')).toHaveLength(sum('different'));
        const weights = differences.map(({ fields }) =>
          fields.some(({ agreement }) => agreement === 'different') ? 1 : 0,
        );
        expect(weights).toStrictEqual([...weights].sort((a, b) => b - a));
      }),
    );
  });
});

/** One symbol's sides from a drawing, a character a minute: `W` whole, `p` partial, `.` nothing. */
function drawn(drawings: readonly [ours: string, reference: string][]): SymbolPair[] {
  const candles = (drawing: string): NaiveCandle[] =>
    [...drawing].flatMap((character, index) =>
      character === '.'
        ? []
        : [{ minute: index, prices: [1, 2, 3, 4], volume: 5, partial: character === 'p', auction: false }],
    );
  return drawings.map(([ours, reference], index) =>
    pairOf({
      symbol: `S${index}`,
      tick: 500,
      ours: candles(ours),
      reference: candles(reference),
      volumes: true,
    }),
  );
}

describe('a hole', () => {
  it.each([
    ['between whole candles is missing', 'WW.WW', 'WWWWW', [2], []],
    ['after a partial candle is unseen', 'Wp.WW', 'WWWWW', [], [2]],
    ['before a partial candle is unseen, however long', 'WW...pW', 'WWWWWWW', [], [2, 3, 4]],
  ])('%s', (_, ours, reference, missing, unseen) => {
    const [symbol] = compareCandles(drawn([[ours, reference]])).symbols;
    expect({
      missing: symbol.missing.ours.map(minuteOf),
      unseen: symbol.unseen.ours.map(minuteOf),
    }).toStrictEqual({ missing, unseen });
  });

  it.each([
    ['before the first candle, which is whole', '..WWW', [0, 1], []],
    ['before the first candle, which is partial', '..pWW', [], [0, 1]],
    ['after the last candle, which is whole', 'WWW..', [3, 4], []],
    ['after the last candle, which is partial', 'Wp...', [], [2, 3, 4]],
    ['of a symbol without any candle', '.....', [0, 1, 2, 3, 4], []],
  ])('%s', (_, drawing, missing, unseen) => {
    // Another symbol makes the span. It is partial throughout, so it proves no coverage.
    const [symbol] = compareCandles(
      drawn([
        [drawing, 'WWWWW'],
        ['ppppp', 'WWWWW'],
      ]),
    ).symbols;
    expect({
      missing: symbol.missing.ours.map(minuteOf),
      unseen: symbol.unseen.ours.map(minuteOf),
    }).toStrictEqual({ missing, unseen });
  });

  it("is missing when another symbol shows that the run went on, whatever the next run's first minute is", () => {
    const { symbols } = compareCandles(
      drawn([
        ['WW......pWW', 'WWWWWWWWWWW'],
        ['WWWW....pWW', 'WWWWWWWWWWW'],
      ]),
    );
    expect(symbols[0].missing.ours.map(minuteOf)).toStrictEqual([2, 3]);
    expect(symbols[0].unseen.ours.map(minuteOf)).toStrictEqual([4, 5, 6, 7]);
    expect(symbols[1].missing.ours).toStrictEqual([]);
  });

  it('in a reference of our own kind is judged alike', () => {
    const [symbol] = compareCandles(drawn([['WWWWWWW', 'WW.WWp.']])).symbols;
    expect(symbol.missing.reference.map(minuteOf)).toStrictEqual([2]);
    expect(symbol.unseen.reference.map(minuteOf)).toStrictEqual([6]);
    expect(symbol.partial).toStrictEqual({ minutes: 1, exact: 1 });
  });
});

describe('the closing auction', () => {
  const auction = (minute: number, close = 4): NaiveCandle => ({
    minute,
    prices: [close, close, close, close],
    volume: 5,
    partial: false,
    auction: true,
  });
  const compared = (ours: NaiveCandle[], reference: NaiveCandle[]) =>
    compareCandles([pairOf({ symbol: 'S', tick: 1, ours, reference, volumes: true })]).symbols[0];

  it('meets the row at its own label or a minute before, and says so', () => {
    expect(compared([auction(11)], [auction(11)])).toMatchObject({ compared: 1, relabelled: 0 });
    expect(compared([auction(11)], [auction(10)])).toMatchObject({
      compared: 1,
      relabelled: 1,
      outside: 0,
      missing: { ours: [], reference: [] },
    });
  });

  it('does not meet a row further off, nor one that is of another candle of ours', () => {
    expect(compared([auction(11)], [auction(9)])).toMatchObject({
      compared: 0,
      missing: { reference: [msOf(11)] },
    });
    expect(compared([{ ...auction(10), auction: false }, auction(11)], [auction(10)])).toMatchObject({
      compared: 1,
      relabelled: 0,
      missing: { reference: [msOf(11)] },
    });
  });

  it('is no licence for other candles', () => {
    expect(compared([{ ...auction(11), auction: false }], [auction(10)])).toMatchObject({
      compared: 0,
      missing: { reference: [msOf(11)] },
    });
  });
});

describe('the tick size', () => {
  it.each([
    [undefined, 0.05, false],
    [0, 0.05, false],
    [Number.NaN, 0.05, false],
    [-1, 0.05, false],
    [0.01, 0.01, true],
    [0.0025, 0.0025, true],
  ])('%s is %s', (given, taken, known) => {
    const [pair] = drawn([['W', 'W']]);
    expect(compareCandles([{ ...pair, tickSizeRupees: given }]).symbols[0]).toMatchObject({
      tickSizeRupees: taken,
      tickSizeKnown: known,
    });
  });
});
