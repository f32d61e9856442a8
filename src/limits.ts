/** Limits that no option sets, and the bounds of a run, which several rooms know. Data. */
import assert from 'node:assert';

/** Bounds of a stage run in minutes of market time. Below `settled` a run counts, with a warning. */
export const RUN_MINUTES = { min: 1, max: 15, settled: 10 } as const;

/** Real ms of silence below which the clock never moves market time, for any grace. */
const MIN_SILENCE_MS = 2000;
/** Real ms within which the first connection must open. */
const FIRST_OPEN_MS = 60_000;
/** The same after a wait for the opening, when the run may be unattended: a network may need time to come back. */
const UNATTENDED_OPEN_MS = 600_000;
/** Real ms within which each token must be answered by a packet. */
const ANSWER_MS = 10_000;
assert(
  ANSWER_MS < FIRST_OPEN_MS && RUN_MINUTES.min * 60_000 > ANSWER_MS,
  'the shortest run is long enough to see whether every token answers',
);

/** Maximum bytes of a run's journal: more than a quarter of an hour of 1,000 symbols in SnapQuote mode. */
const JOURNAL_BYTES = 2 * 1024 ** 3;
/** Maximum bytes of a shadow run's journal: several days of the NIFTY 50. */
const SHADOW_JOURNAL_BYTES = 4 * 1024 ** 3;
/** Maximum bytes of all journals. */
const JOURNALS_BYTES = 8 * 1024 ** 3;

export const LIMITS = {
  minSilenceMs: MIN_SILENCE_MS,
  firstOpenMs: FIRST_OPEN_MS,
  unattendedOpenMs: UNATTENDED_OPEN_MS,
  answerMs: ANSWER_MS,
  journalBytes: JOURNAL_BYTES,
  shadowJournalBytes: SHADOW_JOURNAL_BYTES,
  journalsBytes: JOURNALS_BYTES,
} as const;
