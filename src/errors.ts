/**
 * Failed operations. Three kinds of trouble exist here and only this one is thrown on purpose: a broken invariant is an assertion
 * and the thread dies; bad bytes from outside are a counted reason; what the user or the machine refuses is an EngineError.
 */

/** Exit codes of the command line (docs/semantics.md, "Command line"). */
export const EXIT = { pass: 0, failed: 1, usage: 2, noConnection: 3, interrupted: 130 } as const;

/** Stable names of what can fail; scripts may rely on them. */
export type ErrorCode =
  | 'USAGE'
  | 'CONFIG'
  | 'MARKET_SHUT'
  | 'INSTRUMENT'
  | 'OUTPUT'
  | 'FOOTER'
  | 'HISTORY'
  | 'JOURNAL'
  | 'REPORT'
  | 'LOGIN'
  | 'CONNECT'
  | 'CANDLES'
  | 'SIMULATOR';

const exitOf: Record<ErrorCode, number> = {
  USAGE: EXIT.usage,
  CONFIG: EXIT.usage,
  MARKET_SHUT: EXIT.usage,
  INSTRUMENT: EXIT.usage,
  OUTPUT: EXIT.usage,
  FOOTER: EXIT.usage,
  HISTORY: EXIT.usage,
  JOURNAL: EXIT.usage,
  REPORT: EXIT.usage,
  LOGIN: EXIT.noConnection,
  CONNECT: EXIT.noConnection,
  CANDLES: EXIT.noConnection,
  SIMULATOR: EXIT.noConnection,
};

/** Characters of a sentence; more are a file's or a server's own words. */
const MAX_SENTENCE_LENGTH = 1000;

/** A failure with a stable code and one sentence for a person. The sentence never holds a secret, and no terminal obeys it: what it quotes of files and servers may be anything. */
export class EngineError extends Error {
  readonly code: ErrorCode;
  /** Whether trying again later may help. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, sentence: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(printable(sentence), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EngineError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }

  /** The exit code that a run ended by this failure has. */
  get exitCode(): number {
    return exitOf[this.code];
  }
}

/** One line of bounded length, without control characters. */
export function printable(text: string): string {
  const short = text.length > MAX_SENTENCE_LENGTH ? `${text.slice(0, MAX_SENTENCE_LENGTH - 1)}…` : text;
  return short.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}

/** The text of anything thrown, without a stack. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
