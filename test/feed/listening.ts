/** A feed client under test with everything that it said. */
import { pino } from 'pino';
import { SystemClock, type Clock } from '../../src/clock.js';
import type { EngineError } from '../../src/errors.js';
import { FeedClient, type FeedClientOptions } from '../../src/feed/client.js';
import { ANGEL } from '../../src/broker/angel/angel.js';
import { feedEndpoint } from '../../src/broker/angel/endpoint.js';
import type { ConnectionEnd } from '../../src/feed/disconnects.js';
import type { FeedText } from '../../src/broker/broker.js';
import type { HostileServer } from './hostile-server.js';
import { CREDENTIALS } from './secrets.js';

const RELIANCE = { mode: 1, exchangeType: 1, token: '2885' } as const;

interface Heard {
  /** `opened 1`, `subscribed 1`, `closed 1 dropped`, `failed CONNECT`, in order. */
  readonly events: string[];
  readonly binary: { readonly bytes: Buffer; readonly connection: number }[];
  readonly texts: FeedText[];
  readonly ends: ConnectionEnd[];
  readonly failures: EngineError[];
  /** Lines of the log. */
  readonly log: string[];
}

export interface Listening {
  readonly client: FeedClient;
  readonly heard: Heard;
}

/** The retries of these clients come at once: a fiftieth of the delay, from 10 ms to 400. */
const HASTE = 0.02;

export function listen(
  server: Pick<HostileServer, 'url'>,
  options: Partial<FeedClientOptions> = {},
): Listening {
  const heard: Heard = { events: [], binary: [], texts: [], ends: [], failures: [], log: [] };
  const clock: Clock = options.clock ?? new SystemClock();
  const client = new FeedClient({
    broker: ANGEL,
    endpoint: feedEndpoint(server.url),
    credentials: CREDENTIALS,
    subscriptions: [RELIANCE],
    random: () => HASTE,
    log: pino({ level: 'trace' }, { write: (line) => void heard.log.push(line) }),
    inSession: () => false,
    firstOpenWithinMs: 60_000,
    ...options,
    clock,
    handlers: {
      opened: (connection) => {
        heard.events.push(`opened ${connection}`);
        options.handlers?.opened(connection);
      },
      subscribed: (connection) => {
        heard.events.push(`subscribed ${connection}`);
        options.handlers?.subscribed(connection);
      },
      retrying: (sentence) => void heard.events.push(`retrying: ${sentence}`),
      binary: (messages, connection) => {
        for (let k = 0; k < messages.count; k++)
          heard.binary.push({ bytes: Buffer.from(messages.slice(k)), connection });
        options.handlers?.binary(messages, connection);
      },
      text: (text, connection) => {
        heard.texts.push(text);
        options.handlers?.text(text, connection);
      },
      closed: (end) => {
        heard.events.push(`closed ${end.connection} ${end.cause}`);
        heard.ends.push(end);
        options.handlers?.closed(end);
      },
      failed: (error) => {
        heard.events.push(`failed ${error.code}`);
        heard.failures.push(error);
        options.handlers?.failed(error);
      },
    },
  });
  return { client, heard };
}

/**
 * Waits until `holds`; fails with what was waited for after `withinMs` in steps that a process that does not run does
 * not use up.
 */
export async function until(holds: () => boolean, what: string, withinMs = 60_000): Promise<void> {
  const stepMs = 5;
  for (let passedMs = 0; !holds(); passedMs += stepMs) {
    if (passedMs >= withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pass(stepMs);
  }
}

/** Lets real time pass, and with it whatever is on its way. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
