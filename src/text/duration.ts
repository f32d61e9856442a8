/** `m:ss`; 0:00 if negative. */
export function clockText(minutes: number): string {
  const seconds = Math.max(0, Math.round(minutes * 60));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Seconds: `1.5 s`. */
export function secondsText(ms: number, digits = 1): string {
  return `${(ms / 1000).toFixed(digits)} s`;
}
