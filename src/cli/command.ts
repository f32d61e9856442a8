/** What a command is: its line in the registry, and the module that the line loads. */
import type { ValuesOf } from './options/table.js';

/** Text to print instead of running the command. */
export class TextAnswer {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The module of a command. Its options are the rows of the option table that name it. */
export interface CommandModule<Name extends string, Options> {
  /** What a user should know, below the options in help. */
  readonly about?: string;
  /** What each exit code means. */
  readonly exitCodes: Readonly<Record<number, string>>;
  /** A command line to start with. */
  readonly example?: string;
  /** The values as the command takes them. `columns` is the width of the text to print. Throws EngineError USAGE. */
  check(values: ValuesOf<Name>, context: { readonly columns: number }): Options | TextAnswer;
  /** Returns the exit code. Throws EngineError. */
  run(options: Options): number | Promise<number>;
  /** Whether it only prints, so that it can end when no one reads its output. False without this member. */
  printsOnly?(options: Options): boolean;
}

export type AnyCommand = CommandModule<string, unknown>;

/** A line of the registry. */
export interface CommandEntry {
  /** The word after `tickshard`; `run` needs none. */
  readonly name: string;
  readonly describe: string;
  readonly load: () => Promise<AnyCommand>;
  /** An earlier spelling of two words, which works with a notice. */
  readonly formerly?: readonly [command: string, word: string];
}

/** Makes a command's module. `Name` says which rows of the option table it has. */
export function defineCommand<Name extends string, Options>(
  module: CommandModule<Name, Options>,
): CommandModule<Name, Options> {
  return module;
}

/** Exit codes in one line, for help. */
export function exitCodeText(exitCodes: AnyCommand['exitCodes']): string {
  const codes = Object.entries(exitCodes).map(([code, meaning]) => `${code} ${meaning}`);
  return `Exit codes: ${codes.join(', ')}.`;
}
