/**
 * Keeps the picture of a run up to date: reads the shards' memory, takes what only the main thread knows, and says what changed.
 * Lives in the observers' thread; nothing on the data path waits for it or knows of it.
 */
import type { Evaluation } from '../momentum/series.js';
import { inContinuous, type TradingSession } from '../market/session.js';
import { ringDepth, tallyCandles, type CandleTally, type RowPlace } from '../memory/shard-reader.js';
import { SHARD, type ShardMemory } from '../memory/layout.js';
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
  rowFigures,
  latencyBuckets,
  openDashboardCandle,
  symbolView,
  ruleView,
} from './symbol-view.js';

/** What the main thread tells at a look. */
export interface StatusUpdate {
  readonly now: Omit<DashboardStatus, 'rings'>;
  readonly gates: readonly DashboardGate[];
  /** New since the glance before, or since the beginning in the first one. */
  readonly evaluations: readonly Evaluation[];
  readonly events: readonly RunEvent[];
  readonly pace: DashboardState['pace'];
}

export interface DashboardModelOptions {
  readonly run: DashboardRun;
  readonly memories: readonly ShardMemory[];
  /** By symbol. */
  readonly places: readonly RowPlace[];
  readonly sessions: readonly TradingSession[];
}

/** Real ms between two prices of a trail, and over which ticks a second are counted. */
const TRAIL_MS = 1000;
const RATE_MS = 3000;

const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index]);
const alike = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);

/** One symbol's side of the board. */
class Line {
  row: SymbolView | undefined;
  candles: DashboardCandle[] = [];
  trail: number[] = [];
  rule: RuleView | null = null;
  signals = 0;
  tally: CandleTally = { whole: 0, partial: 0, late: 0, revisions: 0 };
  /** No more of an evaluation than is shown: a day has some twenty thousand. */
  readonly evaluations = new Map<number, Pick<Evaluation, 'vwap' | 'hod'>>();
  /** Whether candles are to be read again: their shard sealed, corrected or learned of a gap. */
  due = true;
  /** Last bar that was sealed when they were read. */
  sealed = -1;
  /** Candles beside which the rule's figures came to stand. */
  evaluated: DashboardCandle[] = [];
  /** Ticks and real ms of late looks. */
  readonly looks: { readonly ticks: number; readonly monoMs: number }[] = [];

  /** Ticks a second of late. */
  rate(ticks: number, monoMs: number): number {
    this.looks.push({ ticks, monoMs });
    while (this.looks.length > 2 && monoMs - this.looks[0].monoMs > RATE_MS) this.looks.shift();
    const [first] = this.looks;
    return monoMs > first.monoMs
      ? Math.round(((ticks - first.ticks) * 10_000) / (monoMs - first.monoMs)) / 10
      : 0;
  }

  /** Puts the rule's figures beside the candle that it looked at, where that was read already. */
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

  /** Whether the sealed candles are as many as the shard says, whole and partial. */
  get agrees(): boolean {
    const count = (wanted: number): number =>
      this.candles.reduce(
        (sum, [, , , , , , flags]) => sum + ((flags & (CANDLE.open | CANDLE.partial)) === wanted ? 1 : 0),
        0,
      );
    return count(0) === this.tally.whole && count(CANDLE.partial) === this.tally.partial;
  }

  /** Takes candles over; returns those that are other than before. */
  take(candles: readonly DashboardCandle[]): DashboardCandle[] {
    const known = new Map(this.candles.map((candle) => [candle[0], candle]));
    const changed = candles.filter((candle) => !same(candle, known.get(candle[0]) ?? []));
    if (changed.length > 0) this.candles = withCandles(this.candles, changed);
    return changed;
  }
}

export class DashboardModel {
  readonly #options: DashboardModelOptions;
  readonly #lines: readonly Line[];
  readonly #bySymbol: ReadonlyMap<string, number>;
  readonly #changes: number[];
  #now: DashboardStatus | undefined;
  #gates: readonly DashboardGate[] = [];
  #events: readonly RunEvent[] = [];
  #pace: DashboardState['pace'] = { spanMs: 0, ticks: [] };
  #latency: readonly LatencyBucket[] = [];
  #trailMs = -Infinity;

  constructor(options: DashboardModelOptions) {
    this.#options = options;
    this.#lines = options.places.map(() => new Line());
    this.#bySymbol = new Map(options.places.map(({ instrument }, index) => [instrument.symbol, index]));
    this.#changes = options.memories.map(() => -1);
  }

  /** The whole picture as of the last look; undefined before the first. */
  get picture(): DashboardState | undefined {
    if (this.#now === undefined) return undefined;
    const lines = this.#lines;
    return {
      run: this.#options.run,
      now: this.#now,
      gates: this.#gates,
      rows: lines.map(({ row }) => row!),
      candles: lines.map(({ candles }) => candles),
      trails: lines.map(({ trail }) => trail),
      rules: lines.map(({ rule }) => rule),
      events: this.#events,
      pace: this.#pace,
      latency: this.#latency,
    };
  }

  /** Looks at everything; returns what changed since the last look. `monoMs`: real, monotonic. */
  look(glance: StatusUpdate, monoMs: number): DashboardChange {
    const { memories, places } = this.#options;
    const rules = this.#evaluations(glance.evaluations);
    for (const [shard, { i32 }] of memories.entries()) {
      const changes = Atomics.load(i32, SHARD.changes);
      if (changes === this.#changes[shard]) continue;
      this.#changes[shard] = changes;
      for (const [index, place] of places.entries()) if (place.shard === shard) this.#lines[index].due = true;
    }
    const candles: [number, DashboardCandle[]][] = [];
    const rows: [number, SymbolView][] = [];
    for (const [index, line] of this.#lines.entries()) {
      const changed = this.#candles(line, places[index]);
      if (changed.length > 0) candles.push([index, changed]);
      const row = this.#row(line, index, glance.now.marketMs ?? undefined, monoMs);
      if (line.row === undefined || !alike(row, line.row)) rows.push([index, row]);
      line.row = row;
    }
    this.#now = {
      ...glance.now,
      rings: memories.map((memory) => ({ depth: ringDepth(memory), slots: memory.shape.slots })),
    };
    const gates = glance.gates.filter((gate) => !this.#gates.some((known) => alike(known, gate)));
    this.#gates = glance.gates;
    this.#events = withEvents(this.#events, glance.events);
    return {
      now: this.#now,
      gates,
      rows,
      candles,
      trail: this.#trail(monoMs),
      rules,
      events: glance.events,
      ...this.#curves(glance),
    };
  }

  #evaluations(evaluations: readonly Evaluation[]): [number, RuleView][] {
    const { memories, places } = this.#options;
    const changed = new Map<number, RuleView>();
    for (const evaluation of evaluations) {
      const index = this.#bySymbol.get(evaluation.symbol)!;
      const line = this.#lines[index];
      line.note(evaluation);
      line.rule = ruleView(memories[places[index].shard], places[index], evaluation, line.signals);
      changed.set(index, line.rule);
    }
    return [...changed];
  }

  #candles(line: Line, place: RowPlace): DashboardCandle[] {
    const evaluated = line.evaluated.splice(0);
    const changed = line.due ? this.#sealedCandles(line, place) : this.#openCandle(line, place);
    return evaluated.length === 0
      ? changed
      : [...evaluated.filter(([ms]) => !changed.some((candle) => candle[0] === ms)), ...changed];
  }

  /** Reads what was sealed since the last time, and all candles where one of those before is another now: a day has hundreds, and a minute's end changes one. */
  #sealedCandles(line: Line, place: RowPlace): DashboardCandle[] {
    const memory = this.#options.memories[place.shard];
    line.due = false;
    const sealed = Atomics.load(memory.i32, SHARD.sealed);
    const before = line.tally;
    line.tally = tallyCandles(memory, place.row, false);
    const corrected = line.tally.late !== before.late || line.tally.revisions !== before.revisions;
    const changed = corrected
      ? []
      : line.take(dashboardCandles(memory, place, line.evaluations, line.sealed + 1));
    line.sealed = sealed;
    return corrected || !line.agrees
      ? [...changed, ...line.take(dashboardCandles(memory, place, line.evaluations))]
      : changed;
  }

  /** A gap inside the minute is known with its seal. */
  #openCandle(line: Line, place: RowPlace): DashboardCandle[] {
    const open = openDashboardCandle(this.#options.memories[place.shard], place);
    if (open === undefined) return [];
    const last = line.candles.at(-1);
    if (last === undefined || last[0] !== open[0]) return line.take([open]);
    if (same(last, open)) return [];
    line.candles[line.candles.length - 1] = open;
    return [open];
  }

  #row(line: Line, index: number, marketMs: number | undefined, monoMs: number): SymbolView {
    const { memories, places, sessions } = this.#options;
    const place = places[index];
    const figures = rowFigures(memories[place.shard], place);
    const { whole, partial, late } = line.tally;
    return symbolView(figures, {
      rate: line.rate(figures.ticks, monoMs),
      whole,
      partial,
      late,
      firstPrice: line.candles[0]?.[1],
      marketMs,
      inContinuous: marketMs !== undefined && inContinuous(sessions[index], marketMs),
    });
  }

  #trail(monoMs: number): (number | null)[] {
    if (monoMs - this.#trailMs < TRAIL_MS) return [];
    this.#trailMs = monoMs;
    return this.#lines.map(({ row, trail }) => {
      const price = row?.last ?? null;
      if (price !== null && trail.push(price) > TRAIL_LENGTH) trail.shift();
      return price;
    });
  }

  #curves({ pace }: StatusUpdate): Pick<DashboardChange, 'pace' | 'latency'> {
    const latency = latencyBuckets(this.#options.memories);
    const newPace = alike(pace, this.#pace) ? null : pace;
    const newLatency = alike(latency, this.#latency) ? null : latency;
    this.#pace = pace;
    this.#latency = latency;
    return { pace: newPace, latency: newLatency };
  }
}
