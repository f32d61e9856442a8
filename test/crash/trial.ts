/**
 * One crash trial: a run in stepped time is killed with SIGKILL, once or twice, and resumed. The files are checked
 * after each kill and at the end. Stepped time is exact, so a run without a kill gives every row: outside of the gaps
 * that its report names, the resumed run has the same rows.
 */
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../src/random.js';
import { DENSE_ARGS } from '../dense.js';
import { rowsOnDisk } from '../parquet/rows.js';
import { start, type Ended } from '../program/command.js';

const MINUTES = 4;
const SYMBOLS = ['RELIANCE', 'TCS', 'INFY', 'M&M', 'SBIN'];
const ARGUMENTS = [
  ...`--ws-test-mode --stage 2 --symbols ${SYMBOLS.join(',')} --duration ${MINUTES} --feed sim --speed max`.split(
    ' ',
  ),
  ...DENSE_ARGS,
  ...'--seed 11 --report report.json --out out --journal journal'.split(' '),
];
/** Real ms within which a process must reach its kill point, or end after its kill: a hang, not a slow machine. */
const PATIENCE_MS = 240_000;
const LOOK_MS = 1;
/**
 * Share of a run's journal that its earlier candles and first packets fill. A run that is killed before has seen
 * nothing, so it has no gap: it begins when it is resumed.
 */
const MIN_SHARE = 0.2;
/** Most market seconds between a kill and the resumption. */
const MAX_AWAY_S = 75;
/** Market ms by which a gap may be longer than the time away: the last frame before and the first one after it. */
const AROUND_GAP_MS = 5000;

/** When a process is killed. */
type KillPoint =
  /** Real ms after it began to write its journal. */
  | { readonly kind: 'after'; readonly ms: number }
  /** While a Parquet file is written under a temporary name. */
  | { readonly kind: 'renaming' }
  /** When the journal has grown by this share of a whole run's, perhaps during a write. */
  | { readonly kind: 'journaling'; readonly share: number };

/** A kill, and how long the run is away after it. */
export type Moment = KillPoint & { readonly awayS: number };

/** A kill point drawn from `random`. */
export function momentOf(random: Random): Moment {
  const kind = Math.floor(random() * 3);
  const awayS = Math.floor(random() * (MAX_AWAY_S + 1));
  if (kind === 0) return { kind: 'after', ms: Math.floor(random() * 1500), awayS };
  return kind === 1 ? { kind: 'renaming', awayS } : { kind: 'journaling', share: random(), awayS };
}

interface Row {
  readonly minute: string;
  readonly partial: boolean;
  readonly text: string;
}

type Rows = ReadonlyMap<string, readonly Row[]>;

/** A run without a kill. */
export interface Unbroken {
  readonly rows: Rows;
  readonly journalBytes: number;
}

/** All rows of a run by symbol; throws when a file cannot be opened. */
async function rowsIn(folder: string): Promise<Rows> {
  const bySymbol = new Map<string, Row[]>();
  for (const { symbol, minute, partial, candle, counts } of await rowsOnDisk(join(folder, 'out')))
    bySymbol.set(symbol, [...(bySymbol.get(symbol) ?? []), { minute, partial, text: `${candle} ${counts}` }]);
  return bySymbol;
}

/** Runs without a kill. */
export async function unbroken(folder: string): Promise<Unbroken> {
  await mkdir(folder, { recursive: true });
  const { code, stdout, stderr } = await start(ARGUMENTS, folder).ended;
  if (code !== 0) throw new Error(`the unbroken run ended with ${String(code)}:\n${stdout}${stderr}`);
  return { rows: await rowsIn(folder), journalBytes: journalBytes(folder) };
}

/** As written, before a segment was compacted. */
function journalBytes(folder: string): number {
  const journal = join(folder, 'journal');
  if (!existsSync(journal)) return 0;
  const names = readdirSync(journal, { recursive: true, encoding: 'utf8' });
  return names.reduce((sum, name) => {
    const path = join(journal, name);
    if (name.endsWith('.journal')) return sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
    const raw = name.replace(/\.packed$/, '.journal');
    return raw === name || names.includes(raw) ? sum : sum + readFileSync(path).readDoubleLE(16);
  }, 0);
}

const isRenaming = (folder: string): boolean =>
  ['out', 'out/quality'].some(
    (name) =>
      existsSync(join(folder, name)) &&
      readdirSync(join(folder, name)).some((file) => file.endsWith('.writing')),
  );

/** Processes that a process has started. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Looks until `condition` holds. */
async function until(what: string, condition: () => boolean): Promise<void> {
  const beganMs = performance.now();
  while (!condition()) {
    if (performance.now() - beganMs > PATIENCE_MS) throw new Error(`waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Runs until the kill point and kills; undefined when the run ended first. Its simulator ends too. */
async function killed(
  args: readonly string[],
  folder: string,
  moment: Moment,
  wholeBytes: number,
): Promise<Ended | undefined> {
  const before = journalBytes(folder);
  const running = start(args, folder);
  let ended: Ended | undefined;
  void running.ended.then((end) => (ended = end));
  let journalingMs: number | undefined;
  const isDue = (): boolean => {
    // Without a journal there is nothing to resume.
    const grown = journalBytes(folder) - before;
    if (grown <= 64 || (before === 0 && grown < MIN_SHARE * wholeBytes)) return false;
    journalingMs ??= performance.now();
    if (moment.kind === 'renaming') return isRenaming(folder);
    return moment.kind === 'after'
      ? performance.now() - journalingMs >= moment.ms
      : grown >= moment.share * wholeBytes;
  };
  await until(JSON.stringify(moment), () => ended !== undefined || isDue());
  if (ended !== undefined) return ended;
  const children = childrenOf(running.child.pid!);
  running.child.kill('SIGKILL');
  await running.ended;
  await until('the simulator to end', () => !children.some(isAlive));
  return undefined;
}

/** What is wrong, a sentence each. */
export interface Verdict {
  readonly problems: readonly string[];
  readonly kills: number;
  readonly wholeMinutes: number;
}

const rowOf = (rows: Rows, symbol: string, minute: string): Row | undefined =>
  rows.get(symbol)?.find((row) => row.minute === minute);

/** Rows that are not unique and sorted, and whole rows that differ from the unbroken run. */
function against(rows: Rows, truth: Rows, when: string): string[] {
  const problems: string[] = [];
  for (const [symbol, list] of rows) {
    for (const [k, { minute, partial, text }] of list.entries()) {
      if (k > 0 && list[k - 1].minute >= minute)
        problems.push(`${when}: ${symbol} has ${minute} twice or out of order`);
      const expected = rowOf(truth, symbol, minute)?.text;
      if (!partial && expected !== text)
        problems.push(
          `${when}: ${symbol} ${minute} is whole and says ${text} where the unbroken run says ${expected ?? 'nothing'}`,
        );
    }
  }
  return problems;
}

/** Whole rows of `before` that are missing or different in `after`. */
function lost(before: Rows, after: Rows, when: string): string[] {
  return [...before].flatMap(([symbol, list]) =>
    list
      .filter(({ partial }) => !partial)
      .flatMap(({ minute, text }) =>
        rowOf(after, symbol, minute)?.text === text
          ? []
          : [`${when}: ${symbol} ${minute} was sealed and is gone or changed`],
      ),
  );
}

interface Report {
  readonly output: { readonly hashes: Readonly<Record<string, string>> };
  readonly gates: readonly { readonly id: string; readonly status: string }[];
  readonly unseen: {
    readonly gaps: readonly { readonly from: string; readonly to: string; readonly ms: number }[];
  };
}

const reportIn = (folder: string): Report =>
  JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;

/** What the report must say; and rows that no gap touches, which are those of the unbroken run, partial or whole. */
function outsideOfGaps(folder: string, rows: Rows, truth: Rows, away: readonly number[]): string[] {
  const { gates, unseen } = reportIn(folder);
  const problems = gates
    .filter(({ id, status }) => ['lossless', 'output', 'subscribed'].includes(id) && status !== 'pass')
    .map(({ id, status }) => `gate ${id} says ${status}`);
  const allowedMs = away.reduce((sum, seconds) => sum + seconds * 1000 + AROUND_GAP_MS, 0);
  const gapsMs = unseen.gaps.reduce((sum, { ms }) => sum + ms, 0);
  if (gapsMs > allowedMs || (away.length > 0 && gapsMs === 0))
    problems.push(`the gaps are ${gapsMs} ms long, away ${away.join(' and ')} s`);
  const touched = (minute: string): boolean =>
    unseen.gaps.some(({ from, to }) => minute >= from.slice(11, 16) && minute <= to.slice(11, 16));
  for (const [symbol, list] of truth)
    for (const { minute, partial, text } of list) {
      const row = rowOf(rows, symbol, minute);
      if (!touched(minute) && (row?.text !== text || row.partial !== partial))
        problems.push(
          `${symbol} ${minute} is outside of every gap and says ${row?.text ?? 'nothing'}, not ${text}`,
        );
    }
  return problems;
}

/** The journal gives the same rows again. */
async function replays(folder: string): Promise<string[]> {
  const [run] = readdirSync(join(folder, 'journal'));
  const { stdout, stderr } = await start(
    ['replay', join('journal', run), '--shards', '2', '--out', 'replayed'],
    folder,
  ).ended;
  return /^Same candles, quality rows and momentum/m.test(stdout)
    ? []
    : [`the journal does not give the same again: ${stdout}${stderr}`];
}

const resumed = (awayS: number): string[] => [...ARGUMENTS, '--resume', '--resume-after', String(awayS)];

/** Kills, resumes and checks. */
export async function trial(folder: string, moments: readonly Moment[], truth: Unbroken): Promise<Verdict> {
  await mkdir(folder, { recursive: true });
  const problems: string[] = [];
  let before: Rows = new Map();
  let end: Ended | undefined;
  const away: number[] = [];
  for (const moment of moments) {
    const args = away.length === 0 ? ARGUMENTS : resumed(away.at(-1)!);
    end = await killed(args, folder, moment, truth.journalBytes);
    if (end !== undefined) break;
    away.push(moment.awayS);
    const when = `after kill ${away.length} (${JSON.stringify(moment)})`;
    const rows = await rowsIn(folder);
    problems.push(...against(rows, truth.rows, when), ...lost(before, rows, when));
    before = rows;
  }
  end ??= await start(resumed(away.at(-1)!), folder).ended;
  // The run must reach a verdict. Which one depends on the length of the gap.
  // A run that was killed after its end had its verdict already, and there is nothing to resume.
  const hadEnded =
    end.code === 2 && /no run was killed there/.test(end.stderr) && existsSync(join(folder, 'report.json'));
  const hasVerdict = end.code === 0 || end.code === 1 || hadEnded;
  if (!hasVerdict) problems.push(`the last process ended with ${String(end.code)}: ${end.stderr}`);
  const rows = await rowsIn(folder);
  problems.push(...against(rows, truth.rows, 'at the end'), ...lost(before, rows, 'at the end'));
  if (hasVerdict) problems.push(...outsideOfGaps(folder, rows, truth.rows, away));
  if (
    readdirSync(join(folder, 'out'), { recursive: true, encoding: 'utf8' }).some((name) =>
      name.endsWith('.writing'),
    )
  )
    problems.push('something was left aside');
  problems.push(...(await replays(folder)));
  const wholeMinutes = [...rows.values()].flat().filter(({ partial }) => !partial).length;
  return { problems, kills: away.length, wholeMinutes };
}

/** A run is killed and resumed twice, with one shard and with three: what both left. */
export async function resumedTwice(folder: string): Promise<readonly unknown[]> {
  const [one, other] = [join(folder, 'one'), join(folder, 'other')];
  await mkdir(one, { recursive: true });
  const running = start(ARGUMENTS, one);
  await running.saw(/11:02 {2}\d+ candles sealed/);
  running.child.kill('SIGKILL');
  await running.ended;
  cpSync(one, other, { recursive: true });
  const ends = await Promise.all(
    [one, other].map((place, k) => start([...resumed(30), '--shards', String(1 + 2 * k)], place).ended),
  );
  return [one, other].map((place, k) => {
    const { output, gates, unseen } = reportIn(place);
    return {
      code: ends[k].code,
      hashes: output.hashes,
      gates: gates.map(({ id, status }) => `${id} ${status}`),
      unseen,
    };
  });
}
