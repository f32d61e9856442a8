/** Runs on the simulated feed with some of its habits off, compared with the broker's own candles. */
import { expect } from 'vitest';
import { HABIT_NAMES } from '../../src/sim/habits/catalogue.js';
import { inFolder } from '../parquet/candles.js';
import { run } from './command.js';

const MODES = ['snapquote', 'quote', 'ltp'] as const;
/** Each habit, and the mode in which it is switched off. */
export const OFF = HABIT_NAMES.map((name, k): [name: string, mode: string] => [
  name,
  MODES[k % MODES.length],
]);
const STAGE = '--ws-test-mode --stage 2 --symbols RELIANCE,TCS,INFY --feed sim --speed max --no-journal';

/** Share of the values that may be unexplained with a habit off. */
const UNEXPLAINED = 0.02;

interface Compared {
  readonly verdict: string;
  readonly values: { readonly compared: number; readonly unexplained: number };
}

export async function compared(
  mode: string,
  minutes: number,
  ...habits: readonly string[]
): Promise<Compared> {
  return inFolder(async (folder) => {
    const more = habits.flatMap((habit) => ['--habit', habit]);
    const args = [...STAGE.split(' '), '--duration', String(minutes), '--mode', mode, '--out', 'out'];
    const stage = await run([...args, ...more], folder);
    expect(stage, stage.stdout).toMatchObject({ code: 0, stderr: '' });
    const { stdout } = await run(['compare', '--ours', 'out', '--fetch', '--feed', 'sim', '--json'], folder);
    return JSON.parse(stdout) as Compared;
  });
}

export async function expectNearly(
  mode: string,
  minutes: number,
  ...habits: readonly string[]
): Promise<void> {
  const { values } = await compared(mode, minutes, ...habits);
  // Of each symbol, open, high, low, close and volume of the whole minutes; in LTP mode no volume.
  expect(values.compared).toBeGreaterThanOrEqual(3 * 4 * (minutes - 1));
  expect(values.unexplained).toBeLessThanOrEqual(UNEXPLAINED * values.compared);
}
