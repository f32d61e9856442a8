/** Parses argv to one checked command, to text, or to one error sentence. Opens and connects nothing. */
import yargs, { type Argv, type Options } from 'yargs';
import { EngineError } from '../errors.js';
import { exitCodeText, TextAnswer, type AnyCommand, type CommandEntry } from './command.js';
import type { OptionRow } from './options/row.js';
import { OPTIONS, optionsOf } from './options/table.js';
import { defaultOf, readOptions, type Parsed } from './read.js';
import { usage } from './values.js';

/** For a command line without one. */
const DEFAULT_COMMAND = 'run';

export type Asked =
  /** Help or version, to print only. */
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'command';
      readonly name: string;
      readonly options: unknown;
      /** About the spelling, one sentence. */
      readonly notice: string | undefined;
      readonly printsOnly: boolean;
      /** Returns the exit code. Throws EngineError. */
      readonly run: () => number | Promise<number>;
    };

/** With the default. */
function helpOf(row: OptionRow): string {
  const { help, bare, defaultHelp, placeholder } = row;
  const fallback = defaultHelp ?? defaultOf(row);
  if (bare !== undefined) return `[${placeholder}] ${help}  [default port: ${bare}]`;
  return fallback === undefined ? help : `${help}  [default: ${fallback}]`;
}

const isPositional = ({ kind }: OptionRow): boolean => kind === 'positional';

/** Gives yargs a command's rows and the help below them. */
function build(
  builder: Argv,
  name: string,
  { about, exitCodes, example }: AnyCommand,
  columns: number,
): Argv {
  const rows = optionsOf(name);
  const yargsType = ({ kind }: OptionRow): Options => ({
    type: kind === 'flag' ? 'boolean' : 'string',
    ...(kind === 'words' ? { array: true } : {}),
  });
  builder.wrap(columns).strict();
  for (const row of rows.filter(isPositional))
    builder.positional(row.name, { type: 'string', desc: helpOf(row) });
  for (const row of rows.filter((one) => !isPositional(one)))
    builder.option(row.name, { ...yargsType(row), desc: helpOf(row) });
  return builder.epilogue(
    [about ?? [], exitCodeText(exitCodes), example === undefined ? [] : `  ${example}`].flat().join('\n\n'),
  );
}

/** Yargs' own refusal as one sentence. */
function refusal(message: string | undefined, error: Error | undefined): EngineError {
  if (error instanceof EngineError) return error;
  const line = (message ?? error?.message ?? 'the arguments cannot be read')
    .split(/\s*\n\s*/)
    .slice(0, 2)
    .join(' ')
    .replace(/\.$/, '');
  return usage(`${line}; see tickshard --help.`);
}

/** Throws EngineError USAGE for a flag with a value, which yargs would read as false. */
function checkFlags(argv: readonly string[]): void {
  const flags = new Set(OPTIONS.filter(({ kind }) => kind === 'flag').map(({ name }) => name));
  const valued = argv.find((word) => flags.has(/^--([^=]+)=/.exec(word)?.[1] ?? ''));
  if (valued !== undefined) throw usage(`${valued.split('=')[0]} takes no value.`);
}

function bare(version: string, columns: number): Argv {
  return yargs()
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
    .help()
    .version(version)
    .wrap(columns)
    .fail((message, error) => {
      throw refusal(message, error);
    });
}

/** Thrown by a command's handler: after one that returns, yargs makes the command's help, which takes 0.1 s. */
class Answer extends Error {
  readonly asked: Asked;

  constructor(asked: Asked) {
    super('a command was asked for');
    this.asked = asked;
  }
}

/** `module` is undefined if the command line cannot mean it. */
function register(
  parser: Argv,
  { name, describe, formerly }: CommandEntry,
  module: AnyCommand | undefined,
  columns: number,
): void {
  const take = (parsed: Parsed, notice?: string): never => {
    const options = module!.check(readOptions(name, parsed), { columns });
    if (options instanceof TextAnswer) throw new Answer({ kind: 'text', text: options.text });
    const printsOnly = module!.printsOnly?.(options) ?? false;
    throw new Answer({ kind: 'command', name, options, notice, printsOnly, run: () => module!.run(options) });
  };
  const positionals = optionsOf(name).filter(isPositional);
  parser.command(
    [
      name === DEFAULT_COMMAND ? '$0' : name,
      ...positionals.map((row) => (row.default === undefined ? `<${row.name}>` : `[${row.name}]`)),
    ].join(' '),
    describe,
    (builder: Argv) => {
      const built = build(builder, name, module!, columns);
      return positionals.length > 0
        ? built
        : built.demandCommand(0, 0, '', 'Unknown words after the command');
    },
    (parsed) => take(parsed),
  );
  if (formerly === undefined) return;
  const [command, word] = formerly;
  parser.command(
    `${command} <question>`,
    false,
    (builder: Argv) =>
      build(builder, name, module!, columns).positional('question', { choices: [word], desc: word }),
    (parsed) => take(parsed, `tickshard ${command} ${word} is now tickshard ${name}.`),
  );
}

/**
 * Parses the words after `tickshard` by the registry `commands` and loads modules that may be meant. `version` is
 * printed on request, help `columns` wide. Throws EngineError USAGE with one sentence.
 */
export async function parse(
  argv: readonly string[],
  commands: readonly CommandEntry[],
  { version, columns = 120 }: { readonly version: string; readonly columns?: number },
): Promise<Asked> {
  checkFlags(argv);
  const parser = bare(version, columns);
  for (const entry of commands) {
    // Loads only what may be meant, so that help and errors are quick.
    const meant = [DEFAULT_COMMAND, ...argv].some((word) => [entry.name, entry.formerly?.[0]].includes(word));
    const module = meant ? await entry.load() : undefined;
    register(parser, entry, module, columns);
  }
  let shown = '';
  try {
    await parser.parse([...argv], {}, (_error, _parsed, output) => {
      shown = output;
    });
  } catch (thrown) {
    if (thrown instanceof Answer) return thrown.asked;
    throw thrown;
  }
  if (shown !== '') return { kind: 'text', text: shown };
  throw usage('Nothing to do; see tickshard --help.');
}
