import { describe, expect, it } from 'vitest';
import { bucketOf, bucketTop, percentiles } from '../../src/memory/histogram.js';
import { HISTOGRAM_WORDS } from '../../src/memory/layout.js';

describe('the histogram', () => {
  it('has buckets that follow each other without a hole, each no wider than 3.2 % of what it holds', () => {
    for (let bucket = 0, low = 0; bucket < HISTOGRAM_WORDS; bucket++) {
      const top = bucketTop(bucket);
      expect(bucketOf(low), `bottom of ${bucket}`).toBe(bucket);
      expect(bucketOf(top), `top of ${bucket}`).toBe(bucket);
      expect((top - low) / Math.max(low, 1)).toBeLessThanOrEqual(1 / 32);
      low = top + 1;
    }
    expect(bucketTop(HISTOGRAM_WORDS - 1)).toBe(2 ** 20 - 1);
  });

  it('takes anything', () => {
    expect([-1, -Infinity, 0, 0.9].map(bucketOf)).toEqual([0, 0, 0, 0]);
    expect([2 ** 20, 2 ** 40, Infinity].map(bucketOf)).toEqual([
      HISTOGRAM_WORDS - 1,
      HISTOGRAM_WORDS - 1,
      HISTOGRAM_WORDS - 1,
    ]);
    expect(bucketOf(NaN)).toBe(0);
  });

  it('tells percentiles over several, and nothing when nothing was recorded', () => {
    const one = new Int32Array(HISTOGRAM_WORDS);
    const two = new Int32Array(HISTOGRAM_WORDS);
    expect(percentiles([one, two], [50, 99])).toEqual([undefined, undefined]);
    one[bucketOf(10)] = 90;
    two[bucketOf(1000)] = 10;
    const [p50, p90, p91, p100] = percentiles([one, two], [50, 90, 91, 100]);
    expect([p50, p90]).toEqual([10, 10]);
    expect(p91! / 1000).toBeCloseTo(1, 1);
    expect(p100).toBe(p91);
  });
});
