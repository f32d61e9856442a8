/** Connections, how they ended, lag, market time. */
import type { DashboardState } from '../state.js';
import { single, type MetricSet, type Sample } from './metric-set.js';

export interface FeedFigures {
  readonly connected: boolean;
  /** Opened so far. */
  readonly connections: number;
  /** Ended so far, by cause. */
  readonly ended: Readonly<Record<string, number>>;
}

export function feedMetrics(
  set: MetricSet,
  feed: () => FeedFigures | undefined,
  state: () => DashboardState | undefined,
): void {
  set.gauge('tickshard_feed_connected', '1 while the feed is connected.', [], () => {
    const figures = feed();
    return single(figures === undefined ? undefined : Number(figures.connected));
  });
  set.counter('tickshard_feed_connections_total', 'Connections of the feed that opened.', [], () =>
    single(feed()?.connections),
  );
  set.counter(
    'tickshard_feed_disconnects_total',
    'Connections of the feed that ended, by cause.',
    ['cause'],
    () => Object.entries(feed()?.ended ?? {}).map(([cause, ended]): Sample => [{ cause }, ended]),
  );
  set.gauge(
    'tickshard_feed_lag_seconds',
    'Receive time minus exchange time; stamps are whole seconds.',
    ['percentile'],
    () => {
      const lag = state()?.now.lagMs;
      return lag === undefined || lag === null
        ? []
        : [
            [{ percentile: '50' }, lag.p50 / 1000],
            [{ percentile: '99' }, lag.p99 / 1000],
          ];
    },
  );
  set.gauge('tickshard_market_time_seconds', 'Time of the market, seconds since the epoch.', [], () => {
    const marketMs = state()?.now.marketMs ?? undefined;
    return single(marketMs === undefined ? undefined : marketMs / 1000);
  });
}
