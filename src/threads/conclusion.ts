/** The end of a run in the writer's thread: reads every file back and evaluates the final candles. */
import type { CandleRow, CandleWithQuality, QualityRow } from '../candles/candle.js';
import { readCandles, readFinalCandles, readLongerCandles } from '../candles/read-candles.js';
import type { StreamShard } from '../candles/stream.js';
import type { Timeframe } from '../market/timeframe.js';
import type { ShardMemory } from '../memory/layout.js';
import { hasPolled } from '../memory/polled.js';
import type { RowPlace } from '../memory/shard-reader.js';
import { holeText, type Evaluation } from '../momentum/series.js';
import { candlesPath, type FileInstrument } from '../parquet/candles-file.js';
import { readSchema, schemaDifferences } from '../parquet/history.js';
import { verifyCandles, verifyQuality } from '../parquet/proof.js';
import { qualityPath } from '../parquet/quality-file.js';
import type { ParquetSink } from '../parquet/sink.js';
import { RowHash, type MomentumEvaluation } from './evaluation.js';
import { addPolled, bySymbol } from './polled-hash.js';
import type { ConcludeAnswer } from './writer-messages.js';
import { nameOf } from '../market/instrument.js';

export interface ConclusionOptions {
  readonly outDir: string;
  readonly shards: readonly StreamShard[];
  readonly timeframes: readonly Timeframe[];
  readonly parquet: ParquetSink;
  readonly evaluation: MomentumEvaluation;
}

class Conclusion {
  readonly #options: ConclusionOptions;
  readonly #unproven: string[] = [];
  readonly #notes: string[] = [];
  readonly #evaluations: Evaluation[] = [];
  readonly #schema = new Set<string>();
  readonly #hashes = {
    candles: new RowHash(),
    quality: new RowHash(),
    longer: new RowHash(),
    polled: new RowHash(),
  };
  #proven = 0;
  #kept = 0;
  #compared = false;

  constructor(options: ConclusionOptions) {
    this.#options = options;
  }

  async add(memory: ShardMemory, place: RowPlace): Promise<void> {
    const { symbol } = place.instrument;
    const rows = readFinalCandles(memory, place);
    const isProven = await this.#prove(place.instrument, rows);
    addPolled(this.#hashes.polled, rows);
    // What this process saw itself is judged and hashed without what was polled over it.
    for (const { candle, quality } of readCandles(memory, place, true)) {
      this.#hashes.candles.add(candle);
      this.#hashes.quality.add({ symbol, ...quality });
    }
    await this.#addLonger(memory, place);
    // An unreadable file is among the unproven already.
    if (rows.length > 0 && isProven) await this.#compareSchema(place);
    await this.#evaluate(memory, place);
  }

  /** The row's candles of longer timeframes. */
  async #addLonger(memory: ShardMemory, place: RowPlace): Promise<void> {
    const { symbol } = place.instrument;
    for (const timeframe of this.#options.timeframes.slice(1)) {
      const rows = readLongerCandles(memory, place, timeframe);
      await this.#prove({ ...place.instrument, timeframe }, rows);
      const asSeen = hasPolled(memory) ? readLongerCandles(memory, place, timeframe, { asSeen: true }) : rows;
      for (const { candle, quality } of asSeen)
        this.#hashes.longer.add({ timeframe, ...candle, ...quality, symbol });
    }
  }

  /** Reads two files back, without the candles in which an earlier run's row stayed. True if they hold the rest. */
  async #prove(instrument: FileInstrument, rows: readonly CandleWithQuality[]): Promise<boolean> {
    const kept = this.#options.parquet.kept(instrument);
    this.#kept += kept.size;
    const wrong = rows.length === 0 ? [] : await this.#wrongIn(instrument, rows, kept);
    this.#unproven.push(...wrong);
    if (wrong.length > 0) return false;
    this.#proven += rows.length;
    return true;
  }

  /** What differs, a sentence each. */
  async #wrongIn(
    instrument: FileInstrument,
    rows: readonly CandleWithQuality[],
    kept: ReadonlySet<number>,
  ): Promise<string[]> {
    const { outDir } = this.#options;
    const ours = rows.filter(({ candle }) => !kept.has(candle.timestampMs));
    const candles = ours.map(({ candle }): CandleRow => candle);
    const quality = ours.map((row): QualityRow => row.quality);
    const sentences = [
      await verifyCandles(candlesPath(outDir, instrument), candles),
      await verifyQuality(qualityPath(outDir, instrument), quality),
    ];
    return sentences.filter((sentence) => sentence !== undefined);
  }

  async #compareSchema({ instrument }: RowPlace): Promise<void> {
    const history = await this.#options.evaluation.historyOf(instrument);
    if (history === undefined) return;
    const ours = await readSchema(candlesPath(this.#options.outDir, instrument));
    if (ours === undefined) return;
    this.#compared = true;
    for (const sentence of schemaDifferences(ours, history))
      this.#schema.add(`${nameOf(instrument)}: ${sentence}`);
  }

  async #evaluate(memory: ShardMemory, place: RowPlace): Promise<void> {
    const { series, evaluations } = await this.#options.evaluation.final(
      place,
      readCandles(memory, place, false),
    );
    this.#evaluations.push(...evaluations);
    this.#notes.push(...series.notes);
    if (series.holes.length > 0)
      this.#notes.push(
        `${nameOf(place.instrument)}: no candle for ${series.holes.map(holeText).join(', ')} (${series.missingMinutes} minutes).`,
      );
  }

  answer(): ConcludeAnswer {
    return {
      unproven: this.#unproven,
      proven: this.#proven,
      kept: this.#kept,
      schema: this.#compared ? [...this.#schema] : undefined,
      evaluations: this.#evaluations,
      notes: this.#notes,
      hashes: {
        candles: this.#hashes.candles.end(),
        quality: this.#hashes.quality.end(),
        longer: this.#options.timeframes.length > 1 ? this.#hashes.longer.end() : undefined,
        polled: this.#hashes.polled.end(),
      },
    };
  }
}

/** Proves and evaluates all rows, by symbol, so that the hashes do not depend on the number of shards. */
export async function conclude(options: ConclusionOptions): Promise<ConcludeAnswer> {
  const all = options.shards.flatMap(({ memory, places }) => places.map((place) => ({ memory, place })));
  all.sort((a, b) => bySymbol(a.place, b.place));
  const conclusion = new Conclusion(options);
  for (const { memory, place } of all) await conclusion.add(memory, place);
  return conclusion.answer();
}
