/**
 * A latency histogram in shared memory: 32 buckets a power of two, so a reading is within 3.2 % of the truth.
 * Values are whole microseconds from 0 to 2^20 (what took longer than a second falls into the last bucket). One writer; readers may lag.
 */
import { HISTOGRAM_WORDS } from './layout.js';

const STEP_BITS = 5;
const STEPS = 1 << STEP_BITS;
const LAST = HISTOGRAM_WORDS - 1;

/** The bucket of a value in microseconds. Negative counts as 0. */
export function bucketOf(us: number): number {
  const value = us <= 0 ? 0 : us >= 0x7fffffff ? 0x7fffffff : us | 0;
  if (value < STEPS) return value;
  const exponent = 31 - Math.clz32(value) - STEP_BITS;
  const bucket = (exponent + 1) * STEPS + ((value >> exponent) & (STEPS - 1));
  return bucket > LAST ? LAST : bucket;
}

/** The greatest value, in microseconds, that falls into `bucket`. */
export function bucketTop(bucket: number): number {
  if (bucket < STEPS) return bucket;
  const exponent = (bucket >> STEP_BITS) - 1;
  return ((STEPS + (bucket & (STEPS - 1)) + 1) << exponent) - 1;
}

/** Percentiles (0..100) over the sum of several histograms; undefined for each when nothing was recorded. */
export function percentiles(histograms: readonly Int32Array[], wanted: readonly number[]): (number | undefined)[] {
  const sum = new Float64Array(HISTOGRAM_WORDS);
  for (const histogram of histograms) for (let i = 0; i < HISTOGRAM_WORDS; i++) sum[i] += histogram[i];
  const total = sum.reduce((a, b) => a + b, 0);
  return wanted.map((percent) => {
    if (total === 0) return undefined;
    let left = Math.ceil((total * percent) / 100);
    for (let bucket = 0; bucket < HISTOGRAM_WORDS; bucket++) {
      left -= sum[bucket];
      if (left <= 0) return bucketTop(bucket);
    }
    return bucketTop(LAST);
  });
}
