/** Waiting for the market to open (`--wait-open`). */
import type { Clock, Timer } from '../clock.js';
import { istStamp } from '../market/session.js';

/** Market ms before the opening at which the feed is connected: its first minute must be seen whole. */
const LEAD_MS = 60_000;
/** Market ms that the connection is spread over, so that not all who wait come at the same second. */
const SPREAD_MS = 15_000;
/** Real ms between two looks at the time: a machine that was asleep learns of it when it wakes up. */
const LOOK_MS = 1000;

/** Market time at which to connect for an opening at `opensMs`; `random` in [0, 1). */
export function connectMs(opensMs: number, random: number): number {
  return opensMs - LEAD_MS - random * SPREAD_MS;
}

/** `in 2 days 3 h 5 min`, to the minute, for a person. */
function untilText(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  const parts: [number, string][] = [[Math.floor(minutes / 1440), minutes >= 2880 ? 'days' : 'day'], [Math.floor(minutes / 60) % 24, 'h'], [minutes % 60, 'min']];
  return `in ${parts.filter(([number]) => number > 0).map(([number, unit]) => `${number} ${unit}`).join(' ')}`;
}

/** What somebody who waits is told. */
export function waitingText(opensMs: number, nowMs: number, speed: number): string {
  return `The market is shut; it opens ${istStamp(opensMs)}, ${untilText(opensMs - nowMs)}${speed === 1 ? '' : ' of market time'}. Waiting to connect shortly before; Ctrl-C ends.`;
}

/** Resolves true once `now()` has come to `untilMs`, or false when `over` resolves first. `speed`: milliseconds of `now` a real one. */
export async function reached(untilMs: number, { now, speed, clock, over }: { now: () => number; speed: number; clock: Clock; over: Promise<void> }): Promise<boolean> {
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
