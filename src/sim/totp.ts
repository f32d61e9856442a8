/** One-time passwords on the broker's side: the client's may be a step off, because clocks of client and server differ a little. */

import { totp } from '../broker/angel/totp.js';

const STEP_MS = 30_000;

/** Whether `digits` are the secret's right now, one step ago or one step ahead. `wallMs`: epoch ms. */
export function totpHolds(base32Secret: string, digits: string, wallMs: number): boolean {
  return [-STEP_MS, 0, STEP_MS].some((offMs) => totp(base32Secret, wallMs + offMs) === digits);
}
