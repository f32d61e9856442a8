/** docs/options.md and docs/cli.md from the option table and the registry: `npm run options` writes them. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { exitCodeText, type CommandEntry } from '../../src/cli/command.js';
import type { OptionRow } from '../../src/cli/options/row.js';
import { OPTION_GROUPS, optionsOf } from '../../src/cli/options/table.js';
import { COMMANDS } from '../../src/commands/registry.js';
import { shipped } from '../../src/paths.js';
import { wrap } from '../../src/text/wrap.js';

export const OPTIONS_PAGE = fileURLToPath(shipped('docs/options.md'));
export const CLI_PAGE = fileURLToPath(shipped('docs/cli.md'));

const MAX_COLUMNS = 120;
const WRITTEN =
  'Written by `npm run options` from the option table (`src/cli/options`) and the registry of commands (`src/commands/registry.ts`). `npm test` fails when this page is out of date.';

/** Lines of text, broken between words but not in code. */
const paragraph = (text: string): string =>
  wrap(
    text.replace(/`[^`]*`/g, (span) => span.replaceAll(' ', '\0')),
    MAX_COLUMNS,
  ).replaceAll('\0', ' ');
const code = (text: string): string => `\`${text}\``;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
/** The command as it is typed; `run` is the command without a word. */
const spelled = (name: string): string => (name === 'run' ? 'tickshard' : `tickshard ${name}`);

/** An option with its value as it is typed, e.g. `--dashboard [PORT]`. */
function typed({ name, kind, placeholder, bare }: OptionRow): string {
  if (kind === 'flag') return `--${name}`;
  if (kind === 'positional') return placeholder;
  return `--${name} ${bare === undefined ? placeholder : `[${placeholder}]`}`;
}

/** The default; empty without one. A path or a number is code, a description is text. */
function defaultCell({ default: fallback, defaultHelp, bare }: OptionRow): string {
  if (bare !== undefined) return `off; without PORT ${code(bare)}`;
  if (typeof fallback === 'string') return code(fallback);
  return defaultHelp ?? '';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

/** The text of docs/options.md. */
export function optionsDocument(): string {
  const sections = OPTION_GROUPS.flatMap(({ title, rows }) => [
    `## ${title}`,
    '',
    ...table(
      ['option', 'of', 'takes', 'default', 'what it does'],
      rows.map((row) => [
        code(typed(row)),
        row.commands.map(code).join(', '),
        row.reader?.takes ?? 'no value',
        defaultCell(row),
        row.help,
      ]),
    ),
    '',
  ]);
  return [
    '# Options',
    '',
    paragraph(WRITTEN),
    '',
    paragraph(
      'Each row is an option of the commands in its second column; `run` is `tickshard` without a command. An option that means something else for another command has a row of its own. [cli.md](cli.md) lists the options by command.',
    ),
    '',
    paragraph(
      'An option is given once, as `--name value` or `--name=value`, unless its row says otherwise. "sim:" means that it belongs to `--feed sim`, "URL:" to a feed that is a URL, "--fetch:" to `--fetch`. A refused option ends the program with exit code 2 and one sentence.',
    ),
    '',
    ...sections,
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

async function commandSection({ name, describe, formerly, load }: CommandEntry): Promise<string[]> {
  const { about, exitCodes, example } = await load();
  const rows = optionsOf(name);
  const words = rows.filter(({ kind }) => kind === 'positional').map((row) => ` ${typed(row)}`);
  const options = rows
    .filter(({ kind }) => kind !== 'positional')
    .map((row) => {
      const fallback = typeof row.default === 'string' ? ` (${row.default})` : '';
      return `${code(typed(row))}${fallback}`;
    });
  const usage = `    ${spelled(name)}${words.join('')}${options.length > 0 ? ' [options]' : ''}`;
  const lines = about?.includes('\n') === true;
  const earlier =
    formerly === undefined ? '' : ` The earlier spelling \`${formerly.join(' ')}\` still works.`;
  return [
    // No blank line: the page has a bound.
    `## ${spelled(name)}`,
    paragraph(`${capital(describe)}.${earlier}${about === undefined || lines ? '' : ` ${about}`}`),
    '',
    usage,
    ...(example === undefined ? [] : [`    ${example}`]),
    '',
    ...(lines ? ['```text', about, '```', ''] : []),
    paragraph(`${options.length === 0 ? '' : `Options: ${options.join(', ')}. `}${exitCodeText(exitCodes)}`),
    '',
  ];
}

/** The text of docs/cli.md. */
export async function cliDocument(): Promise<string> {
  return [
    '# Command line',
    paragraph(
      `${WRITTEN} Defaults are in parentheses. What each option takes and does is in [options.md](options.md). \`tickshard COMMAND --help\` prints the same on a terminal, and \`--version\` the version.`,
    ),
    '',
    ...(await Promise.all(COMMANDS.map(commandSection))).flat(),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

if (process.argv[1]?.endsWith('document.js') === true) {
  writeFileSync(OPTIONS_PAGE, optionsDocument());
  writeFileSync(CLI_PAGE, await cliDocument());
}
