/**
 * The cost of the whole program by its own report: Stage 2 in LTP mode on the simulated broker, with journal, Parquet
 * and momentum.
 *
 *   simulated broker, a process of its own ─► socket ─► tickshard: all threads        CPU of a core, greatest RSS
 *
 * The baseline is an idle Node with as many threads. Idle is the time between continuous trading and the closing
 * auction, when the feed is silent.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { shipped } from '../src/paths.js';
import { rowOf, type Bench, type Row } from './row.js';

/** Gate `performance` allows half a core; the target is a fifth of that. RSS has no target (docs/performance.md). */
const MAX_CPU_PERCENT = 10;
/** Messages a second of 50 symbols at speed 1, about. */
const CASES = [
  { name: 'idle', at: '2026-11-23T15:16', speed: 6, minutes: 1, rounds: 3, bounded: true },
  // A market minute is the shortest run there is, and takes most of a real one here.
  { name: '200/s', at: '2026-11-23T11:00', speed: 1.6, minutes: 1, rounds: 1, bounded: true },
  { name: '12,000/s', at: '2026-11-23T11:00', speed: 97, minutes: 15, rounds: 2, bounded: false },
] as const;

export interface Cost {
  readonly cpuPercent: number;
  readonly rssMb: number;
  readonly lost: boolean;
}

export interface Run {
  readonly at: string;
  readonly speed: number;
  readonly minutes: number;
  /** Options more. */
  readonly args?: readonly string[];
  /** Receives the program's output as it is printed. */
  readonly onText?: (text: string) => void;
}

/** Runs the program and returns its cost by its report. */
export async function costOf({
  at,
  speed,
  minutes,
  args: more = [],
  onText = () => undefined,
}: Run): Promise<Cost> {
  const folder = mkdtempSync(join(tmpdir(), 'tickshard-cost-'));
  try {
    const args = [
      '--ws-test-mode',
      '--stage',
      '2',
      '--duration',
      String(minutes),
      '--feed',
      'sim',
      '--speed',
      String(speed),
      '--at',
      at,
      '--report',
      'report.json',
      ...more,
    ];
    // A silent feed fails its gates, which does not matter here.
    await new Promise<void>((resolve) => {
      const child = execFile(
        process.execPath,
        [fileURLToPath(shipped('dist/src/main.js')), ...args],
        { cwd: folder },
        () => resolve(),
      );
      child.stdout!.setEncoding('utf8').on('data', onText);
    });
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as {
      performance: { cpuPercent: number; rssMb: number };
      gates: { id: string; status: string }[];
    };
    return {
      ...report.performance,
      lost: report.gates.some(({ id, status }) => id === 'lossless' && status !== 'pass'),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Threads other than the main thread: a shard's and the writer's. */
const THREADS = 2;

/** MiB resident of an idle Node with the same threads, the lower bound of any program with three threads. */
async function emptyRssMb(): Promise<number> {
  const script = `const { Worker } = require('node:worker_threads');
    const threads = Array.from({ length: ${THREADS} }, () => new Worker('setInterval(() => {}, 1e6)', { eval: true }));
    Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('online', resolve)))).then(() => setTimeout(() => {
      process.stdout.write(String(process.memoryUsage.rss() / 2 ** 20), () => process.exit());
    }, 500));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
  return Number(stdout);
}

export const cost: Bench = {
  name: 'cost',
  topology:
    'simulated broker (another process) -> the program as a user runs it: CPU of one core and greatest RSS by its own report',
  async run({ smoke }) {
    const empty: number[] = [];
    for (let round = 0; round < (smoke ? 1 : 3); round++) empty.push(await emptyRssMb());
    const rows: Row[] = [
      rowOf({ name: 'cost of an empty Node of three threads, RSS', unit: 'MiB', values: empty }),
    ];
    for (const one of CASES.filter(({ name }) => !smoke || name === '12,000/s')) {
      const costs: Cost[] = [];
      for (let round = 0; round < (smoke ? 1 : one.rounds); round++)
        costs.push(await costOf(smoke ? { ...one, minutes: 1 } : one));
      if (costs.some(({ lost }) => lost)) throw new Error(`cost ${one.name}: the run lost something`);
      rows.push(
        rowOf({
          name: `cost ${one.name}, CPU`,
          unit: '% of a core',
          values: costs.map(({ cpuPercent }) => cpuPercent),
          ...(one.bounded ? { bound: MAX_CPU_PERCENT } : {}),
        }),
        rowOf({
          name: `cost ${one.name}, RSS`,
          unit: 'MiB',
          values: costs.map(({ rssMb }) => rssMb),
        }),
      );
    }
    return rows;
  },
};
