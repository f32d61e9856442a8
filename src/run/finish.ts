/** The end of a run or a replay. */
import { within, type Clock } from '../clock.js';
import { EngineError, EXIT } from '../errors.js';
import { inOrder } from '../candles/candle.js';
import type { Evaluation } from '../momentum/series.js';
import type { Hashes } from '../gates/facts.js';
import type { RunVerdict } from '../gates/gate.js';
import type { ShardPool } from '../threads/shard-pool.js';
import { sha256Of } from '../parquet/reader.js';
import type { ConcludeAnswer } from '../threads/writer-messages.js';

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

export function hashesOf(first: readonly Evaluation[], { hashes, evaluations }: ConcludeAnswer): Hashes {
  const momentum = sha256Of(Buffer.from(JSON.stringify([inOrder(first), inOrder(evaluations)])));
  return { ...hashes, momentum };
}

export function exitCodeOf(verdict: RunVerdict): number {
  if (verdict === 'interrupted') return EXIT.interrupted;
  return verdict === 'pass' ? EXIT.pass : EXIT.failed;
}
