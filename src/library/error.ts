/** Errors of the library. */
import { EngineError, type ErrorCode } from '../errors.js';

/** By code: what helps in general. The message says what happened, and what to do about it where that is known. */
const REMEDIES: Readonly<Record<ErrorCode, string>> = {
  USAGE: 'Change the option that the message names.',
  CONFIG: 'Change the value that the message names.',
  MARKET_SHUT: 'Open the feed in trading hours, or with `waitOpen: true`.',
  INSTRUMENT: 'Correct the name, or give an instrument file as `instrumentFile`.',
  OUTPUT: 'Free the disk or name another path.',
  FOOTER: 'Name a file of the same origin.',
  HISTORY: 'Name another folder.',
  JOURNAL: 'Name the folder of one run.',
  REPORT: 'Name another report.',
  LOGIN: 'Check the credentials and the clock of this machine.',
  CONNECT: 'Check the network; open the feed again later.',
  CANDLES: 'Ask again later.',
  SIMULATOR: 'Open the feed again; if it repeats, report it.',
};

/** Sentences of the command line name its options. */
const OPTIONS: readonly (readonly [flag: RegExp, option: string])[] = [
  [/--wait-open/g, '`waitOpen: true`'],
  [/--instruments FILE/g, '`instrumentFile`'],
  [/--fault\b/g, 'faults'],
  [/--habit\b/g, 'habits'],
  [/--tape\b/g, 'tape'],
  [/--(at|speed|seed|mode|shards)\b/g, '$1'],
];

/** The one class of errors that this package throws on purpose. */
export class FeedError extends Error {
  /** Stable: programs may rely on it. */
  readonly code: ErrorCode;
  /** True if the same call may succeed later. */
  readonly retryable: boolean;
  readonly remedy: string;

  constructor(code: ErrorCode, message: string, retryable = false) {
    super(OPTIONS.reduce((text, [flag, option]) => text.replace(flag, option), message));
    this.name = 'FeedError';
    this.code = code;
    this.retryable = retryable;
    this.remedy = REMEDIES[code];
  }
}

/** Runs `work`; its EngineErrors become FeedErrors. */
export async function asFeedErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EngineError) throw new FeedError(error.code, error.message, error.retryable);
    throw error;
  }
}
