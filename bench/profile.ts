/**
 * `npm run profile -- doctor|flame`: profiles the storm with clinic, whose page is written to bench/profiles/. Clinic
 * sees the main thread only, so the storm also runs with one V8 CPU profile a thread, and the hottest functions are
 * printed.
 *
 * clinic is fetched on demand at one version and is not part of `npm ci` (694 packages, unmaintained). Without
 * NO_INSIGHT=1 and a terminal it does nothing and reports success. It drops the exit code of the program, so the storm
 * writes its own to a file.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { monoMs } from '../src/clock.js';
import { packageRoot } from '../src/paths.js';
import { framesOf } from './market.js';
import { median } from './row.js';
import { play } from './storm.js';

const CLINIC = 'clinic@13.0.0';
const TOOLS = ['doctor', 'flame'];
/** Numbers of functions printed for a thread, and of threads: each round has a new shard. */
const SHOWN = 10;
const THREADS = 3;
/** Real ms of the profiled storm, and frames a round. */
const WATCHED_MS = 8000;
const FRAMES = 1_000_000;
/** Market ms from frame to frame. */
const STEP_MS = 2;
/** The argument that makes this file run the storm under a profiler, and the file for its exit code. */
const WATCHED = '--watched';

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The functions with the most self time in a V8 CPU profile, with their share of the thread's time without idling. */
export function topFunctions(
  { nodes, samples, timeDeltas }: Profile,
  most: number,
): { readonly name: string; readonly share: number }[] {
  const nameOf = new Map(
    nodes.map(({ id, callFrame }) => [
      id,
      `${callFrame.functionName || '(anonymous)'} ${callFrame.url.split('/').at(-1)!}:${callFrame.lineNumber + 1}`,
    ]),
  );
  const selfUs = new Map<string, number>();
  let busyUs = 0;
  samples.forEach((id, k) => {
    const name = nameOf.get(id)!;
    if (/^\((idle|program|root)\)/.test(name)) return;
    busyUs += timeDeltas[k];
    selfUs.set(name, (selfUs.get(name) ?? 0) + timeDeltas[k]);
  });
  return [...selfUs]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([name, us]) => ({ name, share: us / busyUs }));
}

/** Runs the storm with a profile for each thread and prints the busiest. Returns its exit code. */
function profileThreads(folder: string, self: string, say: (text: string) => void): number {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const code = watched([process.execPath, '--cpu-prof', '--cpu-prof-dir', folder, self, WATCHED], {});
  const threads = readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => ({ name, profile: JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile }));
  for (const { name, profile } of threads
    .sort((a, b) => b.profile.samples.length - a.profile.samples.length)
    .slice(0, THREADS)) {
    const top = topFunctions(profile, SHOWN);
    if (top.length > 0)
      say(
        `\n${name}\n${top.map(({ name: of, share }) => `  ${(share * 100).toFixed(1).padStart(5)} %  ${of}`).join('\n')}`,
      );
  }
  return code;
}

/** Runs a command line that ends in this file and WATCHED. Returns the exit code that the storm wrote to its file. */
function watched(
  [command, ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
): number {
  const scratch = mkdtempSync(join(tmpdir(), 'tickshard-profile-'));
  const codeFile = join(scratch, 'code');
  try {
    const { status, error } = spawnSync(command, [...args, codeFile], {
      stdio: 'inherit',
      env: { ...process.env, ...environment },
      shell: process.platform === 'win32',
    });
    if (error !== undefined) throw error;
    if (status !== 0) return status ?? 1;
    // A storm that crashed wrote no exit code, and clinic reports success.
    return existsSync(codeFile) ? Number(readFileSync(codeFile, 'utf8')) : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function profile(tool: string, say: (text: string) => void): number {
  const self = fileURLToPath(import.meta.url);
  const folder = join(fileURLToPath(packageRoot), 'bench/profiles');
  mkdirSync(folder, { recursive: true });
  say(`clinic ${tool} watches the storm; its page goes to ${folder}`);
  const clinic = watched(
    ['npx', '--yes', CLINIC, tool, '--open=false', '--dest', folder, '--', process.execPath, self, WATCHED],
    { NO_INSIGHT: '1' },
  );
  const threads = profileThreads(join(folder, 'threads'), self, say);
  say(
    `\nPages (.html) and profiles (.cpuprofile, for speedscope or a browser's own tools) are in ${folder}.`,
  );
  return clinic !== 0 ? clinic : threads;
}

/** The storm itself, under observation: one shard, for long enough that samples say something. */
async function storm(codeFile: string, say: (text: string) => void): Promise<void> {
  // clinic's doctor puts its sampler into worker threads as well, and all would write over the main thread's file.
  process.env['NODE_CLINIC_DOCTOR_NAME'] = `${process.pid}-threads`;
  const all = framesOf('ltp', FRAMES, STEP_MS);
  const ns: number[] = [];
  for (const endMs = monoMs() + WATCHED_MS; monoMs() < endMs;) ns.push(await play(all, 1, true));
  say(
    `storm, 1 shard, ${ns.length} times ${FRAMES} frames, each answer checked: ${median(ns).toFixed(0)} ns a frame under observation`,
  );
  writeFileSync(codeFile, '0');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const [word, codeFile] = process.argv.slice(2);
  if (word === WATCHED) await storm(codeFile, say);
  else if (TOOLS.includes(word)) process.exitCode = profile(word, say);
  else {
    say(`npm run profile -- ${TOOLS.join('|')}`);
    process.exitCode = 2;
  }
}
