/**
 * A latency histogram in shared memory: 32 buckets for each power of two, accurate to 3.2 %. Values are whole
 * microseconds; the last bucket holds 2^20 and more. One writer; readers may lag.
 */
import { HISTOGRAM_WORDS, type ShardMemory } from './layout.js';

const STEP_BITS = 5;
const STEPS = 1 << STEP_BITS;
const LAST = HISTOGRAM_WORDS - 1;

/** A negative `us` (microseconds) counts as 0. */
export function bucketOf(us: number): number {
  const value = us <= 0 ? 0 : us >= 0x7fffffff ? 0x7fffffff : us | 0;
  if (value < STEPS) return value;
  const exponent = 31 - Math.clz32(value) - STEP_BITS;
  const bucket = (exponent + 1) * STEPS + ((value >> exponent) & (STEPS - 1));
  return bucket > LAST ? LAST : bucket;
}

/** Greatest value, microseconds. */
export function bucketTop(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const exponent = (bucket >> STEP_BITS) - 1;
  return ((STEPS + (bucket & (STEPS - 1)) + 1) << exponent) - 1;
}

/** A shard's histogram of receive to applied, or receive to sealed. */
export function histogramIn(m: ShardMemory, region: 'histogram' | 'sealHistogram'): Int32Array {
  return m.i32.subarray(m[region], m[region] + HISTOGRAM_WORDS);
}

/** The non-empty buckets of the histograms' sum, ascending: greatest value in microseconds, and count. */
export function filledBuckets(histograms: readonly Int32Array[]): (readonly [us: number, values: number])[] {
  const buckets: (readonly [us: number, values: number])[] = [];
  for (let bucket = 0; bucket < HISTOGRAM_WORDS; bucket++) {
    const values = histograms.reduce((sum, histogram) => sum + histogram[bucket], 0);
    if (values > 0) buckets.push([bucketTop(bucket), values]);
  }
  return buckets;
}

/** Percentiles (0 to 100) of the histograms' sum, microseconds; undefined if nothing was recorded. */
export function percentiles(
  histograms: readonly Int32Array[],
  wanted: readonly number[],
): (number | undefined)[] {
  const sum = new Float64Array(HISTOGRAM_WORDS);
  let total = 0;
  for (const histogram of histograms)
    for (let i = 0; i < HISTOGRAM_WORDS; i++) {
      sum[i] += histogram[i];
      total += histogram[i];
    }
  if (total === 0) return wanted.map(() => undefined);
  return wanted.map((percent) => {
    let left = Math.ceil((total * percent) / 100);
    for (let bucket = 0; bucket < HISTOGRAM_WORDS; bucket++) {
      left -= sum[bucket];
      if (left <= 0) return bucketTop(bucket);
    }
    return bucketTop(LAST);
  });
}
