/** `tickshard replay`: a run's journal through the same line again. Same candles, quality rows and momentum as the run's, for any number of shards; that is checked, not hoped. */
import { join, resolve } from 'node:path';
import { SystemClock, sleep } from '../clock.js';
import { EngineError, EXIT } from '../errors.js';
import type { ReplayArguments } from '../cli/config.js';
import { runsIn, segmentsOf } from '../journal/folder.js';
import type { BlockStamp } from '../journal/format.js';
import { istStamp } from '../market/session.js';
import type { Hashes } from '../gates/facts.js';
import { count } from '../text/count.js';
import { LEDGER } from '../memory/io-ledger.js';
import { COUNTER } from '../memory/counters.js';
import { Engine } from '../ingest/engine.js';
import { ShardPool } from '../threads/shard-pool.js';
import { checkExisting } from '../parquet/stored.js';
import { shardsDrained, hashesOf } from '../run/finish.js';
import { Intake } from '../ingest/intake.js';
import { givenBefore, JournalSource, journalHead, type JournalSummary } from '../ingest/journal-source.js';
import { checkFolder } from '../run/output-folders.js';
import { onStop } from '../run/shutdown.js';
import { WriterPool } from '../threads/writer-pool.js';

/** Real ms between two looks for what is to be written. */
const LOOK_MS = 200;

/** What came of a replay. */
interface Outcome {
  readonly about: JournalSummary;
  readonly out: string;
  readonly shards: number;
  readonly hashes: Hashes;
  readonly candles: number;
  readonly files: number;
  readonly counters: Float64Array;
  /** What speaks against it, sentences. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** The folder of the run that is meant. Throws EngineError JOURNAL with what there is instead. */
function runFolder(path: string): string {
  if (segmentsOf(path).length > 0) return path;
  const runs = runsIn(path);
  if (runs.length === 0)
    throw new EngineError(
      'JOURNAL',
      `${path} holds no journal: a run leaves one below data/test/journal, or where --journal says.`,
    );
  throw new EngineError(
    'JOURNAL',
    `${path} holds the journals of ${count(runs.length, 'run')}: name one, the newest is ${join(path, runs[0].runId)}.`,
  );
}

/** Waits so that blocks come `speed` times as fast as they came. Without a limit for `max`. */
function paceOf(
  speed: number | undefined,
  clock: SystemClock,
): ((stamp: BlockStamp) => Promise<void> | undefined) | undefined {
  if (speed === undefined) return undefined;
  let begun: { readonly monoMs: number; readonly wallMs: number } | undefined;
  return ({ wallMs }) => {
    begun ??= { monoMs: clock.monoMs(), wallMs };
    const dueInMs = (wallMs - begun.wallMs) / speed - (clock.monoMs() - begun.monoMs);
    return dueInMs > 1 ? sleep(dueInMs) : undefined;
  };
}

/** How the journal ends, and what its run said of its rows, against what came out. */
function problemsOf(about: JournalSummary, hashes: Hashes, difference: string | undefined): string[] {
  const problems = difference === undefined ? [] : [difference];
  for (const [name, what] of [
    ['candles', 'candles are'],
    ['quality', 'quality rows are'],
    ['momentum', 'momentum is'],
  ] as const) {
    const said = about.sum?.[name];
    if (said !== undefined && said !== hashes[name])
      problems.push(
        `The ${what} not the run's: ${hashes[name].slice(0, 12)} where the run had ${said.slice(0, 12)}.`,
      );
  }
  const { broken, segment, offset, tornBytes } = about.extent;
  if (broken === 'damaged')
    problems.push(
      `The journal is damaged in segment ${segment} at byte ${offset}: ${count(tornBytes, 'byte')} there, and all that follows, could not be used.`,
    );
  return problems;
}

function notesOf(about: JournalSummary): string[] {
  const { extent, resumes, sum, ended } = about;
  const notes: string[] = [];
  if (extent.broken === 'torn')
    notes.push(
      `The last write was cut off: ${count(extent.tornBytes, 'byte')} behind the last whole block were left out.`,
    );
  if (resumes > 0) notes.push(`The run was resumed ${count(resumes, 'time')}.`);
  if (ended === undefined) notes.push('The run did not come to its end; its open minutes are partial.');
  else if (sum === undefined) notes.push('The run left no hashes of its rows to compare with.');
  return notes;
}

async function replayed(head: JournalSummary, options: ReplayArguments): Promise<Outcome> {
  const { meta, folder } = head;
  const out = resolve(options.out ?? join('data/test/replay', meta.runId));
  checkFolder(out);
  const identity = { feed: meta.feed, mode: meta.mode, volumeKind: meta.volumeKind };
  await checkExisting(out, meta.instruments, identity);
  const engine = new Engine({
    instruments: meta.instruments,
    sessionOf: ({ index }) => meta.sessions[index],
    mode: meta.mode,
    shards: options.shards,
    graceMs: meta.graceMs,
    silenceMs: meta.silenceMs,
    marketDateMs: meta.marketDateMs,
  });
  const clock = new SystemClock();
  const ledger = new SharedArrayBuffer(LEDGER.words * 4);
  const failures: string[] = [];
  const { memories, counters, places } = engine;
  const shards = new ShardPool({
    memories,
    counters,
    ledger,
    onDeath: (shard, _cursor, reason) =>
      failures.push(`Worker thread ${shard} died and was replaced: ${reason}`),
  });
  const historyDir = options.history ?? meta.history?.folder;
  const writer = new WriterPool({
    memories,
    places,
    outDir: out,
    identity,
    historyDir,
    marketDateMs: meta.marketDateMs,
    given: givenBefore(head),
    ledger,
    onFailure: () => undefined,
    onTrouble: () => undefined,
  });
  const intake = new Intake({ engine, instruments: meta.instruments });
  const feed = new JournalSource({ folder, engine, intake, pace: paceOf(options.speed, clock) });
  // Files are written as minutes are sealed where somebody may watch them grow; at full speed once, when all is known.
  const looking = options.speed === undefined ? undefined : clock.every(LOOK_MS, () => writer.poll());
  const fed = async (): Promise<JournalSummary> => {
    await shards.start();
    const about = await feed.run();
    intake.end();
    engine.router.publish();
    await shardsDrained(shards, clock);
    return about;
  };
  try {
    const preparing = writer.prepare();
    // At full speed nothing is written before all is known, so the journal need not wait until the writer is ready. Neither is left under way when the other fails.
    if (looking !== undefined) await preparing;
    const feeding = fed();
    await Promise.allSettled([preparing, feeding]);
    const { historyRows } = await preparing;
    const about = await feeding;
    looking?.cancel();
    const conclusion = await writer.finish();
    const hashes = hashesOf(writer.evaluations, conclusion);
    const moved = Object.entries(meta.history?.rows ?? {})
      .filter(([symbol, rows]) => historyRows[symbol] !== rows)
      .map(([symbol]) => symbol);
    const problems = [
      ...problemsOf(about, hashes, feed.difference),
      ...writer.unwritten,
      ...conclusion.unproven,
      ...failures,
    ];
    const notes = [
      ...notesOf(about),
      ...(moved.length === 0
        ? []
        : [
            `The history of ${moved.slice(0, 3).join(', ')}${moved.length > 3 ? ` and ${moved.length - 3} more` : ''} is not what the run read, so momentum may differ.`,
          ]),
    ];
    return {
      about,
      out,
      shards: options.shards,
      hashes,
      candles: conclusion.proven,
      files: writer.files.length,
      counters,
      problems,
      notes,
    };
  } finally {
    looking?.cancel();
    await Promise.all([shards.stop(), writer.stop()]);
  }
}

function text({ about, out, shards, hashes, candles, files, counters, problems, notes }: Outcome): string {
  const { meta, frames, extent, first, last, sum } = about;
  const same = sum !== undefined && problems.length === 0;
  return [
    `Run ${meta.runId}: ${meta.shadow === true ? 'shadow' : `stage ${meta.stage}`}, ${count(meta.instruments.length, 'symbol')}, mode ${meta.mode}, feed ${meta.feed}`,
    `${count(frames, 'frame')} in ${count(extent.blocks, 'block')} and ${count(extent.segments, 'segment')}, market time ${istStamp(first.marketMs)} to ${istStamp(last.marketMs)}`,
    `${counters[COUNTER.routed]} of them routed to ${count(shards, 'shard')}; ${candles} candles in ${count(files, 'file')} in ${out}`,
    `candles   ${hashes.candles}`,
    `quality   ${hashes.quality}`,
    `momentum  ${hashes.momentum}`,
    ...notes.map((note) => `Note: ${note}`),
    ...problems.map((problem) => `Problem: ${problem}`),
    same
      ? "Same candles, quality rows and momentum as the run's."
      : problems.length > 0
        ? 'Not the same as the run.'
        : 'There is nothing to compare with; the candles are written.',
  ].join('\n');
}

function json({ about, out, shards, hashes, candles, files, problems, notes }: Outcome): string {
  const { meta, frames, extent, ended, resumes, sum } = about;
  const { blocks, segments, broken, tornBytes } = extent;
  const journal = {
    folder: about.folder,
    frames,
    blocks,
    segments,
    broken: broken ?? null,
    tornBytes,
    ended: ended !== undefined,
    resumes,
  };
  return JSON.stringify(
    {
      runId: meta.runId,
      journal,
      out,
      shards,
      candles,
      files,
      hashes,
      runHashes: sum ?? null,
      same: sum === undefined ? null : problems.length === 0,
      problems,
      notes,
    },
    null,
    2,
  );
}

/** Replays and says what came of it; returns the exit code. Throws EngineError JOURNAL, OUTPUT, FOOTER or HISTORY. */
export async function replay(options: ReplayArguments, print: (text: string) => void): Promise<number> {
  // Files are whole at any moment; there is nothing else to bring to an end.
  const release = onStop(() => process.exit(EXIT.interrupted));
  try {
    const outcome = await replayed(await journalHead(resolve(runFolder(options.journal))), options);
    print(options.json ? json(outcome) : text(outcome));
    return outcome.problems.length === 0 ? EXIT.pass : EXIT.failed;
  } finally {
    release();
  }
}
