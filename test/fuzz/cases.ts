/**
 * Runs cases of one target, in a process of its own: `node cases.js TARGET SEED FIRST COUNT PROGRESS FOLDER [INPUT]`. The number of
 * the case at work stands in the file PROGRESS, so that whoever has to kill this process knows what it was at. With INPUT, a file, that is
 * run instead of a case of its own making.
 */
import { mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { seededRandom, type Random } from '../../src/random.js';
import { FAULTY } from './faulty.js';
import { TARGETS } from './targets.js';
import type { Outcome, Target } from './target.js';

/** What this process tells its parent. */
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

/** The stream of case `number`: that of another target with the same seed is another one. */
export function streamOf({ name }: Target, seed: number, number: number): Random {
  const salt = [...name].reduce(
    (hash, letter) => Math.imul(hash ^ letter.charCodeAt(0), 0x01000193),
    0x811c9dc5,
  );
  return seededRandom(seed ^ salt, number);
}

/** Cases between two looks at the memory, and between two reports, where a case takes no time. */
const LOOK_EVERY = 256;

/** The most memory that this process ever had, MB. Where the system does not say, what it has now. */
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
      // A promise that nobody waits for fails now, and not in the next case.
      await new Promise((resolve) => setImmediate(resolve));
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
    } else if (number % LOOK_EVERY !== 0 && count > 100) continue;
    const peak = peakMb();
    // The first case loads what is loaded late; what it takes is the program's and not the input's.
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
      // Lets the messages out, and the parent's end in.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  report();
  process.disconnect();
}

if (process.send !== undefined && process.argv[1].endsWith('cases.js')) await main(process.argv.slice(2));
