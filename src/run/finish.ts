/** The end of a run. */
import { SystemClock } from '../clock.js';
import { EngineError, EXIT } from '../errors.js';
import type { JournalWriter } from '../journal/writer.js';
import { differences } from '../momentum/series.js';
import type { BackFillFigures, Facts, Hashes } from '../gates/facts.js';
import type { RunVerdict } from '../gates/gate.js';
import type { ShardPool } from '../threads/shard-pool.js';
import type { RunRoom } from './output-folders.js';
import { hashesOf, shardsDrained } from './run-end.js';
import { collectFacts, type FactSources, type RunProgress } from './collect-facts.js';

/**
 * The facts of a run whose feed has ended: waits for the shards, a back-fill, the rest of the files and the journal,
 * then frees the room of the report. `progress`: so far.
 */
export async function finalFacts(
  sources: FactSources,
  run: {
    readonly shards: ShardPool;
    readonly journal: JournalWriter | undefined;
    readonly room: RunRoom;
    /** When the shards have ended. */
    readonly backFill: () => Promise<BackFillFigures | undefined>;
  },
  progress: RunProgress,
): Promise<{ readonly facts: Facts; readonly hashes: Hashes }> {
  const { writer, probe } = sources;
  await shardsDrained(run.shards, new SystemClock());
  // Cost of the running market, without the run's end.
  const { cpuPercent, eventLoopDelayP99Ms, longestStallMs } = probe.figures();
  const backFill = await run.backFill();
  const conclusion = await writer.finish();
  probe.stop();
  const hashes = hashesOf(writer.evaluations, conclusion, sources.plan.instruments);
  run.room.candlesStored();
  await run.journal?.settle();
  run.room.reportDue();
  await sources.publishing.finishPublishing();
  const facts = collectFacts(sources, {
    ...progress,
    finished: true,
    conclusion,
    differences: differences(writer.evaluations, conclusion.evaluations),
    hashes,
    backFill,
  });
  const performance = { ...facts.performance, cpuPercent, eventLoopDelayP99Ms, longestStallMs };
  return { facts: { ...facts, performance }, hashes };
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
