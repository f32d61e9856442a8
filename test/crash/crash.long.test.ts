/** Many real crashes: TICKSHARD_CRASHES of them, 20 without it. `npm run crash` does the same for a person. */
import { expect, it } from 'vitest';
import { crash } from './crash.js';

const SEED = 20261125;
const TRIALS = Number(process.env['TICKSHARD_CRASHES'] ?? 20);
/** A hang, not a slow machine: a trial takes about 10 s. */
const TRIAL_TIMEOUT_MS = 100_000;

it(
  `killed runs are resumed: nothing sealed lost, nothing doubled, every file opens (seed ${SEED})`,
  { timeout: TRIALS * TRIAL_TIMEOUT_MS },
  async () => {
    const lines: string[] = [];
    const { problems, kills } = await crash({ times: TRIALS, seed: SEED, say: (line) => lines.push(line) });
    expect(problems, lines.join('\n')).toEqual([]);
    expect(kills).toBeGreaterThanOrEqual(TRIALS / 2);
  },
);
