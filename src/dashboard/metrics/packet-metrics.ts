/** How many frames and packets came, and what became of them. */
import type { ShardMemory } from '../../memory/layout.js';
import { readRow, ringDepth, type RowPlace } from '../../memory/shard-reader.js';
import type { MetricSet, Sample } from './metric-set.js';

/** Label `class` and the figure of a symbol's row that it sums. */
const APPLIED_CLASSES = {
  tick: 'ticks',
  seed: 'snapshots',
  no_trade: 'noTrade',
  duplicate: 'duplicates',
  out_of_session: 'outOfSession',
} as const;

export function packetMetrics(
  set: MetricSet,
  memories: readonly ShardMemory[],
  places: readonly RowPlace[],
): void {
  set.total('tickshard_frames_received_total', 'Binary messages delivered by the socket.', 'binary');
  set.totals('tickshard_frames_refused_total', 'Binary messages that are no frame.', 'reason', {
    length: 'refusedLength',
    mode: 'refusedMode',
  });
  set.totals('tickshard_packets_unadmitted_total', 'Decoded packets that were not used.', 'reason', {
    exchange: 'unadmittedExchange',
    token: 'unadmittedToken',
    mode: 'unadmittedMode',
    price: 'unadmittedPrice',
    time: 'unadmittedTime',
    sequence: 'unadmittedSequence',
  });
  set.total('tickshard_packets_routed_total', 'Packets written into a ring.', 'routed');
  set.total(
    'tickshard_packets_poisoned_total',
    'Records skipped after three deaths of a worker thread at them.',
    'poison',
  );
  set.totals('tickshard_texts_received_total', 'Text messages of the broker.', 'kind', {
    pong: 'textPong',
    error: 'textError',
    other: 'textOther',
  });
  set.counter(
    'tickshard_packets_applied_total',
    'Packets applied by the shards, by what became of them.',
    ['shard', 'class'],
    () => memories.flatMap((memory, shard) => appliedBy(memory, shard, places)),
  );
  const byShard = (value: (memory: ShardMemory) => number) => (): Sample[] =>
    memories.map((memory, shard) => [{ shard: String(shard) }, value(memory)]);
  set.gauge(
    'tickshard_ring_records',
    'Records that wait in the ring of a shard.',
    ['shard'],
    byShard((memory) => ringDepth(memory)),
  );
  set.gauge(
    'tickshard_ring_capacity_records',
    'Records that the ring of a shard can hold.',
    ['shard'],
    byShard((memory) => memory.shape.slots),
  );
}

function appliedBy(memory: ShardMemory, shard: number, places: readonly RowPlace[]): Sample[] {
  const rows = places.filter((place) => place.shard === shard).map(({ row }) => readRow(memory, row));
  return Object.entries(APPLIED_CLASSES).map(([name, figure]) => [
    { shard: String(shard), class: name },
    rows.reduce((sum, row) => sum + row[figure], 0),
  ]);
}
