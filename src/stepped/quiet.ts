/** Waits until a process has nothing left to do at this moment of stepped time. */
import { monoMs, sleep } from '../clock.js';

/** Turns of the event loop without a change: a callback may schedule the next step for the following turn. */
const CALM_TURNS = 2;
/** Turns before the wait becomes patient: the other process needs the processor too. */
const EAGER_TURNS = 50;
const PATIENT_MS = 1;

export interface Activity {
  /** A number that changes with everything that happens. */
  readonly activity: number;
  /** True if something is awaited. */
  readonly outstanding: boolean;
}

/** Resolves after the event loop has looked at every socket. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Resolves when `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) await (turns < EAGER_TURNS ? nextTurn() : sleep(PATIENT_MS));
}

/**
 * Resolves when nothing is outstanding and nothing happens any more. `work` is called in each turn. `onStill` is called
 * in patient turns with the real ms since the last change; it may throw to end the wait.
 */
export async function quiet(
  look: () => Activity,
  work: () => Promise<void> | undefined,
  onStill: (realMs: number) => void,
): Promise<void> {
  let seen = NaN;
  let changedMs = monoMs();
  for (let calm = 0, turns = 0; calm < CALM_TURNS; turns++) {
    await (turns < EAGER_TURNS ? nextTurn() : sleep(PATIENT_MS));
    const working = work();
    await working;
    const { activity, outstanding } = look();
    const isSame = activity === seen && working === undefined;
    calm = isSame && !outstanding ? calm + 1 : 0;
    if (!isSame) changedMs = monoMs();
    else if (turns >= EAGER_TURNS) onStill(monoMs() - changedMs);
    seen = activity;
  }
}
