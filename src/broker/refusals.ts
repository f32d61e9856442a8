/** A broker's refusals; what follows differs by class. */
import { EngineError } from '../errors.js';

/** The broker refuses the log-in for its rate: a fast retry keeps the limit hit. */
export class LoginLimited extends EngineError {
  constructor(sentence: string) {
    super('LOGIN', sentence, { retryable: true });
  }
}

/** The broker answered the log-in with a refusal. */
export class LoginRefused extends EngineError {
  /** As of BrokerSession: a one-time password is wrong when a clock is. */
  readonly clockAheadMs: number | undefined;

  constructor(sentence: string, options: { retryable: boolean; clockAheadMs: number | undefined }) {
    super('LOGIN', sentence, options);
    this.clockAheadMs = options.clockAheadMs;
  }
}

/** The broker refuses one instrument's candles; it may give those of others. */
export class CandlesRefused extends EngineError {
  constructor(sentence: string) {
    super('CANDLES', sentence);
  }
}
