/**
 * The dashboard's state from a run's report; `tickshard report` and the run itself embed it in a page. A report is
 * untrusted input: every member that the state needs is checked, and a refusal is one sentence.
 */
import { EngineError } from '../errors.js';
import { TIMEFRAMES } from '../market/timeframe.js';
import { isObject } from '../text/json.js';
import { EVENT_LEVELS } from '../monitor/event.js';
import { UNUSED_REASONS } from '../monitor/event-log.js';
import { RUN_VERDICTS, STATUSES, type RunVerdict, type Status } from '../gates/gate.js';
import { titleOf } from '../gates/gates.js';
import { NOT_TICK_REASONS, dashboardRun } from './status.js';
import {
  TRAIL_LENGTH,
  type DashboardState,
  type DashboardCandle,
  type DashboardGate,
  type DashboardStatus,
  type DashboardPercentiles,
  type SymbolView,
  type DashboardRun,
} from './state.js';
import { SYMBOL_STATES, type SymbolState } from '../gates/symbol-state.js';

type Json = Readonly<Record<string, unknown>>;

/** Reads members of an object at path `where`. Throws EngineError REPORT if one is not of its type. */
class Reader {
  readonly #json: Json;
  readonly #where: string;

  constructor(value: unknown, where: string) {
    if (!isObject(value)) throw notOne(where);
    this.#json = value;
    this.#where = where;
  }

  in(name: string): Reader {
    return new Reader(this.#json[name], this.#path(name));
  }

  text(name: string): string {
    return this.#must(name, (value) => typeof value === 'string') as string;
  }

  number(name: string): number {
    return this.#must(name, Number.isFinite) as number;
  }

  /** A number, or `word`. */
  numberOr<Word extends string>(name: string, word: Word): number | Word {
    return this.#json[name] === word ? word : this.number(name);
  }

  orNull<T>(name: string, read: (name: string) => T): T | null {
    return this.#json[name] === null || this.#json[name] === undefined ? null : read(name);
  }

  oneOf<T>(name: string, values: readonly unknown[]): T {
    return this.#must(name, (value) => values.includes(value)) as T;
  }

  list(name: string): readonly unknown[] {
    return this.#must(name, Array.isArray) as readonly unknown[];
  }

  readers(name: string): Reader[] {
    return this.list(name).map((value, index) => new Reader(value, `${this.#path(name)}[${index}]`));
  }

  /** Rows of `width` numbers; the columns `nullable` may be null. */
  rows(
    name: string,
    width: number,
    nullable: readonly number[] = [],
  ): readonly (readonly (number | null)[])[] {
    return rowsOf(this.#json[name], this.#path(name), width, nullable);
  }

  /** All members, each a text. */
  texts(): Readonly<Record<string, string>> {
    return Object.fromEntries(Object.keys(this.#json).map((name) => [name, this.text(name)]));
  }

  entries(): [string, unknown][] {
    return Object.entries(this.#json);
  }

  #path(name: string): string {
    return this.#where === '' ? name : `${this.#where}.${name}`;
  }

  #must(name: string, right: (value: unknown) => boolean): unknown {
    const value = this.#json[name];
    if (!right(value)) throw notOne(this.#path(name));
    return value;
  }
}

function rowsOf(
  value: unknown,
  where: string,
  width: number,
  nullable: readonly number[],
): readonly (readonly (number | null)[])[] {
  const right = (row: unknown): boolean =>
    Array.isArray(row) &&
    row.length === width &&
    row.every((cell, at) => Number.isFinite(cell) || (cell === null && nullable.includes(at)));
  if (!Array.isArray(value) || !value.every(right)) throw notOne(where);
  return value as readonly (readonly (number | null)[])[];
}

function notOne(where: string): EngineError {
  return new EngineError(
    'REPORT',
    `It is no report of a run that can be shown: ${where === '' ? 'it is no object' : `${where} is missing or not what it must be`}. Name a JSON file of data/test/reports that this version wrote.`,
  );
}

const CANDLE_WIDTH = 9;

function percentilesOf(reader: Reader): DashboardPercentiles {
  const read = (name: string): number | null => reader.orNull(name, (one) => reader.number(one));
  return { p50: read('p50'), p99: read('p99'), p999: read('p999') };
}

function rowOf(symbol: Reader, candles: readonly DashboardCandle[], ranMin: number): SymbolView {
  const session = symbol.in('session');
  const ticks = symbol.number('ticks');
  const lastTick = symbol.orNull('lastTick', (name) => Date.parse(symbol.text(name)));
  return {
    last: symbol.orNull('lastPrice', (name) => symbol.number(name)),
    open: session.orNull('dayOpen', (name) => session.number(name)) ?? candles[0]?.[1] ?? null,
    ticks,
    rate: ranMin > 0 ? Math.round((ticks * 10) / (ranMin * 60)) / 10 : 0,
    lastTickMs: lastTick,
    state: symbol.oneOf<SymbolState>('state', SYMBOL_STATES),
    whole: symbol.number('whole'),
    partial: symbol.number('partial'),
    late: symbol.number('late'),
    openInterest: session.orNull('openInterest', (name) => session.number(name)),
  };
}

/** Packets that did not become ticks, by reason. */
function refusedOf(counters: Reader): DashboardStatus['refused'] {
  const [refused, unadmitted, applied] = [
    counters.in('refused'),
    counters.in('unadmitted'),
    counters.in('applied'),
  ];
  const short = (name: string): string => name.replace(/^(refused|unadmitted)/, '').toLowerCase();
  return [
    ...UNUSED_REASONS.map(([name, kind, reason]) => ({
      reason,
      packets: (kind === 'refused' ? refused : unadmitted).number(short(name)),
    })),
    ...NOT_TICK_REASONS.map(([name, reason]) => ({ reason, packets: applied.number(name) })),
  ].filter(({ packets }) => packets > 0);
}

function statusOf(report: Reader, views: Reader): DashboardStatus {
  const cost = report.in('performance');
  const counters = report.in('counters');
  const symbols = report.readers('symbols');
  const duration = views.in('duration');
  const ticks = counters.in('applied').number('tick');
  const ranMin = duration.number('ranMin');
  return {
    marketMs: report.orNull('marketTime', (name) => Date.parse(report.text(name))),
    verdict: report.oneOf<RunVerdict>('verdict', RUN_VERDICTS),
    endedAt: report.text('endedAt'),
    askedMin: duration.number('askedMin'),
    ranMin,
    ticks,
    ticksPerSecond: ranMin > 0 ? ticks / (ranMin * 60) : 0,
    whole: symbols.reduce((sum, symbol) => sum + symbol.number('whole'), 0),
    partial: symbols.reduce((sum, symbol) => sum + symbol.number('partial'), 0),
    rings: null,
    appliedUs: percentilesOf(cost.in('receiveToAppliedUs')),
    sealedMs: percentilesOf(cost.in('receiveToSealedMs')),
    lagMs: cost.orNull('feedLagMs', (name) => ({
      p50: cost.in(name).number('p50'),
      p99: cost.in(name).number('p99'),
    })),
    loopP99Ms: cost.number('eventLoopDelayP99Ms'),
    cpuPercent: cost.number('cpuPercent'),
    rssMb: cost.number('rssMb'),
    refused: refusedOf(counters),
    received: counters.number('binary'),
    gaps: report
      .in('unseen')
      .readers('gaps')
      .map((gap) => ({ fromMs: Date.parse(gap.text('from')), toMs: Date.parse(gap.text('to')) })),
    report: null,
  };
}

function runOf(report: Reader): DashboardRun {
  return dashboardRun({
    version: report.text('version'),
    versions: report.in('versions').texts(),
    runId: report.text('runId'),
    stage: report.number('stage'),
    mode: report.text('mode'),
    volumeKind: report.oneOf('volumeKind', ['tick', 'traded']),
    feed: report.text('feed'),
    seed: report.orNull('seed', (name) => report.number(name)),
    speed: report.numberOr('speed', 'max'),
    startedAt: report.text('startedAt'),
    options: Object.fromEntries(report.in('options').entries()),
    symbols: report
      .readers('symbols')
      .map((one) => ({ symbol: one.text('symbol'), token: one.text('token'), shard: one.number('shard') })),
  });
}

/** The state of a report from JSON.parse. Throws EngineError REPORT if it cannot be shown. */
export function reportState(report: unknown): DashboardState {
  const reader = new Reader(report, '');
  const run = runOf(reader);
  const views = reader.in('sights');
  const now = statusOf(reader, views);
  const symbols = reader.readers('symbols');
  const lists = views.list('candles');
  if (lists.length !== symbols.length) throw notOne('sights.candles');
  const candles = lists.map(
    (list, index) =>
      rowsOf(list, `sights.candles[${index}]`, CANDLE_WIDTH, [7, 8]) as unknown as DashboardCandle[],
  );
  const tickRate = views.in('pace');
  const longer = views.orNull('longer', (name) => views.readers(name)) ?? [];
  return {
    run,
    now,
    gates: reader.readers('gates').map((gate): DashboardGate => ({
      id: gate.text('id'),
      title: titleOf(gate.text('id'), symbols.length),
      status: gate.oneOf<Status>('status', STATUSES),
      observed: gate.text('observed'),
      expected: gate.text('expected'),
      remedy: gate.orNull('remedy', (name) => gate.text(name)),
    })),
    rows: symbols.map((symbol, index) => rowOf(symbol, candles[index], now.ranMin)),
    candles,
    longer: longer.map((one, at) => ({
      timeframe: one.oneOf<string>('timeframe', TIMEFRAMES),
      candles: symbols.map(
        (_, index) =>
          rowsOf(
            one.list('candles')[index],
            `sights.longer[${at}].candles[${index}]`,
            CANDLE_WIDTH,
            [7, 8],
          ) as unknown as DashboardCandle[],
      ),
    })),
    trails: candles.map((list) => list.slice(-TRAIL_LENGTH).map((candle) => candle[4])),
    rules: views
      .list('rules')
      .map((rule, index) => (rule === null ? null : ruleOf(new Reader(rule, `sights.rules[${index}]`)))),
    events: views.readers('events').map((event) => ({
      id: event.number('id'),
      atMs: event.number('atMs'),
      kind: event.text('kind') as DashboardState['events'][number]['kind'],
      level: event.oneOf('level', EVENT_LEVELS),
      text: event.text('text'),
    })),
    tickRate: {
      spanMs: tickRate.number('spanMs'),
      ticks: tickRate.rows('ticks', 2) as unknown as DashboardState['tickRate']['ticks'],
    },
    latency: views.rows('latency', 2) as unknown as DashboardState['latency'],
  };
}

function ruleOf(rule: Reader): DashboardState['rules'][number] {
  return {
    minuteMs: rule.number('minuteMs'),
    why: rule.orNull('why', (name) => rule.text(name)),
    conditions: rule.readers('conditions').map((one) => ({
      name: one.text('name'),
      met: one.oneOf('met', [true, false]),
      value: one.text('value'),
    })),
    signal: rule.orNull('signal', (name) => rule.text(name)),
    signals: rule.number('signals'),
  };
}
