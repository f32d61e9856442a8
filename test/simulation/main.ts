/**
 * `npm run simulate -- --seeds N [--seed S] [--story]`: runs seeds S, S+1, ... and says which invariant fails in
 * which; with `--story` also what happened. Exit 1 when one fails.
 */
import { parseArgs } from 'node:util';
import { mortalShard } from './mortal.js';
import { INVARIANTS } from './violation.js';
import { simulate } from './world.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    story: { type: 'boolean', default: false },
  },
});
const count = Number(values.seeds);
const first = Number(values.seed);
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(first)) {
  process.stderr.write('npm run simulate -- --seeds N [--seed S]: N seeds from S on, whole numbers.\n');
  process.exit(2);
}

const make = await mortalShard();
process.stdout.write(`seed ${first}, ${count} ${count === 1 ? 'run' : 'runs'}\n`);
const totals: Record<string, number> = {};
let failures = 0;
for (let seed = first; seed < first + count; seed++) {
  const { violation, hash, figures } = await simulate(
    seed,
    make,
    values.story ? (line) => process.stdout.write(`${line}\n`) : undefined,
  );
  for (const [name, figure] of Object.entries(figures)) totals[name] = (totals[name] ?? 0) + figure;
  if (values.story || count === 1) process.stdout.write(`seed ${seed}: ${hash} ${JSON.stringify(figures)}\n`);
  if (violation === undefined) continue;
  failures++;
  process.stdout.write(
    `seed ${seed}: ${violation.invariant}: ${INVARIANTS[violation.invariant]} ${violation.what}\n`,
  );
}
process.stdout.write(
  `${count - failures} of ${count} held; ${Object.entries(totals)
    .map(([name, total]) => `${total} ${name}`)
    .join(', ')}\n`,
);
process.exitCode = failures > 0 ? 1 : 0;
