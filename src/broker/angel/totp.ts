/** One-time passwords: RFC 6238 with SHA-1, 30 s, six digits (docs/protocol.md 1). */
import { createHmac } from 'node:crypto';
import { EngineError } from '../../errors.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_MS = 30_000;

/**
 * Decodes base32; ignores spaces, dashes, padding and case. Throws EngineError CONFIG without repeating the secret.
 */
export function base32Bytes(secret: string): Buffer {
  const text = secret.replace(/[\s=-]/g, '').toUpperCase();
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const letter of text) {
    const five = ALPHABET.indexOf(letter);
    if (five < 0)
      throw new EngineError(
        'CONFIG',
        'ANGEL_TOTP_SECRET is not base32 (letters A to Z and digits 2 to 7): it is the text that the QR code holds, not the six digits.',
      );
    value = ((value << 5) | five) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >>> bits) & 0xff);
  }
  if (bytes.length === 0)
    throw new EngineError('CONFIG', 'ANGEL_TOTP_SECRET is empty: it is the text that the QR code holds.');
  return Buffer.from(bytes);
}

/** End of the validity of the password at `epochMs`, epoch ms. */
export function stepEndMs(epochMs: number): number {
  return (Math.floor(epochMs / STEP_MS) + 1) * STEP_MS;
}

/** The password at `epochMs`, wall clock. Source: RFC 6238; truncation: RFC 4226. */
export function totp(secret: string, epochMs: number, digits = 6): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(epochMs / STEP_MS)));
  const mac = createHmac('sha1', base32Bytes(secret)).update(counter).digest();
  const at = mac[mac.length - 1] & 0xf;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 10 ** digits).padStart(digits, '0');
}
