/** The only file of the page that reads time or sets a timer. */

/** Real monotonic ms. */
export function monoMs(): number {
  return performance.now();
}

/** Calls `fire` every `ms` while the page is open. */
export function every(ms: number, fire: () => void): void {
  setInterval(fire, ms);
}

/** The reader's own clock, `HH:mm:ss`. */
export function wallClock(): string {
  return new Date().toTimeString().slice(0, 8);
}
