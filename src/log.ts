/**
 * The run's log: JSON lines, written synchronously because a transport would lose the last ones on a signal. No
 * message holds a secret; redaction by path is only the second defence.
 */
import { mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type * as Pino from 'pino';
import { requirePackage } from './packages.js';

const { pino } = requirePackage('pino') as typeof Pino;

export type Log = Pino.Logger;

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
 * pino's own destination keeps refused lines in memory and its flush retries for ever; here a refused line is lost
 * and the next is tried.
 */
class LogFile implements Pino.DestinationStream {
  readonly #fd: number;
  readonly #onFailure: (error: unknown) => void;
  #failed = false;
  /** True if the last line was cut off. */
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
 * Appends to `path` and makes its folders. Throws the file system's error. A later one, such as a full disk, goes to
 * `onFailure` once: it does not end the run.
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

/** Discards everything, for `decode`, `simulate` and tests. */
export function silentLog(): Log {
  return pino({ level: 'silent' });
}
