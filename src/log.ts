/**
 * The run's log: pino, JSON lines, written synchronously (a transport would lose the last lines on a signal).
 * Secrets are never put into a message; redaction by path is the second line of defence, not the first.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { pino, destination, type Logger } from 'pino';

export type Log = Logger;

const redactPaths = ['apiKey', 'clientCode', 'pin', 'totp', 'totpSecret', 'jwtToken', 'refreshToken', 'feedToken', 'password', 'headers', 'authorization'];

/**
 * Opens `path` for appending (folders are made) and returns the logger. Throws what the file system says; what it says later, such as of a
 * full disk, goes to `onFailure`, once: a run does not end for want of a log.
 */
export function openLog(path: string, runId: string, onFailure: (error: Error) => void): Log {
  mkdirSync(dirname(path), { recursive: true });
  const file = destination({ dest: path, sync: true, append: true });
  let failed = false;
  file.on('error', (error: Error) => {
    if (!failed) onFailure(error);
    failed = true;
  });
  const redact = redactPaths.flatMap((name) => [name, `*.${name}`]);
  return pino(
    { base: { runId }, redact: { paths: redact, censor: '[secret]' }, timestamp: pino.stdTimeFunctions.isoTime },
    file,
  );
}

/** A logger that keeps nothing, for parts used without a run (`decode`, `simulate`) and for tests. */
export function silentLog(): Log {
  return pino({ level: 'silent' });
}
