/** Life time of the broker's tokens (docs/protocol.md 1, "Life time"). */
import { DAY_MS, IST_OFFSET_MS } from '../../market/session.js';

/** The `exp` of a JWT, epoch ms; undefined for other texts. Not verified: only the broker could. */
export function expiryOf(token: string): number | undefined {
  const claims = token.split('.')[1];
  if (claims === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'));
    const exp =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)['exp'] : undefined;
    return typeof exp === 'number' && Number.isFinite(exp) && exp > 0 ? exp * 1000 : undefined;
  } catch {
    return undefined; // A token that is no JWT says nothing of its life.
  }
}

/**
 * End of use of tokens given at `nowMs`, epoch ms: their first expiry, at most midnight in India, because what the
 * broker does then is not known. An expiry in the past means a wrong clock and is ignored.
 */
export function validUntil(tokens: readonly string[], nowMs: number): number {
  const midnight = Math.ceil((nowMs + IST_OFFSET_MS + 1) / DAY_MS) * DAY_MS - IST_OFFSET_MS;
  const expiries = tokens.map(expiryOf).filter((ms): ms is number => ms !== undefined && ms > nowMs);
  return Math.min(midnight, ...expiries);
}
