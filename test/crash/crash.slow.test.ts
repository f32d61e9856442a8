/**
 * Real crashes. Broken on purpose and caught: a resume that does not report the gap to the intake (the broken minute
 * counted as whole, and the replay differed). Found here: a run killed after its END could not be resumed.
 */
import { expect } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { long, usual } from '../tier.js';
import { crash } from './crash.js';
import { resumedTwice } from './trial.js';

/** These three trials have every kind of kill point, and one of them two kills. */
const SEED = 1;

usual(
  `a killed run is resumed: nothing sealed lost, nothing doubled, every file opens (seed ${SEED})`,
  async () => {
    const lines: string[] = [];
    const { problems, kills } = await crash({ times: 3, seed: SEED, say: (line) => lines.push(line) });
    expect(problems, lines.join('\n')).toEqual([]);
    // A kill by real time may come after the end of its run.
    expect(kills).toBeGreaterThanOrEqual(3);
  },
);

long('a killed run ends the same however often it is resumed, and for any number of shards', () =>
  inFolder(async (folder) => {
    const [one, other] = await resumedTwice(folder);
    expect(other).toEqual(one);
  }),
);
