/** Request limits: strict rolling windows in real time (docs/protocol.md 1, "Rate limits"). */
import type { Clock } from '../clock.js';

/** At most `max` requests in any `ms` real milliseconds. */
export interface RateWindow {
  readonly ms: number;
  readonly max: number;
}

/** The oldest client is dropped first. */
const MAX_CLIENTS = 1000;
/** Names are untrusted: only these characters count. */
const MAX_NAME_LENGTH = 64;

export class RateLimiter {
  readonly #clock: Clock;
  readonly #windows: readonly RateWindow[];
  readonly #longestWindowMs: number;
  readonly #maxRequests: number;
  readonly #recent = new Map<string, number[]>();

  constructor(clock: Clock, windows: readonly RateWindow[]) {
    this.#clock = clock;
    this.#windows = windows;
    this.#longestWindowMs = Math.max(...windows.map(({ ms }) => ms));
    this.#maxRequests = Math.max(...windows.map(({ max: most }) => most));
  }

  /** Counts a request, also a refused one. True beyond the limit. */
  exceeded(client: string): boolean {
    const nowMs = this.#clock.monoMs();
    const key = client.slice(0, MAX_NAME_LENGTH);
    const recent = [
      ...(this.#recent.get(key) ?? []).filter((ms) => nowMs - ms < this.#longestWindowMs),
      nowMs,
    ].slice(-this.#maxRequests - 1);
    this.#recent.delete(key);
    this.#recent.set(key, recent);
    if (this.#recent.size > MAX_CLIENTS) this.#recent.delete(this.#recent.keys().next().value!);
    return this.#windows.some(({ ms, max: most }) => recent.filter((at) => nowMs - at < ms).length > most);
  }
}
