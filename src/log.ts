/**
 * The run's log: pino, JSON lines, written synchronously (a transport would lose the last lines on a signal).
 * Secrets are never put into a message; redaction by path is the second line of defence, not the first.
 */
import { mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { pino, type DestinationStream, type Logger } from 'pino';

export type Log = Logger;

const redactPaths = [
  'apiKey',
  'clientCode',
  'pin',
  'totp',
  'totpSecret',
  'jwtToken',
  'refreshToken',
  'feedToken',
  'password',
  'headers',
  'authorization',
];

/**
 * A file that lines are appended to. pino's own destination keeps what a full disk refuses in memory and, asked to flush, tries for
 * ever without letting anything else happen; here a line that is refused is lost, and the next one is tried again.
 */
class LogFile implements DestinationStream {
  readonly #fd: number;
  readonly #onFailure: (error: unknown) => void;
  #failed = false;
  /** Whether the last line was cut off. */
  #torn = false;

  constructor(path: string, onFailure: (error: unknown) => void) {
    this.#fd = openSync(path, 'a');
    this.#onFailure = onFailure;
  }

  write(line: string): void {
    const bytes = Buffer.from(this.#torn ? `\n${line}` : line);
    try {
      for (let at = 0; at < bytes.length;) {
        at += writeSync(this.#fd, bytes, at);
        this.#torn = at < bytes.length;
      }
    } catch (error) {
      if (!this.#failed) this.#onFailure(error);
      this.#failed = true;
    }
  }
}

/**
 * Opens `path` for appending (folders are made) and returns the logger. Throws what the file system says; what it says later, such as of a
 * full disk, goes to `onFailure`, once: a run does not end for want of a log.
 */
export function openLog(path: string, runId: string, onFailure: (error: unknown) => void): Log {
  mkdirSync(dirname(path), { recursive: true });
  const redact = redactPaths.flatMap((name) => [name, `*.${name}`]);
  return pino(
    {
      base: { runId },
      redact: { paths: redact, censor: '[secret]' },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    new LogFile(path, onFailure),
  );
}

/** A logger that keeps nothing, for parts used without a run (`decode`, `simulate`) and for tests. */
export function silentLog(): Log {
  return pino({ level: 'silent' });
}
