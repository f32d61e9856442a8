/** What the ends of a run and of a replay have in common. */
import { inOrder } from '../candles/candle.js';
import { within, type Clock } from '../clock.js';
import { EngineError } from '../errors.js';
import type { Hashes } from '../gates/facts.js';
import type { Evaluation } from '../momentum/series.js';
import { sha256Of } from '../parquet/sha256.js';
import type { ShardPool } from '../threads/shard-pool.js';
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

/** Of what the rule saw live, `first`, and of the final candles. */
export function hashesOf(first: readonly Evaluation[], { hashes, evaluations }: ConcludeAnswer): Hashes {
  const momentum = sha256Of(Buffer.from(JSON.stringify([inOrder(first), inOrder(evaluations)])));
  return { ...hashes, momentum };
}
