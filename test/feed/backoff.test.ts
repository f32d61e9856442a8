import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BACKOFF, retryDelayMs } from '../../src/feed/backoff.js';

const random = fc.double({ min: 0, max: 1 - 2 ** -53, noNaN: true });

it('doubles from half a second to a cap below 30 s, with full jitter', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7].map((attempt) => retryDelayMs(attempt, 0.5, false))).toEqual([
    250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000,
  ]);
  expect(retryDelayMs(3, 0, false)).toBe(0);
  expect(BACKOFF.capMs).toBeLessThan(30_000);
});

it('stays within its bounds for any attempt', () => {
  fc.assert(
    fc.property(fc.nat(), random, fc.boolean(), (attempt, jitter, limited) => {
      const delayMs = retryDelayMs(attempt, jitter, limited);
      expect(Number.isFinite(delayMs)).toBe(true);
      expect(delayMs).toBeGreaterThanOrEqual(limited ? 60_000 : 0);
      expect(delayMs).toBeLessThanOrEqual(
        limited ? BACKOFF.limitedMs + BACKOFF.limitedSpreadMs : BACKOFF.capMs,
      );
    }),
  );
});

it('a limit that was hit is spread too: clients that were refused together do not return together', () => {
  expect(retryDelayMs(0, 0.9, true) - retryDelayMs(0, 0.1, true)).toBeGreaterThan(1000);
});
