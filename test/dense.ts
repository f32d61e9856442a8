/**
 * A market without most habits of the real feed, for tests that need many packets, each with all trades until then, or
 * whose figures follow from the even walk of a seed: up to 4 packets a second in every mode, no delay, and cached
 * packets that are the last ones, at once.
 */
import { parseHabit, habitsWith } from '../src/sim/habits/habit.js';

const OFF = [
  'cycle',
  'rate',
  'ltp-rate',
  'delay',
  'price-first',
  'cached-age',
  'cached-within',
  'morning',
  'official-close',
  'bursts',
] as const;

const TEXTS = OFF.map((name) => `${name}=off`);

/** Arguments of a run, or of `tickshard simulate`. */
export const DENSE_ARGS: readonly string[] = TEXTS.flatMap((text) => ['--habit', text]);

/** For a market. */
export const DENSE = habitsWith(TEXTS.map(parseHabit));
