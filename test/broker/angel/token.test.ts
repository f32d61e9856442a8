/** How long tokens say they live. */
import { describe, expect, it } from 'vitest';
import { istMs } from '../../../src/market/session.js';
import { expiryOf, validUntil } from '../../../src/broker/angel/token.js';

const jwt = (claims: unknown): string =>
  `eyJhbGciOiJIUzUxMiJ9.${Buffer.from(typeof claims === 'string' ? claims : JSON.stringify(claims)).toString('base64url')}.signature`;
const NOW = istMs('2026-11-23', '09:10');
const MIDNIGHT = istMs('2026-11-24', '00:00');

describe('the expiry of a token', () => {
  it('is its `exp`, in seconds', () => {
    expect(expiryOf(jwt({ exp: 1_795_000_000 }))).toBe(1_795_000_000_000);
    expect(expiryOf(jwt({ exp: 1_795_000_000.5 }))).toBe(1_795_000_000_500);
  });

  it.each([
    ['no JWT', 'feed-token'],
    ['nothing', ''],
    ['dots alone', '..'],
    ['no JSON', jwt('not json')],
    ['no object', jwt('5')],
    ['null', jwt('null')],
    ['a list', jwt([1])],
    ['no exp', jwt({ iat: 1 })],
    ['a text', jwt({ exp: '1795000000' })],
    ['zero', jwt({ exp: 0 })],
    ['a negative one', jwt({ exp: -5 })],
    ['an infinite one', jwt('{"exp":1e999}')],
  ])('is unknown of %s', (_what, token) => {
    expect(expiryOf(token)).toBeUndefined();
  });
});

describe('how long tokens are used', () => {
  it('until midnight in India where they say nothing, or more', () => {
    expect(validUntil(['a', 'b'], NOW)).toBe(MIDNIGHT);
    expect(validUntil([jwt({ exp: (NOW + 28 * 3_600_000) / 1000 }), 'b'], NOW)).toBe(MIDNIGHT);
  });

  it('until the first of them ends', () => {
    expect(validUntil([jwt({ exp: NOW / 1000 + 3600 }), jwt({ exp: NOW / 1000 + 1800 })], NOW)).toBe(
      NOW + 1_800_000,
    );
  });

  it('does not believe an end in the past: this clock may be wrong', () => {
    expect(validUntil([jwt({ exp: NOW / 1000 - 1 })], NOW)).toBe(MIDNIGHT);
  });

  it('at midnight itself until the next', () => {
    expect(validUntil([], MIDNIGHT)).toBe(istMs('2026-11-25', '00:00'));
    expect(validUntil([], MIDNIGHT - 1)).toBe(MIDNIGHT);
  });
});
