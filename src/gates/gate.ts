/** What a gate is, what it answers, and what the gates together say of a run. */
import type { Facts } from './facts.js';

export const STATUSES = ['pass', 'fail', 'warn', 'skip'] as const;
export type Status = (typeof STATUSES)[number];

export const RUN_VERDICTS = ['pass', 'fail', 'interrupted'] as const;
export type RunVerdict = (typeof RUN_VERDICTS)[number];

/** What a gate says of the facts. */
export interface Judgement {
  readonly status: Status;
  readonly observed: string;
  readonly expected: string;
  /** For a failure or a warning: its cause and what to do, one line. */
  readonly remedy?: string;
}

/** One entry of the table in `gates.ts`. Ids, titles, order and metrics labels follow from the table. */
export interface Gate {
  /** Name in the report's JSON, the metrics and the terminal. Scripts read it, so it never changes. */
  readonly id: string;
  /** The question that it answers, for a run of `symbols` symbols. */
  readonly title: (symbols: number) => string;
  /** True if it is judged during the run; false if it needs the run's end and is `skip` until then. */
  readonly live: boolean;
  /** Pure. */
  readonly judge: (facts: Facts) => Judgement;
}
