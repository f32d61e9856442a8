/** What a command line asks for. */
import { TextAnswer, type AnyCommand } from './command.js';
import { readOptions, type Parsed } from './read.js';

/** For a command line without one. */
export const DEFAULT_COMMAND = 'run';

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

/** Checks a command's options. Throws EngineError USAGE with one sentence. */
export function answerOf(
  name: string,
  command: AnyCommand,
  parsed: Parsed,
  columns: number,
  notice?: string,
): Asked {
  const options = command.check(readOptions(name, parsed), { columns });
  if (options instanceof TextAnswer) return { kind: 'text', text: options.text };
  const printsOnly = command.printsOnly?.(options) ?? false;
  return { kind: 'command', name, options, notice, printsOnly, run: () => command.run(options) };
}
