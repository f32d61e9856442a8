/**
 * A target of the fuzzer. To add one, write a file in `targets/` that exports it, and name it in `targets.ts`.
 *
 * A case is an input that is made from the case's own random numbers. Target, seed and number give the same case again,
 * and the input of a finding can be kept in a file and run again without them.
 */
import { EngineError, type ErrorCode } from '../../src/errors.js';
import type { Random } from '../../src/random.js';

/** The outcome of an input. Anything else (another exception, a wrong answer, a hang, memory) is a finding. */
export type Outcome = 'accepted' | 'refused';

export interface Target {
  /** The NAME of `--target NAME`. */
  readonly name: string;
  /** One line: the reader under test, and its input. */
  readonly description: string;
  /** Maximum growth of the process, MB: the largest valid input and uncollected garbage. */
  readonly mostMb: number;
  /** Whether `run` writes into its folder. It is emptied after each case. */
  readonly files?: boolean;
  /** A hostile input. The same random numbers make the same input. */
  input(random: Random): Uint8Array;
  /** Runs the input. Throws for a finding. `folder` is empty and may be used for files. */
  run(input: Uint8Array, folder: string): Outcome | Promise<Outcome>;
}

/** Checks a sentence for a person: one line of bounded length without control characters. */
export function checkSentence(sentence: string): void {
  if (sentence.length === 0 || sentence.length > 1000)
    throw new Error(`a sentence of ${sentence.length} characters: ${JSON.stringify(sentence.slice(0, 200))}`);
  if (/[\u0000-\u001f\u007f-\u009f]/.test(sentence))
    throw new Error(`a sentence with control characters: ${JSON.stringify(sentence.slice(0, 200))}`);
}

/** `refused` if `error` is the documented refusal, with a sentence that can be shown; rethrows it otherwise. */
export function refusedAs(error: unknown, ...codes: readonly ErrorCode[]): 'refused' {
  if (!(error instanceof EngineError) || !codes.includes(error.code)) throw error;
  checkSentence(error.message);
  return 'refused';
}
