/**
 * One connection to the server at argv[2], and at its end a line of JSON: how it ended, what was heard, and how much
 * memory it took. Run as a child process by flood.slow.test.ts.
 */
import { SystemClock } from '../../src/clock.js';
import { ANGEL } from '../../src/broker/angel/angel.js';
import { feedEndpoint } from '../../src/broker/angel/endpoint.js';
import { FeedSocket } from '../../src/feed/socket.js';
import { SESSION } from './secrets.js';

export interface Flooded {
  readonly cause: string;
  readonly reason: string;
  readonly openMs: number;
  readonly binary: number;
  readonly bytes: number;
  readonly texts: number;
  readonly pongs: number;
  /** By how much the process grew at most since the connection was open, MB. */
  readonly grewMb: number;
}

let binary = 0;
let bytes = 0;
let texts = 0;
let pongs = 0;
let openedMs = 0;
let baseBytes = 0;
let peakBytes = 0;

const sample = (): void => void (peakBytes = Math.max(peakBytes, process.memoryUsage.rss()));
setInterval(sample, 2);

new FeedSocket({
  broker: ANGEL,
  endpoint: feedEndpoint(process.argv[2]),
  session: SESSION,
  secrets: [],
  connection: 1,
  clock: new SystemClock(),
  handlers: {
    opened: () => {
      openedMs = performance.now();
      baseBytes = process.memoryUsage.rss();
    },
    binary: (messages) => {
      binary += messages.count;
      for (let k = 0; k < messages.count; k++) bytes += messages.slice(k).length;
    },
    text: () => void texts++,
    pong: () => void pongs++,
    ended: (_connection, { cause, reason }) => {
      sample();
      const flooded: Flooded = {
        cause,
        reason,
        openMs: performance.now() - openedMs,
        binary,
        bytes,
        texts,
        pongs,
        grewMb: (peakBytes - baseBytes) / 2 ** 20,
      };
      process.stdout.write(JSON.stringify(flooded), () => process.exit(0));
    },
  },
});
