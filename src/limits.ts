/** Bounds of what a user may ask for, defaults that several files know, and limits that nobody sets. Data. */
import assert from 'node:assert';

/** Bounds of the options, in the units that the user types. */
export const BOUNDS = {
  /** Minutes of market time. Under `settled` a run still counts, with a warning. */
  duration: { min: 1, max: 15, settled: 10 },
  /** The same of a shadow run: a whole day and its auction. */
  shadowDuration: { min: 1, max: 400 },
  /** Seconds of market time between a minute's end and its seal. */
  grace: { min: 0, max: 30 },
  /** Market seconds a real second, for the simulated market. */
  speed: { min: 0.1, max: 600 },
  seed: { min: 0, max: 4_294_967_295 },
  /** Times as fast as the run was. */
  replaySpeed: { min: 0.1, max: 100_000 },
  shards: { min: 1, max: 64 },
  port: { min: 0, max: 65_535 },
  /** Days that a cut-over asks for. */
  cutoverDays: { min: 1, max: 60 },
  /** Percent of compared values that may differ without a cause. */
  unexplained: { min: 0, max: 100 },
} as const;

/** Real ms of silence below which the clock never moves market time, whatever the grace. */
const MIN_SILENCE_MS = 2000;
/** Real ms within which the first connection must open. */
const FIRST_OPEN_MS = 60_000;
/** The same when the opening was waited for, and nobody may be there: a network may take its time to come back. */
const UNATTENDED_OPEN_MS = 600_000;
/** Real ms within which every token must be answered by a packet. */
const ANSWER_MS = 10_000;
assert(
  ANSWER_MS < FIRST_OPEN_MS && BOUNDS.duration.min * 60_000 > ANSWER_MS,
  'the shortest run is long enough to see whether every token answers',
);

/** Bytes of a run's journal: a quarter of an hour of 1,000 symbols in SnapQuote mode, and something to spare; of a shadow run's, several days of the NIFTY 50. */
const JOURNAL_BYTES = 2 * 1024 ** 3;
const SHADOW_JOURNAL_BYTES = 4 * 1024 ** 3;
/** All journals together. */
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

/** What `--at` means when it is not given: a Monday, late enough for the day's figures to be settled. */
export const DEFAULT_AT = '2026-11-23T11:00';
/** Where journals go. */
export const DEFAULT_JOURNAL = 'data/test/journal';
/** Where the page and the metrics of a run are, on this machine, when no other port is named. */
export const DEFAULT_PORTS = { dashboard: 8475, metrics: 9475 } as const;
