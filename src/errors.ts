/**
 * Only EngineError is thrown on purpose, for what the user or the machine refuses. A broken invariant is an assertion
 * and ends the thread. Bad bytes from outside are counted by reason.
 */

/** Exit codes (docs/semantics.md, "Command line"). */
export const EXIT = { pass: 0, failed: 1, usage: 2, noConnection: 3, interrupted: 130 } as const;

/** Stable: scripts may rely on them. */
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

/** Longer sentences quote a file or a server. */
const MAX_SENTENCE_LENGTH = 1000;

/**
 * A stable code and one sentence, which may quote files and servers but holds no secret and no control characters.
 */
export class EngineError extends Error {
  readonly code: ErrorCode;
  /** True if trying again later may help. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, sentence: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(printable(sentence), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'EngineError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }

  /** Of a run that ends with this failure. */
  get exitCode(): number {
    return exitOf[this.code];
  }
}

/** One line without control characters, cut to MAX_SENTENCE_LENGTH. */
export function printable(text: string): string {
  const short = text.length > MAX_SENTENCE_LENGTH ? `${text.slice(0, MAX_SENTENCE_LENGTH - 1)}…` : text;
  return short.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}

/** Of anything thrown, without a stack. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
