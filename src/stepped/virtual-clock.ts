/**
 * A clock that moves only when its owner moves it: market, monotonic and wall time are one number. A run with
 * `--speed max` and its simulator each have one; src/stepped/turns.ts keeps them equal.
 */
import type { Clock, Timer } from '../clock.js';

/** As the system's timers: a timer of 0 ms cannot hold time still. */
const MIN_DELAY_MS = 1;

interface Pending {
  dueMs: number;
  /** Timers due at the same time fire in the order of their making. */
  order: number;
  readonly everyMs: number | undefined;
  readonly sendsNothing: boolean;
  readonly fire: () => void;
}

export class VirtualClock implements Clock {
  readonly speed = 1;
  /** Few at a time, so the earliest is searched. */
  readonly #pending = new Set<Pending>();
  #nowMs: number;
  #made = 0;

  /** `originMs`: market time at the start, epoch ms. */
  constructor(originMs: number) {
    this.#nowMs = originMs;
  }

  monoMs(): number {
    return this.#nowMs;
  }

  marketMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  after(realMs: number, fire: () => void): Timer {
    return this.#add(realMs, undefined, fire, false);
  }

  every(realMs: number, fire: () => void, sendsNothing?: 'sends nothing'): Timer {
    return this.#add(realMs, Math.max(MIN_DELAY_MS, realMs), fire, sendsNothing !== undefined);
  }

  /** When the next timer is due, epoch ms; Infinity without one. */
  get dueMs(): number {
    return this.#next()?.dueMs ?? Infinity;
  }

  /** True if the next timer may send. */
  get dueMaySend(): boolean {
    return this.#next()?.sendsNothing === false;
  }

  /** Moves forward; never back. */
  moveTo(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms);
  }

  /** Moves to the next timer and fires it, if there is one. */
  fireNext(): void {
    const next = this.#next();
    if (next === undefined) return;
    this.moveTo(next.dueMs);
    if (next.everyMs === undefined) this.#pending.delete(next);
    else {
      next.dueMs += next.everyMs;
      next.order = this.#made++;
    }
    next.fire();
  }

  #add(realMs: number, everyMs: number | undefined, fire: () => void, sendsNothing: boolean): Timer {
    const dueMs = this.#nowMs + Math.max(MIN_DELAY_MS, realMs);
    const pending: Pending = { dueMs, order: this.#made++, everyMs, sendsNothing, fire };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  #next(): Pending | undefined {
    let next: Pending | undefined;
    for (const one of this.#pending)
      if (
        next === undefined ||
        one.dueMs < next.dueMs ||
        (one.dueMs === next.dueMs && one.order < next.order)
      )
        next = one;
    return next;
  }
}
