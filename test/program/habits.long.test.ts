/** Honest quarters of an hour, each without one of the feed's habits: habits.slow.test.ts with more minutes. */
import { describe, it } from 'vitest';
import { expectNearly, OFF } from './habits.js';

describe('an honest quarter of an hour', () => {
  it.each(OFF)('agrees without %s, in mode %s', (name, mode) => expectNearly(mode, 15, `${name}=off`));

  it('agrees without any', () => expectNearly('quote', 15, 'all=off'));
});
