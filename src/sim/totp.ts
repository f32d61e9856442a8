/** Time-based one-time passwords: RFC 6238 with SHA-1, 30 seconds and 6 digits, as the broker uses them (PROTOCOL.md 1). */

import { createHmac } from 'node:crypto';

const STEP_MS = 30_000;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The six digits that `base32Secret` gives at a wall-clock time, epoch ms. Throws RangeError for a character outside base32. */
export function totpAt(base32Secret: string, wallMs: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(wallMs / STEP_MS)));
  const digest = createHmac('sha1', fromBase32(base32Secret)).update(counter).digest();
  const number = digest.readUInt32BE(digest[digest.length - 1] & 0xf) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** Whether `digits` are right now, one step ago or one step ahead: clocks of client and server differ a little. */
export function totpHolds(base32Secret: string, digits: string, wallMs: number): boolean {
  return [-STEP_MS, 0, STEP_MS].some((offMs) => totpAt(base32Secret, wallMs + offMs) === digits);
}

function fromBase32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const character of text.replace(/[=\s]/g, '').toUpperCase()) {
    const value = BASE32.indexOf(character);
    if (value < 0) throw new RangeError('a TOTP secret is base32: A to Z and 2 to 7');
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >>> bits) & 0xff);
    }
    held &= 0xff;
  }
  return Buffer.from(bytes);
}
