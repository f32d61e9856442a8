/** A clock that moves only when a test moves it; timers fire in their order. */
import type { Clock, Timer } from '../../src/clock.js';

interface Due {
  atMs: number;
  readonly everyMs: number | undefined;
  readonly fire: () => void;
}

export class FakeClock implements Clock {
  readonly speed = 1;
  #nowMs = 1_000_000;
  readonly #due = new Set<Due>();

  /** `wallMs`: what the machine's wall clock shows. */
  constructor(readonly wall = 1_795_000_000_000) {}

  monoMs(): number {
    return this.#nowMs;
  }

  marketMs(): number {
    return this.wallMs();
  }

  wallMs(): number {
    return this.wall + this.#nowMs - 1_000_000;
  }

  after(realMs: number, fire: () => void): Timer {
    return this.#add({ atMs: this.#nowMs + realMs, everyMs: undefined, fire });
  }

  every(realMs: number, fire: () => void): Timer {
    return this.#add({ atMs: this.#nowMs + realMs, everyMs: realMs, fire });
  }

  /** Timers that would still fire. */
  get pending(): number {
    return this.#due.size;
  }

  /** Real ms until the next timer that fires once; undefined without one. */
  get nextOnceMs(): number | undefined {
    const once = [...this.#due]
      .filter(({ everyMs }) => everyMs === undefined)
      .map(({ atMs }) => atMs - this.#nowMs);
    return once.length === 0 ? undefined : Math.min(...once);
  }

  /** Lets `ms` pass and fires what becomes due on the way. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = [...this.#due].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      if (next.everyMs === undefined) this.#due.delete(next);
      else next.atMs += next.everyMs;
      next.fire();
    }
    this.#nowMs = endMs;
  }

  #add(due: Due): Timer {
    this.#due.add(due);
    return { cancel: () => void this.#due.delete(due) };
  }
}
