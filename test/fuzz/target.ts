/**
 * What the fuzzer is run against. To add a target, write a file in `targets/` that exports one, and name it in `targets.ts`.
 *
 * A case is its input, and the input is made of the case's own stream of random numbers: whoever has target, seed and number has the
 * case, and a finding's input can be kept as a file and run again without them.
 */
import { EngineError, type ErrorCode } from '../../src/errors.js';
import type { Random } from '../../src/random.js';

/** What becomes of an input. Anything else (another exception, a wrong answer, silence, memory) is a finding. */
export type Outcome = 'accepted' | 'refused';

export interface Target {
  /** As in `--target NAME`. */
  readonly name: string;
  /** What is fed with what, one line. */
  readonly description: string;
  /** MB by which the process may grow, whatever it is fed: the largest honest input, and what the garbage collector leaves lying. */
  readonly mostMb: number;
  /** Whether `run` writes into its folder, which is then emptied behind each case. */
  readonly files?: boolean;
  /** A hostile input. The same stream makes the same input. */
  input(random: Random): Uint8Array;
  /** Feeds it. Throws for a finding. `folder` is there for files and empty. */
  run(input: Uint8Array, folder: string): Outcome | Promise<Outcome>;
}

/** A sentence for a person: one line, of bounded length, that no terminal obeys. */
export function checkSentence(sentence: string): void {
  if (sentence.length === 0 || sentence.length > 1000)
    throw new Error(`a sentence of ${sentence.length} characters: ${JSON.stringify(sentence.slice(0, 200))}`);
  if (/[\u0000-\u001f\u007f-\u009f]/.test(sentence))
    throw new Error(`a sentence with control characters: ${JSON.stringify(sentence.slice(0, 200))}`);
}

/** `refused` when `error` is the refusal that is documented, with a sentence that can be shown; throws it again otherwise. */
export function refusedAs(error: unknown, ...codes: readonly ErrorCode[]): 'refused' {
  if (!(error instanceof EngineError) || !codes.includes(error.code)) throw error;
  checkSentence(error.message);
  return 'refused';
}
