/** Watches a process that runs cases: counts them, collects findings, and notices when it hangs or dies. */
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { streamOf, type Told } from './cases.js';
import type { Target } from './target.js';

export interface Finding {
  readonly target: string;
  readonly seed: number;
  readonly number: number;
  readonly kind: 'exception' | 'memory' | 'hang' | 'death';
  readonly detail: string;
  /** File with the input. */
  readonly path: string;
}

export interface Round {
  cases: number;
  accepted: number;
  refused: number;
  readonly findings: Finding[];
}

export interface RoundOptions {
  readonly seed: number;
  /** First case; the first of all when left out. */
  readonly first?: number;
  readonly cases?: number;
  /** Real ms after which the round ends; never when left out. */
  readonly forMs?: number;
  /** A file that is run instead of cases. */
  readonly input?: string;
  /** Real ms that one case may take. */
  readonly hangMs?: number;
  /** Findings after which the round ends. */
  readonly most?: number;
  readonly onFinding?: (finding: Finding) => void;
}

/** The slowest valid file takes one or two seconds, and up to ten on a busy machine. */
const HANG_MS = 20_000;
/** Real ms that a process may take to start, on any machine. */
const START_MS = 200_000;
const LOOK_MS = 100;
/** MB of JavaScript objects. More ends the process, which is a finding. */
const HEAP = ['--max-old-space-size=512', '--max-semi-space-size=16'];

const program = fileURLToPath(new URL('./cases.js', import.meta.url));

type End =
  'done' | 'time' | { readonly number: number; readonly kind: Finding['kind']; readonly detail: string };

/** Runs one process from case `first` on, until it is done, its time is over, or it must be stopped. */
async function stretch(
  target: Target,
  options: RoundOptions,
  first: number,
  untilMs: number,
  work: string,
  round: Round,
  found: (number: number, kind: Finding['kind'], detail: string) => void,
): Promise<End> {
  const { seed, cases = 2 ** 40, first: begin = 0, input, hangMs = HANG_MS } = options;
  const progress = join(work, 'progress');
  const folder = mkdtempSync(join(work, 'case-'));
  writeFileSync(progress, Buffer.alloc(8));
  const count = begin + cases - first;
  const child = fork(
    program,
    [
      target.name,
      String(seed),
      String(first),
      String(input === undefined ? count : 1),
      progress,
      folder,
      ...(input === undefined ? [] : [input]),
    ],
    { execArgv: HEAP, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
  );
  let words = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-4000)));
  let ready = false;
  let outgrown: End | undefined;
  child.on('message', (told: Told) => {
    if (told.type === 'ready') ready = true;
    else if (told.type === 'finding') {
      if (told.kind === 'memory') outgrown = { number: told.number, kind: 'memory', detail: told.detail };
      else if (round.findings.length < (options.most ?? Number.POSITIVE_INFINITY))
        found(told.number, told.kind, told.detail);
    } else {
      round.cases += told.cases;
      round.accepted += told.accepted;
      round.refused += told.refused;
    }
  });
  return new Promise<End>((resolve) => {
    let verdict: End | undefined;
    let atWork = -1;
    let sinceMs = performance.now();
    const kill = (why: End): void => {
      verdict ??= why;
      child.kill('SIGKILL');
    };
    const looking = setInterval(() => {
      const nowMs = performance.now();
      const number = ready ? readFileSync(progress).readDoubleLE() : -1;
      if (number !== atWork) {
        atWork = number;
        sinceMs = nowMs;
      }
      if (nowMs - sinceMs > (ready ? hangMs : START_MS))
        kill({ number, kind: 'hang', detail: `no answer within ${hangMs} ms` });
      else if (nowMs > untilMs && ready) kill('time');
      else if (round.findings.length >= (options.most ?? Number.POSITIVE_INFINITY)) kill('time');
    }, LOOK_MS);
    child.on('close', (code, signal) => {
      clearInterval(looking);
      const number = readFileSync(progress).readDoubleLE();
      resolve(
        verdict ??
          outgrown ??
          (code === 0
            ? 'done'
            : {
                number,
                kind: 'death',
                detail: `the process ended with ${String(code ?? signal)}: ${words.trim().split('\n').slice(-12).join('\n')}`,
              }),
      );
    });
  });
}

/** Runs cases of `target` one after the other. Keeps the inputs of findings in `keep`. */
export async function runRound(target: Target, options: RoundOptions, keep: string): Promise<Round> {
  const round: Round = { cases: 0, accepted: 0, refused: 0, findings: [] };
  const {
    seed,
    first = 0,
    cases = Number.POSITIVE_INFINITY,
    forMs = Number.POSITIVE_INFINITY,
    input,
    most = Number.POSITIVE_INFINITY,
  } = options;
  const untilMs = performance.now() + forMs;
  const work = mkdtempSync(join(tmpdir(), 'tickshard-fuzz-'));
  const found = (number: number, kind: Finding['kind'], detail: string): void => {
    const path = input ?? join(keep, `${target.name}-${seed}-${number}.bin`);
    if (input === undefined) writeFileSync(path, target.input(streamOf(target, seed, number)));
    const finding: Finding = { target: target.name, seed, number, kind, detail, path };
    round.findings.push(finding);
    options.onFinding?.(finding);
  };
  try {
    for (let next = first; next < first + cases && round.findings.length < most;) {
      const end = await stretch(target, options, next, untilMs, work, round, found);
      if (end === 'done' || end === 'time') break;
      found(end.number, end.kind, end.detail);
      if (input !== undefined || performance.now() > untilMs) break;
      next = end.number + 1;
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return round;
}
