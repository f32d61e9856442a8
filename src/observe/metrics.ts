/**
 * The run for Prometheus, by its naming conventions (base units, `_total`, one meaning a name). Labels are shards, reasons, causes and
 * gates: lists that are closed, so that the number of series does not depend on how many symbols there are or how long a run lasts.
 * Everything is read when it is asked for.
 */
import { Counter, Gauge, Registry, type MetricObject } from 'prom-client';
import { readRow, ringDepth, tallyCandles, type RowPlace } from '../shared/book.js';
import { COUNTER, type CounterName } from '../shared/counters.js';
import { bucketTop } from '../shared/histogram.js';
import { HISTOGRAM_WORDS, type ShardMemory } from '../shared/layout.js';
import type { Picture } from './picture.js';

export interface MetricsSources {
  readonly memories: readonly ShardMemory[];
  readonly places: readonly RowPlace[];
  readonly counters: Float64Array;
  /** The run as of the last look; undefined before the first. */
  readonly picture: () => Picture | undefined;
  /** Connections that ended so far, by cause. */
  readonly disconnects: () => Readonly<Record<string, number>>;
  readonly version: string;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

const STATUSES = ['pass', 'fail', 'warn', 'skip'];
const STATES = ['ticking', 'quiet', 'stale', 'silent', 'shut'];
const US = 1e6;
/** Upper bounds of the latency buckets that are told, microseconds. */
const BOUNDS_US = [10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000];

/** The run's metrics. */
export function runMetrics(sources: MetricsSources): Registry {
  const { memories, places, counters, picture, disconnects, version } = sources;
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: readonly string[], samples: () => readonly Sample[]): void => {
    new Counter({
      name, help, registers, labelNames: [...labelNames],
      collect() {
        this.reset();
        for (const [labels, value] of samples()) this.inc(labels, value);
      },
    });
  };
  const gauge = (name: string, help: string, labelNames: readonly string[], samples: () => readonly Sample[]): void => {
    new Gauge({
      name, help, registers, labelNames: [...labelNames],
      collect() {
        this.reset();
        for (const [labels, value] of samples()) this.set(labels, value);
      },
    });
  };
  const total = (name: string, help: string, of: CounterName, scale = 1): void => counter(name, help, [], () => [[{}, counters[COUNTER[of]] / scale]]);
  const byLabel = (label: string, of: Readonly<Record<string, CounterName>>) => (): Sample[] => Object.entries(of).map(([value, name]) => [{ [label]: value }, counters[COUNTER[name]]]);
  const byShard = (value: (shard: number) => number) => (): Sample[] => memories.map((_, shard) => [{ shard: String(shard) }, value(shard)]);
  const rowsOf = (shard: number): readonly RowPlace[] => places.filter((place) => place.shard === shard);
  const sum = (shard: number, pick: (place: RowPlace) => number): number => rowsOf(shard).reduce((all, place) => all + pick(place), 0);
  const now = <Value>(pick: (seen: Picture) => Value | null): Sample[] => {
    const seen = picture();
    const value = seen === undefined ? null : pick(seen);
    return value === null ? [] : [[{}, Number(value)]];
  };

  gauge('tickshard_build_info', 'Version of the program; always 1.', ['version'], () => [[{ version }, 1]]);
  gauge('tickshard_run_info', 'The run that is observed; always 1.', ['run_id', 'mode', 'feed', 'volume_kind'], () => {
    const run = picture()?.run;
    return run === undefined ? [] : [[{ run_id: run.runId, mode: run.mode, feed: run.feed, volume_kind: run.volumeKind }, 1]];
  });

  total('tickshard_frames_received_total', 'Binary messages delivered by the socket.', 'binary');
  counter('tickshard_frames_refused_total', 'Binary messages that are no frame.', ['reason'], byLabel('reason', { length: 'refusedLength', mode: 'refusedMode' }));
  counter('tickshard_packets_unadmitted_total', 'Decoded packets that were not used.', ['reason'], byLabel('reason', { exchange: 'unadmittedExchange', token: 'unadmittedToken', mode: 'unadmittedMode', price: 'unadmittedPrice', time: 'unadmittedTime' }));
  total('tickshard_packets_routed_total', 'Packets written into a ring.', 'routed');
  total('tickshard_packets_poisoned_total', 'Records skipped after three deaths of a worker thread at them.', 'poison');
  counter('tickshard_texts_received_total', 'Text messages of the broker.', ['kind'], byLabel('kind', { pong: 'textPong', error: 'textError', other: 'textOther' }));
  counter('tickshard_packets_applied_total', 'Packets applied by the shards, by what became of them.', ['shard', 'class'], () =>
    memories.flatMap((memory, shard) => {
      const rows = rowsOf(shard).map(({ row }) => readRow(memory, row));
      const classes = { tick: 'ticks', seed: 'seeds', no_trade: 'noTrade', duplicate: 'duplicates', out_of_session: 'outOfSession' } as const;
      return Object.entries(classes).map(([name, figure]): Sample => [{ shard: String(shard), class: name }, rows.reduce((all, row) => all + row[figure], 0)]);
    }),
  );
  gauge('tickshard_ring_records', 'Records that wait in the ring of a shard.', ['shard'], byShard((shard) => ringDepth(memories[shard])));
  gauge('tickshard_ring_capacity_records', 'Records that the ring of a shard can hold.', ['shard'], byShard((shard) => memories[shard].shape.slots));
  gauge('tickshard_candles', 'Sealed one-minute candles; a gap that is known late may turn a whole one into a partial one.', ['shard', 'quality'], () =>
    memories.flatMap((memory, shard) => {
      const tallies = rowsOf(shard).map(({ row }) => tallyCandles(memory, row, false));
      return (['whole', 'partial'] as const).map((quality): Sample => [{ shard: String(shard), quality }, tallies.reduce((all, tally) => all + tally[quality], 0)]);
    }),
  );
  counter('tickshard_late_ticks_total', 'Ticks that came behind the seal of their minute.', ['shard'], byShard((shard) => sum(shard, ({ row }) => tallyCandles(memories[shard], row, false).late)));
  counter('tickshard_candle_revisions_total', 'Changes of candles behind their seal.', ['shard'], byShard((shard) => sum(shard, ({ row }) => tallyCandles(memories[shard], row, false).revisions)));
  total('tickshard_seals_total', 'Decisions that a minute is over.', 'seals');
  total('tickshard_gaps_total', 'Spans in which nothing could be seen, that before the run and that behind it included.', 'gaps');
  total('tickshard_socket_pauses_total', 'Times that the socket was not read because a ring or the journal was full.', 'pauses');
  total('tickshard_socket_paused_seconds_total', 'Time for which the socket was not read.', 'pausedMs', 1000);
  total('tickshard_worker_deaths_total', 'Worker threads that died and were replaced.', 'workerDeaths');

  gauge('tickshard_feed_connected', '1 while the feed is connected.', [], () => now(({ now: { connected } }) => (connected ? 1 : 0)));
  counter('tickshard_feed_connections_total', 'Connections of the feed that opened.', [], () => now((seen) => seen.now.connections));
  counter('tickshard_feed_disconnects_total', 'Connections of the feed that ended, by cause.', ['cause'], () => Object.entries(disconnects()).map(([cause, ended]): Sample => [{ cause }, ended]));
  gauge('tickshard_feed_lag_seconds', 'Receive time minus exchange time; stamps are whole seconds.', ['percentile'], () => {
    const lag = picture()?.now.lagMs;
    return lag === undefined || lag === null ? [] : [[{ percentile: '50' }, lag.p50 / 1000], [{ percentile: '99' }, lag.p99 / 1000]];
  });
  gauge('tickshard_market_time_seconds', 'Time of the market, seconds since the epoch.', [], () => now(({ now: { marketMs } }) => (marketMs === null ? null : marketMs / 1000)));
  gauge('tickshard_symbols', 'Symbols by how they do.', ['state'], () => {
    const rows = picture()?.rows ?? [];
    return STATES.map((state): Sample => [{ state }, rows.filter((row) => row.state === state).length]);
  });
  gauge('tickshard_gate_status', '1 for the status that a gate has now, 0 for the others.', ['gate', 'status'], () =>
    (picture()?.gates ?? []).flatMap(({ id, status }) => STATUSES.map((one): Sample => [{ gate: id, status: one }, one === status ? 1 : 0])),
  );
  gauge('tickshard_event_loop_delay_seconds', "Delay of the main thread's timers since the feed opened.", ['percentile'], () => now(({ now: { loopP99Ms } }) => loopP99Ms / 1000).map(([, value]) => [{ percentile: '99' }, value]));

  counter('process_cpu_seconds_total', 'CPU time of the process, all threads.', [], () => {
    const { user, system } = process.cpuUsage();
    return [[{}, (user + system) / US]];
  });
  gauge('process_resident_memory_bytes', 'Resident memory of the process.', [], () => [[{}, process.memoryUsage.rss()]]);

  registry.registerMetric(latency('tickshard_receive_to_applied_seconds', 'From a packet received to its tick applied. The sum is that of the buckets of measurement, within 3.2 %.', memories, 'histogram'));
  registry.registerMetric(latency('tickshard_receive_to_sealed_seconds', 'From the packet that ends a minute received to the minute sealed. The sum is that of the buckets of measurement, within 3.2 %.', memories, 'sealHistogram'));
  return registry;
}

/** A histogram of each shard, out of shared memory. prom-client's own can only be added to, value by value; its registry takes anything that tells its values. */
function latency(name: string, help: string, memories: readonly ShardMemory[], region: 'histogram' | 'sealHistogram'): Counter {
  const values = (): object[] =>
    memories.flatMap((memory, shard) => {
      const at = memory[region];
      const buckets = Array.from({ length: HISTOGRAM_WORDS }, (_, bucket) => ({ us: bucketTop(bucket), packets: memory.i32[at + bucket] })).filter(({ packets }) => packets > 0);
      const upTo = (us: number): number => buckets.reduce((sum, bucket) => sum + (bucket.us <= us ? bucket.packets : 0), 0);
      const of = (metricName: string, value: number, more: Labels = {}): object => ({ metricName, value, labels: { ...more, shard: String(shard) } });
      return [
        ...BOUNDS_US.map((us) => of(`${name}_bucket`, upTo(us), { le: String(us / US) })),
        of(`${name}_bucket`, upTo(Infinity), { le: '+Inf' }),
        of(`${name}_sum`, buckets.reduce((sum, { us, packets }) => sum + us * packets, 0) / US),
        of(`${name}_count`, upTo(Infinity)),
      ];
    });
  const get = (): Promise<MetricObject> => Promise.resolve({ name, help, type: 'histogram', aggregator: 'sum', values: values() } as unknown as MetricObject);
  return { name, get } as unknown as Counter;
}
