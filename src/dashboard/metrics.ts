/**
 * The run for Prometheus, by its naming conventions (base units, `_total`, one meaning a name). Labels are shards, reasons, causes and
 * gates: lists that are closed, so that the number of series does not depend on how many symbols there are or how long a run lasts.
 * Everything is read when it is asked for.
 */
import { Counter, Gauge, Registry, type MetricObject } from 'prom-client';
import { readRow, ringDepth, tallyCandles, type CandleTally, type RowPlace } from '../memory/shard-reader.js';
import { COUNTER, type CounterName } from '../memory/counters.js';
import { filledBuckets, histogramIn } from '../memory/histogram.js';
import type { ShardMemory } from '../memory/layout.js';
import { STATUSES } from '../gates/gate.js';
import type { DashboardState } from './state.js';
import { SYMBOL_STATES } from '../gates/symbol-state.js';

export interface MetricsSources {
  readonly memories: readonly ShardMemory[];
  readonly places: readonly RowPlace[];
  readonly counters: Float64Array;
  /** The run as of the last look; undefined before the first. */
  readonly picture: () => DashboardState | undefined;
  /** The same of the feed. */
  readonly feed: () => FeedFigures | undefined;
  readonly version: string;
}

/** How the feed is. */
export interface FeedFigures {
  readonly connected: boolean;
  /** Connections that opened so far. */
  readonly connections: number;
  /** Those that ended, by cause. */
  readonly ended: Readonly<Record<string, number>>;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

const US = 1e6;
/** Upper bounds of the latency buckets that are told, microseconds. */
const BOUNDS_US = [
  10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
];

/** The run's metrics. */
export function runMetrics(sources: MetricsSources): Registry {
  const { memories, places, counters, picture, feed, version } = sources;
  const registry = new Registry();
  const registers = [registry];
  // Both kinds begin at 0 when they are reset.
  const made = (
    name: string,
    help: string,
    labelNames: readonly string[],
    samples: () => readonly Sample[],
  ) => ({
    name,
    help,
    registers,
    labelNames: [...labelNames],
    collect(this: Counter | Gauge): void {
      this.reset();
      for (const [labels, value] of samples()) this.inc(labels, value);
    },
  });
  const counter = (...about: Parameters<typeof made>): void => void new Counter(made(...about));
  const gauge = (...about: Parameters<typeof made>): void => void new Gauge(made(...about));
  const total = (name: string, help: string, of: CounterName, scale = 1): void =>
    counter(name, help, [], () => [[{}, counters[COUNTER[of]] / scale]]);
  const byLabel = (label: string, of: Readonly<Record<string, CounterName>>) => (): Sample[] =>
    Object.entries(of).map(([value, name]) => [{ [label]: value }, counters[COUNTER[name]]]);
  const byShard = (value: (shard: number) => number) => (): Sample[] =>
    memories.map((_, shard) => [{ shard: String(shard) }, value(shard)]);
  const rowsOf = (shard: number): readonly RowPlace[] => places.filter((place) => place.shard === shard);
  const tallied = (shard: number, figure: keyof CandleTally): number =>
    rowsOf(shard).reduce((all, { row }) => all + tallyCandles(memories[shard], row, false)[figure], 0);
  const told = (value: number | null | undefined): Sample[] =>
    value === null || value === undefined ? [] : [[{}, value]];

  gauge('tickshard_build_info', 'Version of the program; always 1.', ['version'], () => [[{ version }, 1]]);
  gauge(
    'tickshard_run_info',
    'The run that is observed; always 1.',
    ['run_id', 'mode', 'feed', 'volume_kind'],
    () => {
      const run = picture()?.run;
      return run === undefined
        ? []
        : [[{ run_id: run.runId, mode: run.mode, feed: run.feed, volume_kind: run.volumeKind }, 1]];
    },
  );

  total('tickshard_frames_received_total', 'Binary messages delivered by the socket.', 'binary');
  counter(
    'tickshard_frames_refused_total',
    'Binary messages that are no frame.',
    ['reason'],
    byLabel('reason', { length: 'refusedLength', mode: 'refusedMode' }),
  );
  counter(
    'tickshard_packets_unadmitted_total',
    'Decoded packets that were not used.',
    ['reason'],
    byLabel('reason', {
      exchange: 'unadmittedExchange',
      token: 'unadmittedToken',
      mode: 'unadmittedMode',
      price: 'unadmittedPrice',
      time: 'unadmittedTime',
    }),
  );
  total('tickshard_packets_routed_total', 'Packets written into a ring.', 'routed');
  total(
    'tickshard_packets_poisoned_total',
    'Records skipped after three deaths of a worker thread at them.',
    'poison',
  );
  counter(
    'tickshard_texts_received_total',
    'Text messages of the broker.',
    ['kind'],
    byLabel('kind', { pong: 'textPong', error: 'textError', other: 'textOther' }),
  );
  counter(
    'tickshard_packets_applied_total',
    'Packets applied by the shards, by what became of them.',
    ['shard', 'class'],
    () =>
      memories.flatMap((memory, shard) => {
        const rows = rowsOf(shard).map(({ row }) => readRow(memory, row));
        const classes = {
          tick: 'ticks',
          seed: 'seeds',
          no_trade: 'noTrade',
          duplicate: 'duplicates',
          out_of_session: 'outOfSession',
        } as const;
        return Object.entries(classes).map(([name, figure]): Sample => [
          { shard: String(shard), class: name },
          rows.reduce((all, row) => all + row[figure], 0),
        ]);
      }),
  );
  gauge(
    'tickshard_ring_records',
    'Records that wait in the ring of a shard.',
    ['shard'],
    byShard((shard) => ringDepth(memories[shard])),
  );
  gauge(
    'tickshard_ring_capacity_records',
    'Records that the ring of a shard can hold.',
    ['shard'],
    byShard((shard) => memories[shard].shape.slots),
  );
  gauge(
    'tickshard_candles',
    'Sealed one-minute candles; a gap that is known late may turn a whole one into a partial one.',
    ['shard', 'quality'],
    () =>
      memories.flatMap((_, shard) =>
        (['whole', 'partial'] as const).map((quality): Sample => [
          { shard: String(shard), quality },
          tallied(shard, quality),
        ]),
      ),
  );
  counter(
    'tickshard_late_ticks_total',
    'Ticks that came behind the seal of their minute.',
    ['shard'],
    byShard((shard) => tallied(shard, 'late')),
  );
  counter(
    'tickshard_candle_revisions_total',
    'Changes of candles behind their seal.',
    ['shard'],
    byShard((shard) => tallied(shard, 'revisions')),
  );
  total('tickshard_seals_total', 'Decisions that a minute is over.', 'seals');
  total(
    'tickshard_gaps_total',
    'Spans in which nothing could be seen, that before the run and that behind it included.',
    'gaps',
  );
  total(
    'tickshard_socket_pauses_total',
    'Times that the socket was not read because a ring or the journal was full.',
    'pauses',
  );
  total('tickshard_socket_paused_seconds_total', 'Time for which the socket was not read.', 'pausedMs', 1000);
  total('tickshard_worker_deaths_total', 'Worker threads that died and were replaced.', 'workerDeaths');

  gauge('tickshard_feed_connected', '1 while the feed is connected.', [], () =>
    told(feed() === undefined ? null : Number(feed()!.connected)),
  );
  counter('tickshard_feed_connections_total', 'Connections of the feed that opened.', [], () =>
    told(feed()?.connections),
  );
  counter(
    'tickshard_feed_disconnects_total',
    'Connections of the feed that ended, by cause.',
    ['cause'],
    () => Object.entries(feed()?.ended ?? {}).map(([cause, ended]): Sample => [{ cause }, ended]),
  );
  gauge(
    'tickshard_feed_lag_seconds',
    'Receive time minus exchange time; stamps are whole seconds.',
    ['percentile'],
    () => {
      const lag = picture()?.now.lagMs;
      return lag === undefined || lag === null
        ? []
        : [
            [{ percentile: '50' }, lag.p50 / 1000],
            [{ percentile: '99' }, lag.p99 / 1000],
          ];
    },
  );
  gauge('tickshard_market_time_seconds', 'Time of the market, seconds since the epoch.', [], () => {
    const marketMs = picture()?.now.marketMs;
    return told(marketMs === null || marketMs === undefined ? null : marketMs / 1000);
  });
  gauge('tickshard_symbols', 'Symbols by how they do.', ['state'], () => {
    const rows = picture()?.rows ?? [];
    return SYMBOL_STATES.map((state): Sample => [
      { state },
      rows.filter((row) => row.state === state).length,
    ]);
  });
  gauge(
    'tickshard_gate_status',
    '1 for the status that a gate has now, 0 for the others.',
    ['gate', 'status'],
    () =>
      (picture()?.gates ?? []).flatMap(({ id, status }) =>
        STATUSES.map((one): Sample => [{ gate: id, status: one }, one === status ? 1 : 0]),
      ),
  );
  gauge(
    'tickshard_event_loop_delay_seconds',
    "Delay of the main thread's timers since the feed opened.",
    ['percentile'],
    () => {
      const delayMs = picture()?.now.loopP99Ms;
      return delayMs === undefined ? [] : [[{ percentile: '99' }, delayMs / 1000]];
    },
  );

  counter('process_cpu_seconds_total', 'CPU time of the process, all threads.', [], () => {
    const { user, system } = process.cpuUsage();
    return [[{}, (user + system) / US]];
  });
  gauge('process_resident_memory_bytes', 'Resident memory of the process.', [], () => [
    [{}, process.memoryUsage.rss()],
  ]);

  registry.registerMetric(
    latency(
      'tickshard_receive_to_applied_seconds',
      'From a packet received to its tick applied. The sum is that of the buckets of measurement, within 3.2 %.',
      memories,
      'histogram',
    ),
  );
  registry.registerMetric(
    latency(
      'tickshard_receive_to_sealed_seconds',
      'From the packet that ends a minute received to the minute sealed. The sum is that of the buckets of measurement, within 3.2 %.',
      memories,
      'sealHistogram',
    ),
  );
  return registry;
}

/** A histogram of each shard, out of shared memory. prom-client's own can only be added to, value by value; its registry takes anything that tells its values. */
function latency(
  name: string,
  help: string,
  memories: readonly ShardMemory[],
  region: 'histogram' | 'sealHistogram',
): Counter {
  const values = (): object[] =>
    memories.flatMap((memory, shard) => {
      const buckets = filledBuckets([histogramIn(memory, region)]);
      const upTo = (bound: number): number =>
        buckets.reduce((sum, [us, packets]) => sum + (us <= bound ? packets : 0), 0);
      const of = (metricName: string, value: number, more: Labels = {}): object => ({
        metricName,
        value,
        labels: { ...more, shard: String(shard) },
      });
      return [
        ...BOUNDS_US.map((us) => of(`${name}_bucket`, upTo(us), { le: String(us / US) })),
        of(`${name}_bucket`, upTo(Infinity), { le: '+Inf' }),
        of(`${name}_sum`, buckets.reduce((sum, [us, packets]) => sum + us * packets, 0) / US),
        of(`${name}_count`, upTo(Infinity)),
      ];
    });
  const get = (): Promise<MetricObject> =>
    Promise.resolve({
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: values(),
    } as unknown as MetricObject);
  return { name, get } as unknown as Counter;
}
