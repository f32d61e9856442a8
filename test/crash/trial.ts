/**
 * One crash trial: a Stage 2 run on the simulated market is killed with SIGKILL, once or twice, and resumed. The files
 * are checked after each kill and at the end. The simulated market depends on its seed and time only, so one run
 * without a kill gives the expected candle of every minute.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../src/random.js';
import { rowsOnDisk } from '../parquet/rows.js';
import { start, type Ended } from '../program/command.js';

/** Market seconds a second, and minutes: four seconds a run. */
const SPEED = 60;
const MINUTES = 4;
const ARGUMENTS = [
  '--ws-test-mode',
  '--stage',
  '2',
  '--duration',
  String(MINUTES),
  '--feed',
  'sim',
  '--speed',
  String(SPEED),
  '--seed',
  '11',
  '--report',
  'report.json',
  '--out',
  'out',
  '--journal',
  'journal',
];
/** Real ms within which a process must reach its kill point. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 1;

/** A kill point. */
export type Moment =
  /** Real ms after it began to write its journal. */
  | { readonly kind: 'after'; readonly ms: number }
  /** While a Parquet file is written under a temporary name. */
  | { readonly kind: 'renaming' }
  /** When the journal has grown by this many bytes, perhaps during a write. */
  | { readonly kind: 'journaling'; readonly bytes: number };

/** A kill point drawn from `random`. */
export function momentOf(random: Random): Moment {
  const kind = Math.floor(random() * 3);
  if (kind === 0) return { kind: 'after', ms: Math.floor(random() * 3800) };
  return kind === 1 ? { kind: 'renaming' } : { kind: 'journaling', bytes: Math.floor(random() * 1_500_000) };
}

export interface Row {
  readonly minute: string;
  readonly partial: boolean;
  readonly text: string;
}

/** All rows of a run by symbol; throws when a file cannot be opened. */
async function rowsIn(folder: string): Promise<Map<string, Row[]>> {
  const bySymbol = new Map<string, Row[]>();
  for (const { symbol, minute, partial, candle, counts } of await rowsOnDisk(join(folder, 'out')))
    bySymbol.set(symbol, [...(bySymbol.get(symbol) ?? []), { minute, partial, text: `${candle} ${counts}` }]);
  return bySymbol;
}

/**
 * The run without a kill. It begins a minute sooner and ends six minutes later than a run that starts at once: one
 * that is killed before its first connection counts its duration from the resume.
 */
export async function unbroken(folder: string): Promise<Map<string, Row[]>> {
  await mkdir(folder, { recursive: true });
  const longer = ARGUMENTS.map((word, k) => (ARGUMENTS[k - 1] === '--duration' ? String(MINUTES + 7) : word));
  const { code, stdout, stderr } = await start([...longer, '--at', '2026-11-23T10:59'], folder).ended;
  if (code !== 0) throw new Error(`the unbroken run ended with ${String(code)}:\n${stdout}${stderr}`);
  return rowsIn(folder);
}

function journalBytes(folder: string): number {
  const journal = join(folder, 'journal');
  if (!existsSync(journal)) return 0;
  return readdirSync(journal, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    const stat = statSync(join(journal, name), { throwIfNoEntry: false });
    return sum + (stat?.isFile() === true ? stat.size : 0);
  }, 0);
}

const isRenaming = (folder: string): boolean =>
  ['out', 'out/quality'].some(
    (name) =>
      existsSync(join(folder, name)) &&
      readdirSync(join(folder, name)).some((file) => file.endsWith('.writing')),
  );

/** Runs until the kill point and kills; undefined when the run ended first. */
async function killed(args: readonly string[], folder: string, moment: Moment): Promise<Ended | undefined> {
  const before = journalBytes(folder);
  const running = start(args, folder);
  let ended: Ended | undefined;
  void running.ended.then((end) => (ended = end));
  const beganMs = performance.now();
  let journalingMs: number | undefined;
  const isDue = (): boolean => {
    // Without a journal there is nothing to resume.
    const grown = journalBytes(folder) - before;
    if (grown <= 64) return false;
    journalingMs ??= performance.now();
    if (moment.kind === 'renaming') return isRenaming(folder);
    return moment.kind === 'after' ? performance.now() - journalingMs >= moment.ms : grown >= moment.bytes;
  };
  while (ended === undefined && !isDue()) {
    if (performance.now() - beganMs > PATIENCE_MS)
      throw new Error(`no moment came: ${JSON.stringify(moment)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  if (ended !== undefined) return ended;
  running.child.kill('SIGKILL');
  await running.ended;
  return undefined;
}

/** What is wrong, a sentence each. */
export interface Verdict {
  readonly problems: readonly string[];
  readonly kills: number;
  readonly wholeMinutes: number;
}

/** Rows that are not unique and sorted, and whole rows that differ from the unbroken run. */
function against(
  rows: ReadonlyMap<string, readonly Row[]>,
  truth: ReadonlyMap<string, readonly Row[]>,
  when: string,
): string[] {
  const problems: string[] = [];
  for (const [symbol, list] of rows) {
    for (const [k, { minute, partial, text }] of list.entries()) {
      if (k > 0 && list[k - 1].minute >= minute)
        problems.push(`${when}: ${symbol} has ${minute} twice or out of order`);
      const true_ = truth.get(symbol)?.find((row) => row.minute === minute);
      if (!partial && true_?.text !== text)
        problems.push(
          `${when}: ${symbol} ${minute} is whole and says ${text} where the unbroken run says ${true_?.text ?? 'nothing'}`,
        );
    }
  }
  return problems;
}

/** Whole rows of `before` that are missing or different in `after`. */
function lost(
  before: ReadonlyMap<string, readonly Row[]>,
  after: ReadonlyMap<string, readonly Row[]>,
  when: string,
): string[] {
  return [...before].flatMap(([symbol, list]) =>
    list
      .filter(({ partial }) => !partial)
      .flatMap(({ minute, text }) =>
        after.get(symbol)?.find((row) => row.minute === minute)?.text === text
          ? []
          : [`${when}: ${symbol} ${minute} was sealed and is gone or changed`],
      ),
  );
}

/** Kills, resumes and checks. */
export async function trial(
  folder: string,
  moments: readonly Moment[],
  truth: ReadonlyMap<string, readonly Row[]>,
): Promise<Verdict> {
  await mkdir(folder, { recursive: true });
  const problems: string[] = [];
  let before = new Map<string, Row[]>();
  let end: Ended | undefined;
  let kills = 0;
  for (const [k, moment] of moments.entries()) {
    end = await killed(k === 0 ? ARGUMENTS : [...ARGUMENTS, '--resume'], folder, moment);
    if (end !== undefined) break;
    kills++;
    const when = `after kill ${kills} (${JSON.stringify(moment)})`;
    const rows = await rowsIn(folder);
    problems.push(...against(rows, truth, when), ...lost(before, rows, when));
    before = rows;
  }
  end ??= await start([...ARGUMENTS, '--resume'], folder).ended;
  // The run must reach a verdict. Which one depends on the length of the gap.
  // A run that was killed after its end had its verdict already, and there is nothing to resume.
  const hadEnded =
    end.code === 2 && /no run was killed there/.test(end.stderr) && existsSync(join(folder, 'report.json'));
  if (end.code !== 0 && end.code !== 1 && !hadEnded)
    problems.push(`the last process ended with ${String(end.code)}: ${end.stderr}`);
  const rows = await rowsIn(folder);
  problems.push(...against(rows, truth, 'at the end'), ...lost(before, rows, 'at the end'));
  if (
    readdirSync(join(folder, 'out'), { recursive: true, encoding: 'utf8' }).some((name) =>
      name.endsWith('.writing'),
    )
  )
    problems.push('something was left aside');
  const [run] = readdirSync(join(folder, 'journal'));
  const replayed = await start(['replay', join('journal', run), '--shards', '2', '--out', 'replayed'], folder)
    .ended;
  if (!/^Same candles, quality rows and momentum/m.test(replayed.stdout))
    problems.push(`the journal does not give the same again: ${replayed.stdout}${replayed.stderr}`);
  const wholeMinutes = [...rows.values()].flat().filter(({ partial }) => !partial).length;
  return { problems, kills, wholeMinutes };
}
