/** Limits that no option sets. */
import assert from 'node:assert';

/** A stage run, in market minutes. Below `settled` it counts, with a warning. */
export const RUN_MINUTES = { min: 1, max: 15, settled: 10 } as const;

/** Real ms of silence below which the clock never moves market time, for any grace. */
const MIN_SILENCE_MS = 2000;
/** Real ms for the first connection to open. */
const FIRST_OPEN_MS = 60_000;
/** After a wait for the opening: the run may be unattended and a network need time to come back. */
const UNATTENDED_OPEN_MS = 600_000;
/** Real ms within which each token must be answered by a packet. */
const ANSWER_MS = 10_000;
assert(
  ANSWER_MS < FIRST_OPEN_MS && RUN_MINUTES.min * 60_000 > ANSWER_MS,
  'the shortest run is long enough to see whether every token answers',
);

export const LIMITS = {
  minSilenceMs: MIN_SILENCE_MS,
  firstOpenMs: FIRST_OPEN_MS,
  unattendedOpenMs: UNATTENDED_OPEN_MS,
  answerMs: ANSWER_MS,
} as const;
