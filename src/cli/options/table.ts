/**
 * All options of all commands. The parser, the checks, help, reports, docs/options.md and docs/cli.md follow from
 * this table.
 */
import { EVIDENCE_OPTIONS } from './evidence.js';
import { FEED_OPTIONS } from './feed.js';
import { OUTPUT_OPTIONS } from './output.js';
import type { OptionRow } from './row.js';
import { RUN_OPTIONS } from './run.js';

const ROWS = [...RUN_OPTIONS, ...FEED_OPTIONS, ...EVIDENCE_OPTIONS, ...OUTPUT_OPTIONS] as const;

/** In the order of help and checks. */
export const OPTIONS: readonly OptionRow[] = ROWS;

/** By subject, for the reference. */
export const OPTION_GROUPS: readonly { readonly title: string; readonly rows: readonly OptionRow[] }[] = [
  { title: 'The run', rows: RUN_OPTIONS },
  { title: 'The feed', rows: FEED_OPTIONS },
  { title: 'Evidence', rows: EVIDENCE_OPTIONS },
  { title: 'Output', rows: OUTPUT_OPTIONS },
];

type RowOf<Command extends string, Row = (typeof ROWS)[number]> = Row extends OptionRow
  ? Command extends Row['commands'][number]
    ? Row
    : never
  : never;

/** A command's checked values by key. */
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

export function optionsOf(command: string): readonly OptionRow[] {
  return OPTIONS.filter(({ commands }) => commands.includes(command));
}

/** For the report: the value of each recorded row, null if not set. */
export function recordedOptions(config: object): Record<string, unknown> {
  const values = config as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    optionsOf('run')
      .filter(({ recorded }) => recorded)
      .map(({ key }) => [key, values[key] ?? null]),
  );
}
