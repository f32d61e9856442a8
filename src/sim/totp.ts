import { totp } from '../broker/angel/totp.js';

const STEP_MS = 30_000;

/** True if `digits` are the secret's now or one step off, as a client's clock may be. `wallMs`: epoch ms. */
export function totpHolds(base32Secret: string, digits: string, wallMs: number): boolean {
  return [-STEP_MS, 0, STEP_MS].some((offMs) => totp(base32Secret, wallMs + offMs) === digits);
}
