/** How often a client may ask: strict rolling windows over real time (docs/protocol.md 1, "Rate limits"). */
import type { Clock } from '../clock.js';

/** At most `most` requests in any `ms` real milliseconds. */
export interface RateWindow {
  readonly ms: number;
  readonly most: number;
}

/** Clients whose requests are counted; the oldest are forgotten first. */
const MOST_COUNTED = 1000;
/** Characters of a client's name that tell it from others: strangers may be called anything. */
const LONGEST_NAME = 64;

/** Counts requests by client. */
export class Rate {
  readonly #clock: Clock;
  readonly #windows: readonly RateWindow[];
  readonly #longestMs: number;
  readonly #most: number;
  readonly #recent = new Map<string, number[]>();

  constructor(clock: Clock, windows: readonly RateWindow[]) {
    this.#clock = clock;
    this.#windows = windows;
    this.#longestMs = Math.max(...windows.map(({ ms }) => ms));
    this.#most = Math.max(...windows.map(({ most }) => most));
  }

  /** Counts one request, a refused one too, and says whether it is one too many. */
  exceeded(client: string): boolean {
    const nowMs = this.#clock.monoMs();
    const key = client.slice(0, LONGEST_NAME);
    const recent = [
      ...(this.#recent.get(key) ?? []).filter((ms) => nowMs - ms < this.#longestMs),
      nowMs,
    ].slice(-this.#most - 1);
    this.#recent.delete(key);
    this.#recent.set(key, recent);
    if (this.#recent.size > MOST_COUNTED) this.#recent.delete(this.#recent.keys().next().value!);
    return this.#windows.some(({ ms, most }) => recent.filter((at) => nowMs - at < ms).length > most);
  }
}
