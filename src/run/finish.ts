/** The end of a run or a replay. */
import { SystemClock, within, type Clock } from '../clock.js';
import { EngineError, EXIT } from '../errors.js';
import { inOrder } from '../candles/candle.js';
import type { JournalWriter } from '../journal/writer.js';
import { differences, type Evaluation } from '../momentum/series.js';
import type { Facts, Hashes } from '../gates/facts.js';
import type { RunVerdict } from '../gates/gate.js';
import type { ShardPool } from '../threads/shard-pool.js';
import { sha256Of } from '../parquet/reader.js';
import type { ConcludeAnswer } from '../threads/writer-messages.js';
import type { RunRoom } from './output-folders.js';
import { collectFacts, type FactSources, type RunProgress } from './collect-facts.js';

/** Real ms for the shards to empty their rings. */
const DRAIN_MS = 30_000;

/** Resolves when every shard has applied END. Throws EngineError OUTPUT after DRAIN_MS. */
export async function shardsDrained(shards: ShardPool, clock: Clock): Promise<void> {
  await within(clock, DRAIN_MS, shards.done, () => {
    throw new EngineError(
      'OUTPUT',
      'The worker threads did not come to an end; what was written is whole, and `tickshard replay` writes the rest from the journal.',
    );
  });
}

/**
 * The facts of a run whose feed has ended: waits for the shards, the rest of the files and the journal, then frees the
 * room of the report. `progress`: so far.
 */
export async function finalFacts(
  sources: FactSources,
  run: { readonly shards: ShardPool; readonly journal: JournalWriter | undefined; readonly room: RunRoom },
  progress: RunProgress,
): Promise<{ readonly facts: Facts; readonly hashes: Hashes }> {
  const { writer, probe } = sources;
  await shardsDrained(run.shards, new SystemClock());
  // Cost of the running market, without the run's end.
  const { cpuPercent, eventLoopDelayP99Ms, longestStallMs } = probe.figures();
  const conclusion = await writer.finish();
  probe.stop();
  const hashes = hashesOf(writer.evaluations, conclusion);
  run.room.candlesStored();
  await run.journal?.settle();
  run.room.reportDue();
  const facts = collectFacts(sources, {
    ...progress,
    finished: true,
    conclusion,
    differences: differences(writer.evaluations, conclusion.evaluations),
    hashes,
  });
  const performance = { ...facts.performance, cpuPercent, eventLoopDelayP99Ms, longestStallMs };
  return { facts: { ...facts, performance }, hashes };
}

export function hashesOf(first: readonly Evaluation[], { hashes, evaluations }: ConcludeAnswer): Hashes {
  const momentum = sha256Of(Buffer.from(JSON.stringify([inOrder(first), inOrder(evaluations)])));
  return { ...hashes, momentum };
}

/** False if `write` throws EngineError: a report that cannot be written; the candles are on disk. */
export function reportWritten(write: () => void, tell: (sentence: string) => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    tell(error.message);
    return false;
  }
}

export function exitCodeOf(verdict: RunVerdict): number {
  if (verdict === 'interrupted') return EXIT.interrupted;
  return verdict === 'pass' ? EXIT.pass : EXIT.failed;
}
