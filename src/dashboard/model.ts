/**
 * Keeps the dashboard's state of a run from the shards' memory and what only the main thread knows. Runs in the
 * dashboard's thread; nothing on the data path waits for it.
 */
import type { Evaluation } from '../momentum/series.js';
import { inContinuous, type TradingSession } from '../market/session.js';
import type { Timeframe } from '../market/timeframe.js';
import { ringDepth, tallyCandles, type CandleTally, type RowPlace } from '../memory/shard-reader.js';
import { MAIN, SHARD, type ShardMemory } from '../memory/layout.js';
import {
  CANDLE,
  TRAIL_LENGTH,
  withCandles,
  withEvents,
  type DashboardState,
  type LatencyBucket,
  type DashboardCandle,
  type DashboardChange,
  type DashboardGate,
  type DashboardStatus,
  type SymbolView,
  type RuleView,
  type DashboardRun,
} from './state.js';
import type { RunEvent } from '../monitor/event.js';
import {
  dashboardCandles,
  longerDashboardCandles,
  rowFigures,
  latencyBuckets,
  openDashboardCandle,
  symbolView,
  ruleView,
} from './symbol-view.js';
import { nameOf } from '../market/instrument.js';

/** What only the main thread knows. */
export interface StatusUpdate {
  readonly now: Omit<DashboardStatus, 'rings'>;
  readonly gates: readonly DashboardGate[];
  /** New since the previous update; in the first one, all so far. */
  readonly evaluations: readonly Evaluation[];
  readonly events: readonly RunEvent[];
  readonly tickRate: DashboardState['tickRate'];
}

export interface DashboardModelOptions {
  readonly run: DashboardRun;
  readonly memories: readonly ShardMemory[];
  /** By symbol. */
  readonly places: readonly RowPlace[];
  readonly sessions: readonly TradingSession[];
  /** Longer than a minute, from the shortest. */
  readonly longer: readonly Timeframe[];
}

/** Real ms between two prices of a trail. */
const TRAIL_STEP_MS = 1000;
/** Real ms over which ticks a second are averaged. */
const RATE_WINDOW_MS = 3000;

const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index]);
const alike = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Candles that are not among the known, or are different there. */
function newsAmong(
  candles: readonly DashboardCandle[],
  known: readonly DashboardCandle[],
): DashboardCandle[] {
  const byStart = new Map(known.map((candle) => [candle[0], candle]));
  return candles.filter((candle) => !same(candle, byStart.get(candle[0]) ?? []));
}

class SymbolModel {
  row: SymbolView | undefined;
  candles: DashboardCandle[] = [];
  /** By timeframe. */
  readonly longer: DashboardCandle[][];
  trail: number[] = [];
  rule: RuleView | null = null;
  signals = 0;
  tally: CandleTally = { whole: 0, partial: 0, late: 0, revisions: 0 };
  /** By minute. Only what is shown is kept: fifty symbols have some twenty thousand evaluations a day. */
  readonly evaluations = new Map<number, Pick<Evaluation, 'vwap' | 'hod'>>();
  /** The first bar of which longer candles must be read again. */
  longerFrom = Infinity;
  /** True if candles must be read again: their shard sealed or corrected one, or a gap was recorded. */
  due = true;
  /** Last bar that was sealed when candles were read. */
  sealed = -1;
  /** Candles that got the rule's figures since the last update. */
  evaluated: DashboardCandle[] = [];
  /** Of the last RATE_WINDOW_MS. */
  readonly counts: { readonly ticks: number; readonly monoMs: number }[] = [];

  constructor(timeframes: number) {
    this.longer = Array.from({ length: timeframes }, () => []);
  }

  /** Ticks a second of real time over RATE_WINDOW_MS, one decimal. */
  rate(ticks: number, monoMs: number): number {
    this.counts.push({ ticks, monoMs });
    while (this.counts.length > 2 && monoMs - this.counts[0].monoMs > RATE_WINDOW_MS) this.counts.shift();
    const [first] = this.counts;
    return monoMs > first.monoMs
      ? Math.round(((ticks - first.ticks) * 10_000) / (monoMs - first.monoMs)) / 10
      : 0;
  }

  /** Keeps an evaluation and adds its figures to the minute's candle, if that was read. */
  note(evaluation: Evaluation): void {
    const { timestampMs, vwap, hod } = evaluation;
    this.evaluations.set(timestampMs, { vwap, hod });
    this.signals += evaluation.signals.length;
    const at = this.candles.findLastIndex(([ms]) => ms === timestampMs);
    if (at < 0) return;
    const [ms, open, high, low, close, volume, flags] = this.candles[at];
    this.candles[at] = [ms, open, high, low, close, volume, flags, vwap, hod];
    this.evaluated.push(this.candles[at]);
  }

  /** True if the shard has as many sealed candles, whole and partial. */
  get agrees(): boolean {
    const count = (wanted: number): number =>
      this.candles.reduce(
        (sum, [, , , , , , flags]) => sum + ((flags & (CANDLE.open | CANDLE.partial)) === wanted ? 1 : 0),
        0,
      );
    return count(0) === this.tally.whole && count(CANDLE.partial) === this.tally.partial;
  }

  /** Merges candles into the known ones; returns those new or different. */
  take(candles: readonly DashboardCandle[]): DashboardCandle[] {
    const changed = newsAmong(candles, this.candles);
    if (changed.length > 0) this.candles = withCandles(this.candles, changed);
    return changed;
  }

  /** The same for the timeframe at `at`. */
  takeLonger(at: number, candles: readonly DashboardCandle[]): DashboardCandle[] {
    const changed = newsAmong(candles, this.longer[at]);
    if (changed.length > 0) this.longer[at] = withCandles(this.longer[at], changed);
    return changed;
  }
}

export class DashboardModel {
  readonly #options: DashboardModelOptions;
  readonly #symbols: readonly SymbolModel[];
  readonly #byName: ReadonlyMap<string, number>;
  readonly #changes: number[];
  #polledNews = 0;
  #now: DashboardStatus | undefined;
  #gates: readonly DashboardGate[] = [];
  #events: readonly RunEvent[] = [];
  #tickRate: DashboardState['tickRate'] = { spanMs: 0, ticks: [] };
  #latency: readonly LatencyBucket[] = [];
  #trailMs = -Infinity;

  constructor(options: DashboardModelOptions) {
    this.#options = options;
    this.#symbols = options.places.map(() => new SymbolModel(options.longer.length));
    this.#byName = new Map(options.places.map(({ instrument }, index) => [nameOf(instrument), index]));
    this.#changes = options.memories.map(() => -1);
  }

  /** As of the last update; undefined before the first. */
  get state(): DashboardState | undefined {
    if (this.#now === undefined) return undefined;
    const symbols = this.#symbols;
    return {
      run: this.#options.run,
      now: this.#now,
      gates: this.#gates,
      rows: symbols.map(({ row }) => row!),
      candles: symbols.map(({ candles }) => candles),
      longer: this.#options.longer.map((timeframe, at) => ({
        timeframe,
        candles: symbols.map(({ longer }) => longer[at]),
      })),
      trails: symbols.map(({ trail }) => trail),
      rules: symbols.map(({ rule }) => rule),
      events: this.#events,
      tickRate: this.#tickRate,
      latency: this.#latency,
    };
  }

  /** Reads all shards; returns what changed. `monoMs` is real and monotonic. */
  update(update: StatusUpdate, monoMs: number): DashboardChange {
    const { memories, places } = this.#options;
    const rules = this.#evaluations(update.evaluations);
    for (const [shard, { i32 }] of memories.entries()) {
      const changes = Atomics.load(i32, SHARD.changes);
      if (changes === this.#changes[shard]) continue;
      this.#changes[shard] = changes;
      for (const [index, place] of places.entries())
        if (place.shard === shard) this.#symbols[index].due = true;
    }
    const news = Atomics.load(memories[0].i32, MAIN.polledNews);
    if (news !== this.#polledNews) for (const symbol of this.#symbols) symbol.due = true;
    this.#polledNews = news;
    const candles: [number, DashboardCandle[]][] = [];
    const longer: [number, number, DashboardCandle[]][] = [];
    const rows: [number, SymbolView][] = [];
    for (const [index, symbol] of this.#symbols.entries()) {
      const changed = this.#candles(symbol, places[index]);
      if (changed.length > 0) candles.push([index, changed]);
      for (const [at, news] of this.#longer(symbol, places[index])) longer.push([index, at, news]);
      const row = this.#row(symbol, index, update.now.marketMs ?? undefined, monoMs);
      if (symbol.row === undefined || !alike(row, symbol.row)) rows.push([index, row]);
      symbol.row = row;
    }
    this.#now = {
      ...update.now,
      rings: memories.map((memory) => ({ depth: ringDepth(memory), slots: memory.shape.slots })),
    };
    const gates = update.gates.filter((gate) => !this.#gates.some((known) => alike(known, gate)));
    this.#gates = update.gates;
    this.#events = withEvents(this.#events, update.events);
    return {
      now: this.#now,
      gates,
      rows,
      candles,
      longer,
      trail: this.#trail(monoMs),
      rules,
      events: update.events,
      ...this.#curves(update),
    };
  }

  #evaluations(evaluations: readonly Evaluation[]): [number, RuleView][] {
    const { memories, places } = this.#options;
    const changed = new Map<number, RuleView>();
    for (const evaluation of evaluations) {
      const index = this.#byName.get(evaluation.symbol)!;
      const symbol = this.#symbols[index];
      symbol.note(evaluation);
      symbol.rule = ruleView(memories[places[index].shard], places[index], evaluation, symbol.signals);
      changed.set(index, symbol.rule);
    }
    return [...changed];
  }

  #candles(symbol: SymbolModel, place: RowPlace): DashboardCandle[] {
    const evaluated = symbol.evaluated.splice(0);
    const changed = symbol.due ? this.#sealedCandles(symbol, place) : this.#openCandle(symbol, place);
    return evaluated.length === 0
      ? changed
      : [...evaluated.filter(([ms]) => !changed.some((candle) => candle[0] === ms)), ...changed];
  }

  /**
   * Reads the candles sealed since the last time, or all if an earlier one was corrected: a day has hundreds and a
   * seal adds one.
   */
  #sealedCandles(symbol: SymbolModel, place: RowPlace): DashboardCandle[] {
    const memory = this.#options.memories[place.shard];
    symbol.due = false;
    const sealed = Atomics.load(memory.i32, SHARD.sealed);
    const before = symbol.tally;
    symbol.tally = tallyCandles(memory, place.row, false);
    const corrected = symbol.tally.late !== before.late || symbol.tally.revisions !== before.revisions;
    const changed = corrected
      ? []
      : symbol.take(dashboardCandles(memory, place, symbol.evaluations, symbol.sealed + 1));
    const all = corrected || !symbol.agrees;
    symbol.longerFrom = all ? 0 : symbol.sealed + 1;
    symbol.sealed = sealed;
    return all ? [...changed, ...symbol.take(dashboardCandles(memory, place, symbol.evaluations))] : changed;
  }

  /** Longer candles are read when a minute was sealed or corrected. */
  *#longer(symbol: SymbolModel, place: RowPlace): Generator<[at: number, news: DashboardCandle[]]> {
    const from = symbol.longerFrom;
    symbol.longerFrom = Infinity;
    if (from === Infinity) return;
    const memory = this.#options.memories[place.shard];
    for (const [at, timeframe] of this.#options.longer.entries()) {
      const news = symbol.takeLonger(at, longerDashboardCandles(memory, place, timeframe, from));
      if (news.length > 0) yield [at, news];
    }
  }

  #openCandle(symbol: SymbolModel, place: RowPlace): DashboardCandle[] {
    const open = openDashboardCandle(this.#options.memories[place.shard], place);
    if (open === undefined) return [];
    const last = symbol.candles.at(-1);
    if (last === undefined || last[0] !== open[0]) return symbol.take([open]);
    if (same(last, open)) return [];
    symbol.candles[symbol.candles.length - 1] = open;
    return [open];
  }

  #row(symbol: SymbolModel, index: number, marketMs: number | undefined, monoMs: number): SymbolView {
    const { memories, places, sessions } = this.#options;
    const place = places[index];
    const figures = rowFigures(memories[place.shard], place);
    const { whole, partial, late } = symbol.tally;
    return symbolView(figures, {
      rate: symbol.rate(figures.ticks, monoMs),
      whole,
      partial,
      late,
      firstPrice: symbol.candles[0]?.[1],
      marketMs,
      inContinuous: marketMs !== undefined && inContinuous(sessions[index], marketMs),
    });
  }

  #trail(monoMs: number): (number | null)[] {
    if (monoMs - this.#trailMs < TRAIL_STEP_MS) return [];
    this.#trailMs = monoMs;
    return this.#symbols.map(({ row, trail }) => {
      const price = row?.last ?? null;
      if (price !== null && trail.push(price) > TRAIL_LENGTH) trail.shift();
      return price;
    });
  }

  #curves({ tickRate }: StatusUpdate): Pick<DashboardChange, 'tickRate' | 'latency'> {
    const latency = latencyBuckets(this.#options.memories);
    const newTickRate = alike(tickRate, this.#tickRate) ? null : tickRate;
    const newLatency = alike(latency, this.#latency) ? null : latency;
    this.#tickRate = tickRate;
    this.#latency = latency;
    return { tickRate: newTickRate, latency: newLatency };
  }
}
