/** The command line: argv to one checked Command, or help, or one sentence. Nothing is opened or connected here. */
import yargs, { type Argv } from 'yargs';
import type { Command, CompareArguments } from './command.js';
import { faultsOption, outOption, remoteFeed, replayArguments, stageConfig } from './config.js';
import { EngineError } from '../errors.js';
import { BOUNDS, DEFAULT_AT } from '../limits.js';
import { CUTOVER_DAYS } from '../reconcile/cutover.js';
import {
  compareEpilogue,
  compareOptions,
  cutoverEpilogue,
  cutoverOptions,
  doctorEpilogue,
  doctorOptions,
  instrumentsEpilogue,
  instrumentsOptions,
  replayEpilogue,
  replayOptions,
  reportEpilogue,
  reportOptions,
  shadowEpilogue,
  shadowOptions,
  simulateOptions,
  simulatePaths,
  stageEpilogue,
  stageOptions,
} from './options.js';
import { faultList } from '../sim/faults/catalogue.js';
import { dateOption, numberOption, pathOption, symbolsOption, timeOption } from './values.js';

type Parsed = Record<string, unknown>;

/** The text of an option given at most once; yargs makes a list of one that is repeated. */
function once(parsed: Parsed, name: string): string | undefined {
  const value = parsed[name];
  if (Array.isArray(value)) throw new EngineError('USAGE', `--${name} is given twice.`);
  if (value === undefined || typeof value === 'boolean') return undefined;
  if (value === '') throw new EngineError('USAGE', `--${name} needs a value.`);
  return value as string;
}

/** The same of an option whose value may be left out: then it is empty. */
function maybe(parsed: Parsed, name: string): string | undefined {
  const value = parsed[name];
  return value === '' ? '' : once(parsed, name);
}

/** The texts of an option that may be repeated; undefined when it is not given. */
function many(parsed: Parsed, name: string): readonly string[] | undefined {
  const value = parsed[name] as string | readonly string[] | undefined;
  const texts = typeof value === 'string' ? [value] : value;
  if (texts?.includes('') === true) throw new EngineError('USAGE', `--${name} needs a value.`);
  return texts;
}

/** Whether a flag is set. */
function flag(parsed: Parsed, name: string): boolean {
  const value = parsed[name];
  if (Array.isArray(value)) throw new EngineError('USAGE', `--${name} is given twice.`);
  return value === true;
}

function stageCommand(parsed: Parsed, shadow: boolean): Command {
  const text = (name: keyof typeof stageOptions): string | undefined => once(parsed, name);
  return {
    kind: 'stage',
    config: stageConfig({
      shadow,
      untilClose: shadow && flag(parsed, 'until-close'),
      warmUp: flag(parsed, 'warm-up'),
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
      fault: many(parsed, 'fault'),
      chaos: text('chaos'),
      marketClock: text('market-clock'),
      ca: text('ca'),
      shards: text('shards'),
      grace: text('grace'),
      out: text('out'),
      history: text('history'),
      instruments: text('instruments'),
      report: text('report'),
      journal: text('journal'),
      dashboard: maybe(parsed, 'dashboard'),
      metrics: maybe(parsed, 'metrics'),
      quiet: flag(parsed, 'quiet'),
      verbose: flag(parsed, 'verbose'),
    }),
  };
}

function simulateCommand(parsed: Parsed): Command {
  if (flag(parsed, 'faults')) return { kind: 'text', text: faultList() };
  const port = once(parsed, 'port') ?? '0';
  const speed = once(parsed, 'speed') ?? '1';
  return {
    kind: 'simulate',
    options: {
      port: numberOption('port', port, BOUNDS.port),
      seed: numberOption('seed', once(parsed, 'seed') ?? '1', BOUNDS.seed),
      speed: numberOption('speed', speed, BOUNDS.speed, { whole: false, unit: 'market seconds a second' }),
      atMs: timeOption('at', once(parsed, 'at') ?? DEFAULT_AT),
      faults: faultsOption(many(parsed, 'fault'), once(parsed, 'chaos')),
    },
  };
}

function doctorCommand(parsed: Parsed): Command {
  const feed = remoteFeed(once(parsed, 'feed') ?? 'live', once(parsed, 'ca'));
  return {
    kind: 'doctor',
    options: {
      feed,
      out: outOption(once(parsed, 'out'), feed),
      instruments: pathOption('instruments', once(parsed, 'instruments')),
      json: flag(parsed, 'json'),
    },
  };
}

function instrumentsCommand(parsed: Parsed): Command {
  const fetch = flag(parsed, 'fetch');
  const [from, ca] = [once(parsed, 'from'), pathOption('ca', once(parsed, 'ca'))];
  if (!fetch && (from ?? ca) !== undefined)
    throw new EngineError('USAGE', `--${from === undefined ? 'ca' : 'from'} belongs to --fetch.`);
  return { kind: 'instruments', options: { fetch, from, ca, json: flag(parsed, 'json') } };
}

/** The other side of a comparison: `--reference`, or `--fetch` with what belongs to it. */
function referenceOption(parsed: Parsed): CompareArguments['reference'] {
  const reference = pathOption('reference', once(parsed, 'reference'));
  const stray = (['feed', 'ca', 'instruments'] as const).find((name) => once(parsed, name) !== undefined);
  if (flag(parsed, 'fetch')) {
    if (reference !== undefined)
      throw new EngineError(
        'USAGE',
        '--reference and --fetch exclude each other: one reads what was polled, the other polls.',
      );
    const [feed, ca] = [once(parsed, 'feed') ?? 'live', once(parsed, 'ca')];
    const instruments = pathOption('instruments', once(parsed, 'instruments'));
    return { feed: feed === 'sim' && ca === undefined ? { kind: 'sim' } : remoteFeed(feed, ca), instruments };
  }
  if (stray !== undefined) throw new EngineError('USAGE', `--${stray} belongs to --fetch.`);
  if (reference === undefined)
    throw new EngineError(
      'USAGE',
      `--reference is missing: ${compareOptions.reference.desc}; or --fetch, which polls it.`,
    );
  return reference;
}

function compareCommand(parsed: Parsed, columns: number): Command {
  const ours = pathOption('ours', once(parsed, 'ours'));
  if (ours === undefined) throw new EngineError('USAGE', `--ours is missing: ${compareOptions.ours.desc}.`);
  const unexplained = once(parsed, 'unexplained');
  return {
    kind: 'compare',
    options: {
      ours,
      reference: referenceOption(parsed),
      symbols: symbolsOption(once(parsed, 'symbols')),
      date: dateOption('date', once(parsed, 'date')),
      unexplainedPercent:
        unexplained === undefined
          ? undefined
          : numberOption('unexplained', unexplained, BOUNDS.unexplained, {
              whole: false,
              unit: 'percent of the values',
            }),
      report: pathOption('report', once(parsed, 'report')),
      html: pathOption('html', once(parsed, 'html')),
      json: flag(parsed, 'json'),
      columns,
    },
  };
}

function replayCommand(parsed: Parsed): Command {
  const text = (name: keyof typeof replayOptions | 'journal'): string | undefined => once(parsed, name);
  return {
    kind: 'replay',
    options: replayArguments({
      journal: text('journal'),
      speed: text('speed'),
      shards: text('shards'),
      out: text('out'),
      history: text('history'),
      json: flag(parsed, 'json'),
    }),
  };
}

function reportCommand(parsed: Parsed): Command {
  return {
    kind: 'report',
    options: {
      file: pathOption('file', once(parsed, 'file'))!,
      html: pathOption('html', once(parsed, 'html')),
    },
  };
}

function cutoverCommand(parsed: Parsed): Command {
  // Words behind the command belong to --runs, which takes several.
  const runs = (parsed['runs'] as readonly string[] | undefined) ?? [];
  if (runs.length === 0 || runs.includes(''))
    throw new EngineError('USAGE', `--runs is missing: ${cutoverOptions.runs.desc}.`);
  return {
    kind: 'cutover',
    options: {
      runs,
      days: numberOption('days', once(parsed, 'days') ?? String(CUTOVER_DAYS), BOUNDS.cutoverDays),
      symbols: symbolsOption(once(parsed, 'symbols')),
      json: flag(parsed, 'json'),
    },
  };
}

/** What yargs itself refuses, as one sentence. */
function refusal(message: string | undefined, error: Error | undefined): EngineError {
  if (error instanceof EngineError) return error;
  const line = (message ?? error?.message ?? 'the arguments cannot be read')
    .split(/\s*\n\s*/)
    .slice(0, 2)
    .join(' ')
    .replace(/\.$/, '');
  return new EngineError('USAGE', `${line}; see tickshard --help.`);
}

/** Parses the words after `tickshard`. `version` is printed when asked for, help `columns` wide. Throws EngineError USAGE with one sentence. */
export async function parse(
  argv: readonly string[],
  { version, columns = 120 }: { version: string; columns?: number },
): Promise<Command> {
  // yargs takes any value of a flag for false.
  const valued = argv.find((word) =>
    /^--(json|ws-test-mode|wait-open|no-journal|resume|fetch|faults|warm-up|until-close|quiet|verbose)=/.test(
      word,
    ),
  );
  if (valued !== undefined) throw new EngineError('USAGE', `${valued.split('=')[0]} takes no value.`);
  let command: Command | undefined;
  let shown = '';
  const common = (builder: Argv): Argv =>
    builder.wrap(columns).strict().demandCommand(0, 0, '', 'Unknown words behind the command');
  const parser = yargs()
    .scriptName('tickshard')
    .locale('en')
    .exitProcess(false)
    .parserConfiguration({
      'boolean-negation': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .usage(
      'Proves that candles built from the SmartAPI WebSocket 2.0 feed can replace candles polled over REST.',
    )
    .command(
      '$0',
      'run a stage: build candles from the feed and end with a verdict',
      (builder) => common(builder).options(stageOptions).epilogue(stageEpilogue),
      (parsed) => void (command = stageCommand(parsed, false)),
    )
    .command(
      'shadow',
      'run beside what you poll for a whole day, without the bound of a stage',
      (builder) => common(builder).options(shadowOptions).epilogue(shadowEpilogue),
      (parsed) => void (command = stageCommand(parsed, true)),
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
      (builder) =>
        builder
          .wrap(columns)
          .strict()
          .positional('journal', { type: 'string', desc: "folder of a run's journal" })
          .options(replayOptions)
          .epilogue(replayEpilogue),
      (parsed) => void (command = replayCommand(parsed)),
    )
    .command(
      'report <file>',
      "make a run's report a page again: one file that needs nothing else",
      (builder) =>
        builder
          .wrap(columns)
          .strict()
          .positional('file', {
            type: 'string',
            desc: "a run's report, JSON, e.g. data/test/reports/latest.json",
          })
          .options(reportOptions)
          .epilogue(reportEpilogue),
      (parsed) => void (command = reportCommand(parsed)),
    )
    .command(
      'gate <question>',
      'cutover: whether candles of the feed may replace polled ones, from several days of shadow runs and comparisons',
      (builder) =>
        builder
          .wrap(columns)
          .strict()
          .positional('question', { choices: ['cutover'], desc: 'cutover' })
          .options(cutoverOptions)
          .epilogue(cutoverEpilogue),
      (parsed) => void (command = cutoverCommand(parsed)),
    )
    .command(
      'decode',
      'read frames from standard input, one hex line each, and print one JSON line each',
      (builder) =>
        common(builder).epilogue(
          'Field names are those of the protocol; integers are decimal strings. `admitted` is true, or the reason why not; a refused frame is {"refused":"length"} or {"refused":"mode"}.',
        ),
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
