/** A fault in a running market: if it is on, how often and when it struck. */

import { seededRandom, type Random } from '../../random.js';
import { numberOf, type Fault } from './fault.js';

const STREAM = 0xfa000;
/** A fault without `for` strikes once, at the first check after its start. */
const INSTANT_SECONDS = 60;

export class ActiveFault {
  readonly fault: Fault;
  /** Market time, epoch ms, included. */
  readonly fromMs: number;
  /** Market time, epoch ms, excluded. */
  readonly toMs: number;
  /** Undefined for all instruments. */
  readonly index: number | undefined;
  readonly random: Random;
  readonly #times: number;
  readonly #every: number;
  #seen = 0;
  #rounds = 0;
  strikes = 0;
  firstMs: number | undefined;
  lastMs: number | undefined;

  /** `place` among all faults separates their random numbers. */
  constructor(
    fault: Fault,
    options: {
      readonly startMs: number;
      readonly seed: number;
      readonly place: number;
      readonly index: number | undefined;
    },
  ) {
    const { startMs, seed, place, index } = options;
    this.fault = fault;
    this.fromMs = startMs + 1000 * numberOf(fault, 'at');
    const { for: seconds, times, every } = fault.values;
    this.toMs = this.fromMs + 1000 * (typeof seconds === 'number' ? seconds : INSTANT_SECONDS);
    this.index = index;
    this.random = seededRandom(seed, STREAM + place);
    this.#times = typeof times === 'number' ? times : seconds === undefined ? 1 : Infinity;
    this.#every = typeof every === 'number' ? every : 1;
  }

  /** At a market time. */
  isActive(ms: number): boolean {
    return ms >= this.fromMs && ms < this.toMs && this.#rounds < this.#times;
  }

  /**
   * True if it strikes an event at `ms`, of instrument `index` or of none: the first of every `every`. Counts the
   * strike.
   */
  triggers(ms: number, index?: number): boolean {
    if (!this.isActive(ms) || (this.index !== undefined && index !== this.index)) return false;
    if (this.#seen++ % this.#every !== 0) return false;
    this.countRound();
    this.record(ms);
    return true;
  }

  /** Uses up one of its `times`. */
  countRound(): void {
    this.#rounds++;
  }

  record(ms: number, strikes = 1): void {
    this.strikes += strikes;
    this.firstMs ??= ms;
    this.lastMs = ms;
  }
}
