/** Runs in stepped time, and all that they must have in common whatever the machine and the number of shards. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { duckdb, inFolder } from '../parquet/candles.js';
import { DENSE_ARGS } from '../dense.js';
import { JOURNALED, run } from './command.js';

/** Arguments of a stepped run of RELIANCE and TCS that writes into `out`, `journal` and `report.json`. */
export const stepped = (...more: readonly string[]): string[] => [
  '--ws-test-mode',
  '--stage',
  '2',
  '--feed',
  'sim',
  '--speed',
  'max',
  '--symbols',
  'RELIANCE,TCS',
  ...DENSE_ARGS,
  '--seed',
  '7',
  ...JOURNALED,
  ...more,
];

/**
 * Keys that differ between two runs of one seed: ids, wall times, cost, ports. The journal may be cut into blocks in
 * other places. The number of shards differs where the test varies it.
 */
const DIFFERS: readonly string[] = [
  'runId',
  'startedAt',
  'endedAt',
  'cpuPercent',
  'rssMb',
  'eventLoopDelayP99Ms',
  'longestStallMs',
  'port',
  'host',
  'journal',
  'shards',
  'shard',
];

export interface Outcome {
  readonly code: number | null;
  readonly stderr: string;
  /** What was printed, without the journal's name and the number of shards. */
  readonly stdout: string;
  readonly report: Record<string, unknown>;
  readonly rows: readonly Record<string, unknown>[];
}

/** The report without what may differ; paths are relative to `folder`. */
function reportIn(folder: string): Record<string, unknown> {
  const text = readFileSync(join(folder, 'report.json'), 'utf8').replaceAll(folder, '.');
  return JSON.parse(text, (key, value: unknown) => (DIFFERS.includes(key) ? undefined : value)) as Record<
    string,
    unknown
  >;
}

/** All columns of all Parquet files below `out`; each row has its file's name. Throws when a file is not whole. */
export async function rowsIn(folder: string): Promise<Record<string, unknown>[]> {
  const out = join(folder, 'out');
  const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.parquet'),
  );
  const all = await Promise.all(
    files.sort().map(async (file) => {
      const rows = await duckdb(`SELECT * FROM read_parquet('${join(out, file)}') ORDER BY timestamp`);
      return rows.map((row) => ({ file, ...row }));
    }),
  );
  return all.flat();
}

/** Runs to the end. */
export async function outcomeOf(args: readonly string[], folder: string): Promise<Outcome> {
  const { code, stdout, stderr } = await run(args, folder);
  expect(stderr, stdout).toBe('');
  const plain = stdout
    .replaceAll(folder, '.')
    .replace(/journal\/\S+/g, 'journal')
    .replace(/\d+ shards?/g, 'shards');
  return { code, stderr, stdout: plain, report: reportIn(folder), rows: await rowsIn(folder) };
}

/** Two processes that use all the time they get, until the returned function is called. */
export function busy(): () => void {
  const loops = [1, 2].map(() => spawn(process.execPath, ['-e', 'for(;;);'], { stdio: 'ignore' }));
  return () => loops.forEach((loop) => loop.kill('SIGKILL'));
}

/** The same run in folders of its own, for numbers of shards. */
export async function expectSame(args: readonly string[], shards = ['1', '4']): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const count of shards)
    await inFolder(async (folder) => outcomes.push(await outcomeOf([...args, '--shards', count], folder)));
  for (const outcome of outcomes.slice(1)) expect(outcome).toEqual(outcomes[0]);
  return outcomes[0];
}
