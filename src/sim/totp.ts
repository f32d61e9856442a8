/** The broker's check of one-time passwords: a client's clock may be one step off. */

import { totp } from '../broker/angel/totp.js';

const STEP_MS = 30_000;

/** Whether `digits` are the secret's now, one step ago or one step ahead. `wallMs`: epoch ms. */
export function totpHolds(base32Secret: string, digits: string, wallMs: number): boolean {
  return [-STEP_MS, 0, STEP_MS].some((offMs) => totp(base32Secret, wallMs + offMs) === digits);
}
