/**
 * Measures how long this process stood still: stopped, asleep with its machine, or its main thread held up. Code that
 * judges a silence asks first: right after a stall, what arrived meanwhile is still unread.
 */
import { uptime } from 'node:os';
import type { Clock, Timer } from './clock.js';

/** Real ms between looks. */
const LOOK_MS = 100;
/** A longer time beyond that is a stall. */
const STALL_MS = 1000;
/** The system's uptime, which counts on while the machine sleeps, has whole seconds on some systems. */
const UPTIME_ERROR_MS = 1000;

export class StallMeter {
  readonly #clock: Clock;
  readonly #uptimeMs: () => number;
  readonly #onStall: (realMs: number) => void;
  #timer: Timer | undefined;
  #lastMs = 0;
  #lastUpMs = 0;
  #totalMs = 0;
  #longestMs = 0;
  #last: { readonly realMs: number; readonly endMs: number } | undefined;

  /** `onStall`: after each one, with its real ms. `uptimeMs`: of the machine. */
  constructor(clock: Clock, onStall: (realMs: number) => void, uptimeMs = (): number => uptime() * 1000) {
    this.#clock = clock;
    this.#onStall = onStall;
    this.#uptimeMs = uptimeMs;
  }

  /** Looks until `stop`. */
  start(): void {
    this.#timer = this.#clock.every(LOOK_MS, () => void this.look());
    this.#lastMs = this.#clock.monoMs();
    this.#lastUpMs = this.#uptimeMs();
  }

  /** The longest stall counts from here. */
  restart(): void {
    this.look();
    this.#longestMs = 0;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Real ms of the longest time without a look; 0 before `start`. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** Real ms of the last stall, if it ended within `realMs` before now. */
  recentMs(realMs: number): number | undefined {
    return this.#last !== undefined && this.#clock.monoMs() - this.#last.endMs <= realMs
      ? this.#last.realMs
      : undefined;
  }

  /** Real ms of all stalls until now. */
  look(): number {
    if (this.#timer === undefined) return this.#totalMs;
    const [nowMs, upMs] = [this.#clock.monoMs(), this.#uptimeMs()];
    const passedMs = Math.max(nowMs - this.#lastMs, upMs - this.#lastUpMs - UPTIME_ERROR_MS);
    [this.#lastMs, this.#lastUpMs] = [nowMs, upMs];
    const stoodMs = Math.max(0, passedMs - LOOK_MS);
    this.#longestMs = Math.max(this.#longestMs, stoodMs);
    if (stoodMs > STALL_MS) {
      this.#totalMs += stoodMs;
      this.#last = { realMs: stoodMs, endMs: nowMs };
      this.#onStall(stoodMs);
    }
    return this.#totalMs;
  }
}

/** What a person must know of a stall. */
export function stallText(realMs: number): string {
  return `This process stood still for ${Math.round(realMs / 1000)} s: it was stopped, its machine slept, or other programs took its CPU. What the feed sent meanwhile comes late or is lost.`;
}
