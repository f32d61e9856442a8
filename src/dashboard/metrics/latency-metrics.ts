/** Latency histograms per shard. */
import { filledBuckets, histogramIn } from '../../memory/histogram.js';
import type { ShardMemory } from '../../memory/layout.js';
import type { Labels, MetricSet } from './metric-set.js';

const US_PER_SECOND = 1e6;
/** Upper bounds of the reported buckets, microseconds. */
const BOUNDS_US = [
  10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
];

export function latencyMetrics(set: MetricSet, memories: readonly ShardMemory[]): void {
  const latency = (name: string, help: string, region: 'histogram' | 'sealHistogram'): void =>
    set.histogram(name, `${help} The sum is that of the buckets of measurement, within 3.2 %.`, () =>
      memories.flatMap((memory, shard) => histogramValues(name, memory, shard, region)),
    );
  latency('tickshard_receive_to_applied_seconds', 'From a packet received to its tick applied.', 'histogram');
  latency(
    'tickshard_receive_to_sealed_seconds',
    'From the packet that ends a minute received to the minute sealed.',
    'sealHistogram',
  );
}

/** As prom-client's registry prints them. */
function histogramValues(
  name: string,
  memory: ShardMemory,
  shard: number,
  region: 'histogram' | 'sealHistogram',
): object[] {
  const buckets = filledBuckets([histogramIn(memory, region)]);
  const upTo = (bound: number): number =>
    buckets.reduce((sum, [us, packets]) => sum + (us <= bound ? packets : 0), 0);
  const sumUs = buckets.reduce((sum, [us, packets]) => sum + us * packets, 0);
  const value = (metricName: string, number: number, more: Labels = {}): object => ({
    metricName,
    value: number,
    labels: { ...more, shard: String(shard) },
  });
  return [
    ...BOUNDS_US.map((us) => value(`${name}_bucket`, upTo(us), { le: String(us / US_PER_SECOND) })),
    value(`${name}_bucket`, upTo(Infinity), { le: '+Inf' }),
    value(`${name}_sum`, sumUs / US_PER_SECOND),
    value(`${name}_count`, upTo(Infinity)),
  ];
}
