/** What an honest server sends never uses the allowance up; what only floods always does, and soon. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket, TOKEN_BUCKET } from '../../src/feed/token-bucket.js';

const { most, perSecond } = TOKEN_BUCKET;

/** A thousand tokens, four packets a second each, in a market that runs sixty times as fast. */
const FASTEST = 1000 * 4 * 60;

describe('the allowance', () => {
  it.each([
    ['a quiet stock, one of ten frames garbage', 4, 0.1],
    ['a thousand tokens, one of ten frames garbage', 4000, 0.1],
    ['a thousand tokens, sixty times as fast, one of ten frames garbage', FASTEST, 0.1],
    ['a thousand tokens, sixty times as fast, every second frame garbage', FASTEST, 0.5],
  ])('lasts a quarter of an hour: %s, with pongs of both kinds', (_name, aSecond, garbage) => {
    let nowMs = 0;
    const allowance = new TokenBucket(() => nowMs);
    // Of the fastest a few seconds tell as much as all.
    const seconds = aSecond > 10_000 ? 10 : 900;
    let floods = 0;
    for (let second = 0; second < seconds; second++) {
      for (let index = 0, owed = 0; index < aSecond; index++) {
        nowMs = second * 1000 + (index * 1000) / aSecond;
        owed += garbage;
        if (owed < 1) allowance.earn();
        else {
          owed--;
          if (allowance.spend(TOKEN_BUCKET.binary, 123)) floods++;
        }
      }
      if (
        second % 10 === 0 &&
        (allowance.spend(TOKEN_BUCKET.text, 4) || allowance.spend(TOKEN_BUCKET.control, 0))
      )
        floods++;
    }
    expect(floods).toBe(0);
  });

  it('lasts for a refusal of each of a thousand requests at once', () => {
    const allowance = new TokenBucket(() => 0);
    for (let index = 0; index < 1000; index++) expect(allowance.spend(TOKEN_BUCKET.text, 120)).toBe(false);
  });

  it('no server without packets is heard for more than its bound, at any pace and with any pauses', () => {
    const pace = fc.array(
      fc.record({
        afterMs: fc.integer({ min: 0, max: 20_000 }),
        messages: fc.integer({ min: 1, max: 40_000 }),
        bytes: fc.integer({ min: 0, max: 65_536 }),
      }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(pace, (bursts) => {
        let nowMs = 0;
        const allowance = new TokenBucket(() => nowMs);
        let units = 0;
        for (const { afterMs, messages, bytes } of bursts) {
          nowMs += afterMs;
          for (let message = 0; message < messages; message++) {
            if (allowance.spend(TOKEN_BUCKET.binary, bytes)) return;
            units += TOKEN_BUCKET.binary + Math.floor(bytes / TOKEN_BUCKET.bytesAUnit);
            if (units > most + (nowMs / 1000) * perSecond) throw new Error(`${units} units in ${nowMs} ms`);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('a million tiny messages end it, also when they are spread over half an hour', () => {
    for (const everyMs of [0, 0.001, 1, 1.8]) {
      let nowMs = 0;
      const allowance = new TokenBucket(() => nowMs);
      let heard = 0;
      while (heard < 1_000_000 && !allowance.spend(TOKEN_BUCKET.control, 0)) nowMs = ++heard * everyMs;
      expect(heard).toBeLessThanOrEqual(most + (nowMs / 1000) * perSecond);
      expect(heard).toBeLessThan(100_000);
    }
  });
});
