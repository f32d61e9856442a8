/** A clock for the simulated broker whose market time moves by hand, and whose real time can be held. */
import { SystemClock, type Clock, type Timer } from '../../src/clock.js';

export class HandClock implements Clock {
  readonly speed = 1;
  readonly #real = new SystemClock();
  #heldMs: number | undefined;

  /** `nowMs`: market time, epoch ms. */
  constructor(public nowMs: number) {}

  /** Holds monotonic time after `ms` more of it: heart-beats and rate limits read it. Timers are real. */
  hold(ms = 0): void {
    this.#heldMs = this.monoMs() + ms;
  }

  monoMs(): number {
    return this.#heldMs ?? this.#real.monoMs();
  }

  marketMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return this.#real.wallMs();
  }

  after(realMs: number, fire: () => void): Timer {
    return this.#real.after(realMs, fire);
  }

  every(realMs: number, fire: () => void): Timer {
    return this.#real.every(realMs, fire);
  }
}
