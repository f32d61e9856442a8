import '../memory/io-ledger.js';
import type { MessagePort } from 'node:worker_threads';
import type { TradingSession } from '../market/session.js';
import { type StatusUpdate } from '../dashboard/model.js';
import type { FeedFigures } from '../dashboard/metrics/feed-metrics.js';
import type { DashboardRun } from '../dashboard/state.js';
import type { RowPlace } from '../memory/shard-reader.js';
import { type ShardShape } from '../memory/layout.js';

/** What the task is given. */
export interface DashboardTask {
  readonly port: MessagePort;
  readonly run: DashboardRun;
  readonly shards: readonly { readonly shape: ShardShape; readonly buffer: SharedArrayBuffer }[];
  /** By symbol. */
  readonly places: readonly RowPlace[];
  readonly sessions: readonly TradingSession[];
  readonly counters: Float64Array;
  readonly ledger: SharedArrayBuffer;
  /** Ports to listen on; undefined where that was not asked for. */
  readonly dashboard: number | undefined;
  readonly metrics: number | undefined;
}

/** What the main thread says. */
export type ToDashboard =
  | { readonly kind: 'glance'; readonly glance: StatusUpdate; readonly feed: FeedFigures }
  /** Tell those who watch what was said last, and end. */
  | { readonly kind: 'stop' };

export type FromDashboard =
  | {
      readonly kind: 'listening';
      readonly dashboard: string | undefined;
      readonly metrics: string | undefined;
    }
  | { readonly kind: 'refused'; readonly sentence: string }
  /** Something for the log, a sentence. */
  | { readonly kind: 'trouble'; readonly sentence: string };
