/**
 * The option table: every option of every command. The parser, the checks, help, the record in reports,
 * docs/options.md and docs/cli.md follow from it.
 */
import { EVIDENCE_OPTIONS } from './evidence.js';
import { FEED_OPTIONS } from './feed.js';
import { OUTPUT_OPTIONS } from './output.js';
import type { OptionRow } from './row.js';
import { RUN_OPTIONS } from './run.js';

const ROWS = [...RUN_OPTIONS, ...FEED_OPTIONS, ...EVIDENCE_OPTIONS, ...OUTPUT_OPTIONS] as const;

/** All rows, in the order of help and of the checks. */
export const OPTIONS: readonly OptionRow[] = ROWS;

/** The rows by subject, for the reference. */
export const OPTION_GROUPS: readonly { readonly title: string; readonly rows: readonly OptionRow[] }[] = [
  { title: 'The run', rows: RUN_OPTIONS },
  { title: 'The feed', rows: FEED_OPTIONS },
  { title: 'Evidence', rows: EVIDENCE_OPTIONS },
  { title: 'Output', rows: OUTPUT_OPTIONS },
];

/** The row type of each option that `Command` has. */
type RowOf<Command extends string, Row = (typeof ROWS)[number]> = Row extends OptionRow
  ? Command extends Row['commands'][number]
    ? Row
    : never
  : never;

/** The checked values of a command's options, by key. */
export type ValuesOf<Command extends string> = {
  readonly [Row in RowOf<Command> as Row['key']]: Row extends OptionRow<
    string,
    readonly string[],
    string,
    infer Value
  >
    ? Value
    : never;
};

/** The options of `command`. */
export function optionsOf(command: string): readonly OptionRow[] {
  return OPTIONS.filter(({ commands }) => commands.includes(command));
}

/** A run's options for the report: the value of each recorded row, null for one that is not set. */
export function recordedOptions(config: object): Record<string, unknown> {
  const values = config as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    optionsOf('run')
      .filter(({ recorded }) => recorded)
      .map(({ key }) => [key, values[key] ?? null]),
  );
}
