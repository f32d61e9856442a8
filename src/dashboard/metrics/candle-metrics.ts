/** Candles sealed and revised, late ticks, gaps. */
import type { ShardMemory } from '../../memory/layout.js';
import { tallyCandles, type CandleTally, type RowPlace } from '../../memory/shard-reader.js';
import type { MetricSet, Sample } from './metric-set.js';

export function candleMetrics(
  set: MetricSet,
  memories: readonly ShardMemory[],
  places: readonly RowPlace[],
): void {
  const sumOf = (shard: number, figure: keyof CandleTally): number =>
    places
      .filter((place) => place.shard === shard)
      .reduce((sum, { row }) => sum + tallyCandles(memories[shard], row, false)[figure], 0);
  const byShard = (figure: keyof CandleTally) => (): Sample[] =>
    memories.map((_, shard) => [{ shard: String(shard) }, sumOf(shard, figure)]);
  set.gauge(
    'tickshard_candles',
    'Sealed one-minute candles; a gap that is known late may turn a whole one into a partial one.',
    ['shard', 'quality'],
    () =>
      memories.flatMap((_, shard) =>
        (['whole', 'partial'] as const).map((quality): Sample => [
          { shard: String(shard), quality },
          sumOf(shard, quality),
        ]),
      ),
  );
  set.counter(
    'tickshard_late_ticks_total',
    'Ticks that came after the seal of their minute.',
    ['shard'],
    byShard('late'),
  );
  set.counter(
    'tickshard_candle_revisions_total',
    'Changes of candles after their seal.',
    ['shard'],
    byShard('revisions'),
  );
  set.total('tickshard_seals_total', 'Decisions that a minute is over.', 'seals');
  set.total(
    'tickshard_gaps_total',
    'Spans in which nothing could be seen, those before and after the run included.',
    'gaps',
  );
}
