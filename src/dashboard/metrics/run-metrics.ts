/**
 * The run for Prometheus, by its naming conventions (base units, `_total`, one meaning a name). Labels are closed
 * lists (shards, reasons, causes, states, gates), so the number of series does not grow with symbols or time. Values
 * are read at the scrape.
 */
import type { Registry } from 'prom-client';
import { STATUSES } from '../../gates/gate.js';
import { SYMBOL_STATES } from '../../gates/symbol-state.js';
import type { ShardMemory } from '../../memory/layout.js';
import type { RowPlace } from '../../memory/shard-reader.js';
import type { DashboardState } from '../state.js';
import { candleMetrics } from './candle-metrics.js';
import { conditionMetrics, type RunCondition, type WatchedFolders } from './condition-metrics.js';
import { feedMetrics, type FeedFigures } from './feed-metrics.js';
import { latencyMetrics } from './latency-metrics.js';
import { MetricSet, type Sample } from './metric-set.js';
import { packetMetrics } from './packet-metrics.js';
import { processMetrics } from './process-metrics.js';

export interface MetricsSources {
  readonly memories: readonly ShardMemory[];
  readonly places: readonly RowPlace[];
  readonly counters: Float64Array;
  /** As of the last update; undefined before the first. */
  readonly state: () => DashboardState | undefined;
  /** As of the last update; undefined before the first. */
  readonly feed: () => FeedFigures | undefined;
  /** As of the last update; undefined before the first. */
  readonly condition: () => RunCondition | undefined;
  readonly folders: WatchedFolders;
  readonly version: string;
}

export function runMetrics(sources: MetricsSources): Registry {
  const { memories, places, counters, state, feed } = sources;
  const set = new MetricSet(counters);
  infoMetrics(set, sources);
  packetMetrics(set, memories, places);
  candleMetrics(set, memories, places);
  interruptionMetrics(set);
  feedMetrics(set, feed, state);
  stateMetrics(set, state);
  conditionMetrics(set, sources.condition, sources.folders);
  processMetrics(set, state);
  latencyMetrics(set, memories);
  return set.registry;
}

function infoMetrics(set: MetricSet, { state, version }: MetricsSources): void {
  set.gauge('tickshard_build_info', 'Version of the program; always 1.', ['version'], () => [
    [{ version }, 1],
  ]);
  set.gauge(
    'tickshard_run_info',
    'The run that is observed; always 1.',
    ['run_id', 'mode', 'feed', 'volume_kind'],
    () => {
      const run = state()?.run;
      return run === undefined
        ? []
        : [[{ run_id: run.runId, mode: run.mode, feed: run.feed, volume_kind: run.volumeKind }, 1]];
    },
  );
}

function interruptionMetrics(set: MetricSet): void {
  set.total(
    'tickshard_socket_pauses_total',
    'Times that the socket was not read because a ring or the journal was full.',
    'pauses',
  );
  set.total(
    'tickshard_socket_paused_seconds_total',
    'Time for which the socket was not read.',
    'pausedMs',
    1000,
  );
  set.total('tickshard_worker_deaths_total', 'Worker threads that died and were replaced.', 'workerDeaths');
}

function stateMetrics(set: MetricSet, state: () => DashboardState | undefined): void {
  set.gauge('tickshard_symbols', 'Symbols by how they do.', ['state'], () => {
    const rows = state()?.rows ?? [];
    return SYMBOL_STATES.map((one): Sample => [
      { state: one },
      rows.filter((row) => row.state === one).length,
    ]);
  });
  set.gauge(
    'tickshard_gate_status',
    '1 for the status that a gate has now, 0 for the others.',
    ['gate', 'status'],
    () =>
      (state()?.gates ?? []).flatMap(({ id, status }) =>
        STATUSES.map((one): Sample => [{ gate: id, status: one }, one === status ? 1 : 0]),
      ),
  );
}
