/** Options of the commands as yargs takes them, and what stands below each command's help. Data. */
import { DEFAULT_AT, DEFAULT_JOURNAL, DEFAULT_PORTS } from '../limits.js';
import { CUTOVER_DAYS } from '../reconcile/cutover.js';
import { UNEXPLAINED_PERCENT } from '../reconcile/verdict.js';

export const stageOptions = {
  'ws-test-mode': { type: 'boolean', desc: 'required: says that this is a test run' },
  stage: { type: 'string', desc: '1: RELIANCE; 2: all 50 of the NIFTY 50' },
  duration: { type: 'string', desc: 'minutes of market time, 1 to 15 (under 10: a warning)' },
  symbols: { type: 'string', desc: "other symbols than the stage's, A,B (RELIANCE or RELIANCE-EQ)" },
  subset: { type: 'string', desc: "only the first N of the stage's symbols" },
  mode: { type: 'string', desc: 'ltp, quote or snapquote  [default: ltp]' },
  feed: {
    type: 'string',
    desc: 'live, sim, or the URL of a SmartAPI server elsewhere (ws: on loopback only)  [default: live]',
  },
  speed: { type: 'string', desc: 'sim: market seconds a second  [default: 1]' },
  seed: { type: 'string', desc: "sim: the market's seed  [default: 1]" },
  at: { type: 'string', desc: `sim: Indian time at which the market starts  [default: ${DEFAULT_AT}]` },
  fault: {
    type: 'string',
    desc: 'sim: NAME[:key=value,...], something that goes wrong; may be repeated  [all: tickshard simulate --faults]',
  },
  chaos: { type: 'string', desc: 'sim: a seed that picks several faults' },
  'market-clock': {
    type: 'string',
    desc: `URL: ORIGIN@SPEED when its market time is not now, e.g. ${DEFAULT_AT}@60`,
  },
  ca: { type: 'string', desc: 'URL: file of certificates (PEM) to trust in place of the public ones' },
  shards: { type: 'string', desc: 'worker threads that build candles  [default: cores - 1, at least 1]' },
  grace: {
    type: 'string',
    desc: 'seconds of market time between a minute and its seal, 0 to 30  [default: 3]',
  },
  out: {
    type: 'string',
    desc: 'folder of the candles  [default: data/test/websocket_candles, for any other feed than live data/test/sim/websocket_candles]',
  },
  history: {
    type: 'string',
    desc: 'folder with NSE_{SYMBOL}_1m.parquet, read for momentum and schema, never written',
  },
  instruments: {
    type: 'string',
    desc: "the broker's OpenAPIScripMaster.json, to check tokens and find other symbols  [default: live the newest that was fetched]",
  },
  report: {
    type: 'string',
    desc: 'write the report to this file only  [default: data/test/reports/latest.json and one per run]',
  },
  journal: {
    type: 'string',
    desc: `folder of the journals: every frame as it came  [default: ${DEFAULT_JOURNAL}]`,
  },
  'no-journal': { type: 'boolean', desc: 'keep no journal: no replay and no --resume' },
  resume: { type: 'boolean', desc: 'go on with the newest run of the journal that was killed' },
  'warm-up': {
    type: 'boolean',
    desc: "quote, snapquote: before the run poll the day's earlier candles (getCandleData, two requests a second), so that momentum evaluates from its first minute",
  },
  'wait-open': {
    type: 'boolean',
    desc: 'when the market is shut, wait for its opening and start the duration there',
  },
  dashboard: {
    type: 'string',
    desc: `[PORT] serve a page that shows the run, to this machine only  [default port: ${DEFAULT_PORTS.dashboard}; 0: any that is free]`,
  },
  metrics: {
    type: 'string',
    desc: `[PORT] serve metrics for Prometheus at /metrics, to this machine only  [default port: ${DEFAULT_PORTS.metrics}]`,
  },
  quiet: { type: 'boolean', desc: 'say only what is wrong, and the verdict' },
  verbose: { type: 'boolean', desc: 'say each event as it happens, and what was expected of each gate' },
  json: { type: 'boolean', desc: 'print the report on standard output, and nothing else there' },
} as const;

export const shadowOptions = {
  'until-close': {
    type: 'boolean',
    desc: "go on until the market closes, the closing auction's print included",
  },
  ...stageOptions,
  duration: { type: 'string', desc: 'in place of --until-close: minutes of market time, 1 to 400' },
  stage: { type: 'string', desc: '1: RELIANCE; 2: all 50 of the NIFTY 50  [default: 2]' },
  mode: { type: 'string', desc: 'ltp, quote or snapquote  [default: snapquote]' },
} as const;

export const shadowEpilogue = `The same run as a stage, for a whole day beside what you poll. It changes nothing live: stop it, and everything is as it was. A run that was killed goes on with the same command line, --resume in place of --wait-open. Compare each day, then \`tickshard gate cutover\`.

Exit codes: as of a stage run.

  tickshard shadow --ws-test-mode --until-close --wait-open --warm-up`;

export const simulateOptions = {
  port: { type: 'string', desc: 'port on 127.0.0.1; 0 takes a free one  [default: 0]' },
  speed: stageOptions.speed,
  seed: stageOptions.seed,
  at: stageOptions.at,
  fault: { type: 'string', desc: 'NAME[:key=value,...], something that goes wrong; may be repeated' },
  chaos: { type: 'string', desc: 'a seed that picks several faults, which are printed' },
  faults: { type: 'boolean', desc: 'list all faults with their arguments' },
} as const;

export const instrumentsOptions = {
  fetch: { type: 'boolean', desc: 'download it first' },
  from: { type: 'string', desc: "--fetch: another address than the broker's" },
  ca: { type: 'string', desc: '--fetch: file of certificates (PEM) to trust in place of the public ones' },
  json: { type: 'boolean', desc: 'print JSON' },
} as const;

export const instrumentsEpilogue = `A run on the live feed goes by the newest file that was fetched, and says so when it is not of the day. No run ever downloads.

Exit codes: 0 all 50 tokens agree, 1 one does not, 2 usage, or no file of use, 3 the network.`;

export const doctorOptions = {
  feed: { type: 'string', desc: 'live, or the URL of a SmartAPI server elsewhere  [default: live]' },
  ca: stageOptions.ca,
  out: stageOptions.out,
  instruments: {
    type: 'string',
    desc: "the broker's OpenAPIScripMaster.json  [default: the newest that was fetched]",
  },
  json: { type: 'boolean', desc: 'print JSON on standard output, and nothing else there' },
} as const;

export const doctorEpilogue = `Logs in once and opens the feed once, as a run would, and leaves nothing behind. Secrets are never shown.

Exit codes: 0 a run can start, 1 a check failed, 2 usage or configuration.`;

export const compareOptions = {
  ours: { type: 'string', desc: 'folder of the candles of a run, its --out' },
  reference: {
    type: 'string',
    desc: 'folder with NSE_{SYMBOL}_1m.parquet polled over REST, a file of JSON lines (.jsonl), or the --out of another run',
  },
  fetch: {
    type: 'boolean',
    desc: "in place of --reference: log in and poll the broker's own candles (getCandleData), two requests a second, after the run",
  },
  feed: {
    type: 'string',
    desc: '--fetch: live, sim (the simulated broker of the seed that our candles are of), or the URL of a SmartAPI server elsewhere  [default: live]',
  },
  ca: { type: 'string', desc: '--fetch: file of certificates (PEM) to trust in place of the public ones' },
  instruments: {
    type: 'string',
    desc: "--fetch: the broker's OpenAPIScripMaster.json for other symbols  [default: live the newest that was fetched]",
  },
  symbols: { type: 'string', desc: 'only these, A,B  [default: all of which there are candles of ours]' },
  date: { type: 'string', desc: 'only candles of this day, YYYY-MM-DD  [default: all days]' },
  unexplained: {
    type: 'string',
    desc: `percent of the values that may differ without a cause  [default: ${UNEXPLAINED_PERCENT}]`,
  },
  report: { type: 'string', desc: 'also write the comparison to this file, as JSON' },
  html: { type: 'string', desc: 'also write it to this file, as a page' },
  json: { type: 'boolean', desc: 'print JSON' },
} as const;

export const compareEpilogue = `Per symbol and field: exact, within one tick, different, missing on a side, partial. Each difference has one cause; what nothing explains fails beyond --unexplained, and so does a minute that is missing in ours. A number of ticks is no traded quantity: such volumes are left out, and are never called equal.

Exit codes: 0 the candles agree within what the feed leaves open, 1 they do not or not all of it could be compared, 2 usage, or a file that cannot be read, 3 the broker's candles could not be had.`;

export const cutoverOptions = {
  runs: {
    type: 'string',
    array: true,
    desc: 'folders with reports of shadow runs and of comparisons (compare --report), e.g. data/test/reports',
  },
  days: { type: 'string', desc: `newest days that must be good  [default: ${CUTOVER_DAYS}]` },
  symbols: { type: 'string', desc: 'only these, A,B  [default: all that the runs had]' },
  json: { type: 'boolean', desc: 'print JSON' },
} as const;

export const cutoverEpilogue = `Looks at the newest days that have a shadow run until the close, and asks of each: the live feed, all symbols, all gates passed, the candles whole, compared with polled ones, volume too, and nothing unexplained. Reads only.

Exit codes: 0 the feed may replace polling for these symbols, 1 not yet: what is missing is said, 2 usage, or nothing to read.

  tickshard gate cutover --runs data/test/reports`;

export const replayOptions = {
  speed: { type: 'string', desc: 'times as fast as the run was, or max  [default: max]' },
  shards: stageOptions.shards,
  out: { type: 'string', desc: 'folder of the candles  [default: data/test/replay/RUN]' },
  history: { type: 'string', desc: "another folder of history than the run's" },
  json: { type: 'boolean', desc: 'print JSON' },
} as const;

export const replayEpilogue = `JOURNAL is the folder of one run, data/test/journal/RUN by default. The same frames make the same candles, quality rows and momentum as in the run, for any number of shards.

Exit codes: 0 they are the same, or the run left nothing to compare with, 1 they are not or the journal is damaged, 2 usage, or a journal that cannot be read.`;

export const reportOptions = {
  html: { type: 'string', desc: 'the page to write  [default: beside the report, its name with .html]' },
} as const;

export const reportEpilogue = `A run leaves its page beside its report; this makes it again of the report alone. The page loads nothing from anywhere.

Exit codes: 0 it is written, 2 usage, or a file that is no report.`;

export const simulatePaths = `Paths:
  ws    /smart-stream                                              the feed (also at /)
  POST  /rest/auth/angelbroking/user/v1/loginByPassword            log-in
  POST  /rest/auth/angelbroking/jwt/v1/generateTokens              new tokens for a refresh token
  GET   /rest/secure/angelbroking/user/v1/getProfile               who is logged in
  POST  /rest/secure/angelbroking/user/v1/logout                   log-out
  POST  /rest/secure/angelbroking/historical/v1/getCandleData      the true candles, as one polls them (ONE_MINUTE)
  GET   /simulator                                                 market time, speed, seed, symbols, connections, faults
  GET   /simulator/candles?symbol=RELIANCE                         the true candles so far
  GET   /simulator/history?symbol=RELIANCE&kind=tick|traded        candles before the start`;

export const stageEpilogue = `Exit codes: 0 all gates passed or warned, 1 a gate failed, 2 usage, configuration or market shut,
3 could not log in or connect, 130 interrupted (what was sealed is on disk).

The live feed needs ANGEL_API_KEY, ANGEL_CLIENT_ID, ANGEL_PIN and ANGEL_TOTP_SECRET in the environment or in .env.

  tickshard --ws-test-mode --stage 1 --duration 15 --feed sim --speed 60`;
