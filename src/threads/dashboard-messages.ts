/** Messages between the main thread and the dashboard's thread. */
import type { MessagePort } from 'node:worker_threads';
import type { SharedShard } from '../candles/shared-shards.js';
import type { TradingSession } from '../market/session.js';
import type { Timeframe } from '../market/timeframe.js';
import type { StatusUpdate } from '../dashboard/model.js';
import type { RunCondition, WatchedFolders } from '../dashboard/metrics/condition-metrics.js';
import type { FeedFigures } from '../dashboard/metrics/feed-metrics.js';
import type { DashboardRun } from '../dashboard/state.js';
import type { RowPlace } from '../memory/shard-reader.js';

export interface DashboardTask {
  readonly port: MessagePort;
  readonly run: DashboardRun;
  readonly shards: readonly SharedShard[];
  readonly timeframes: readonly Timeframe[];
  /** By symbol. */
  readonly places: readonly RowPlace[];
  readonly sessions: readonly TradingSession[];
  readonly counters: Float64Array;
  readonly ledger: SharedArrayBuffer;
  /** Memory of the run's notices. */
  readonly notices: SharedArrayBuffer;
  /** Whose room the metrics tell. */
  readonly folders: WatchedFolders;
  /** Ports; undefined for what is not wanted. */
  readonly dashboard: number | undefined;
  readonly metrics: number | undefined;
}

export type ToDashboard =
  | {
      readonly kind: 'update';
      readonly status: StatusUpdate;
      readonly feed: FeedFigures;
      readonly condition: RunCondition;
    }
  /** Send viewers the last update, and end. */
  | { readonly kind: 'stop' };

export type FromDashboard =
  | {
      readonly kind: 'listening';
      readonly dashboard: string | undefined;
      readonly metrics: string | undefined;
    }
  | { readonly kind: 'refused'; readonly sentence: string }
  /** For the log, a sentence. */
  | { readonly kind: 'trouble'; readonly sentence: string };
