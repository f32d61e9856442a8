/** Ends a run on a signal, or on an uncaught error of tickshard's own. */
import { EXIT } from '../errors.js';
import type { FeedClient } from '../feed/client.js';
import type { Log } from '../log.js';

/** Characters per line of a stack trace. */
const MAX_LINE_CHARS = 300;

/** Orderly stop: Ctrl-C, a service manager, a closed terminal; Ctrl-Break or a closed window on Windows. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const;

/** Calls `interrupt` on each signal and `fault` on an uncaught error, until the returned function is called. */
export function onStop(interrupt: () => void, fault?: (error: unknown) => void): () => void {
  for (const signal of SIGNALS) process.on(signal, interrupt);
  // Unhandled rejections too. Without a listener Node ends at once and the broker gets no close frame.
  if (fault !== undefined) process.on('uncaughtException', fault);
  return () => {
    for (const signal of SIGNALS) process.off(signal, interrupt);
    if (fault !== undefined) process.off('uncaughtException', fault);
  };
}

export interface FaultReporters {
  readonly log: Log;
  readonly client: FeedClient | undefined;
  /** Clears the live display. */
  readonly clear: () => void;
}

let faulted = false;

/**
 * Ends the program after its own fault: its state is not trustworthy, and nothing restarts by itself. The broker gets
 * a close frame, so that it does not count the dead connection against the user's next one.
 */
export async function endByFault(error: unknown, { log, client, clear }: FaultReporters): Promise<never> {
  // One fault may cause others in the second in which the socket closes.
  if (faulted) return new Promise(() => undefined);
  faulted = true;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  // The error's text may hold a secret.
  const shown =
    client === undefined
      ? text
      : text
          .split('\n')
          .map((line) => client.presentable(line, MAX_LINE_CHARS))
          .join('\n');
  try {
    clear();
    process.stderr.write(
      `tickshard: A fault of tickshard ended the run; candles that were written are whole, there is no report.\n${shown}\n`,
    );
    log.fatal({ stack: shown }, 'a fault of tickshard');
    await client?.stop();
  } finally {
    process.exit(EXIT.failed);
  }
}
