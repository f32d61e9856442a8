/** Looks at a run while it goes on, and remembers what only who looks again and again can know: turns of gates, events, ticks over time. */
import { EventLog } from './event-log.js';
import { type Facts, tally } from '../gates/facts.js';
import { judgeGates, type GateResult } from '../gates/gates.js';
import { TickRateHistory } from './tick-rate.js';
import type { RunEvent } from './event.js';
import { GateTransitions, type GateTransition } from './gate-transitions.js';

/** Looks over which ticks a second are averaged. */
const RATE_LOOKS = 10;

/** What one look found. */
export interface MonitorUpdate {
  readonly gates: readonly GateResult[];
  /** Gates that turned since the look before. */
  readonly turns: readonly GateTransition[];
  /** Events that are new since the look before. */
  readonly events: readonly RunEvent[];
  readonly ticksPerSecond: number;
}

export class RunMonitor {
  readonly eventLog = new EventLog();
  readonly tickRate: TickRateHistory;
  readonly #turns = new GateTransitions();
  /** Ticks and monotonic ms of the last looks. */
  readonly #looks: { ticks: number; monoMs: number }[] = [];

  /** `speed`: market seconds a second. */
  constructor(speed: number) {
    this.tickRate = new TickRateHistory(speed);
  }

  /** Looks. `monoMs` is real and monotonic, `marketMs` the market's time where no packet told it. */
  look(facts: Facts, monoMs: number, marketMs: number): MonitorUpdate {
    const { ticks } = tally(facts);
    this.#looks.push({ ticks, monoMs });
    if (this.#looks.length > RATE_LOOKS) this.#looks.shift();
    const [first] = this.#looks;
    const elapsedMs = monoMs - first.monoMs;
    const all = judgeGates(facts);
    const turns = this.#turns.since(all);
    const events = this.eventLog.look(facts, turns, marketMs);
    this.tickRate.look(facts.market.timeMs ?? marketMs, ticks);
    return {
      gates: all,
      turns,
      events,
      ticksPerSecond: elapsedMs > 0 ? ((ticks - first.ticks) * 1000) / elapsedMs : 0,
    };
  }
}
