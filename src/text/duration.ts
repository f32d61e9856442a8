/** Durations in a sentence. */

/** Minutes as `m:ss`; 0:00 for a negative duration. */
export function clockText(minutes: number): string {
  const seconds = Math.max(0, Math.round(minutes * 60));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Milliseconds as seconds: `1.5 s`. */
export function secondsText(ms: number, digits = 1): string {
  return `${(ms / 1000).toFixed(digits)} s`;
}
