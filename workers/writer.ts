/**
 * Thread entry of the writer: finds in the shards' memory what is sealed and not yet on disk, writes it, and evaluates the momentum
 * rule. Ordinary tasks, one at a time. No candle travels by message: a task names a shard and the answer names files.
 *
 * One thread only, because the Parquet library costs each thread that loads it 150 ms and more. A thread that dies is replaced and
 * knows nothing: everything is read again from shared memory and from disk.
 */
import '../src/memory/io-ledger.js';
import { createHash } from 'node:crypto';
import { workerData } from 'piscina';
import { EngineError, sentenceOf } from '../src/errors.js';
import { inOrder, type CandleRow, type QualityRow } from '../src/candles/candle.js';
import { unpackCandles } from '../src/candles/warm-up-candles.js';
import { DAY_MS } from '../src/market/session.js';
import { barLabelMs, isAuction, readAsSealed, type RowPlace } from '../src/memory/shard-reader.js';
import { readCandles } from '../src/candles/read-candles.js';
import { LEDGER, watch } from '../src/memory/io-ledger.js';
import { ShardMemory } from '../src/memory/layout.js';
import { priceScale } from '../src/market/instrument.js';
import {
  evaluateAll,
  holeText,
  MomentumSeries,
  type Evaluation,
  type SeriesOptions,
} from '../src/momentum/series.js';
import { readHistory, readSchema, schemaDifferences, type History } from '../src/parquet/history.js';
import { candlesPath } from '../src/parquet/candles-file.js';
import { sha256Of } from '../src/parquet/reader.js';
import { qualityPath } from '../src/parquet/quality-file.js';
import { verifyCandles, verifyQuality } from '../src/parquet/proof.js';
import { ParquetSink, TOGETHER, type WrittenFile } from '../src/parquet/sink.js';
import { sleep } from '../src/clock.js';
import type {
  PrepareAnswer,
  WriteAnswer,
  EvaluateAnswer,
  ConcludeAnswer,
  WriterSetup,
  WriterTask,
} from '../src/threads/writer-messages.js';

export type WriterAnswer = PrepareAnswer | WriteAnswer | EvaluateAnswer | ConcludeAnswer;

/** History further back than this is not needed for twenty candles and one day's VWAP. */
const HISTORY_MS = 10 * DAY_MS;

const setup = workerData as WriterSetup;
watch([setup.outDir], new Int32Array(setup.ledger, 0, LEDGER.words));
const shards = setup.shards.map(({ shape, buffer, places }) => ({
  memory: new ShardMemory(shape, buffer),
  places,
}));
/** Real ms that one task may wait for files that another program holds open, all of them together. */
const PATIENCE_MS = 5000;
let patienceMs = PATIENCE_MS;
const mayWait = (ms: number): boolean => (patienceMs -= ms) >= 0;
const sink = new ParquetSink({ outDir: setup.outDir, identity: setup.identity, wait: sleep, mayWait });
/** The hash of what was last written of each symbol: what has not changed is not written again. */
const written = new Map<string, string>();
const keptMinutes = new Map<string, ReadonlySet<number>>();
const histories = new Map<string, History | undefined>();

async function historyOf(symbol: string, exchange: string): Promise<History | undefined> {
  if (setup.historyDir === undefined) return undefined;
  if (!histories.has(symbol))
    histories.set(
      symbol,
      await readHistory(setup.historyDir, exchange, symbol, { fromMs: setup.marketDateMs - HISTORY_MS }),
    );
  return histories.get(symbol);
}

async function seriesOptions({ instrument }: RowPlace): Promise<SeriesOptions> {
  const { symbol, exchange } = instrument;
  const { volumeKind } = setup.identity;
  const history = await historyOf(symbol, exchange);
  const packed = setup.given?.rows[symbol];
  if (packed === undefined)
    return history === undefined ? { symbol, volumeKind } : { symbol, volumeKind, history };
  const given = { rows: unpackCandles(packed, { symbol, exchange }), volumeKind: setup.given!.volumeKind };
  // Of two that are of use both are used; what was polled just now is what the broker says today.
  if (history === undefined || history.volumeKind !== given.volumeKind)
    return { symbol, volumeKind, history: given };
  const byMinute = new Map([...history.rows, ...given.rows].map((row) => [row.timestampMs, row]));
  return { symbol, volumeKind, history: { rows: [...byMinute.values()], volumeKind } };
}

async function prepare(): Promise<PrepareAnswer> {
  const notes: string[] = [];
  const historyRows: Record<string, string> = {};
  try {
    for (const { instrument } of shards.flatMap(({ places }) => places)) {
      const history = await historyOf(instrument.symbol, instrument.exchange);
      if (history === undefined) continue;
      historyRows[instrument.symbol] = hashOfRows(history.rows);
      notes.push(...history.notes);
      if (setup.given !== undefined && history.volumeKind !== setup.given.volumeKind)
        notes.push(
          `${history.path} has volume of kind ${history.volumeKind}: the candles that were polled are used in its place.`,
        );
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { kind: 'prepare', refusal: { code: 'HISTORY', sentence: error.message }, notes, historyRows };
  }
  await sink.warmUp();
  return { kind: 'prepare', refusal: undefined, notes, historyRows };
}

async function write(shard: number, includeOpen: boolean): Promise<WriteAnswer> {
  const { memory, places } = shards[shard];
  const files: WrittenFile[] = [];
  const failures: string[] = [];
  patienceMs = PATIENCE_MS;
  for (let from = 0; from < places.length; from += TOGETHER) {
    const changed = places.slice(from, from + TOGETHER).flatMap((place) => {
      const { instrument } = place;
      const rows = readCandles(memory, place, includeOpen);
      const hash = sha256Of(Buffer.from(JSON.stringify(rows)));
      return rows.length === 0 || written.get(instrument.symbol) === hash ? [] : [{ instrument, rows, hash }];
    });
    // One symbol's file, open elsewhere or on a full disk, keeps nobody else's from being written; it is tried again.
    const outcomes = await sink.writeAll(changed).catch((error: Error) => [error]);
    for (const [k, outcome] of outcomes.entries()) {
      if (outcome instanceof Error) failures.push(sentenceOf(outcome));
      else {
        const { instrument, hash } = changed[k];
        files.push(...outcome.files);
        keptMinutes.set(instrument.symbol, new Set(outcome.kept));
        written.set(instrument.symbol, hash);
      }
    }
  }
  return { kind: 'write', files, failures };
}

/** Pushes the candles as they were first sealed, up to bar `through`; returns the evaluations of the bars from `from` on. */
function evaluateFirst(
  memory: ShardMemory,
  { instrument, row }: RowPlace,
  series: MomentumSeries,
  from: number,
  through: number,
): Evaluation[] {
  const scale = priceScale(instrument.exchangeType);
  const evaluations: Evaluation[] = [];
  for (let bar = 0; bar <= through; bar++) {
    const first = readAsSealed(memory, row, bar);
    if (first === undefined) continue;
    const timestampMs = barLabelMs(memory, row, bar);
    const candle = {
      symbol: instrument.symbol,
      exchange: instrument.exchange,
      timestampMs,
      open: first.open / scale,
      high: first.high / scale,
      low: first.low / scale,
      close: first.close / scale,
      volume: first.volume,
    };
    const evaluation = series.push(candle, {
      partial: first.partial,
      source: isAuction(memory, bar) ? 'auction' : 'continuous',
    });
    if (bar >= from) evaluations.push(evaluation);
  }
  return evaluations;
}

async function evaluate(shard: number, from: number, through: number): Promise<EvaluateAnswer> {
  const { memory, places } = shards[shard];
  const evaluations: Evaluation[] = [];
  for (const place of places)
    evaluations.push(
      ...evaluateFirst(memory, place, new MomentumSeries(await seriesOptions(place)), from, through),
    );
  return { kind: 'evaluate', evaluations };
}

/** Reads a symbol's two files back; what an earlier run knew better is not expected to be ours. */
async function prove(
  place: RowPlace,
  candles: readonly CandleRow[],
  quality: readonly QualityRow[],
): Promise<string[]> {
  const kept = keptMinutes.get(place.instrument.symbol) ?? new Set<number>();
  const ours = <Row extends { readonly timestampMs: number }>(rows: readonly Row[]): Row[] =>
    rows.filter(({ timestampMs }) => !kept.has(timestampMs));
  if (candles.length === 0) return [];
  const sentences = [
    await verifyCandles(candlesPath(setup.outDir, place.instrument), ours(candles)),
    await verifyQuality(qualityPath(setup.outDir, place.instrument), ours(quality)),
  ];
  return sentences.filter((sentence) => sentence !== undefined);
}

/** SHA-256 of rows that come in order, as of their JSON text: a day of a thousand symbols need not be held as one. */
class RowHash {
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

/** Equal for equal rows, whatever order they came in. */
function hashOfRows(rows: readonly CandleRow[]): string {
  const hash = new RowHash();
  for (const row of inOrder(rows)) hash.add(row);
  return hash.end();
}

async function conclude(): Promise<ConcludeAnswer> {
  const unproven: string[] = [];
  const notes: string[] = [];
  const evaluations: Evaluation[] = [];
  const schema = new Set<string>();
  let proven = 0;
  let kept = 0;
  let compared = false;
  const hashes = { candles: new RowHash(), quality: new RowHash() };
  const all = shards.flatMap(({ memory, places }) => places.map((place) => ({ memory, place })));
  // As `inOrder` has it: which symbol is in which shard must not show.
  all.sort((a, b) => (a.place.instrument.symbol < b.place.instrument.symbol ? -1 : 1));
  for (const { memory, place } of all) {
    const { symbol, exchange } = place.instrument;
    const rows = readCandles(memory, place, true);
    const wrong = await prove(
      place,
      rows.map(({ candle }) => candle),
      rows.map(({ quality }) => quality),
    );
    unproven.push(...wrong);
    if (wrong.length === 0) proven += rows.length;
    kept += keptMinutes.get(symbol)?.size ?? 0;
    for (const { candle, quality } of rows) {
      hashes.candles.add(candle);
      hashes.quality.add({ symbol, ...quality });
    }
    const history = await historyOf(symbol, exchange);
    // A file that cannot be read is among the unproven already; there is nothing to compare then.
    const ours =
      history === undefined || rows.length === 0 || wrong.length > 0
        ? undefined
        : await readSchema(candlesPath(setup.outDir, place.instrument));
    if (history !== undefined && ours !== undefined) {
      compared = true;
      for (const sentence of schemaDifferences(ours, history)) schema.add(`${symbol}: ${sentence}`);
    }
    const final = evaluateAll(
      readCandles(memory, place, false).map(({ candle, quality }) => ({
        candle,
        partial: quality.partial,
        source: quality.source,
      })),
      await seriesOptions(place),
    );
    evaluations.push(...final.evaluations);
    notes.push(...final.series.notes);
    if (final.series.holes.length > 0)
      notes.push(
        `${symbol}: no candle for ${final.series.holes.map(holeText).join(', ')} (${final.series.missingMinutes} minutes).`,
      );
  }
  return {
    kind: 'conclude',
    unproven,
    proven,
    kept,
    schema: compared ? [...schema] : undefined,
    evaluations,
    notes,
    hashes: { candles: hashes.candles.end(), quality: hashes.quality.end() },
  };
}

export default async function run(task: WriterTask): Promise<WriterAnswer> {
  switch (task.kind) {
    case 'prepare':
      return prepare();
    case 'write':
      return write(task.shard, task.includeOpen);
    case 'evaluate':
      return evaluate(task.shard, task.from, task.through);
    case 'conclude':
      return conclude();
  }
}
