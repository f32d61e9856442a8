/**
 * The run's log: pino, JSON lines, written synchronously because a transport would lose the last lines on a
 * signal. No message holds a secret; redaction by path is only the second line of defence.
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
 * A file that lines are appended to. pino's own destination keeps refused lines in memory and its flush retries
 * for ever. Here a refused line is lost, and the next line is tried.
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
 * Opens `path` for appending, makes its folders and returns the logger. Throws the file system's error. A later
 * error, such as a full disk, goes to `onFailure` once: a run does not end because of its log.
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

/** A logger that discards everything, for `decode`, `simulate` and tests. */
export function silentLog(): Log {
  return pino({ level: 'silent' });
}
