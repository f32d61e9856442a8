/** Types of a gate and of a run's verdict. */
import type { Facts } from './facts.js';

export const STATUSES = ['pass', 'fail', 'warn', 'skip'] as const;
export type Status = (typeof STATUSES)[number];

export { RUN_VERDICTS, type RunVerdict } from '../memory/notices.js';

export interface Judgement {
  readonly status: Status;
  readonly observed: string;
  readonly expected: string;
  /** Cause of a failure or warning and what to do, one line. */
  readonly remedy?: string;
}

/** An entry of the table in `gates.ts`, from which ids, titles, order and metrics labels follow. */
export interface Gate {
  /** Name in report, metrics and terminal. Scripts read it, so it never changes. */
  readonly id: string;
  /** The question that it answers. */
  readonly title: (symbols: number) => string;
  /** True if it is judged during the run; if false, it is `skip` until the end. */
  readonly live: boolean;
  /** Pure. */
  readonly judge: (facts: Facts) => Judgement;
}
