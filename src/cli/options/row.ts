/** The row type of the option table (table.ts), and the functions that make rows. */
import type { Reader } from '../values.js';

/**
 * `flag` takes no value, `value` one, `words` several words; `repeated` may be given several times; `positional` is a
 * word without a name.
 */
type OptionKind = 'flag' | 'value' | 'repeated' | 'words' | 'positional';

/** Typed for one command. */
export interface Given {
  readonly command: string;
  readonly has: (name: string) => boolean;
  /** As typed, or the default; undefined without either, and for options that the command does not have. */
  readonly text: (name: string) => string | undefined;
}

/** One sentence against the option as given; undefined if it can be used. */
export type Rule = (given: Given, name: string) => string | undefined;

/** One option of some commands. With another meaning for another command it has another row. */
export interface OptionRow<
  Name extends string = string,
  Commands extends readonly string[] = readonly string[],
  Key extends string = string,
  Value = unknown,
> {
  /** Without dashes. */
  readonly name: Name;
  readonly commands: Commands;
  /** The value's name in the checked options. */
  readonly key: Key;
  readonly kind: OptionKind;
  /** In help: `N`, `FILE`. */
  readonly placeholder: string;
  readonly help: string;
  /** Read when the option is not given. */
  readonly default: string | (() => string) | undefined;
  /** In words, if not one text. */
  readonly defaultHelp: string | undefined;
  /** Read when the option has no value. */
  readonly bare: string | undefined;
  /** The sentence, if the option must be given. */
  readonly missing: string | Rule | undefined;
  /** Checked in order if given. */
  readonly rules: readonly Rule[];
  /** True if a run's report records the value. */
  readonly recorded: boolean;
  readonly reader: Reader<unknown> | undefined;
  /** For the compiler: type of the checked value. */
  readonly valueType?: Value;
}

type Camel<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Name;

interface Spec<Name extends string, Commands extends readonly string[], Key extends string> {
  readonly name: Name;
  /** By default the option's name in camel case. */
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

/** True when given. */
export function flag<
  const Name extends string,
  const Commands extends readonly string[],
  const Key extends string = Camel<Name>,
>(spec: Spec<Name, Commands, Key> & { readonly missing?: Rule }): OptionRow<Name, Commands, Key, boolean> {
  return row('flag', spec);
}

/** Undefined when not given, unless it has a default or must be given. */
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

/** A list, empty when not given. */
export function repeated<
  const Name extends string,
  const Commands extends readonly string[],
  Value,
  const Key extends string = Camel<Name>,
>(spec: ValueSpec<Name, Commands, Key, Value>): OptionRow<Name, Commands, Key, readonly Value[]> {
  return row('repeated', spec);
}

/** Takes all words after it, and must be given. */
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

/** A word without a name, which must be given unless it has a default. */
export function positional<
  const Name extends string,
  const Commands extends readonly string[],
  Value,
  const Key extends string = Camel<Name>,
>(
  spec: ValueSpec<Name, Commands, Key, Value> & { readonly default?: string },
): OptionRow<Name, Commands, Key, Value> {
  return row('positional', spec);
}

/** Refuses the option together with `other`. `why` is added to the sentence. */
export function excludes(other: string, why?: string): Rule {
  return (given, name) =>
    given.has(other)
      ? `--${name} and --${other} exclude each other${why === undefined ? '' : `: ${why}`}.`
      : undefined;
}

/** Refuses the option without `other`. */
export function belongsTo(other: string): Rule {
  return (given, name) => (given.has(other) ? undefined : `--${name} belongs to --${other}.`);
}
