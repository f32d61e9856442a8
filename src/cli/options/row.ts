/** A row of the option table, and the functions that make one. The table is in table.ts. */
import type { Reader } from '../values.js';

/**
 * `flag` takes no value; `value` takes one; `repeated` may be given several times; `words` takes several words;
 * `positional` is a word without a name.
 */
type OptionKind = 'flag' | 'value' | 'repeated' | 'words' | 'positional';

/** What was typed for one command. */
export interface Given {
  readonly command: string;
  readonly has: (name: string) => boolean;
  /** The text as typed, or the default; undefined without either, and for options that the command does not have. */
  readonly text: (name: string) => string | undefined;
}

/** Why an option cannot be used as given, one sentence; undefined if it can. */
export type Rule = (given: Given, name: string) => string | undefined;

/** One option of some commands. An option that means something else for another command has another row. */
export interface OptionRow<
  Name extends string = string,
  Commands extends readonly string[] = readonly string[],
  Key extends string = string,
  Value = unknown,
> {
  /** Without dashes. */
  readonly name: Name;
  readonly commands: Commands;
  /** Name of the value in the checked options. */
  readonly key: Key;
  readonly kind: OptionKind;
  /** Stands for the value in help: `N`, `FILE`. */
  readonly placeholder: string;
  readonly help: string;
  /** What is read when the option is not given. */
  readonly default: string | (() => string) | undefined;
  /** The default in words, where it is not one text. */
  readonly defaultHelp: string | undefined;
  /** What is read when the option is given without a value. */
  readonly bare: string | undefined;
  /** The sentence for an option that must be given. */
  readonly missing: string | Rule | undefined;
  /** Checked when the option is given, in order. */
  readonly rules: readonly Rule[];
  /** Whether the report of a run records the value. */
  readonly recorded: boolean;
  readonly reader: Reader<unknown> | undefined;
  /** For the compiler alone: the type of the checked value. */
  readonly valueType?: Value;
}

type Camel<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Name;

/** What every kind of option has. */
interface Spec<Name extends string, Commands extends readonly string[], Key extends string> {
  readonly name: Name;
  /** Name of the value in the checked options; by default the option's name in camel case. */
  readonly as?: Key;
  readonly commands: Commands;
  readonly help: string;
  readonly rules?: readonly Rule[];
  readonly recorded?: boolean;
}

interface ValueSpec<
  Name extends string,
  Commands extends readonly string[],
  Key extends string,
  Value,
> extends Spec<Name, Commands, Key> {
  readonly placeholder: string;
  readonly reader: Reader<Value>;
  readonly defaultHelp?: string;
  readonly bare?: string;
}

type AnySpec = Spec<string, readonly string[], string> &
  Partial<Pick<OptionRow, 'placeholder' | 'default' | 'defaultHelp' | 'bare' | 'missing' | 'reader'>>;

function row(kind: OptionKind, spec: AnySpec): OptionRow<never, never, never, never> {
  const made: OptionRow = {
    name: spec.name,
    commands: spec.commands,
    key: spec.as ?? spec.name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
    kind,
    placeholder: spec.placeholder ?? '',
    help: spec.help,
    default: spec.default,
    defaultHelp: spec.defaultHelp,
    bare: spec.bare,
    missing: spec.missing,
    rules: spec.rules ?? [],
    recorded: spec.recorded ?? false,
    reader: spec.reader,
  };
  return made as OptionRow<never, never, never, never>;
}

/** An option without a value: true when it is given. */
export function flag<
  const Name extends string,
  const Commands extends readonly string[],
  const Key extends string = Camel<Name>,
>(spec: Spec<Name, Commands, Key> & { readonly missing?: Rule }): OptionRow<Name, Commands, Key, boolean> {
  return row('flag', spec);
}

/** An option with one value: undefined when it is not given, unless it has a default or must be given. */
export function value<
  const Name extends string,
  const Commands extends readonly string[],
  Value,
  const Key extends string = Camel<Name>,
>(
  spec: ValueSpec<Name, Commands, Key, Value> &
    ({ readonly default: string | (() => string) } | { readonly missing: string }),
): OptionRow<Name, Commands, Key, Value>;
export function value<
  const Name extends string,
  const Commands extends readonly string[],
  Value,
  const Key extends string = Camel<Name>,
>(
  spec: ValueSpec<Name, Commands, Key, Value> & { readonly missing?: Rule },
): OptionRow<Name, Commands, Key, Value | undefined>;
export function value(spec: AnySpec): OptionRow<never, never, never, never> {
  return row('value', spec);
}

/** An option that may be given several times: a list, empty when it is not given. */
export function repeated<
  const Name extends string,
  const Commands extends readonly string[],
  Value,
  const Key extends string = Camel<Name>,
>(spec: ValueSpec<Name, Commands, Key, Value>): OptionRow<Name, Commands, Key, readonly Value[]> {
  return row('repeated', spec);
}

/** An option that takes all words after it, and must be given. */
export function words<
  const Name extends string,
  const Commands extends readonly string[],
  Value,
  const Key extends string = Camel<Name>,
>(
  spec: ValueSpec<Name, Commands, Key, Value> & { readonly missing: string },
): OptionRow<Name, Commands, Key, readonly Value[]> {
  return row('words', spec);
}

/** A word without a name, which must be given. */
export function positional<
  const Name extends string,
  const Commands extends readonly string[],
  Value,
  const Key extends string = Camel<Name>,
>(spec: ValueSpec<Name, Commands, Key, Value>): OptionRow<Name, Commands, Key, Value> {
  return row('positional', spec);
}

/** The option cannot be given together with `other`. `why` is added to the sentence. */
export function excludes(other: string, why?: string): Rule {
  return (given, name) =>
    given.has(other)
      ? `--${name} and --${other} exclude each other${why === undefined ? '' : `: ${why}`}.`
      : undefined;
}

/** The option means something only together with `other`. */
export function belongsTo(other: string): Rule {
  return (given, name) => (given.has(other) ? undefined : `--${name} belongs to --${other}.`);
}
