/** `tickshard gate cutover`: reads what shadow runs and comparisons left behind, and says whether the feed may replace polling. Writes nothing. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, EXIT, sentenceOf } from '../errors.js';
import { statusRow } from '../terminal/rows.js';
import { cutover, type Cutover } from '../reconcile/cutover.js';
import { type CutoverDay } from '../reconcile/cutover-day.js';
import { percentFloor } from '../text/percent.js';
import { evidenceFrom, type CutoverEvidence } from '../reconcile/evidence.js';
import { terminalOn } from '../run/presenter.js';
import { symbolOf } from '../run/universe.js';

export interface CutoverOptions {
  /** Folders of reports, or files. */
  readonly runs: readonly string[];
  readonly days: number;
  /** Undefined: all of the runs. */
  readonly symbols: readonly string[] | undefined;
  readonly json: boolean;
}

/** A report has some megabytes at most. */
const LONGEST_FILE = 64 * 1024 * 1024;

/** The JSON files that `path` is or holds, not of folders below. Throws EngineError USAGE. */
async function filesOf(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    return (await readdir(path))
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    throw new EngineError(
      'USAGE',
      `--runs: ${path} cannot be read (${sentenceOf(error)}); name a folder of reports, e.g. data/test/reports.`,
      { cause: error },
    );
  }
}

/** Reads everything. A file that is no evidence is a note; one that cannot be read at all, too: it may be the day that is missing. */
async function gathered(
  paths: readonly string[],
): Promise<{ readonly evidence: readonly CutoverEvidence[]; readonly notes: readonly string[] }> {
  const evidence: CutoverEvidence[] = [];
  const notes: string[] = [];
  let strangers = 0;
  for (const path of new Set((await Promise.all(paths.map(filesOf))).flat())) {
    try {
      if ((await stat(path)).size > LONGEST_FILE) throw new Error('it is too large for a report');
      const found = evidenceFrom(path, JSON.parse(await readFile(path, 'utf8')));
      if (found === undefined) strangers++;
      else evidence.push(found);
    } catch (error) {
      notes.push(`${path} cannot be read (${sentenceOf(error)}).`);
    }
  }
  if (strangers > 0)
    notes.push(
      `${strangers} ${strangers === 1 ? 'file is' : 'files are'} neither a report that says its market date nor a comparison.`,
    );
  return { evidence, notes };
}

function dayRow({ date, run, comparison, whole, compared, late }: CutoverDay): string[] {
  const values = comparison?.values;
  return [
    date,
    run.feed,
    run.verdict,
    String(run.symbols.length),
    percentFloor(whole),
    String(run.disconnects),
    String(late),
    percentFloor(compared),
    values === undefined ? '-' : String(values.explained),
    values === undefined ? '-' : String(values.unexplained),
    comparison?.verdict ?? '-',
  ];
}

const HEAD = [
  'day',
  'feed',
  'run',
  'symbols',
  'whole',
  'disconnects',
  'late',
  'compared',
  'explained',
  'unexplained',
  'comparison',
];

function table(days: readonly CutoverDay[]): string[] {
  const rows = [HEAD, ...days.map(dayRow)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < 3 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
}

/** The last lines: whether, and what to do. */
function conclusion({ may, symbols, days, requirements }: Cutover): string {
  const list = `${symbols.length} ${symbols.length === 1 ? 'symbol' : 'symbols'}`;
  if (may) {
    return `Verdict: PASS. For these ${list} candles of the feed may replace polled ones: ${days.length} days, ${days[0].date} to ${days[days.length - 1].date}. Keep polling beside it for a while; to roll back, stop it and read the polled candles again: it has changed nothing.`;
  }
  const missing = requirements.filter(({ status }) => status === 'fail').length;
  return `Verdict: NOT YET. ${missing} of ${requirements.length} requirements ${missing === 1 ? 'is' : 'are'} not met; go on polling.`;
}

/** Judges, prints, and returns 0 when the feed may replace polling, else 1. Throws EngineError USAGE when there is nothing to read. */
export async function judgeCutover({ runs, days, symbols, json }: CutoverOptions): Promise<number> {
  const wanted = symbols?.map(symbolOf);
  const { evidence, notes } = await gathered(runs);
  if (evidence.length === 0)
    throw new EngineError(
      'USAGE',
      `${runs.join(', ')} ${runs.length === 1 ? 'holds' : 'hold'} no report of a run and no comparison${notes.length > 0 ? `: ${notes[0]}` : '.'}`,
    );
  const result = cutover(
    evidence.filter(({ kind }) => kind === 'run') as Extract<CutoverEvidence, { kind: 'run' }>[],
    evidence.filter(({ kind }) => kind === 'comparison') as Extract<
      CutoverEvidence,
      { kind: 'comparison' }
    >[],
    days,
    wanted,
  );
  const all = [...result.notes, ...notes];
  if (json) {
    const plain = result.days.map(({ date, run, comparison, whole, compared, late }) => ({
      date,
      runId: run.runId,
      feed: run.feed,
      verdict: run.verdict,
      report: run.path,
      whole,
      disconnects: run.disconnects,
      late,
      comparison: comparison?.path ?? null,
      compared,
      values: comparison?.values ?? null,
      comparisonVerdict: comparison?.verdict ?? null,
    }));
    process.stdout.write(
      `${JSON.stringify({ kind: 'cutover', may: result.may, symbols: result.symbols, days: plain, requirements: result.requirements.map(({ remedy, ...rest }) => ({ ...rest, ...(remedy === undefined ? {} : { remedy }) })), notes: all }, null, 2)}\n`,
    );
    return result.may ? EXIT.pass : EXIT.failed;
  }
  const terminal = terminalOn(process.stdout);
  const width = Math.max(...result.requirements.map(({ title }) => title.length));
  for (const line of result.days.length > 0 ? [...table(result.days), ''] : []) terminal.say(line);
  for (const { status, title, observed, remedy } of result.requirements) {
    terminal.say(
      statusRow(
        { status, title, observed, ...(remedy === undefined ? {} : { remedy }) },
        width,
        (is, words) => terminal.paint(is, words),
        terminal.columns,
      ),
    );
  }
  for (const note of all) terminal.say(`Note: ${note}`);
  terminal.say(`\n${conclusion(result)}`);
  return result.may ? EXIT.pass : EXIT.failed;
}
