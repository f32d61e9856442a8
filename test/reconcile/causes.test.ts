/**
 * A planted difference of each cause is named. Mutations that were caught: slack is ignored, an extreme beyond
 * the day's range is excused, an extreme of ours beyond the reference's is excused, gaps count as partial
 * minutes.
 */
import { describe, expect, it } from 'vitest';
import type { CandleRow, QualityRow } from '../../src/candles/candle.js';
import { causesOf, CAUSES, type Cause } from '../../src/reconcile/causes.js';
import { compareCandles } from '../../src/reconcile/comparison.js';
import { type CandleField } from '../../src/reconcile/fields.js';
import type { OurCandle } from '../../src/reconcile/minutes.js';
import { candleOf } from '../parquet/candles.js';

interface Sketch {
  readonly ours?: Partial<CandleRow>;
  readonly quality?: Partial<QualityRow>;
  readonly reference?: Partial<CandleRow>;
}

/** Both sides' candle of one minute, equal except as given. */
function minute(
  k: number,
  { ours = {}, quality = {}, reference = {} }: Sketch,
): { readonly own: OurCandle; readonly other: OurCandle } {
  const { candle, quality: plain } = candleOf({ minute: k, volSlack: 0, ...quality });
  const own = {
    candle: { ...candle, ...ours },
    partial: plain.partial,
    source: plain.source,
    quality: plain,
  };
  return { own, other: { candle: { ...candle, ...reference }, partial: false, source: 'continuous' } };
}

/** Compares minutes, with an equal one before and after them that reaches from 90 to 110. */
function comparing(
  sketches: readonly Sketch[],
  more: { readonly ours?: number; readonly reference?: number; readonly mode?: string } = {},
) {
  const wide = { high: 110, low: 90 };
  const all = [{ ours: wide, reference: wide }, ...sketches, { ours: wide, reference: wide }].map(
    (sketch, k) => minute(k, sketch),
  );
  const ours = all.map(({ own }) => own).filter((_, k) => k !== more.ours);
  const reference = all.map(({ other }) => other).filter((_, k) => k !== more.reference);
  return compareCandles([
    {
      symbol: 'RELIANCE',
      exchange: 'NSE',
      tickSizeRupees: 0.05,
      ours: { candles: ours, volumeKind: 'traded', mode: more.mode },
      reference: { candles: reference, volumeKind: 'traded' },
    },
  ]);
}

/** Of the minute before, which reaches from 90 to 110. */
describe('a trade that the feed shows with a stamp of the next minute', () => {
  const OPEN = { ours: { open: 99 }, reference: { open: 100.5 } };
  const HIGH = { ours: { high: 102.5 } };
  const LOW = { ours: { low: 98 } };
  const CLOSE = { reference: { close: 100.5 } };
  it.each<[mode: string, Cause, Sketch]>([
    ['quote', 'boundary', OPEN],
    ['quote', 'boundary', HIGH],
    ['quote', 'boundary', LOW],
    ['quote', 'unexplained', CLOSE],
    ['ltp', 'boundary', OPEN],
    ['ltp', 'boundary', HIGH],
    ['ltp', 'boundary', LOW],
    ['ltp', 'boundary', CLOSE],
    ['snapquote', 'unexplained', OPEN],
    ['snapquote', 'unexplained', HIGH],
    ['snapquote', 'unexplained', LOW],
    ['snapquote', 'unexplained', CLOSE],
  ])('in %s mode is %s: %o', (mode, cause, sketch) => {
    expect(counted(comparing([sketch], { mode }))).toEqual({ [cause]: 1 });
  });

  it('is not of a minute whose candle did not reach there', () => {
    const far = { ours: { open: 97 }, reference: { open: 100.5 } };
    expect(counted(comparing([{}, far], { mode: 'quote' }))).toEqual({ unexplained: 1 });
  });
});

const counted = (found: ReturnType<typeof comparing>): Partial<Record<Cause, number>> =>
  Object.fromEntries(Object.entries(causesOf(found.symbols)).filter(([, count]) => count > 0));

describe('a difference', () => {
  it.each<[Cause, string, CandleField, Sketch]>([
    [
      'gap',
      'in a minute with a gap',
      'close',
      { quality: { partial: true, gapMs: 4000 }, reference: { close: 100.5 } },
    ],
    [
      'partialMinute',
      'in a minute that was begun inside',
      'open',
      { quality: { partial: true }, reference: { open: 100.5 } },
    ],
    [
      'auction',
      'of the closing print',
      'volume',
      { quality: { source: 'auction', volSlack: null }, reference: { volume: 50 } },
    ],
    [
      'boundary',
      'of volume as large as the slack',
      'volume',
      { quality: { volSlack: 8 }, reference: { volume: 50 } },
    ],
    [
      'boundary',
      'of volume as small as the slack',
      'volume',
      { quality: { volSlack: 8 }, reference: { volume: 34 } },
    ],
    [
      'unexplained',
      'of volume beyond the slack',
      'volume',
      { quality: { volSlack: 7 }, reference: { volume: 50 } },
    ],
    [
      'unexplained',
      'of volume whose slack is not known',
      'volume',
      { quality: { volSlack: null }, reference: { volume: 50 } },
    ],
    [
      'boundary',
      'of an open where volume lies on the edge',
      'open',
      { quality: { volSlack: 1 }, reference: { open: 100.5 } },
    ],
    [
      'boundary',
      'of a close where volume lies on the edge',
      'close',
      { quality: { volSlack: 1 }, reference: { close: 100.5 } },
    ],
    ['unexplained', 'of a close where none does', 'close', { reference: { close: 100.5 } }],
    [
      'unexplained',
      "of a close outside of the reference's candle",
      'close',
      { ours: { close: 100.9 }, quality: { volSlack: 1 }, reference: { high: 100.5, close: 100.5 } },
    ],
    ['unseenExtreme', "of a high within the day's range", 'high', { reference: { high: 102.5 } }],
    ['unseenExtreme', "of a low within the day's range", 'low', { reference: { low: 98 } }],
    ['unexplained', "of a high further away than our candle's range", 'high', { reference: { high: 102.6 } }],
    ['unexplained', "of a low further away than our candle's range", 'low', { reference: { low: 97.9 } }],
    ['unexplained', 'of a high beyond it', 'high', { reference: { high: 110.05 } }],
    ['unexplained', 'of a low beyond it', 'low', { reference: { low: 89.95 } }],
    ['unexplained', 'of a high that reaches less far than ours', 'high', { ours: { high: 105 } }],
    ['unseenExtreme', 'of an open that a trade before ours made', 'open', { reference: { open: 100.5 } }],
    ['unexplained', "of an open outside of the reference's own candle", 'open', { reference: { open: 102 } }],
    [
      'unexplained',
      "of an open of ours that the reference's candle never reached",
      'open',
      { ours: { open: 99 }, reference: { open: 100.5 } },
    ],
    [
      'lateTick',
      'of a minute that was revised after its seal',
      'close',
      { quality: { late: 1, revision: 1 }, reference: { close: 100.5 } },
    ],
    [
      'boundary',
      'of such a minute that the slack explains',
      'volume',
      { quality: { late: 1, revision: 1, volSlack: 8 }, reference: { volume: 50 } },
    ],
  ])('is %s: %s', (cause, _what, field, sketch) => {
    const found = comparing([sketch]);
    // A close outside the reference's candle makes the high differ too.
    const expected = sketch.ours?.close === 100.9 ? { [cause]: 2 } : { [cause]: 1 };
    expect(counted(found)).toEqual(expected);
    const judged = sketch.quality?.partial !== true;
    expect(
      found.differences
        .flatMap(({ fields }) => fields.map((one) => [one.field, one.cause]))
        .filter(([name]) => name === field),
    ).toEqual(judged ? [[field, cause]] : []);
  });

  it('of a whole minute is that of the side that has none', () => {
    expect(counted(comparing([{}, {}], { ours: 1 }))).toEqual({ oursMissing: 1 });
    expect(counted(comparing([{}, {}], { reference: 2 }))).toEqual({ referenceMissing: 1 });
  });

  it("beyond the day's range stays so after a bad print of the reference", () => {
    const bad = { reference: { high: 1000 } };
    const beyond = { ours: { high: 109, low: 91 }, reference: { high: 120, low: 91 } };
    expect(counted(comparing([bad, beyond]))).toEqual({ unexplained: 2 });
    expect(counted(comparing([bad, beyond], { ours: 1 }))).toEqual({ oursMissing: 1, unexplained: 1 });
    const low = { reference: { low: 10 } };
    const below = { ours: { high: 109, low: 91 }, reference: { high: 109, low: 80 } };
    expect(counted(comparing([low, below]))).toEqual({ unexplained: 2 });
    expect(counted(comparing([low, below], { ours: 1 }))).toEqual({ oursMissing: 1, unexplained: 1 });
  });

  it("within the day's range is excused where two minutes that we did not see reached there", () => {
    const reached = { quality: { partial: true }, reference: { high: 121, low: 79 } };
    const high = { ours: { high: 109, low: 91 }, reference: { high: 120, low: 91 } };
    const low = { ours: { high: 109, low: 91 }, reference: { high: 109, low: 80 } };
    for (const [unseen, causes] of [
      [[reached], { unexplained: 1 }],
      [[reached, reached], { unseenExtreme: 1 }],
    ] as const)
      for (const sketch of [high, low]) expect(counted(comparing([...unseen, sketch]))).toMatchObject(causes);
  });

  it('has one cause and no more: what is counted is what differs', () => {
    const found = comparing([
      { quality: { volSlack: 8 }, reference: { volume: 50, high: 102, close: 99.9 } },
      { reference: { open: 100.2, low: 80 } },
    ]);
    expect(counted(found)).toEqual({ boundary: 2, unseenExtreme: 2, unexplained: 1 });
    expect(CAUSES.length).toBe(9);
  });
});

describe('the last minute of a session, after which no packet came', () => {
  const OURS = { volume: 142 };
  const REFERENCE = { volume: 130 };
  const before = (volSlack: number): Sketch => ({ quality: { volSlack } });
  const last: Sketch = { ours: OURS, reference: REFERENCE, quality: { volSlack: null } };

  it.each<[slack: number, cause: Cause]>([
    [12, 'boundary'],
    [11, 'unexplained'],
  ])('has the edge that it shares with the minute before (slack %i: %s)', (slack, cause) => {
    expect(comparing([before(slack), last]).symbols[0].causes[cause]).toBe(1);
  });
});
