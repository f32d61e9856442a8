/** The run's figures for a page, from the facts. Pure. */
import { UNUSED_REASONS } from '../monitor/event-log.js';
import { applied, type Facts } from '../gates/facts.js';
import type { RunVerdict } from '../gates/gate.js';
import { titleOf, type GateResult } from '../gates/gates.js';
import type { DashboardGate, DashboardStatus, DashboardRun } from './state.js';

/** The run as its options or its report describe it. */
export interface RunAbout extends Pick<
  DashboardRun,
  'version' | 'runId' | 'mode' | 'volumeKind' | 'feed' | 'seed' | 'speed' | 'startedAt' | 'symbols'
> {
  readonly stage: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly versions: Readonly<Record<string, string>>;
}

/** For people. */
function valueText(value: unknown): string {
  if (value === null || value === undefined || value === false) return 'no';
  if (value === true) return 'yes';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(valueText).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function dashboardRun({ stage, options, versions, ...about }: RunAbout): DashboardRun {
  const { symbols } = about;
  return {
    ...about,
    versions: Object.entries(versions),
    title: `${options['shadow'] === true ? 'Shadow run' : `Stage ${stage}`}, ${symbols.length === 1 ? symbols[0].symbol : `${symbols.length} symbols`}`,
    options: Object.entries(options).map(([name, value]) => [name, valueText(value)]),
    shards: Math.max(0, ...symbols.map(({ shard }) => shard)) + 1,
  };
}

const known = (value: number | undefined): number | null => value ?? null;

/** Without the rings, which the dashboard's thread reads itself. */
export function dashboardStatus(
  facts: Facts,
  rest: Pick<DashboardStatus, 'ticksPerSecond'> & {
    readonly verdict?: RunVerdict;
    readonly endedAt?: string;
    readonly report?: string;
  },
): Omit<DashboardStatus, 'rings'> {
  const { counters, performance: cost, lag, duration, symbols, market } = facts;
  const { p50, p99, p999 } = cost.receiveToAppliedUs;
  const sealed = cost.receiveToSealedMs;
  const sums = applied(facts);
  const refused = UNUSED_REASONS.map(([name, , reason]) => ({ reason, packets: counters[name] }));
  return {
    marketMs: known(market.timeMs),
    verdict: rest.verdict ?? null,
    endedAt: rest.endedAt ?? null,
    askedMin: duration.askedMin,
    ranMin: duration.ranMin,
    ticks: sums.tick,
    ticksPerSecond: rest.ticksPerSecond,
    whole: symbols.reduce((sum, { whole }) => sum + whole, 0),
    partial: symbols.reduce((sum, { partial }) => sum + partial, 0),
    appliedUs: { p50: known(p50), p99: known(p99), p999: known(p999) },
    sealedMs: { p50: known(sealed.p50), p99: known(sealed.p99), p999: known(sealed.p999) },
    lagMs: lag === undefined ? null : { p50: lag.p50Ms, p99: lag.p99Ms },
    loopP99Ms: cost.eventLoopDelayP99Ms,
    cpuPercent: cost.cpuPercent,
    rssMb: cost.rssMb,
    refused: [
      ...refused,
      ...NOT_TICK_REASONS.map(([name, reason]) => ({ reason, packets: sums[name] })),
    ].filter(({ packets }) => packets > 0),
    received: counters.binary,
    gaps: facts.unseen.gaps,
    report: rest.report ?? null,
  };
}

/** Reasons for which an applied packet is not a tick, by its class in `applied()`. */
export const NOT_TICK_REASONS: readonly (readonly [
  name: 'seed' | 'noTrade' | 'duplicate' | 'outOfSession' | 'poison',
  reason: string,
])[] = [
  ['seed', 'a connection starts with it: an old price of unknown time'],
  ['noTrade', 'no trade since the previous packet: the volume of the day did not rise'],
  ['duplicate', 'delivered twice'],
  ['outOfSession', 'outside continuous trading'],
  ['poison', 'skipped after three deaths of a worker thread at it'],
];

export function dashboardGate(
  { id, status, observed, expected, remedy }: GateResult,
  symbols: number,
): DashboardGate {
  return { id, title: titleOf(id, symbols), status, observed, expected, remedy: remedy ?? null };
}
