/**
 * `tickshard replay`: a journal's frames through the same engine, shards and writer. Checks that candles, quality
 * rows and momentum are the run's, for any number of shards.
 */
import { join, resolve } from 'node:path';
import { defineCommand } from '../../cli/command.js';
import type { ValuesOf } from '../../cli/options/table.js';
import { SystemClock, sleep } from '../../clock.js';
import { EXIT } from '../../errors.js';
import type { Engine } from '../../ingest/engine.js';
import type { Intake } from '../../ingest/intake.js';
import {
  warmUpCandlesOf,
  JournalSource,
  readJournalHead,
  type JournalSummary,
} from '../../ingest/journal-source.js';
import type { BlockStamp } from '../../journal/format.js';
import { identityOf, timeframesOf } from '../../journal/meta.js';
import type { Timeframe } from '../../market/timeframe.js';
import { LEDGER } from '../../memory/io-ledger.js';
import { checkExisting } from '../../parquet/existing.js';
import { hashesOf, shardsDrained } from '../../run/run-end.js';
import { journalEngine } from '../../run/journal-engine.js';
import { OutLock, type LockToken } from '../../parquet/out-lock.js';
import { checkFolder, probeFolder } from '../../run/output-folders.js';
import { onStop } from '../../run/shutdown.js';
import { ShardPool } from '../../threads/shard-pool.js';
import { WriterHost } from '../../threads/writer-host.js';
import { runFolder } from '../run-folder.js';
import { followersOf } from './followers.js';
import { notesOf, outcomeJson, outcomeText, problemsOf, publishProblems, type Outcome } from './outcome.js';
import { namedBy, nameOf } from '../../market/instrument.js';

type ReplayOptions = ValuesOf<'replay'> & { readonly timeframes: readonly Timeframe[] };

/** Waits for a block at `speed` times its pace; undefined without a limit. */
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

/** What a journal's frames pass through, as in a run. */
interface Replayer {
  readonly engine: Engine;
  readonly intake: Intake;
  readonly shards: ShardPool;
  readonly writer: WriterHost;
  /** Deaths of worker threads. */
  readonly failures: readonly string[];
}

/** `historyDir`: earlier candles for the momentum rule. */
export function replayerOf(
  head: JournalSummary,
  out: string,
  lock: LockToken,
  options: {
    readonly shards: number;
    readonly timeframes: readonly Timeframe[];
    readonly historyDir: string | undefined;
  },
): Replayer {
  const { meta } = head;
  const { engine, intake } = journalEngine(meta, options.shards);
  const { memories, counters, places } = engine;
  const ledger = new SharedArrayBuffer(LEDGER.words * 4);
  const failures: string[] = [];
  const shards = new ShardPool({
    memories,
    counters,
    ledger,
    onDeath: (shard, _cursor, reason) =>
      failures.push(`Worker thread ${shard} died and was replaced: ${reason}`),
  });
  const writer = new WriterHost({
    memories,
    places,
    outDir: out,
    lock,
    identity: identityOf(head.meta),
    timeframes: options.timeframes,
    historyDir: options.historyDir,
    marketDateMs: meta.marketDateMs,
    given: warmUpCandlesOf(head),
    ledger,
    onFailure: () => undefined,
    onTrouble: () => undefined,
  });
  return { engine, intake, shards, writer, failures };
}

/** Instruments whose history is not what the run read. */
function historyNotes({ meta }: JournalSummary, rowsNow: Readonly<Record<string, string>>): string[] {
  const moved = Object.entries(meta.history?.rows ?? {})
    .map(([written, rows]) => {
      const instrument = namedBy(written, meta.instruments);
      return { name: instrument === undefined ? written : nameOf(instrument), rows };
    })
    .filter(({ name, rows }) => rowsNow[name] !== rows)
    .map(({ name }) => name);
  if (moved.length === 0) return [];
  return [
    `The history of ${moved.slice(0, 3).join(', ')}${moved.length > 3 ? ` and ${moved.length - 3} more` : ''} is not what the run read, so momentum may differ.`,
  ];
}

/** Throws EngineError OUTPUT, FOOTER or HISTORY. */
async function outcomeOf(head: JournalSummary, options: ReplayOptions): Promise<Outcome> {
  const { meta } = head;
  const out = resolve(options.out ?? join('data/test/replay', meta.runId));
  checkFolder(out);
  await checkExisting(out, meta.instruments, options.timeframes, identityOf(head.meta));
  probeFolder(out, meta.runId);
  const lock = new OutLock({
    folder: out,
    who: `a replay of run ${meta.runId}`,
    clock: new SystemClock(),
    onWait: (sentence) => void process.stderr.write(`tickshard: ${sentence}\n`),
    // The writer then refuses, which is a problem of the outcome.
    onLost: () => undefined,
  });
  await lock.take(new AbortController().signal);
  try {
    return await lockedOutcome(head, out, lock.token, options);
  } finally {
    await lock.release();
  }
}

async function lockedOutcome(
  head: JournalSummary,
  out: string,
  lock: LockToken,
  options: ReplayOptions,
): Promise<Outcome> {
  const { folder } = head;
  const historyDir = options.history ?? head.meta.history?.folder;
  const replayer = replayerOf(head, out, lock, { ...options, historyDir });
  const { engine, intake, shards, writer, failures } = replayer;
  const clock = new SystemClock();
  const followers = followersOf(head, engine, options);
  const feed = new JournalSource({ folder, engine, intake, pace: paceOf(options.speed, clock) });
  const fed = async (): Promise<JournalSummary> => {
    await shards.start();
    followers.start();
    const about = await feed.run();
    intake.end();
    engine.router.publish();
    await shardsDrained(shards, clock);
    return about;
  };
  try {
    const preparing = writer.prepare();
    // With a speed limit, files are written as minutes are sealed, for a user who watches. At full speed they are
    // written once, at the end, so that the journal need not wait for the writer. If one fails, the other is awaited.
    if (options.speed !== undefined) {
      await preparing;
      writer.follow();
    }
    const feeding = fed();
    await Promise.allSettled([preparing, feeding]);
    const { historyRows } = await preparing;
    const about = await feeding;
    const conclusion = await writer.finish();
    await followers.finish(about.verdict);
    const hashes = hashesOf(writer.evaluations, conclusion, head.meta.instruments);
    return {
      about,
      out,
      shards: options.shards,
      timeframes: options.timeframes,
      hashes,
      candles: conclusion.proven,
      files: writer.files.length,
      counters: engine.counters,
      problems: [
        ...problemsOf(about, { ...options, hashes, difference: feed.difference }),
        ...writer.unwritten,
        ...conclusion.unproven,
        ...failures,
        ...publishProblems(followers.published),
      ],
      published: followers.published,
      notes: [...notesOf(about), ...historyNotes(head, historyRows)],
    };
  } finally {
    await Promise.all([shards.stop(), writer.stop(), followers.stop()]);
  }
}

/** Returns the exit code. Throws EngineError JOURNAL, OUTPUT, FOOTER or HISTORY. */
async function replay(options: ValuesOf<'replay'>): Promise<number> {
  // Files are always whole: nothing to finish.
  const release = onStop(() => process.exit(EXIT.interrupted));
  try {
    const head = await readJournalHead(resolve(runFolder(options.journal)));
    const timeframes = options.timeframes ?? timeframesOf(head.meta);
    const outcome = await outcomeOf(head, { ...options, timeframes });
    const output = options.stream ? process.stderr : process.stdout;
    output.write(`${options.json ? outcomeJson(outcome) : outcomeText(outcome)}\n`);
    return outcome.problems.length === 0 ? EXIT.pass : EXIT.failed;
  } finally {
    release();
  }
}

export const command = defineCommand<'replay', ValuesOf<'replay'>>({
  about:
    'JOURNAL is the folder of one run, data/test/journal/RUN by default. The same frames make the same candles, quality rows and momentum as in the run, for any number of shards.',
  exitCodes: {
    0: 'they are the same, or the run left nothing to compare with',
    1: 'they are not or the journal is damaged',
    2: 'usage, or a journal that cannot be read',
  },
  example: 'tickshard replay data/test/journal/RUN',
  check: (values) => values,
  run: replay,
});
