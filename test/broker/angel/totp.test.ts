import { describe, expect, it } from 'vitest';
import { EngineError, EXIT } from '../../../src/errors.js';
import { base32Bytes, totp } from '../../../src/broker/angel/totp.js';

/** `12345678901234567890`, the secret of RFC 6238, appendix B. */
const RFC_SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('RFC 6238, appendix B (SHA-1)', () => {
  it.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ])('at %i s', (seconds, password) => {
    expect(totp(RFC_SECRET, seconds * 1000, 8)).toBe(password);
    expect(totp(RFC_SECRET, seconds * 1000)).toBe(password.slice(2));
  });

  it('changes at half a minute', () => {
    expect(totp(RFC_SECRET, 29_999)).toBe(totp(RFC_SECRET, 0));
    expect(totp(RFC_SECRET, 30_000)).not.toBe(totp(RFC_SECRET, 29_999));
  });
});

describe('base32', () => {
  it.each([
    ['MZXW6YTBOI======', 'foobar'],
    ['mzxw6ytboi', 'foobar'],
    ['MZXW 6YTB-OI', 'foobar'],
    ['MY======', 'f'],
  ])('%s', (text, bytes) => {
    expect(base32Bytes(text).toString('latin1')).toBe(bytes);
  });

  it.each(['', '   ', '====', '123456', 'JBSWY3DPEHPK3PX!', 'O0O0'])(
    'refuses %j without repeating it',
    (secret) => {
      let error: unknown;
      try {
        totp(secret, 0);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(EngineError);
      expect((error as EngineError).code).toBe('CONFIG');
      expect((error as EngineError).exitCode).toBe(EXIT.usage);
      if (secret.trim() !== '' && secret !== '====')
        expect((error as EngineError).message).not.toContain(secret);
    },
  );
});
