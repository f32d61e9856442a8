/** The command line: argv to one checked Command, or help, or one sentence. Nothing is opened or connected here. */
import yargs, { type Argv } from 'yargs';
import { BOUNDS, DEFAULT_AT, DEFAULT_JOURNAL, numberOption, outOption, pathOption, remoteFeed, replayArguments, stageConfig, symbolsOption, timeOption, type RemoteFeed, type ReplayArguments, type StageConfig } from './config.js';
import { EngineError } from './errors.js';

export interface SimulateArguments {
  readonly port: number;
  readonly seed: number;
  readonly speed: number;
  readonly atMs: number;
}

export interface InstrumentsArguments {
  readonly fetch: boolean;
  readonly from: string | undefined;
  readonly ca: string | undefined;
  readonly json: boolean;
}

export interface DoctorArguments {
  readonly feed: RemoteFeed;
  readonly instruments: string | undefined;
  readonly out: string;
  readonly json: boolean;
}

export interface CompareArguments {
  readonly ours: string;
  readonly reference: string;
  /** Undefined: all of which there is a file of ours. */
  readonly symbols: readonly string[] | undefined;
  readonly json: boolean;
  /** Width of the text. */
  readonly columns: number;
}

export type Command =
  | { readonly kind: 'stage'; readonly config: StageConfig }
  | { readonly kind: 'simulate'; readonly options: SimulateArguments }
  | { readonly kind: 'decode' }
  | { readonly kind: 'doctor'; readonly options: DoctorArguments }
  | { readonly kind: 'instruments'; readonly options: InstrumentsArguments }
  | { readonly kind: 'compare'; readonly options: CompareArguments }
  | { readonly kind: 'replay'; readonly options: ReplayArguments }
  /** Help or version: to be printed, and nothing else done. */
  | { readonly kind: 'text'; readonly text: string };

const stageOptions = {
  'ws-test-mode': { type: 'boolean', desc: 'required: says that this is a test run' },
  stage: { type: 'string', desc: '1: RELIANCE; 2: all 50 of the NIFTY 50' },
  duration: { type: 'string', desc: 'minutes of market time, 1 to 15 (under 10: a warning)' },
  symbols: { type: 'string', desc: "other symbols than the stage's, A,B (RELIANCE or RELIANCE-EQ)" },
  subset: { type: 'string', desc: "only the first N of the stage's symbols" },
  mode: { type: 'string', desc: 'ltp, quote or snapquote  [default: ltp]' },
  feed: { type: 'string', desc: 'live, sim, or the URL of a SmartAPI server elsewhere (ws: on loopback only)  [default: live]' },
  speed: { type: 'string', desc: 'sim: market seconds a second  [default: 1]' },
  seed: { type: 'string', desc: "sim: the market's seed  [default: 1]" },
  at: { type: 'string', desc: `sim: Indian time at which the market starts  [default: ${DEFAULT_AT}]` },
  'market-clock': { type: 'string', desc: `URL: ORIGIN@SPEED when its market time is not now, e.g. ${DEFAULT_AT}@60` },
  ca: { type: 'string', desc: 'URL: file of certificates (PEM) to trust in place of the public ones' },
  shards: { type: 'string', desc: 'worker threads that build candles  [default: cores - 1, at least 1]' },
  grace: { type: 'string', desc: 'seconds of market time between a minute and its seal, 0 to 30  [default: 3]' },
  out: { type: 'string', desc: 'folder of the candles  [default: data/test/websocket_candles, for any other feed than live data/test/sim/websocket_candles]' },
  history: { type: 'string', desc: 'folder with NSE_{SYMBOL}_1m.parquet, read for momentum and schema, never written' },
  instruments: { type: 'string', desc: "the broker's OpenAPIScripMaster.json, to check tokens and find other symbols  [default: live the newest that was fetched]" },
  report: { type: 'string', desc: 'write the report to this file only  [default: data/test/reports/latest.json and one per run]' },
  journal: { type: 'string', desc: `folder of the journals: every frame as it came  [default: ${DEFAULT_JOURNAL}]` },
  'no-journal': { type: 'boolean', desc: 'keep no journal: no replay and no --resume' },
  resume: { type: 'boolean', desc: 'go on with the newest run of the journal that was killed' },
  'wait-open': { type: 'boolean', desc: 'when the market is shut, wait for its opening and start the duration there' },
  json: { type: 'boolean', desc: 'print the report on standard output, and nothing else there' },
} as const;

const simulateOptions = {
  port: { type: 'string', desc: 'port on 127.0.0.1; 0 takes a free one  [default: 0]' },
  speed: stageOptions.speed,
  seed: stageOptions.seed,
  at: stageOptions.at,
} as const;

const instrumentsOptions = {
  fetch: { type: 'boolean', desc: 'download it first' },
  from: { type: 'string', desc: "--fetch: another address than the broker's" },
  ca: { type: 'string', desc: '--fetch: file of certificates (PEM) to trust in place of the public ones' },
  json: { type: 'boolean', desc: 'print JSON' },
} as const;

const instrumentsEpilogue = `A run on the live feed goes by the newest file that was fetched, and says so when it is not of the day. No run ever downloads.

Exit codes: 0 all 50 tokens agree, 1 one does not, 2 usage, or no file of use, 3 the network.`;

const doctorOptions = {
  feed: { type: 'string', desc: 'live, or the URL of a SmartAPI server elsewhere  [default: live]' },
  ca: stageOptions.ca,
  out: stageOptions.out,
  instruments: { type: 'string', desc: "the broker's OpenAPIScripMaster.json  [default: the newest that was fetched]" },
  json: { type: 'boolean', desc: 'print JSON on standard output, and nothing else there' },
} as const;

const doctorEpilogue = `Logs in once and opens the feed once, as a run would, and leaves nothing behind. Secrets are never shown.

Exit codes: 0 a run can start, 1 a check failed, 2 usage or configuration.`;

const compareOptions = {
  ours: { type: 'string', desc: 'folder of the candles of a run, its --out' },
  reference: { type: 'string', desc: 'folder with NSE_{SYMBOL}_1m.parquet polled over REST, or the --out of another run' },
  symbols: { type: 'string', desc: 'only these, A,B  [default: all of which there are candles of ours]' },
  json: { type: 'boolean', desc: 'print JSON' },
} as const;

const compareEpilogue = `Per symbol and field: exact, within one tick, different, missing on a side, partial. A number of ticks is no traded quantity: such volumes are left out, and are never called equal. Reads both folders and writes nothing.

Exit codes: 0 the candles agree, 1 they do not or not all of it could be compared, 2 usage, or a file that cannot be read.`;

const replayOptions = {
  speed: { type: 'string', desc: 'times as fast as the run was, or max  [default: max]' },
  shards: stageOptions.shards,
  out: { type: 'string', desc: 'folder of the candles  [default: data/test/replay/RUN]' },
  history: { type: 'string', desc: "another folder of history than the run's" },
  json: { type: 'boolean', desc: 'print JSON' },
} as const;

const replayEpilogue = `JOURNAL is the folder of one run, data/test/journal/RUN by default. The same frames make the same candles, quality rows and momentum as in the run, for any number of shards.

Exit codes: 0 they are the same, or the run left nothing to compare with, 1 they are not or the journal is damaged, 2 usage, or a journal that cannot be read.`;

const simulatePaths = `Paths:
  ws    /smart-stream                                              the feed (also at /)
  POST  /rest/auth/angelbroking/user/v1/loginByPassword            log-in
  POST  /rest/auth/angelbroking/jwt/v1/generateTokens              new tokens for a refresh token
  GET   /rest/secure/angelbroking/user/v1/getProfile               who is logged in
  POST  /rest/secure/angelbroking/user/v1/logout                   log-out
  GET   /simulator                                                 market time, speed, seed, symbols, connections
  GET   /simulator/candles?symbol=RELIANCE                         the true candles so far
  GET   /simulator/history?symbol=RELIANCE&kind=tick|traded        candles before the start`;

const stageEpilogue = `Exit codes: 0 all gates passed or warned, 1 a gate failed, 2 usage, configuration or market shut,
3 could not log in or connect, 130 interrupted (what was sealed is on disk).

The live feed needs ANGEL_API_KEY, ANGEL_CLIENT_ID, ANGEL_PIN and ANGEL_TOTP_SECRET in the environment or in .env.

  tickshard --ws-test-mode --stage 1 --duration 15 --feed sim --speed 60`;

type Parsed = Record<string, unknown>;

/** The text of an option given at most once; yargs makes a list of one that is repeated. */
function once(parsed: Parsed, name: string): string | undefined {
  const value = parsed[name];
  if (Array.isArray(value)) throw new EngineError('USAGE', `--${name} is given twice.`);
  if (value === undefined || typeof value === 'boolean') return undefined;
  if (value === '') throw new EngineError('USAGE', `--${name} needs a value.`);
  return value as string;
}

/** Whether a flag is set. */
function flag(parsed: Parsed, name: string): boolean {
  const value = parsed[name];
  if (Array.isArray(value)) throw new EngineError('USAGE', `--${name} is given twice.`);
  return value === true;
}

function stageCommand(parsed: Parsed): Command {
  const text = (name: keyof typeof stageOptions): string | undefined => once(parsed, name);
  return {
    kind: 'stage',
    config: stageConfig({
      wsTestMode: flag(parsed, 'ws-test-mode'),
      json: flag(parsed, 'json'),
      waitOpen: flag(parsed, 'wait-open'),
      noJournal: flag(parsed, 'no-journal'),
      resume: flag(parsed, 'resume'),
      stage: text('stage'),
      duration: text('duration'),
      mode: text('mode'),
      symbols: text('symbols'),
      subset: text('subset'),
      feed: text('feed'),
      speed: text('speed'),
      seed: text('seed'),
      at: text('at'),
      marketClock: text('market-clock'),
      ca: text('ca'),
      shards: text('shards'),
      grace: text('grace'),
      out: text('out'),
      history: text('history'),
      instruments: text('instruments'),
      report: text('report'),
      journal: text('journal'),
    }),
  };
}

function simulateCommand(parsed: Parsed): Command {
  const port = once(parsed, 'port') ?? '0';
  const speed = once(parsed, 'speed') ?? '1';
  return {
    kind: 'simulate',
    options: {
      port: numberOption('port', port, BOUNDS.port),
      seed: numberOption('seed', once(parsed, 'seed') ?? '1', BOUNDS.seed),
      speed: numberOption('speed', speed, BOUNDS.speed, { whole: false, unit: 'market seconds a second' }),
      atMs: timeOption('at', once(parsed, 'at') ?? DEFAULT_AT),
    },
  };
}

function doctorCommand(parsed: Parsed): Command {
  const feed = remoteFeed(once(parsed, 'feed') ?? 'live', once(parsed, 'ca'));
  return { kind: 'doctor', options: { feed, out: outOption(once(parsed, 'out'), feed), instruments: pathOption('instruments', once(parsed, 'instruments')), json: flag(parsed, 'json') } };
}

function instrumentsCommand(parsed: Parsed): Command {
  const fetch = flag(parsed, 'fetch');
  const [from, ca] = [once(parsed, 'from'), pathOption('ca', once(parsed, 'ca'))];
  if (!fetch && (from ?? ca) !== undefined) throw new EngineError('USAGE', `--${from === undefined ? 'ca' : 'from'} belongs to --fetch.`);
  return { kind: 'instruments', options: { fetch, from, ca, json: flag(parsed, 'json') } };
}

function compareCommand(parsed: Parsed, columns: number): Command {
  const needed = (name: 'ours' | 'reference'): string => {
    const path = pathOption(name, once(parsed, name));
    if (path === undefined) throw new EngineError('USAGE', `--${name} is missing: ${compareOptions[name].desc}.`);
    return path;
  };
  return { kind: 'compare', options: { ours: needed('ours'), reference: needed('reference'), symbols: symbolsOption(once(parsed, 'symbols')), json: flag(parsed, 'json'), columns } };
}

function replayCommand(parsed: Parsed): Command {
  const text = (name: keyof typeof replayOptions | 'journal'): string | undefined => once(parsed, name);
  return { kind: 'replay', options: replayArguments({ journal: text('journal'), speed: text('speed'), shards: text('shards'), out: text('out'), history: text('history'), json: flag(parsed, 'json') }) };
}

/** What yargs itself refuses, as one sentence. */
function refusal(message: string | undefined, error: Error | undefined): EngineError {
  if (error instanceof EngineError) return error;
  const line = (message ?? error?.message ?? 'the arguments cannot be read').split('\n')[0].replace(/\.$/, '');
  return new EngineError('USAGE', `${line}; see tickshard --help.`);
}

/** Parses the words after `tickshard`. `version` is printed when asked for, help `columns` wide. Throws EngineError USAGE with one sentence. */
export async function parse(argv: readonly string[], { version, columns = 120 }: { version: string; columns?: number }): Promise<Command> {
  // yargs takes any value of a flag for false.
  const valued = argv.find((word) => /^--(json|ws-test-mode|wait-open|no-journal|resume|fetch)=/.test(word));
  if (valued !== undefined) throw new EngineError('USAGE', `${valued.split('=')[0]} takes no value.`);
  let command: Command | undefined;
  let shown = '';
  const common = (builder: Argv): Argv => builder.wrap(columns).strict().demandCommand(0, 0, '', 'Unknown words behind the command');
  const parser = yargs()
    .scriptName('tickshard')
    .locale('en')
    .exitProcess(false)
    .parserConfiguration({ 'boolean-negation': false, 'dot-notation': false, 'parse-numbers': false, 'parse-positional-numbers': false })
    .usage('Proves that candles built from the SmartAPI WebSocket 2.0 feed can replace candles polled over REST.')
    .command(
      '$0',
      'run a stage: build candles from the feed and end with a verdict',
      (builder) => common(builder).options(stageOptions).epilogue(stageEpilogue),
      (parsed) => void (command = stageCommand(parsed)),
    )
    .command(
      'simulate',
      'serve the simulated broker to any client',
      (builder) => common(builder).options(simulateOptions).epilogue(simulatePaths),
      (parsed) => void (command = simulateCommand(parsed)),
    )
    .command(
      'doctor',
      'find out whether a run can work here: machine, credentials, clock, log-in, feed',
      (builder) => common(builder).options(doctorOptions).epilogue(doctorEpilogue),
      (parsed) => void (command = doctorCommand(parsed)),
    )
    .command(
      'instruments',
      "fetch the broker's instrument file of the day, and check the shipped tokens against it",
      (builder) => common(builder).options(instrumentsOptions).epilogue(instrumentsEpilogue),
      (parsed) => void (command = instrumentsCommand(parsed)),
    )
    .command(
      'compare',
      'compare the candles of a run with those polled over REST',
      (builder) => common(builder).options(compareOptions).epilogue(compareEpilogue),
      (parsed) => void (command = compareCommand(parsed, columns)),
    )
    .command(
      'replay <journal>',
      "take the frames of a run's journal in again, and prove that the same comes of them",
      (builder) => builder.wrap(columns).strict().positional('journal', { type: 'string', desc: "folder of a run's journal" }).options(replayOptions).epilogue(replayEpilogue),
      (parsed) => void (command = replayCommand(parsed)),
    )
    .command(
      'decode',
      'read frames from standard input, one hex line each, and print one JSON line each',
      (builder) => common(builder).epilogue('Field names are those of the protocol; integers are decimal strings. `admitted` is true, or the reason why not; a refused frame is {"refused":"length"} or {"refused":"mode"}.'),
      () => void (command = { kind: 'decode' }),
    )
    .help()
    .version(version)
    .wrap(columns)
    .fail((message, error) => {
      throw refusal(message, error);
    });
  await parser.parse([...argv], {}, (_error, _parsed, output) => {
    shown = output;
  });
  if (shown !== '') return { kind: 'text', text: shown };
  if (command === undefined) throw new EngineError('USAGE', 'Nothing to do; see tickshard --help.');
  return command;
}
