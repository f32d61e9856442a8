/** Reads and checks yargs' options by the option table. */
import type { Given, OptionRow } from './options/row.js';
import { optionsOf, type ValuesOf } from './options/table.js';
import { usage } from './values.js';

export type Parsed = Readonly<Record<string, unknown>>;

/** True for a flag, the text of one value, the texts of several; undefined when not given. */
type Typed = true | string | readonly string[] | undefined;

/** Throws EngineError USAGE for a repeated option or a missing value. */
function typedOf({ name, kind, bare }: OptionRow, parsed: Parsed): Typed {
  const found = parsed[name];
  if (kind === 'words') {
    const texts = (found ?? []) as readonly string[];
    return texts.length === 0 || texts.includes('') ? undefined : texts;
  }
  if (kind === 'repeated') {
    const texts = typeof found === 'string' ? [found] : (found as readonly string[] | undefined);
    if (texts?.includes('') === true) throw usage(`--${name} needs a value.`);
    return texts;
  }
  // yargs makes a list of a repeated option.
  if (Array.isArray(found)) throw usage(`--${name} is given twice.`);
  if (kind === 'flag') return found === true ? true : undefined;
  if (found === '' && bare === undefined) throw usage(`--${name} needs a value.`);
  return found === '' ? bare : (found as string | undefined);
}

/** The text to read when the option is not given. */
export function defaultOf(row: OptionRow): string | undefined {
  return typeof row.default === 'function' ? row.default() : row.default;
}

function valueOf(row: OptionRow, typed: Typed): unknown {
  const { name, kind, reader } = row;
  if (kind === 'flag') return typed === true;
  if (kind === 'repeated' || kind === 'words')
    return ((typed ?? []) as readonly string[]).map((text) => reader!.read(text, name));
  const text = (typed as string | undefined) ?? defaultOf(row);
  return text === undefined ? undefined : reader!.read(text, name);
}

/** Throws EngineError USAGE with the first objection to the option, given or not. */
function checkRow(row: OptionRow, typed: Typed, given: Given): void {
  const { name, missing } = row;
  const rules = typed !== undefined ? row.rules : missing === undefined ? [] : [missing];
  for (const rule of rules) {
    const sentence = typeof rule === 'string' ? rule : rule(given, name);
    if (sentence !== undefined) throw usage(sentence);
  }
}

/**
 * Checked values by key. Checks rows in table order. Throws EngineError USAGE with one sentence on the first error.
 */
export function readOptions<Command extends string>(command: Command, parsed: Parsed): ValuesOf<Command> {
  const rows = new Map(optionsOf(command).map((row) => [row.name, row]));
  const typed = new Map([...rows].map(([name, row]) => [name, typedOf(row, parsed)]));
  const given: Given = {
    command,
    has: (name) => typed.get(name) !== undefined,
    text: (name) => {
      const text = typed.get(name);
      const row = rows.get(name);
      return typeof text === 'string' ? text : row && defaultOf(row);
    },
  };
  const values: Record<string, unknown> = {};
  for (const [name, row] of rows) {
    checkRow(row, typed.get(name), given);
    values[row.key] = valueOf(row, typed.get(name));
  }
  return values as ValuesOf<Command>;
}
