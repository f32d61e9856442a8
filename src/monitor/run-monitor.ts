/** Looks at a run while it goes on, and remembers what only who looks again and again can know: turns of gates, events, ticks over time. */
import { Chronicle } from './event-log.js';
import { type Facts, tally } from '../gates/facts.js';
import type { Gate } from '../gates/gate.js';
import { gates } from '../gates/gates.js';
import { Pace } from './tick-rate.js';
import type { PictureEvent } from './event.js';
import { GateTurns, type Turn } from './gate-transitions.js';

/** Looks over which ticks a second are averaged. */
const RATE_LOOKS = 10;

/** What one look found. */
export interface Looked {
  readonly gates: readonly Gate[];
  /** Gates that turned since the look before. */
  readonly turns: readonly Turn[];
  /** Events that are new since the look before. */
  readonly events: readonly PictureEvent[];
  readonly ticksPerSecond: number;
}

export class Watching {
  readonly chronicle = new Chronicle();
  readonly pace: Pace;
  readonly #turns = new GateTurns();
  /** Ticks and monotonic ms of the last looks. */
  readonly #looks: { ticks: number; monoMs: number }[] = [];

  /** `speed`: market seconds a second. */
  constructor(speed: number) {
    this.pace = new Pace(speed);
  }

  /** Looks. `monoMs` is real and monotonic, `marketMs` the market's time where no packet told it. */
  look(facts: Facts, monoMs: number, marketMs: number): Looked {
    const { ticks } = tally(facts);
    this.#looks.push({ ticks, monoMs });
    if (this.#looks.length > RATE_LOOKS) this.#looks.shift();
    const [first] = this.#looks;
    const elapsedMs = monoMs - first.monoMs;
    const all = gates(facts);
    const turns = this.#turns.since(all);
    const events = this.chronicle.look(facts, turns, marketMs);
    this.pace.look(facts.market.timeMs ?? marketMs, ticks);
    return {
      gates: all,
      turns,
      events,
      ticksPerSecond: elapsedMs > 0 ? ((ticks - first.ticks) * 1000) / elapsedMs : 0,
    };
  }
}
