/** Applies changes to the state in the browser. Pure. */
import {
  TRAIL_LENGTH,
  withCandles,
  withEvents,
  type DashboardState,
  type DashboardChange,
  type DashboardGate,
  type SymbolView,
  type RuleView,
} from '../dashboard/state.js';

/** Only this is drawn. */
export interface Changed {
  /** Indexes of symbols. */
  readonly rows: ReadonlySet<number>;
  readonly candles: ReadonlySet<number>;
  readonly rules: ReadonlySet<number>;
  readonly gates: readonly DashboardGate[];
  readonly events: boolean;
  readonly trails: boolean;
  readonly tickRate: boolean;
  readonly latency: boolean;
}

export function applyChange(
  state: DashboardState,
  change: DashboardChange,
): { readonly state: DashboardState; readonly changed: Changed } {
  const rows: SymbolView[] = [...state.rows];
  for (const [index, row] of change.rows) rows[index] = row;
  const candles = [...state.candles];
  for (const [index, news] of change.candles) candles[index] = withCandles(candles[index] ?? [], news);
  const longer = state.longer.map(({ timeframe, candles: lists }, at) => {
    const merged = [...lists];
    for (const [index, place, news] of change.longer)
      if (place === at) merged[index] = withCandles(merged[index] ?? [], news);
    return { timeframe, candles: merged };
  });
  const rules: (RuleView | null)[] = [...state.rules];
  for (const [index, rule] of change.rules) rules[index] = rule;
  const gates =
    state.gates.length === 0
      ? change.gates
      : state.gates.map((gate) => change.gates.find(({ id }) => id === gate.id) ?? gate);
  const trails = state.trails.map((trail, index) => {
    const price = change.trail[index];
    return price === undefined || price === null ? trail : [...trail, price].slice(-TRAIL_LENGTH);
  });
  const next: DashboardState = {
    ...state,
    now: change.now,
    rows,
    candles,
    longer,
    rules,
    gates,
    trails,
    events: withEvents(state.events, change.events),
    tickRate: change.tickRate ?? state.tickRate,
    latency: change.latency ?? state.latency,
  };
  const indexes = (list: readonly (readonly [number, unknown])[]): Set<number> =>
    new Set(list.map(([index]) => index));
  return {
    state: next,
    changed: {
      rows: indexes(change.rows),
      candles: indexes([...change.candles, ...change.longer.map(([index]) => [index, undefined] as const)]),
      rules: indexes(change.rules),
      gates: change.gates,
      events: change.events.length > 0,
      trails: change.trail.length > 0,
      tickRate: change.tickRate !== null,
      latency: change.latency !== null,
    },
  };
}
