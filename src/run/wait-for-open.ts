/** Waits for the market to open (`--wait-open`). */
import type { Clock, Timer } from '../clock.js';
import { istStamp } from '../market/session.js';
import { seededRandom } from '../random.js';
import type { Plan } from './plan.js';

/** Market ms before the opening to connect, so that the first minute is whole. */
const LEAD_MS = 60_000;
/**
 * Minimum real ms from connecting to the opening: LEAD_MS of an accelerated market is too short for the cached
 * packets to pass.
 */
const MIN_LEAD_REAL_MS = 500;
/** Market ms over which waiting clients spread their connections. */
const SPREAD_MS = 15_000;
/** Real ms between checks of the time, for a machine that wakes from sleep. */
const CHECK_EVERY_MS = 1000;

/**
 * Market time (epoch ms) to connect for an opening at `opensMs`. `random` is in [0, 1), by default of a seed that
 * differs from process to process.
 */
export function connectMs(opensMs: number, random = seededRandom(process.pid)(), speed = 1): number {
  return opensMs - Math.max(LEAD_MS, MIN_LEAD_REAL_MS * speed) - random * SPREAD_MS;
}

/** `in 2 days 3 h 5 min`. */
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

/** `isReal`: market time passes as fast as this machine's. */
export function waitingText(opensMs: number, nowMs: number, isReal: boolean): string {
  return `The market is shut; it opens ${istStamp(opensMs)}, ${untilText(opensMs - nowMs)}${isReal ? '' : ' of market time'}. Waiting to connect shortly before; Ctrl-C ends.`;
}

/** `now()` in ms advances `speed` times as fast as real time. */
export interface Waiting {
  /** In [0, 1), spreads the connections; by default by process. */
  readonly random?: number;
  /** Stepped time cannot sleep, so it needs no checks. */
  readonly stepped?: boolean;
  readonly now: () => number;
  readonly speed: number;
  readonly clock: Clock;
  /** Ends the wait when it resolves. */
  readonly over: Promise<void>;
}

/** By the market's clock. */
export function marketWait(
  { seed, stepped }: Pick<Plan, 'seed' | 'stepped'>,
  clock: Clock,
  over: Promise<void>,
): Waiting {
  return {
    now: () => clock.marketMs(),
    speed: clock.speed,
    clock,
    over,
    random: seededRandom(seed)(),
    stepped,
  };
}

/**
 * Prints what the run waits for. Resolves true at the time to connect for `opensMs` (`earlierMs` of market time
 * sooner), or false if `over` resolves first.
 */
export async function waitToConnect(
  opensMs: number,
  waiting: Waiting,
  say: (text: string) => void,
  earlierMs = 0,
): Promise<boolean> {
  const isReal = waiting.speed === 1 && waiting.stepped !== true;
  say(waitingText(opensMs, waiting.now(), isReal));
  return reached(connectMs(opensMs, waiting.random, waiting.speed) - earlierMs, waiting);
}

/** True once `now()` reaches `untilMs`, false if `over` resolves first. */
export async function reached(
  untilMs: number,
  { now, speed, clock, over, stepped = false }: Waiting,
): Promise<boolean> {
  const checkEveryMs = stepped ? Infinity : CHECK_EVERY_MS;
  let timer: Timer | undefined;
  const ended = over.then(() => false);
  while (now() < untilMs) {
    const look = new Promise<boolean>((resolve) => {
      timer = clock.after(Math.min(checkEveryMs, Math.max(1, (untilMs - now()) / speed)), () =>
        resolve(true),
      );
    });
    const continues = await Promise.race([look, ended]);
    timer?.cancel();
    if (!continues) return false;
  }
  return true;
}
