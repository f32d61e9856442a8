/** The momentum rule in the writer's thread: live on candles as first sealed, and again on the final ones. */
import { createHash } from 'node:crypto';
import { EngineError, sentenceOf } from '../errors.js';
import { inOrder, type CandleRow, type CandleWithQuality } from '../candles/candle.js';
import { readSealedCandle, sourceOf } from '../candles/read-candles.js';
import type { StreamShard } from '../candles/stream.js';
import { unpackCandles } from '../candles/warm-up-candles.js';
import { nameOf } from '../market/instrument.js';
import { DAY_MS } from '../market/session.js';
import { SHARD } from '../memory/layout.js';
import type { RowPlace } from '../memory/shard-reader.js';
import { evaluateAll, MomentumSeries, type Evaluation, type SeriesOptions } from '../momentum/series.js';
import { readHistory, type History } from '../parquet/history.js';
import type { FromWriter, PrepareAnswer, WriterSetup } from './writer-messages.js';

/** Enough for twenty candles and one day's VWAP, over holidays. */
const HISTORY_MS = 10 * DAY_MS;

/** SHA-256 of the JSON text of rows that come in order: a run's rows need not be in memory at once. */
export class RowHash {
  readonly #hash = createHash('sha256').update('[');
  #separator = '';

  add(row: object): void {
    this.#hash.update(`${this.#separator}${JSON.stringify(row)}`);
    this.#separator = ',';
  }

  end(): string {
    return this.#hash.update(']').digest('hex');
  }
}

/** Equal for equal rows in any order. */
function hashOfRows(rows: readonly CandleRow[]): string {
  const hash = new RowHash();
  for (const row of inOrder(rows)) hash.add(row);
  return hash.end();
}

export interface MomentumEvaluationOptions {
  readonly setup: WriterSetup;
  readonly shards: readonly StreamShard[];
  /** By shard, the last bar that an earlier thread evaluated. */
  readonly evaluated: readonly number[];
  readonly onEvaluated: (message: FromWriter & { readonly kind: 'evaluated' }) => void;
}

export class MomentumEvaluation {
  readonly #options: MomentumEvaluationOptions;
  readonly #histories = new Map<string, History | undefined>();
  /** Last bar evaluated, by shard. */
  readonly #evaluated: number[];
  /** By shard and row, and the last bar that the series hold. */
  readonly #live: ({ readonly series: readonly MomentumSeries[]; pushed: number } | undefined)[] = [];

  constructor(options: MomentumEvaluationOptions) {
    this.#options = options;
    this.#evaluated = [...options.evaluated];
  }

  /** Reads all history. */
  async prepare(): Promise<PrepareAnswer> {
    const { given } = this.#options.setup;
    const notes: string[] = [];
    const historyRows: Record<string, string> = {};
    try {
      for (const { instrument } of this.#options.shards.flatMap(({ places }) => places)) {
        const history = await this.historyOf(instrument);
        if (history === undefined) continue;
        historyRows[nameOf(instrument)] = hashOfRows(history.rows);
        notes.push(...history.notes);
        if (given !== undefined && history.volumeKind !== given.volumeKind)
          notes.push(
            `${history.path} has volume of kind ${history.volumeKind}: the candles that were polled are used in its place.`,
          );
      }
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return { kind: 'prepare', refusal: { code: 'HISTORY', sentence: error.message }, notes, historyRows };
    }
    return { kind: 'prepare', refusal: undefined, notes, historyRows };
  }

  /** Candles of earlier days from `--history`; undefined without any. Throws EngineError HISTORY. */
  async historyOf(instrument: Pick<CandleRow, 'symbol' | 'exchange'>): Promise<History | undefined> {
    const { historyDir, marketDateMs } = this.#options.setup;
    if (historyDir === undefined) return undefined;
    const name = nameOf(instrument);
    const { symbol, exchange } = instrument;
    if (!this.#histories.has(name))
      this.#histories.set(
        name,
        await readHistory(historyDir, exchange, symbol, { fromMs: marketDateMs - HISTORY_MS }),
      );
    return this.#histories.get(name);
  }

  async #seriesOptions({ instrument }: RowPlace): Promise<SeriesOptions> {
    const symbol = nameOf(instrument);
    const { identity, given } = this.#options.setup;
    const { volumeKind } = identity;
    const history = await this.historyOf(instrument);
    const packed = given?.rows[symbol];
    if (packed === undefined)
      return history === undefined ? { symbol, volumeKind } : { symbol, volumeKind, history };
    const polled = { rows: unpackCandles(packed, instrument), volumeKind: given!.volumeKind };
    // Both are used where usable. A polled candle replaces the file's: it is what the broker says today.
    if (history === undefined || history.volumeKind !== polled.volumeKind)
      return { symbol, volumeKind, history: polled };
    const byMinute = new Map([...history.rows, ...polled.rows].map((row) => [row.timestampMs, row]));
    return { symbol, volumeKind, history: { rows: [...byMinute.values()], volumeKind } };
  }

  /**
   * Evaluates what was sealed since the last time. A failure is reported, not retried: the end evaluates the final
   * candles.
   */
  async evaluate(): Promise<void> {
    for (const [shard, { memory }] of this.#options.shards.entries()) {
      const through = Atomics.load(memory.i32, SHARD.sealed);
      if (through <= this.#evaluated[shard]) continue;
      let evaluations: readonly Evaluation[] = [];
      let failure: string | undefined;
      try {
        evaluations = await this.#evaluateShard(shard, through);
      } catch (error) {
        this.#live[shard] = undefined;
        failure = sentenceOf(error);
      }
      this.#evaluated[shard] = through;
      this.#options.onEvaluated({ kind: 'evaluated', shard, through, evaluations, failure });
    }
  }

  /**
   * Pushes bars as first sealed, up to `through`. A new series takes all of the run's; only new bars are returned.
   */
  async #evaluateShard(shard: number, through: number): Promise<Evaluation[]> {
    const { memory, places } = this.#options.shards[shard];
    const live = (this.#live[shard] ??= { series: await this.#seriesOf(places), pushed: -1 });
    const evaluations: Evaluation[] = [];
    for (const [k, place] of places.entries()) {
      for (let bar = live.pushed + 1; bar <= through; bar++) {
        const sealed = readSealedCandle(memory, place, bar);
        if (sealed === undefined) continue;
        const evaluation = live.series[k].push(sealed.candle, {
          partial: sealed.partial,
          source: sourceOf(memory, place.row, bar),
        });
        if (bar > this.#evaluated[shard]) evaluations.push(evaluation);
      }
    }
    live.pushed = through;
    return evaluations;
  }

  async #seriesOf(places: readonly RowPlace[]): Promise<MomentumSeries[]> {
    const series: MomentumSeries[] = [];
    for (const place of places) series.push(new MomentumSeries(await this.#seriesOptions(place)));
    return series;
  }

  /** The rule over a row's final candles. */
  async final(
    place: RowPlace,
    candles: readonly CandleWithQuality[],
  ): Promise<ReturnType<typeof evaluateAll>> {
    return evaluateAll(
      candles.map(({ candle, quality: { partial, source } }) => ({ candle, partial, source })),
      await this.#seriesOptions(place),
    );
  }
}
