/** What a publisher has done so far, for gate, report and people. Pure. */
import { count } from '../text/count.js';
import { secondsText } from '../text/duration.js';

export interface PublishFigures {
  /** Addresses, without credentials. */
  readonly servers: string;
  readonly connected: boolean;
  /** Candles and revisions that a server stored and said so. */
  readonly acknowledged: number;
  /** Candles that were there as they are: of an earlier process of this run, or the same of another run. */
  readonly present: number;
  /** Candles of which the server does not have the newest state. */
  readonly waiting: number;
  /** Real ms for which the oldest of them has waited. */
  readonly behindMs: number;
  readonly connections: number;
  /** Messages that a server refused because it had another last message of the subject. */
  readonly refused: number;
  /** Subjects that were not looked at since the last connection was made. */
  readonly unchecked: number;
  /** Subjects that another run publishes now, and one of them with that run. */
  readonly taken: number;
  readonly takenExample: string | undefined;
  /** Whole candles of this run for which the stream has another run's, or a later state; one of them. */
  readonly disputed: number;
  readonly disputedExample: string | undefined;
  /** Why nothing can be published now, a sentence; undefined while it works. */
  readonly trouble: string | undefined;
}

/** Before the first look, but for the servers. */
export const NOTHING_PUBLISHED: Omit<PublishFigures, 'servers'> = {
  connected: false,
  acknowledged: 0,
  present: 0,
  waiting: 0,
  behindMs: 0,
  connections: 0,
  refused: 0,
  unchecked: 0,
  taken: 0,
  takenExample: undefined,
  disputed: 0,
  disputedExample: undefined,
  trouble: undefined,
};

/** Why the servers do not have all candles of the run, and what to do; undefined if they have. */
export function shortfallOf(figures: PublishFigures): string | undefined {
  const { waiting, taken, takenExample, disputed, disputedExample, trouble, connected } = figures;
  if (taken > 0)
    return `Another run publishes ${takenExample}${taken > 1 ? ` and ${taken - 1} more of our subjects` : ''}: of one instrument one run publishes, so end one of the two.`;
  if (waiting > 0) {
    const why = trouble ?? (connected ? 'The servers take them too slowly.' : 'No server was reached.');
    return `${why} When they work, \`tickshard replay RUN --publish ...\` publishes what is missing.`;
  }
  if (disputed > 0)
    return `The stream has another run's candles, or later ones, for ${count(disputed, 'whole candle')} of this run, e.g. of ${disputedExample}: they stay.`;
  return undefined;
}

/** How far it is, a phrase. */
export function progressOf({ acknowledged, present, waiting, behindMs, servers }: PublishFigures): string {
  const there = present === 0 ? '' : `, ${present} there before`;
  const behind =
    waiting === 0
      ? 'nothing waits'
      : `${count(waiting, 'candle')} not yet, the oldest for ${secondsText(behindMs)}`;
  return `${acknowledged} acknowledged by ${servers}${there}; ${behind}`;
}
