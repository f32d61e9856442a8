/** What the ends of a run and of a replay have in common. */
import { inOrder } from '../candles/candle.js';
import { within, type Clock } from '../clock.js';
import { EngineError } from '../errors.js';
import type { Hashes } from '../gates/facts.js';
import type { Evaluation } from '../momentum/series.js';
import { sha256Of } from '../parquet/sha256.js';
import type { ShardPool } from '../threads/shard-pool.js';
import type { ConcludeAnswer } from '../threads/writer-messages.js';
import { nameOf, type Instrument } from '../market/instrument.js';

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

/** Of what the rule saw live, `first`, and of the final candles. `instruments`: the run's. */
export function hashesOf(
  first: readonly Evaluation[],
  { hashes, evaluations }: ConcludeAnswer,
  instruments: readonly Instrument[],
): Hashes {
  const both = [first, evaluations].map((list) => bySymbols(list, instruments));
  return { ...hashes, momentum: sha256Of(Buffer.from(JSON.stringify(both))) };
}

/** By symbol, exchange and minute, with the symbol for the name: as hashes of earlier versions are made. */
function bySymbols(list: readonly Evaluation[], instruments: readonly Instrument[]): Evaluation[] {
  const symbols = new Map(instruments.map((instrument) => [nameOf(instrument), instrument.symbol]));
  const ordered = inOrder(list).map((evaluation) => {
    const symbol = symbols.get(evaluation.symbol)!;
    return { ...evaluation, symbol, signals: evaluation.signals.map((signal) => ({ ...signal, symbol })) };
  });
  return ordered.sort((a, b) => (a.symbol === b.symbol ? 0 : a.symbol < b.symbol ? -1 : 1));
}
