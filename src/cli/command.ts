/** A command: its line in the registry, and the module that this loads. */
import type { ValuesOf } from './options/table.js';

/** Text to print instead of running the command. */
export class TextAnswer {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A command's options are the rows of the option table that name it. */
export interface CommandModule<Name extends string, Options> {
  /** Shown below the options in help. */
  readonly about?: string;
  /** The meaning of each exit code. */
  readonly exitCodes: Readonly<Record<number, string>>;
  /** A command line to start with. */
  readonly example?: string;
  /** The values as the command takes them. `columns`: text width. Throws EngineError USAGE. */
  check(values: ValuesOf<Name>, context: { readonly columns: number }): Options | TextAnswer;
  /** Returns the exit code. Throws EngineError. */
  run(options: Options): number | Promise<number>;
  /** True if it only prints, so that it can end when no one reads. False without this member. */
  printsOnly?(options: Options): boolean;
}

export type AnyCommand = CommandModule<string, unknown>;

export interface CommandEntry {
  /** After `tickshard`; `run` needs none. */
  readonly name: string;
  readonly describe: string;
  readonly load: () => Promise<AnyCommand>;
  /** An earlier spelling of two words, which works with a notice. */
  readonly formerly?: readonly [command: string, word: string];
}

/** `Name` selects the rows of the option table. */
export function defineCommand<Name extends string, Options>(
  module: CommandModule<Name, Options>,
): CommandModule<Name, Options> {
  return module;
}

/** One line, for help. */
export function exitCodeText(exitCodes: AnyCommand['exitCodes']): string {
  const codes = Object.entries(exitCodes).map(([code, meaning]) => `${code} ${meaning}`);
  return `Exit codes: ${codes.join(', ')}.`;
}
