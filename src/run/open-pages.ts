/** Opens a run's live page and metrics. */
import { SystemClock } from '../clock.js';
import { istStamp } from '../market/session.js';
import { dashboardRun } from '../dashboard/status.js';
import { programVersion, dependencyVersions } from '../paths.js';
import type { Notices } from '../memory/notices.js';
import type { Engine } from '../ingest/engine.js';
import { optionsOf, type Plan } from './plan.js';
import { DashboardHost, type Addresses, type DashboardHostOptions } from '../threads/dashboard-host.js';
import { nameOf } from '../market/instrument.js';

/** Undefined if the run was asked for neither. Throws EngineError CONFIG if a port is taken. */
export async function openPages(
  plan: Plan,
  engine: Engine,
  { ledger, notices }: { readonly ledger: SharedArrayBuffer; readonly notices: Notices },
  hooks: Pick<DashboardHostOptions, 'onTrouble' | 'onGone'>,
): Promise<{ readonly observers: DashboardHost; readonly addresses: Addresses } | undefined> {
  const { config, runId, identity, volumeKind, speed, stepped } = plan;
  if ((config.dashboard ?? config.metrics) === undefined) return undefined;
  const clock = new SystemClock();
  const { feed, mode, stage, dashboard, metrics } = config;
  const run = dashboardRun({
    version: programVersion(),
    versions: dependencyVersions(),
    runId,
    stage,
    mode,
    volumeKind,
    feed: identity.feed,
    seed: feed.kind === 'sim' ? feed.seed : null,
    speed: stepped ? 'max' : speed,
    startedAt: istStamp(clock.wallMs()),
    options: optionsOf(plan),
    symbols: engine.places.map(({ instrument, shard }) => ({
      symbol: nameOf(instrument),
      token: instrument.token,
      shard,
    })),
  });
  const observers = new DashboardHost({
    run,
    engine,
    timeframes: config.timeframes,
    sessions: plan.instruments.map(plan.sessionOf),
    ledger,
    notices,
    clock,
    folders: {
      candles: plan.outDir,
      ...(plan.journalDir === undefined ? {} : { journal: plan.journalDir }),
    },
    dashboard,
    metrics,
    ...hooks,
  });
  try {
    return { observers, addresses: await observers.start() };
  } catch (error) {
    await observers.stop();
    throw error;
  }
}
