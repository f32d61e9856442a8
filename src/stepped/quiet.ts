/** Waits until a process has nothing left to do at this moment of stepped time. */
import { monoMs, sleep } from '../clock.js';

/** Turns of the event loop without a change: a callback may schedule the next step for the following turn. */
const CALM_TURNS = 2;
/**
 * Real ms before a wait becomes patient. Most waits end sooner than a thread that sleeps would wake; a longer one
 * leaves the processor to others.
 */
const EAGER_MS = 0.2;
const PATIENT_MS = 1;

export interface Activity {
  /** A number that changes with everything that happens. */
  readonly activity: number;
  /** True if something is awaited. */
  readonly outstanding: boolean;
}

/** Resolves after the event loop has looked at every socket. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A turn of the event loop, short at first: `sinceMs` is when the wait began, by `monoMs`. */
function turn(sinceMs: number): Promise<void> {
  return monoMs() - sinceMs < EAGER_MS ? nextTurn() : sleep(PATIENT_MS);
}

/** Resolves when `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  for (const sinceMs = monoMs(); !condition();) await turn(sinceMs);
}

/** Keeps the event loop awake for as long as most waits last, or until `over` says that something came. */
export async function linger(over: () => boolean): Promise<void> {
  for (const sinceMs = monoMs(); !over() && monoMs() - sinceMs < EAGER_MS;) await nextTurn();
}

/**
 * Resolves when nothing is outstanding and nothing happens any more. `work` is called in each turn, `onStill` in
 * each without a change, with the real ms since the last one; it may throw to end the wait.
 */
export async function quiet(
  look: () => Activity,
  work: () => Promise<void> | undefined = () => undefined,
  onStill: (realMs: number) => void = () => undefined,
): Promise<void> {
  let seen = NaN;
  const sinceMs = monoMs();
  let changedMs = sinceMs;
  for (let calm = 0; calm < CALM_TURNS;) {
    await turn(sinceMs);
    const working = work();
    await working;
    const { activity, outstanding } = look();
    const isSame = activity === seen && working === undefined;
    calm = isSame && !outstanding ? calm + 1 : 0;
    if (!isSame) changedMs = monoMs();
    else onStill(monoMs() - changedMs);
    seen = activity;
  }
}
