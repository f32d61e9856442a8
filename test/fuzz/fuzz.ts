/**
 * Feeds hostile bytes to every reader of foreign bytes. Run: `npm run fuzz -- --seconds N [--seed S] [--target NAME]`.
 *
 * The seed is printed first. A finding is printed with target, seed and number, and its input is kept in a file. Run
 * one again with either:
 *
 *   npm run fuzz -- --target history --seed 7 --case 1234
 *   npm run fuzz -- --target history --input FILE
 *
 * Cases run in a child process with bounded memory and time, so that a case that hangs or dies is named too. Exit code:
 * 0 without findings, 1 with findings, 2 for wrong options.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { targetNamed } from './cases.js';
import { TARGETS } from './targets.js';
import { runRound, type Finding, type RoundOptions } from './watch.js';

function usage(sentence: string): never {
  console.error(
    `${sentence}\nnpm run fuzz -- --seconds N [--seed S] [--target ${TARGETS.map(({ name }) => name).join('|')}] [--case K | --input FILE]`,
  );
  process.exit(2);
}

function numberOf(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) usage(`--${name} takes a whole number, not \`${text}\`.`);
  return Number(text);
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    target: { type: 'string' },
    case: { type: 'string' },
    input: { type: 'string' },
  },
});
const seconds = numberOf('seconds', values.seconds);
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : numberOf('seed', values.seed);
const named = values.target === undefined ? undefined : targetNamed(values.target);
if (values.target !== undefined && named === undefined) usage(`There is no target \`${values.target}\`.`);
if ((values.case !== undefined || values.input !== undefined) && named === undefined)
  usage('--case and --input belong to a --target.');

console.log(`seed ${seed}`);
const keep = mkdtempSync(join(tmpdir(), 'tickshard-findings-'));
const targets = named === undefined ? TARGETS : [named];
const alone: Partial<RoundOptions> | undefined =
  values.input !== undefined
    ? { input: values.input }
    : values.case !== undefined
      ? { first: numberOf('case', values.case), cases: 1 }
      : undefined;

function show({ target, number, kind, detail, path }: Finding): void {
  console.log(
    `FINDING ${kind}: target ${target}, seed ${seed}, case ${number}, input ${path}\n  ${detail.replaceAll('\n', '\n  ')}`,
  );
}

/** Maximum findings of one target: they often have the same cause. */
const MAX_FINDINGS = 5;

let findings = 0;
for (const target of targets) {
  const begunMs = performance.now();
  const round = await runRound(
    target,
    {
      seed,
      most: MAX_FINDINGS,
      onFinding: show,
      ...(alone ?? { forMs: (seconds * 1000) / targets.length }),
    },
    keep,
  );
  findings += round.findings.length;
  const { cases, accepted, refused } = round;
  console.log(
    `${target.name.padEnd(12)} ${cases} cases in ${((performance.now() - begunMs) / 1000).toFixed(1)} s: ${accepted} accepted, ${refused} refused, ${round.findings.length} findings (${target.description})`,
  );
}
process.exitCode = findings === 0 ? 0 : 1;
