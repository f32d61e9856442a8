/** What ends a run from outside its own course: a signal of the machine, or a fault of our own that nobody caught. */
import { EXIT } from '../errors.js';
import type { FeedClient } from '../feed/client.js';
import type { Log } from '../log.js';

/** Characters of a line that are shown of a fault. */
const LONGEST_LINE = 300;

/** All of them mean "stop in order": Ctrl-C, a service manager, a terminal that is closed, and Ctrl-Break or a closed window on Windows. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const;

/** Calls `interrupt` for each signal and, where given, `fault` for what was thrown and not caught, until the returned function is called. */
export function onStop(interrupt: () => void, fault?: (error: unknown) => void): () => void {
  for (const signal of SIGNALS) process.on(signal, interrupt);
  // A rejection that nobody handles comes here too. Without this Node would end at once, and the broker would see no close frame.
  if (fault !== undefined) process.on('uncaughtException', fault);
  return () => {
    for (const signal of SIGNALS) process.off(signal, interrupt);
    if (fault !== undefined) process.off('uncaughtException', fault);
  };
}

/** Who is told of a fault. */
export interface Tellable {
  readonly log: Log;
  /** Undefined before there is one. */
  readonly client: FeedClient | undefined;
  /** Takes the live display away. */
  readonly clear: () => void;
}

let faulted = false;

/**
 * Ends the program after a fault of ours: what else is true cannot be known any more. The broker is told with a close frame, lest it
 * take the user's next connection for one too many; nothing starts again by itself.
 */
export async function endByFault(error: unknown, { log, client, clear }: Tellable): Promise<never> {
  // One fault may make others while the socket closes, which takes a second at most.
  if (faulted) return new Promise(() => undefined);
  faulted = true;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  // What broke may have had a secret in hand.
  const shown =
    client === undefined
      ? text
      : text
          .split('\n')
          .map((line) => client.presentable(line, LONGEST_LINE))
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
