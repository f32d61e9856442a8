/** Runs the compiled program in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { shipped } from '../../src/paths.js';
import { DENSE_ARGS } from '../dense.js';

const tickshard = fileURLToPath(shipped('dist/src/main.js'));

export interface Ended {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when the combined output matches; rejects when the program ends first. */
  saw(pattern: RegExp): Promise<void>;
}

const stageArgs = (stage: 1 | 2, minutes: number | string): string[] => [
  '--ws-test-mode',
  ...['--stage', String(stage), '--duration', String(minutes)],
];

/** Arguments of a stage run on the simulated broker in stepped time, with a dense market. */
export const simulated = (stage: 1 | 2, minutes: number | string, ...more: readonly string[]): string[] => [
  ...stageArgs(stage, minutes),
  '--feed',
  'sim',
  '--speed',
  'max',
  ...DENSE_ARGS,
  ...more,
];

/** Arguments of a stage run on a test's own server. `clock`: its --market-clock. */
export const served = (
  url: string,
  clock: string,
  stage: 1 | 2,
  minutes: number | string,
  ...more: readonly string[]
): string[] => [...stageArgs(stage, minutes), '--feed', url, '--market-clock', clock, ...more];

/**
 * Options for a run that may begin at any time: before it the simulator makes the morning, which for the NIFTY 50
 * takes two seconds until 11:00. The rule needs twenty candles.
 */
export const EARLY = ['--at', '2026-11-23T09:50'] as const;

/** Where a run writes, in its folder: candles into `out`, the report `report.json`. */
export const REPORTED = ['--out', 'out', '--report', 'report.json'] as const;
/** As REPORTED, and the journal into `journal`. */
export const JOURNALED = [...REPORTED, '--journal', 'journal'] as const;

/** Starts `tickshard`, or a test's own entry, with `args` in `cwd`, without the machine's credentials. */
export function start(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
  program = tickshard,
): Running {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('ANGEL_') && name !== 'NODE_OPTIONS'),
  );
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...clean, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  const look = (): void => watchers.forEach((watcher) => watcher());
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    look();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    child,
    ended,
    saw(pattern) {
      return new Promise((resolve, reject) => {
        const watcher = (): void => {
          if (!pattern.test(stdout + stderr)) return;
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
        watcher();
        void ended.then(({ code }) =>
          reject(new Error(`ended with ${String(code)} before ${String(pattern)}:\n${stdout}${stderr}`)),
        );
      });
    },
  };
}

/** Runs `tickshard` to its end. */
export function run(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return start(args, cwd, env).ended;
}

/** All files and folders below `folder`, relative. */
export function everythingIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

/** Output without what a run says of the end of the calendar, which depends on this machine's date. */
export function withoutCalendarEnd(output: string): string {
  return output.replace(/^Warning: The trading calendar of .*\n/gm, '');
}
