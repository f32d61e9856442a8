/**
 * `npm run crash -- --times N [--seed S]`: kills and resumes real runs. Prints the seed first; exits 1 on a problem.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../../src/random.js';
import { momentOf, trial, unbroken, type Moment } from './trial.js';

/** The kill points of trial `k` of a seed: one or two. */
function momentsOf(seed: number, k: number): Moment[] {
  const random = seededRandom(seed * 1009 + k);
  return Array.from({ length: random() < 0.3 ? 2 : 1 }, () => momentOf(random));
}

/** Runs `times` trials, two at a time, and reports each. Returns all problems, and how much could have been lost. */
export async function crash(options: {
  readonly times: number;
  readonly seed: number;
  readonly only?: number | undefined;
  readonly say: (line: string) => void;
}): Promise<{ readonly problems: readonly string[]; readonly kills: number; readonly wholeCandles: number }> {
  const { times, seed, only, say } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tickshard-crash-'));
  const problems: string[] = [];
  let [kills, wholeCandles] = [0, 0];
  try {
    const truth = await unbroken(join(folder, 'unbroken'));
    const left = only === undefined ? Array.from({ length: times }, (_, k) => k) : [only];
    const work = async (): Promise<void> => {
      for (let k = left.shift(); k !== undefined; k = left.shift()) {
        const moments = momentsOf(seed, k);
        const found = await trial(join(folder, String(k)), moments, truth);
        say(
          `trial ${k}: ${moments.map((moment) => JSON.stringify(moment)).join(', ')}: ${found.kills} killed, ${found.wholeMinutes} whole candles, ${found.problems.length === 0 ? 'all as it must be' : found.problems.join('; ')}`,
        );
        kills += found.kills;
        wholeCandles += found.wholeMinutes;
        problems.push(...found.problems.map((problem) => `seed ${seed}, trial ${k}: ${problem}`));
      }
    };
    await Promise.all([work(), work()]);
    return { problems, kills, wholeCandles };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      times: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      trial: { type: 'string' },
    },
  });
  const seed = Number(values.seed);
  process.stdout.write(`seed ${seed}; one trial again: npm run crash -- --seed ${seed} --trial K\n`);
  const only = values.trial === undefined ? undefined : Number(values.trial);
  const { problems, kills, wholeCandles } = await crash({
    times: Number(values.times),
    seed,
    only,
    say: (line) => void process.stdout.write(`${line}\n`),
  });
  process.stdout.write(
    problems.length === 0
      ? `${kills} kills, ${wholeCandles} whole candles in the end: nothing sealed was lost, nothing doubled, every file opens.\n`
      : `${problems.join('\n')}\n`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}

if (process.argv[1]?.endsWith('crash.js') === true) await main();
