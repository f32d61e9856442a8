/**
 * Runs cases of one target in a process of its own: `node cases.js TARGET SEED FIRST COUNT PROGRESS FOLDER [INPUT]`.
 * The file PROGRESS has the number of the current case, so that the parent knows it when it kills this process. The
 * file INPUT, if given, is run instead of generated cases.
 */
import { mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { seededRandom, type Random } from '../../src/random.js';
import { FAULTY } from './faulty.js';
import { TARGETS } from './targets.js';
import type { Outcome, Target } from './target.js';

/** A message to the parent. */
export type Told =
  | { readonly type: 'ready' }
  | {
      readonly type: 'finding';
      readonly number: number;
      readonly kind: 'exception' | 'memory';
      readonly detail: string;
    }
  | { readonly type: 'counts'; readonly cases: number; readonly accepted: number; readonly refused: number };

export function targetNamed(name: string): Target | undefined {
  return [...TARGETS, ...FAULTY].find((target) => target.name === name);
}

/** The random numbers of case `number`. They differ between targets of the same seed. */
export function streamOf({ name }: Target, seed: number, number: number): Random {
  const salt = [...name].reduce(
    (hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193),
    0x811c9dc5,
  );
  return seededRandom(seed ^ salt, number);
}

/** Cases between two checks of the memory, and between two reports, when a case takes no time. */
const LOOK_EVERY = 256;

/** Peak memory of this process, MB, or its current memory where the system does not report the peak. */
function peakMb(): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'latin1'))![1]) / 1024;
  } catch {
    return process.memoryUsage.rss() / 2 ** 20; // not Linux
  }
}

async function main([
  name,
  seedText,
  firstText,
  countText,
  progress,
  folder,
  inputFile,
]: readonly string[]): Promise<void> {
  const target = targetNamed(name)!;
  const [seed, first, count] = [seedText, firstText, countText].map(Number);
  const tell = (told: Told): void => void process.send!(told);
  const at = Buffer.alloc(8);
  const file = openSync(progress, 'r+');
  const counts: Record<Outcome, number> = { accepted: 0, refused: 0 };
  let cases = 0;
  const report = (): void => {
    tell({ type: 'counts', cases, ...counts });
    cases = counts.accepted = counts.refused = 0;
  };
  tell({ type: 'ready' });
  let reportedMs = performance.now();
  let limitMb = Number.POSITIVE_INFINITY;
  for (let number = first; number < first + count; number++) {
    at.writeDoubleLE(number);
    writeSync(file, at, 0, 8, 0);
    const input =
      inputFile === undefined ? target.input(streamOf(target, seed, number)) : readFileSync(inputFile);
    try {
      const answer = target.run(input, folder);
      counts[typeof answer === 'string' ? answer : await answer]++;
    } catch (error) {
      tell({
        type: 'finding',
        number,
        kind: 'exception',
        detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
    cases++;
    if (target.files === true) {
      // Lets a promise that no one awaits reject now and not during the next case.
      await new Promise((resolve) => setImmediate(resolve));
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
    } else if (number % LOOK_EVERY !== 0 && count > 100) continue;
    const peak = peakMb();
    // The first case loads modules, and their memory does not count.
    if (limitMb === Number.POSITIVE_INFINITY) limitMb = Math.min(peak, peakMb()) + target.mostMb;
    else if (peak > limitMb) {
      tell({
        type: 'finding',
        number,
        kind: 'memory',
        detail: `${Math.round(peak)} MB where ${Math.round(limitMb)} are allowed`,
      });
      break;
    }
    if (performance.now() - reportedMs > 100) {
      report();
      reportedMs = performance.now();
      // Lets pending messages go out before the process ends.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  report();
  process.disconnect();
}

if (process.send !== undefined && process.argv[1].endsWith('cases.js')) await main(process.argv.slice(2));
