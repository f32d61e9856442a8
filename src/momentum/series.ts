/**
 * The rule over one symbol's minutes. Pure.
 *
 * A minute is our whole candle; if ours is partial or missing, the history's. A partial candle without replacement
 * is not evaluated, and its volume, which would look like a lull, is not among the last N. Its trades did happen:
 * its high counts for the high of day, its price and volume for the VWAP.
 */
import assert from 'node:assert';
import type { CandleRow, CandleSource, VolumeKind } from '../candles/candle.js';
import { MINUTE_MS, istMinute, istStamp } from '../market/session.js';
import { DayIndicators, VolumeWindow, istDay } from './indicators.js';
import { DEFAULT_PARAMS, momentumSignal } from './rule.js';
import type { MomentumParams, Signal } from './rule.js';

/** How our candle was seen. The minutes before the closing auction's candle are no hole. */
export interface Seen {
  readonly partial: boolean;
  readonly source?: CandleSource;
}

export interface SeenCandle extends Seen {
  readonly candle: CandleRow;
}

/** The rule's result for one minute; rupees. */
export interface Evaluation {
  /** The instrument's name (src/market/instrument.ts). */
  readonly symbol: string;
  readonly timestampMs: number;
  /** `partial`: ours, not evaluated. */
  readonly basis: 'ours' | 'history' | 'partial';
  /** There were N whole candles. */
  readonly evaluated: boolean;
  /** `insufficient n/N`. */
  readonly insufficient: string | undefined;
  /** Null while nothing was traded on the date. */
  readonly vwap: number | null;
  readonly hod: number;
  readonly volMa: number | null;
  /** Null if the mean is absent or 0. */
  readonly relVol: number | null;
  readonly signals: readonly Signal[];
}

/** Minutes without a candle between two candles of one date, both ends included. */
export interface Hole {
  readonly fromMs: number;
  readonly toMs: number;
  readonly minutes: number;
}

export interface SeriesOptions {
  /** The instrument's name, as in evaluations, signals and sentences. */
  readonly symbol: string;
  readonly volumeKind: VolumeKind;
  readonly params?: MomentumParams;
  /** Rows in any order, used only if the kind of volume is the series' own. */
  readonly history?: { readonly rows: readonly CandleRow[]; readonly volumeKind: VolumeKind };
}

/** Holes beyond these are only counted in `missingMinutes`. */
export const MAX_LISTED_HOLES = 100;

export class MomentumSeries {
  /** Sentences on data that was not used. */
  readonly notes: readonly string[];
  readonly #symbol: string;
  readonly #params: MomentumParams;
  readonly #history: readonly CandleRow[];
  readonly #day = new DayIndicators();
  readonly #volumes: VolumeWindow;
  readonly #holes: Hole[] = [];
  #missingMinutes = 0;
  #historyNext = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor({ symbol, volumeKind, params = DEFAULT_PARAMS, history }: SeriesOptions) {
    assert(
      Number.isSafeInteger(params.volMaWindow) && params.volMaWindow > 0,
      'the window of the mean volume is no whole number above 0',
    );
    this.#symbol = symbol;
    this.#params = params;
    this.#volumes = new VolumeWindow(params.volMaWindow);
    const usable = history?.volumeKind === volumeKind;
    this.#history = usable ? [...history.rows].sort((a, b) => a.timestampMs - b.timestampMs) : [];
    const ignored = history !== undefined && !usable && history.rows.length > 0;
    this.notes = ignored
      ? [
          `${symbol}: the history's volume is ${history.volumeKind} and ours is ${volumeKind}; the history is not used.`,
        ]
      : [];
  }

  /** Listed ones, in order. A minute that the history has is not a hole. */
  get holes(): readonly Hole[] {
    return this.#holes;
  }

  /** In all holes, also unlisted ones. */
  get missingMinutes(): number {
    return this.#missingMinutes;
  }

  /**
   * Evaluates our next candle from nothing later than its own minute. Candles rise in time, each minute once; only
   * `evaluateAll` sees later revisions.
   */
  push(candle: CandleRow, seen: Seen): Evaluation {
    assert(candle.timestampMs > this.#lastMs, `${this.#symbol}: minutes must rise`);
    while (this.#history[this.#historyNext]?.timestampMs < candle.timestampMs) {
      this.#take(this.#history[this.#historyNext++], false, 'continuous');
    }
    const sameMinute = this.#history[this.#historyNext];
    const replacement = sameMinute?.timestampMs === candle.timestampMs ? sameMinute : undefined;
    const basis = !seen.partial ? 'ours' : replacement === undefined ? 'partial' : 'history';
    const used = basis === 'history' && replacement !== undefined ? replacement : candle;
    this.#take(used, basis === 'partial', seen.source ?? 'continuous');
    return this.#evaluate(used, basis);
  }

  #take(row: CandleRow, partial: boolean, source: CandleSource): void {
    // A minute that is already there, from us or the history, counts once.
    if (row.timestampMs <= this.#lastMs) return;
    this.#noteHole(row.timestampMs, source);
    this.#lastMs = row.timestampMs;
    this.#day.add(row);
    if (!partial) this.#volumes.add(row.volume);
  }

  #noteHole(nextMs: number, source: CandleSource): void {
    const minutes = Math.round((nextMs - this.#lastMs) / MINUTE_MS) - 1;
    if (source === 'auction' || !(minutes > 0) || istDay(nextMs) !== istDay(this.#lastMs)) return;
    this.#missingMinutes += minutes;
    if (this.#holes.length < MAX_LISTED_HOLES)
      this.#holes.push({ fromMs: this.#lastMs + MINUTE_MS, toMs: nextMs - MINUTE_MS, minutes });
  }

  #evaluate(row: CandleRow, basis: Evaluation['basis']): Evaluation {
    const symbol = this.#symbol;
    const { timestampMs, high, close, volume } = row;
    const { vwap, hod } = this.#day;
    const volMa = basis === 'partial' ? null : this.#volumes.mean;
    if (volMa === null) {
      const insufficient =
        basis === 'partial' ? undefined : `insufficient ${this.#volumes.count}/${this.#params.volMaWindow}`;
      return {
        symbol,
        timestampMs,
        basis,
        vwap,
        hod,
        evaluated: false,
        insufficient,
        volMa,
        relVol: null,
        signals: [],
      };
    }
    const relVol = volMa === 0 ? null : volume / volMa;
    const signal = momentumSignal(
      { symbol, timestampMs, high, close, volume, vwap, hod, relVol },
      this.#params,
    );
    return {
      symbol,
      timestampMs,
      basis,
      vwap,
      hod,
      evaluated: true,
      insufficient: undefined,
      volMa,
      relVol,
      signals: signal === undefined ? [] : [signal],
    };
  }
}

/** Evaluates all of a symbol's final candles, in any order. */
export function evaluateAll(
  candles: readonly SeenCandle[],
  options: SeriesOptions,
): { readonly evaluations: readonly Evaluation[]; readonly series: MomentumSeries } {
  const series = new MomentumSeries(options);
  const inOrder = [...candles].sort((a, b) => a.candle.timestampMs - b.candle.timestampMs);
  return { evaluations: inOrder.map(({ candle, ...seen }) => series.push(candle, seen)), series };
}

const compared = ['basis', 'evaluated', 'insufficient', 'vwap', 'hod', 'volMa', 'relVol'] as const;

/** Differences between live and final evaluations of any symbols: a sentence each, by time, then symbol. */
export function differences(live: readonly Evaluation[], final: readonly Evaluation[]): string[] {
  const both = new Map<string, { was?: Evaluation; is?: Evaluation }>();
  const place = (evaluation: Evaluation): { was?: Evaluation; is?: Evaluation } => {
    const key = `${evaluation.timestampMs} ${evaluation.symbol}`;
    const pair = both.get(key) ?? {};
    both.set(key, pair);
    return pair;
  };
  for (const evaluation of live) place(evaluation).was = evaluation;
  for (const evaluation of final) place(evaluation).is = evaluation;
  const pairs = [...both.values()].map(({ was, is }) => ({ was, is, of: (was ?? is)! }));
  pairs.sort((a, b) => a.of.timestampMs - b.of.timestampMs || (a.of.symbol < b.of.symbol ? -1 : 1));
  return pairs.flatMap(({ was, is, of }) => {
    const head = `${of.symbol} ${istStamp(of.timestampMs)}:`;
    if (was === undefined) return [`${head} evaluated only on the final candles.`];
    if (is === undefined) return [`${head} evaluated only live.`];
    const changes: string[] = compared
      .filter((name) => was[name] !== is[name])
      .map((name) => `${name} ${String(was[name])} -> ${String(is[name])}`);
    const signalled = (evaluation: Evaluation): string =>
      evaluation.signals.length > 0 ? 'a signal' : 'no signal';
    if (signalled(was) !== signalled(is)) changes.push(`${signalled(was)} -> ${signalled(is)}`);
    else if (JSON.stringify(was.signals) !== JSON.stringify(is.signals))
      changes.push('the signal says other figures');
    return changes.length === 0 ? [] : [`${head} ${changes.join(', ')}.`];
  });
}

/** For a person: `10:02-10:05`. */
export function holeText({ fromMs, toMs, minutes }: Hole): string {
  return minutes === 1 ? istMinute(fromMs) : `${istMinute(fromMs)}-${istMinute(toMs)}`;
}
