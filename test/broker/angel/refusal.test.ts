/** Each of the broker's codes has its sentence, and the sentences are such that a person can do something. */
import { describe, expect, it } from 'vitest';
import { KNOWN_CODES, knownRefusal } from '../../../src/broker/angel/refusal.js';

/** The codes that docs/protocol.md 1 says are worth mapping, and the one that a wrong one-time password has. */
const NEEDED = ['AG8001', 'AG8002', 'AG8003', 'AB8050', 'AB8051', 'AB1010', 'AG7002', 'AB1007', 'AB1050'];

describe('the codes of the broker', () => {
  it('include all that are documented for log-in', () => {
    expect(NEEDED.filter((code) => !KNOWN_CODES.includes(code))).toEqual([]);
    expect(new Set(KNOWN_CODES).size).toBe(KNOWN_CODES.length);
  });

  it.each(KNOWN_CODES)('%s: one clause with what to do', (code) => {
    const { remedy } = knownRefusal(code)!;
    expect(remedy).toMatch(/^[a-z].*[^.\s]$|^ANGEL_/);
    expect(remedy).not.toMatch(/\n|\. /);
    expect(remedy.length).toBeGreaterThan(20);
    expect(remedy.length).toBeLessThan(160);
    expect(remedy).toMatch(/check|log in|try|ask|set|register|wait|headers|ANGEL_/);
  });

  it('no wrong credential is tried again by itself: accounts lock', () => {
    for (const code of ['AB1000', 'AB1007', 'AB1050', 'AB1006', 'AG8004'])
      expect(knownRefusal(code)!.retryable).toBe(false);
  });

  it.each(['', 'AB9999', 'constructor', '__proto__', 'toString', 'ab1050'])(
    '%j is not one of them',
    (code) => {
      expect(knownRefusal(code)).toBeUndefined();
    },
  );
});
