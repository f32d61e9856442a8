/** The page of a comparison is one file, and text of files and servers is never markup in it. */
import { describe, expect, it } from 'vitest';
import { CAUSE_NAME, CAUSES } from '../../src/reconcile/causes.js';
import { compareCandles } from '../../src/reconcile/comparison.js';
import { type SymbolPair } from '../../src/reconcile/symbol-comparison.js';
import { comparisonPage } from '../../src/reconcile/page.js';
import type { ComparisonContext } from '../../src/reconcile/present.js';
import { judge } from '../../src/reconcile/verdict.js';
import { candleOf, type CandleSketch } from '../parquet/candles.js';
import type { CandleRow } from '../../src/candles/candle.js';

const SURROUNDINGS: ComparisonContext = {
  ours: { folder: 'data/<b>ours</b>', files: [{ feed: 'live', mode: 'snapquote', volumeKind: 'traded' }] },
  reference: {
    folder: 'getCandleData of "host"',
    files: [{ feed: 'live', mode: undefined, volumeKind: 'traded' }],
    polled: true,
  },
  notes: ['A note with <script>alert(1)</script> & more.'],
  unexplainedPercent: 0.1,
  comparedWallMs: Date.parse('2026-11-26T16:00:00+05:30'),
};

/** Minutes of ours, and the reference's, which are equal except as given. */
function pairOf(
  symbol: string,
  sketches: readonly {
    readonly ours?: Partial<CandleSketch>;
    readonly reference?: Partial<CandleRow> | null;
    readonly own?: null;
  }[],
): SymbolPair {
  const both = sketches.map(({ ours = {}, reference = {}, own }, minute) => {
    const { candle, quality } = candleOf({ symbol, minute, volSlack: 0, ...ours });
    return {
      own: own === null ? [] : [{ candle, partial: quality.partial, source: quality.source, quality }],
      other:
        reference === null
          ? []
          : [{ candle: { ...candle, ...reference }, partial: false, source: 'continuous' as const }],
    };
  });
  return {
    symbol,
    exchange: 'NSE',
    tickSizeRupees: 0.05,
    ours: { candles: both.flatMap(({ own }) => own), volumeKind: 'traded' },
    reference: { candles: both.flatMap(({ other }) => other), volumeKind: 'traded' },
  };
}

const pageOf = (...pairs: readonly SymbolPair[]): string => {
  const comparison = compareCandles(pairs);
  return comparisonPage(comparison, judge(comparison, []), SURROUNDINGS);
};

const planted = (): SymbolPair =>
  pairOf('M&M', [
    {},
    { ours: { partial: true, gapMs: 1000 }, reference: { close: 100.5 } },
    {},
    { ours: { volSlack: 9 }, reference: { volume: 50 } },
    { reference: { high: 101.5 } },
    { reference: { close: 100.5 } },
    { ours: { late: 1 }, reference: { close: 100.6 } },
    { reference: null },
    { own: null },
    { ours: { source: 'auction' }, reference: { volume: 1 } },
    { ours: { close: 102 } },
  ]);

describe('the page', () => {
  it('loads nothing and runs nothing', () => {
    const page = pageOf(planted());
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(
      /\b(src|href|action|onload|onclick)\s*=|url\(|@import|<script|<link|<iframe|https?:/i,
    );
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it('takes no word of a file for markup', () => {
    const page = pageOf(planted());
    expect(page).toContain('data/&lt;b&gt;ours&lt;/b&gt;');
    expect(page).toContain('getCandleData of &quot;host&quot;');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; more.');
    expect(page).toContain('M&amp;M');
    expect(page).not.toMatch(/M&M/);
  });

  it('names every cause that there is, each difference, and the verdict', () => {
    const comparison = compareCandles([planted()]);
    const page = pageOf(planted());
    const { causes } = comparison.symbols[0];
    const found = CAUSES.filter((cause) => causes[cause] > 0);
    expect(found.length).toBeGreaterThan(6);
    for (const cause of found) expect(page).toContain(`${CAUSE_NAME[cause]} ${causes[cause]}</span>`);
    expect(page).toContain('close 100.05 / 100.50 (9 ticks) [unexplained]');
    expect(page).toContain('missing in ours: 2026-11-23 09:23');
    expect(page).toContain('missing in the reference: 2026-11-23 09:22');
    expect(page).toContain('<title>tickshard compare, 1m: fail</title>');
    expect(page).toMatch(/class="verdict fail">Verdict: FAIL\./);
  });

  it('is whole for sides that agree, and for nothing at all', () => {
    const page = pageOf(pairOf('TCS', [{}, {}]));
    expect(page).toContain('Nothing differs.');
    expect(page).toMatch(/class="verdict">Verdict: PASS\./);
    for (const text of [page, pageOf()]) {
      expect(text.trimEnd().endsWith('</html>')).toBe(true);
      for (const tag of ['table', 'tr', 'td', 'p', 'dl', 'svg', 'span', 'div'])
        expect([...text.matchAll(new RegExp(`<${tag}[ >]`, 'g'))].length, tag).toBe(
          [...text.matchAll(new RegExp(`</${tag}>`, 'g'))].length,
        );
    }
  });
});
