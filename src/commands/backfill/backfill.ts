/**
 * `tickshard backfill`: polls what gaps left of a run that has ended. The journal is replayed, so that the gaps are
 * known; what is polled becomes a segment of the journal, and only then the files and the report are written. A kill at
 * any moment leaves all of them whole, and the next call does what is missing.
 */
import { resolve } from 'node:path';
import { RULES, rulesDifference } from '../../candles/rules.js';
import type { ValuesOf } from '../../cli/options/table.js';
import { SystemClock } from '../../clock.js';
import { EngineError, EXIT } from '../../errors.js';
import type { BackFillFigures } from '../../gates/facts.js';
import type { Engine } from '../../ingest/engine.js';
import { JournalSource, readJournalSummary, type JournalSummary } from '../../ingest/journal-source.js';
import { appendSegment } from '../../journal/append.js';
import { KIND } from '../../journal/format.js';
import { identityOf, rulesOf, timeframesOf } from '../../journal/meta.js';
import { layPolled } from '../../memory/polled.js';
import { OutLock, type LockToken } from '../../parquet/out-lock.js';
import { checkExisting } from '../../parquet/existing.js';
import {
  missingMinutes,
  notAsked,
  pollMissing,
  putPolled,
  type BackFilled,
  type MissingMinutes,
} from '../../run/back-fill.js';
import { checkFolder, displayPath, probeFolder } from '../../run/output-folders.js';
import { firstOpening } from '../../run/resume.js';
import { shardsDrained } from '../../run/run-end.js';
import { onStop } from '../../run/shutdown.js';
import { backFillLine } from '../../terminal/summary.js';
import { isAlive } from '../../text/process-liveness.js';
import { polledHash } from '../../threads/polled-hash.js';
import { replayerOf } from '../replay/replay.js';
import { runFolder } from '../run-folder.js';
import { updateReport } from './report.js';
import { serverOf } from './server.js';

type BackfillOptions = ValuesOf<'backfill'>;

interface Outcome {
  readonly figures: BackFillFigures;
  /** Minutes that are polled in all, those of earlier back-fills included. */
  readonly polled: number;
  /** Folder of the files. */
  readonly out: string;
  readonly problems: readonly string[];
  /** The report that was written again, if the run has one. */
  readonly report: string | undefined;
}

const say = (sentence: string): void => void process.stderr.write(`${sentence}\n`);

function refuse({ meta }: JournalSummary, why: string): EngineError {
  return new EngineError('JOURNAL', `Run ${meta.runId} cannot be back-filled: ${why}.`);
}

/** Throws EngineError JOURNAL for a journal that no back-fill can be added to. */
function check(about: JournalSummary): void {
  const { meta, extent, ended, sum, lacks, lastProcess } = about;
  if (meta.recording !== undefined) throw refuse(about, 'it is a recording, which has no broker to ask');
  const rules = rulesDifference(rulesOf(meta));
  if (rulesOf(meta) !== RULES)
    throw refuse(about, `its candles follow other rules. ${rules}`.replace(/\.$/, ''));
  if (sum === undefined && isAlive(lastProcess.processId, lastProcess.processStart))
    throw refuse(about, `it is still going on in process ${lastProcess.processId}`);
  if (extent.broken === 'damaged')
    throw refuse(about, 'its journal is damaged, and what gaps left cannot be told: see `tickshard replay`');
  if (lacks.length > 0 || about.over)
    throw refuse(about, 'its journal lacks what the disk refused, and what gaps left cannot be told');
  if (ended === undefined) throw refuse(about, 'it was killed before its end: --resume continues it');
}

/** Takes in the journal. Returns what gaps left of its run, and was not polled yet. */
async function replayed(about: JournalSummary, { engine, intake, shards }: ReturnType<typeof replayerOf>) {
  await shards.start();
  await new JournalSource({ folder: about.folder, engine, intake }).run();
  intake.end();
  engine.router.publish();
  await shardsDrained(shards, new SystemClock());
  const opening = firstOpening(about);
  return opening === undefined
    ? []
    : missingMinutes(engine, { openedMs: opening.openedMarketMs, endedMs: about.ended!.marketMs });
}

async function polledFrom(
  { meta }: JournalSummary,
  missing: readonly MissingMinutes[],
  { feed, ca, tape }: BackfillOptions,
  signal: AbortSignal,
): Promise<BackFilled> {
  if (missing.length === 0) return { rows: [], figures: notAsked(missing) };
  const lastMs = Math.max(...missing.map(({ minutes }) => minutes.at(-1)!));
  const server = await serverOf(meta, { feed, ca, tape }, lastMs);
  for (const warning of server.warnings) say(`Warning: ${warning}`);
  try {
    return await pollMissing(missing, {
      source: server,
      hasVolume: meta.volumeKind === 'traded',
      say,
      signal,
    });
  } finally {
    server.stop();
  }
}

/** Writes what was polled into the journal, for good; with the hash of all that is polled if the run left hashes. */
async function journal(about: JournalSummary, { rows }: BackFilled, engine: Engine): Promise<void> {
  if (rows.length === 0) return;
  // No one reads this memory until the files are written.
  for (const row of rows) layPolled(engine, row);
  const { folder, extent, last, sum, verdict } = about;
  // The times of the run's end, so that a replay at a pace does not wait for today.
  const stamp = { ...last, connection: 0 };
  await appendSegment(folder, extent, stamp, (blocks) => {
    putPolled(rows, stamp, blocks);
    if (sum === undefined) return;
    const polled = polledHash(engine.memories, engine.places);
    blocks.open(stamp);
    blocks.put(
      KIND.sum,
      Buffer.from(JSON.stringify({ ...sum, polled, ...(verdict === null ? {} : { verdict }) })),
    );
  });
}

async function lockedBackfill(
  about: JournalSummary,
  out: { readonly folder: string; readonly lock: LockToken },
  options: BackfillOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const replayer = replayerOf(about, out.folder, out.lock, {
    shards: 1,
    timeframes: timeframesOf(about.meta),
    historyDir: undefined,
  });
  const { engine, shards, writer, failures } = replayer;
  try {
    await writer.prepare();
    const missing = await replayed(about, replayer);
    const filled = await polledFrom(about, missing, options, signal);
    await journal(about, filled, engine);
    const conclusion = await writer.finish();
    const polled = about.polled + filled.rows.length;
    const report = updateReport(about, engine, options.runReport, {
      figures: filled.figures,
      polled,
      hash: conclusion.hashes.polled,
    });
    return {
      figures: filled.figures,
      polled,
      out: out.folder,
      problems: [...writer.unwritten, ...conclusion.unproven, ...failures],
      report,
    };
  } finally {
    await Promise.all([shards.stop(), writer.stop()]);
  }
}

function outcomeText({ meta }: JournalSummary, { figures, polled, out, problems, report }: Outcome): string {
  return [
    `Run ${meta.runId}`,
    figures.minutes === 0
      ? 'Nothing to do: no minute is missing or partial because of a gap that was not polled before.'
      : backFillLine(figures),
    ...figures.notes,
    `${polled} polled minutes in the journal and in ${displayPath(out)}${report === undefined ? '; there is no report to write again' : `; report ${displayPath(report)}`}`,
    ...problems.map((problem) => `Problem: ${problem}`),
  ].join('\n');
}

/** Takes the lock of `folder` for the time of `body`. Undefined if `signal` aborts. Throws EngineError OUTPUT. */
async function locked<Result>(
  folder: string,
  runId: string,
  signal: AbortSignal,
  body: (lock: LockToken) => Promise<Result>,
): Promise<Result | undefined> {
  const lock = new OutLock({
    folder,
    who: `a back-fill of run ${runId}`,
    clock: new SystemClock(),
    onWait: (sentence) => say(`tickshard: ${sentence}`),
    // The writer then refuses, which is a problem of the outcome.
    onLost: () => undefined,
  });
  if (!(await lock.take(signal))) return undefined;
  try {
    return await body(lock.token);
  } finally {
    await lock.release();
  }
}

/** Undefined when interrupted before it began. Throws as `backfill`. */
async function outcomeOf(
  about: JournalSummary,
  options: BackfillOptions,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { runId, instruments } = about.meta;
  const folder = resolve(options.out ?? about.meta.out);
  checkFolder(folder);
  await checkExisting(folder, instruments, timeframesOf(about.meta), identityOf(about.meta));
  probeFolder(folder, runId);
  return locked(about.folder, runId, signal, () =>
    locked(folder, runId, signal, async (lock) =>
      // Read again: another back-fill may have ended meanwhile.
      lockedBackfill(await readJournalSummary(about.folder), { folder, lock }, options, signal),
    ),
  );
}

/** Returns the exit code. Throws EngineError JOURNAL, OUTPUT, FOOTER, USAGE, CONFIG, SIMULATOR or REPORT. */
export async function backfill(options: BackfillOptions): Promise<number> {
  const abort = new AbortController();
  const release = onStop(() => {
    if (abort.signal.aborted) process.exit(EXIT.interrupted);
    say('Interrupted: writing what there is; once more ends at once.');
    abort.abort();
  });
  try {
    const about = await readJournalSummary(resolve(runFolder(options.journal)));
    check(about);
    const outcome = await outcomeOf(about, options, abort.signal);
    if (outcome === undefined) return EXIT.interrupted;
    const json = { runId: about.meta.runId, ...outcome, report: outcome.report ?? null };
    process.stdout.write(`${options.json ? JSON.stringify(json, null, 2) : outcomeText(about, outcome)}\n`);
    return codeOf(outcome, abort.signal);
  } finally {
    release();
  }
}

function codeOf({ figures, problems }: Outcome, signal: AbortSignal): number {
  if (signal.aborted) return EXIT.interrupted;
  const { disagreed, refused, left } = figures;
  return disagreed + refused + left + problems.length === 0 ? EXIT.pass : EXIT.failed;
}
