/** The picture in the browser, and how a change changes it. Pure. */
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

/** What of a picture is other than before, so that only that is drawn. */
export interface Changed {
  /** Indexes of symbols. */
  readonly rows: ReadonlySet<number>;
  readonly candles: ReadonlySet<number>;
  readonly rules: ReadonlySet<number>;
  readonly gates: readonly DashboardGate[];
  readonly events: boolean;
  readonly trails: boolean;
  readonly pace: boolean;
  readonly latency: boolean;
}

/** The picture after the change, and what is other. */
export function after(
  picture: DashboardState,
  change: DashboardChange,
): { readonly picture: DashboardState; readonly changed: Changed } {
  const rows: SymbolView[] = [...picture.rows];
  for (const [index, row] of change.rows) rows[index] = row;
  const candles = [...picture.candles];
  for (const [index, news] of change.candles) candles[index] = withCandles(candles[index] ?? [], news);
  const rules: (RuleView | null)[] = [...picture.rules];
  for (const [index, rule] of change.rules) rules[index] = rule;
  const gates =
    picture.gates.length === 0
      ? change.gates
      : picture.gates.map((gate) => change.gates.find(({ id }) => id === gate.id) ?? gate);
  const trails = picture.trails.map((trail, index) => {
    const price = change.trail[index];
    return price === undefined || price === null ? trail : [...trail, price].slice(-TRAIL_LENGTH);
  });
  const next: DashboardState = {
    ...picture,
    now: change.now,
    rows,
    candles,
    rules,
    gates,
    trails,
    events: withEvents(picture.events, change.events),
    pace: change.pace ?? picture.pace,
    latency: change.latency ?? picture.latency,
  };
  const indexes = (list: readonly (readonly [number, unknown])[]): Set<number> =>
    new Set(list.map(([index]) => index));
  return {
    picture: next,
    changed: {
      rows: indexes(change.rows),
      candles: indexes(change.candles),
      rules: indexes(change.rules),
      gates: change.gates,
      events: change.events.length > 0,
      trails: change.trail.length > 0,
      pace: change.pace !== null,
      latency: change.latency !== null,
    },
  };
}
