/** A run as a page shows it. */
import { dashboardRun } from '../../src/dashboard/status.js';
import type { DashboardRun } from '../../src/dashboard/state.js';
import type { Engine } from '../../src/ingest/engine.js';
import { nameOf } from '../../src/market/instrument.js';

export function runOf({ places }: Pick<Engine, 'places'>, version = '1'): DashboardRun {
  return dashboardRun({
    version,
    versions: {},
    runId: 'r',
    stage: 2,
    mode: 'ltp',
    volumeKind: 'tick',
    feed: 'sim:1',
    seed: 1,
    speed: 1,
    startedAt: '',
    options: {},
    symbols: places.map(({ instrument, shard }) => ({
      symbol: nameOf(instrument),
      token: instrument.token,
      shard,
    })),
  });
}
