/** A fault in a market that runs: whether it is on, and how often and when it struck. */

import { seededRandom, type Random } from '../../random.js';
import { numberOf, type Fault } from './fault.js';

const STREAM = 0xfa000;
/** What does not last strikes once, with the first look at the market from its time on. */
const INSTANT_SECONDS = 60;

export class ActiveFault {
  readonly fault: Fault;
  /** Market time, epoch ms: on from here... */
  readonly fromMs: number;
  /** ...to before here. */
  readonly toMs: number;
  /** The instrument that is meant; undefined: all. */
  readonly index: number | undefined;
  readonly random: Random;
  readonly #times: number;
  readonly #every: number;
  #seen = 0;
  #rounds = 0;
  strikes = 0;
  firstMs: number | undefined;
  lastMs: number | undefined;

  /** `place`: the fault's among all, which keeps their random numbers apart. */
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

  /** Whether it may strike at a market time. */
  isActive(ms: number): boolean {
    return ms >= this.fromMs && ms < this.toMs && this.#rounds < this.#times;
  }

  /** Whether it strikes what happens now to an instrument, or to no one in particular; the first of every so many. Counts it when it does. */
  triggers(ms: number, index?: number): boolean {
    if (!this.isActive(ms) || (this.index !== undefined && index !== this.index)) return false;
    if (this.#seen++ % this.#every !== 0) return false;
    this.countRound();
    this.record(ms);
    return true;
  }

  /** One of its times is used up. */
  countRound(): void {
    this.#rounds++;
  }

  record(ms: number, strikes = 1): void {
    this.strikes += strikes;
    this.firstMs ??= ms;
    this.lastMs = ms;
  }
}
