/** Targets that misbehave at their seventh case, to test the fuzzer. */
import type { Random } from '../../src/random.js';
import type { Target } from './target.js';

const SEVENTH = 7;
let cases = 0;

function faulty(name: string, run: () => void): Target {
  return {
    name,
    description: name,
    mostMb: 128,
    input: (random: Random) => Buffer.from(String(random())),
    run: () => {
      if (cases++ === SEVENTH) run();
      return 'accepted';
    },
  };
}

const kept: Buffer[] = [];

export const FAULTY: readonly Target[] = [
  faulty('throws', () => {
    throw new TypeError('of no kind that is documented');
  }),
  faulty('hangs', () => {
    for (;;);
  }),
  faulty('grows', () => void kept.push(Buffer.alloc(300 * 2 ** 20, 1))),
  faulty('exits', () => process.exit(3)),
  faulty('exhausts', () => {
    for (const all: unknown[][] = []; ;) all.push(new Array<unknown>(4_000_000).fill(all));
  }),
];
