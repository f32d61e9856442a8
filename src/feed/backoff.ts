/** Waits before the next connection. Pure: the jitter comes from outside. */

/** Real ms. A dropped connection must be back within 30 s when the server lets it, so the cap is lower. */
export const BACKOFF = {
  baseMs: 500,
  capMs: 20_000,
  stableMs: 60_000,
  limitedMs: 60_000,
  limitedSpreadMs: 30_000,
} as const;

/**
 * Real ms before retry number `attempt` (0 is the first): exponential with full jitter; `random` is in [0, 1). After
 * a limit was hit (429, or 403 for the rate) at least a minute: a fast retry keeps the limit hit.
 */
export function retryDelayMs(attempt: number, random: number, limited: boolean): number {
  if (limited) return BACKOFF.limitedMs + random * BACKOFF.limitedSpreadMs;
  return random * Math.min(BACKOFF.capMs, BACKOFF.baseMs * 2 ** Math.min(attempt, 30));
}
