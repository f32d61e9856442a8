/** Keeps what one set of facts cannot show: gate transitions, events, ticks over time. */
import { EventLog } from './event-log.js';
import { type Facts, tally } from '../gates/facts.js';
import { judgeGates, type GateResult } from '../gates/gates.js';
import { TickRateHistory } from './tick-rate.js';
import type { RunEvent } from './event.js';
import { GateTransitions, type GateTransition } from './gate-transitions.js';

/** Updates over which ticks a second are averaged. */
const RATE_UPDATES = 10;

export interface MonitorUpdate {
  readonly gates: readonly GateResult[];
  /** Since the previous update. */
  readonly transitions: readonly GateTransition[];
  /** New since the previous update. */
  readonly events: readonly RunEvent[];
  readonly ticksPerSecond: number;
}

export class RunMonitor {
  readonly eventLog = new EventLog();
  readonly tickRate: TickRateHistory;
  readonly #transitions = new GateTransitions();
  /** Of the last RATE_UPDATES. */
  readonly #counts: { ticks: number; monoMs: number }[] = [];

  /** `speed`: market seconds a second. */
  constructor(speed: number) {
    this.tickRate = new TickRateHistory(speed);
  }

  /** `monoMs` is real and monotonic; `marketMs` is the market clock, used before the first packet. */
  update(facts: Facts, monoMs: number, marketMs: number): MonitorUpdate {
    const { ticks } = tally(facts);
    this.#counts.push({ ticks, monoMs });
    if (this.#counts.length > RATE_UPDATES) this.#counts.shift();
    const [first] = this.#counts;
    const elapsedMs = monoMs - first.monoMs;
    const gates = judgeGates(facts);
    const transitions = this.#transitions.since(gates);
    const events = this.eventLog.update(facts, transitions, marketMs);
    this.tickRate.update(facts.market.timeMs ?? marketMs, ticks);
    return {
      gates,
      transitions,
      events,
      ticksPerSecond: elapsedMs > 0 ? ((ticks - first.ticks) * 1000) / elapsedMs : 0,
    };
  }
}
