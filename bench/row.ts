/** What a bench says: rows of figures, each with its baseline from the same rounds, and whether its target is met. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** One figure. Ratios above 1 say that ours is the better one, whatever the unit. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median of what it is compared with, in the same unit. */
  readonly baseline: number | null;
  /** Median of the rounds' own ratios: what the machine does meanwhile meets both. */
  readonly ratio: number | null;
  readonly target: number | null;
  /** A bound of the figure itself, where the target is no ratio; the median must not be above it. */
  readonly bound: number | null;
  /** Null for what is reported and has neither. */
  readonly met: boolean | null;
}

interface BenchOptions {
  /** The least that still checks every answer; such figures say nothing. */
  readonly smoke: boolean;
  /** Says what no row holds, above the table. */
  readonly say: (text: string) => void;
}

export interface Bench {
  readonly name: string;
  /** What flows where, as a drawing. */
  readonly topology: string;
  /** Throws when an answer is wrong: a rate of wrong answers is meaningless. */
  run(options: BenchOptions): Promise<readonly Row[]>;
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** The middle value; of an even number the upper one. */
export function median(values: readonly number[]): number {
  return sorted(values)[values.length >> 1];
}

export interface Sample {
  readonly name: string;
  readonly unit: string;
  /** One a round. */
  readonly values: readonly number[];
  readonly baseline?: readonly number[];
  readonly target?: number;
  readonly bound?: number;
  /** Whether more is better, as of a rate; else less is, as of a time. */
  readonly moreIsBetter?: boolean;
}

/** A row of what the rounds gave. */
export function rowOf({ name, unit, values, baseline, target, bound, moreIsBetter = false }: Sample): Row {
  const all = sorted(values);
  const ratio =
    baseline === undefined
      ? null
      : median(
          values.map((value, round) => (moreIsBetter ? value / baseline[round] : baseline[round] / value)),
        );
  return {
    name,
    unit,
    median: median(values),
    min: all[0],
    max: all[all.length - 1],
    baseline: baseline === undefined ? null : median(baseline),
    ratio,
    target: target ?? null,
    bound: bound ?? null,
    met:
      target !== undefined && ratio !== null
        ? ratio >= target
        : bound !== undefined
          ? median(values) <= bound
          : null,
  };
}

/**
 * Runs the variants in turn, each once a round, and each round begins with another of them. Returns their values by
 * round.
 */
export async function inTurns<Name extends string>(
  rounds: number,
  variants: Readonly<Record<Name, () => number | Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(variants) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (let k = 0; k < names.length; k++) {
      const name = names[(round + k) % names.length];
      values[name].push(await variants[name]());
    }
  }
  return values;
}

/** Nanoseconds that `run` takes for each of `count`. */
export function nsEach(count: number, run: () => void): number {
  const start = performance.now();
  run();
  return ((performance.now() - start) * 1e6) / count;
}

const figure = (value: number): string =>
  value >= 1000 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toPrecision(3);

/** Rows as a table for a person. */
export function rowsTable(rows: readonly Row[]): string {
  const head = ['bench', 'unit', 'median', 'least', 'most', 'baseline', 'ratio', 'target', ''];
  const lines = rows.map(({ name, unit, median: middle, min, max, baseline, ratio, target, bound, met }) => [
    name,
    unit,
    figure(middle),
    figure(min),
    figure(max),
    baseline === null ? '-' : figure(baseline),
    ratio === null ? '-' : `${ratio.toFixed(2)}x`,
    target !== null ? `${figure(target)}x` : bound !== null ? `<= ${bound}` : '-',
    met === null ? '' : met ? 'met' : 'MISSED',
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column].length)));
  return [head, ...lines]
    .map((line) =>
      line
        .map((text, column) =>
          column < 2 || column === 8 ? text.padEnd(widths[column]) : text.padStart(widths[column]),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What is measured, and where: the same of every row of a run. */
export interface Place {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly commit: string;
}

export function placeOf(root: string): Place {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? 'unknown',
    cores: cpus().length,
    node: process.versions.node,
    commit: commitOf(root),
  };
}

function commitOf(root: string): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown'; // A copy without its history is measured all the same.
  }
}

/** Writes the rows to `bench/results/latest.json` under `root`. */
export function writeRows(root: string, rows: readonly Row[], place: Place, measuredAt: string): string {
  const folder = join(root, 'bench/results');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'latest.json');
  writeFileSync(
    `${path}.writing`,
    `${JSON.stringify({ measuredAt, rows: rows.map((row) => ({ ...row, ...place })) }, null, 2)}\n`,
  );
  renameSync(`${path}.writing`, path);
  return path;
}
