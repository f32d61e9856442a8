/** Waiting for the market to open (`--wait-open`). */
import type { Clock, Timer } from '../clock.js';
import { istStamp } from '../market/session.js';
import { seededRandom } from '../random.js';

/** Market ms before the opening at which the feed is connected: its first minute must be seen whole. */
const LEAD_MS = 60_000;
/** Real ms that the connection must be open before: in an accelerated market a minute is a moment, and what comes in it may be cached packets. */
const LEAST_REAL_MS = 500;
/** Market ms that the connection is spread over, so that not all who wait come at the same second. */
const SPREAD_MS = 15_000;
/** Real ms between two looks at the time: a machine that was asleep learns of it when it wakes up. */
const LOOK_MS = 1000;

/** Market time at which to connect for an opening at `opensMs` of a market of that speed; `random` in [0, 1), by default this process's own. */
export function connectMs(opensMs: number, random = seededRandom(process.pid)(), speed = 1): number {
  return opensMs - Math.max(LEAD_MS, LEAST_REAL_MS * speed) - random * SPREAD_MS;
}

/** `in 2 days 3 h 5 min`, to the minute, for a person. */
function untilText(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  const parts: [number, string][] = [
    [Math.floor(minutes / 1440), minutes >= 2880 ? 'days' : 'day'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ];
  return `in ${parts
    .filter(([number]) => number > 0)
    .map(([number, unit]) => `${number} ${unit}`)
    .join(' ')}`;
}

/** What somebody who waits is told. */
export function waitingText(opensMs: number, nowMs: number, speed: number): string {
  return `The market is shut; it opens ${istStamp(opensMs)}, ${untilText(opensMs - nowMs)}${speed === 1 ? '' : ' of market time'}. Waiting to connect shortly before; Ctrl-C ends.`;
}

/** Something that tells time while one waits: `speed` milliseconds of `now` pass in a real one. */
export interface Waiting {
  readonly now: () => number;
  readonly speed: number;
  readonly clock: Clock;
  /** Ends the waiting when it resolves. */
  readonly over: Promise<void>;
}

/** Says what is waited for, and resolves true when it is time to connect for an opening at `opensMs`, or `earlierMs` of market time before that; false when `over` resolves first. */
export async function waitToConnect(
  opensMs: number,
  waiting: Waiting,
  say: (text: string) => void,
  earlierMs = 0,
): Promise<boolean> {
  say(waitingText(opensMs, waiting.now(), waiting.speed));
  return reached(connectMs(opensMs, undefined, waiting.speed) - earlierMs, waiting);
}

/** Resolves true once `now()` has come to `untilMs`, or false when `over` resolves first. */
export async function reached(untilMs: number, { now, speed, clock, over }: Waiting): Promise<boolean> {
  let timer: Timer | undefined;
  const ended = over.then(() => false);
  while (now() < untilMs) {
    const look = new Promise<boolean>((resolve) => {
      timer = clock.after(Math.min(LOOK_MS, Math.max(1, (untilMs - now()) / speed)), () => resolve(true));
    });
    const goesOn = await Promise.race([look, ended]);
    timer?.cancel();
    if (!goesOn) return false;
  }
  return true;
}
