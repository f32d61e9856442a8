/**
 * `tickshard cutover`: judges by reports of shadow runs and comparisons if the feed may replace polling. Writes
 * nothing.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { defineCommand } from '../cli/command.js';
import type { ValuesOf } from '../cli/options/table.js';
import { EngineError, EXIT, sentenceOf } from '../errors.js';
import { statusRow } from '../terminal/rows.js';
import { cutover, type Cutover } from '../reconcile/cutover.js';
import { type CutoverDay } from '../reconcile/cutover-day.js';
import { percentFloor } from '../text/percent.js';
import { evidenceFrom, type CutoverEvidence } from '../reconcile/evidence.js';
import { sanitize } from '../text/sanitize.js';
import { terminalOn } from '../run/presenter.js';
import { instrumentName } from '../run/names.js';

type CutoverOptions = ValuesOf<'cutover'>;

/** Reports have a few megabytes. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** `path`, or the JSON files directly in it. Throws EngineError USAGE. */
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

/** A file that is no evidence, or cannot be read, becomes a note: it may be the missing day. */
async function readEvidence(
  paths: readonly string[],
): Promise<{ readonly evidence: readonly CutoverEvidence[]; readonly notes: readonly string[] }> {
  const evidence: CutoverEvidence[] = [];
  const notes: string[] = [];
  let unknown = 0;
  for (const path of new Set((await Promise.all(paths.map(filesOf))).flat())) {
    try {
      if ((await stat(path)).size > MAX_FILE_BYTES) throw new Error('it is too large for a report');
      const found = evidenceFrom(path, JSON.parse(await readFile(path, 'utf8')));
      if (found === undefined) unknown++;
      else evidence.push(found);
    } catch (error) {
      notes.push(`${path} cannot be read (${sentenceOf(error)}).`);
    }
  }
  if (unknown > 0)
    notes.push(
      `${unknown} ${unknown === 1 ? 'file is' : 'files are'} neither a report that says its market date nor a comparison.`,
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

/** The verdict, and what to do. */
function conclusion({ may, symbols, days, requirements }: Cutover): string {
  const list = `${symbols.length} ${symbols.length === 1 ? 'symbol' : 'symbols'}`;
  if (may) {
    return `Verdict: PASS. For these ${list} candles of the feed may replace polled ones: ${days.length} days, ${days[0].date} to ${days[days.length - 1].date}. Keep polling as well for a while; to roll back, stop it and read the polled candles again: it has changed nothing.`;
  }
  const missing = requirements.filter(({ status }) => status === 'fail').length;
  return `Verdict: NOT YET. ${missing} of ${requirements.length} requirements ${missing === 1 ? 'is' : 'are'} not met; go on polling.`;
}

function asJson(result: Cutover, notes: readonly string[]): string {
  const days = result.days.map(({ date, run, comparison, whole, compared, late }) => ({
    date,
    runId: run.runId,
    feed: run.feed,
    verdict: run.verdict,
    report: run.path,
    whole,
    disconnects: run.disconnects,
    polled: run.polled,
    late,
    comparison: comparison?.path ?? null,
    compared,
    values: comparison?.values ?? null,
    comparisonVerdict: comparison?.verdict ?? null,
  }));
  const requirements = result.requirements.map(({ remedy, ...rest }) => ({
    ...rest,
    ...(remedy === undefined ? {} : { remedy }),
  }));
  const { may, symbols } = result;
  return JSON.stringify({ kind: 'cutover', may, symbols, days, requirements, notes }, null, 2);
}

/** Prints days, requirements, notes and verdict. */
function show(result: Cutover, notes: readonly string[]): void {
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
  for (const note of notes) terminal.say(`Note: ${note}`);
  terminal.say(`\n${conclusion(result)}`);
}

/** Throws EngineError USAGE for a comparison of another timeframe than minutes, which are what replaces polling. */
function refuseOtherTimeframes(evidence: readonly CutoverEvidence[]): void {
  const other = evidence.find((one) => one.kind === 'comparison' && one.timeframe !== '1m');
  if (other?.kind === 'comparison')
    throw new EngineError(
      'USAGE',
      `${other.path} is a comparison of ${sanitize(other.timeframe, [], 20)} candles, and a cut-over goes by those of 1m: keep it out of --runs.`,
    );
}

/** Prints the verdict; returns 0 if the feed may replace polling, else 1. Throws EngineError USAGE without input. */
async function judgeCutover({ runs, days, symbols, json }: CutoverOptions): Promise<number> {
  const wanted = symbols?.map(instrumentName);
  const { evidence, notes } = await readEvidence(runs);
  if (evidence.length === 0)
    throw new EngineError(
      'USAGE',
      `${runs.join(', ')} ${runs.length === 1 ? 'holds' : 'hold'} no report of a run and no comparison${notes.length > 0 ? `: ${notes[0]}` : '.'}`,
    );
  refuseOtherTimeframes(evidence);
  const ofKind = <Kind extends CutoverEvidence['kind']>(kind: Kind) =>
    evidence.filter((one): one is Extract<CutoverEvidence, { kind: Kind }> => one.kind === kind);
  const result = cutover(ofKind('run'), ofKind('comparison'), days, wanted);
  const all = [...result.notes, ...notes];
  if (json) process.stdout.write(`${asJson(result, all)}\n`);
  else show(result, all);
  return result.may ? EXIT.pass : EXIT.failed;
}

export const command = defineCommand<'cutover', CutoverOptions>({
  about:
    'Looks at the newest days that have a shadow run until the close, and asks of each: the live feed, all symbols, all gates passed, the candles whole, compared with polled ones, volume too, and nothing unexplained. Reads only.',
  exitCodes: {
    0: 'the feed may replace polling for these symbols',
    1: 'not yet: what is missing is said',
    2: 'usage, or nothing to read',
  },
  example: 'tickshard cutover --runs data/test/reports',
  check: (values) => values,
  run: judgeCutover,
  printsOnly: () => true,
});
