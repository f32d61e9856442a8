/**
 * Where finished candles go: two Parquet files an instrument, merged with what is on disk. Writes of one instrument must not overlap;
 * writes of different instruments may. What is on disk is read anew on every write, so the files are the only truth and a restarted
 * process continues where the killed one was; bytes that this sink wrote itself are known by their hash and not taken apart again.
 */
import assert from 'node:assert';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CandleRow, CandleWithQuality, FileIdentity, QualityRow } from '../market/candle.js';
import { istStamp } from '../market/session.js';
import { candleFrom, candleRecord, candlesPath } from './candles-file.js';
import type { FileInstrument } from './candles-file.js';
import { CANDLE_COLUMNS, QUALITY_COLUMNS } from './columns.js';
import type { Column, Zone } from './columns.js';
import { firstDifference, mergeRun } from './merge.js';
import type { StoredCandle } from './merge.js';
import { encodeParquet, loadParquetLibrary } from './parquet.js';
import type { ParquetFile, ParquetRecord } from './parquet.js';
import { asideNames, asideOf, leftoversOf, newTag, renameOver, syncFolder, writeAside } from './place.js';
import type { PlaceEffects } from './place.js';
import { qualityFrom, qualityPath, qualityRecord } from './quality-file.js';
import { openParquet, sha256Of, sha256OfFile } from './reader.js';
import { footerKeys, readPair, type StoredPair } from './stored.js';

/** A file as it now is on disk. */
export interface WrittenFile {
  readonly path: string;
  readonly rows: number;
  /** Of the whole file, hex. */
  readonly sha256: string;
}

export interface WriteOutcome {
  /** The quality file and the candles file, in the order in which they were put in place. */
  readonly files: readonly WrittenFile[];
  /** Minutes (epoch ms) where a better row of an earlier run stayed although the incoming one differs. */
  readonly kept: readonly number[];
}

/** Names of files written aside, by folder. */
export interface Aside {
  readonly candles: readonly string[];
  readonly quality: readonly string[];
}

/** What the engine needs of storage. */
export interface Sink {
  /** Stores candles of one instrument; the same rows twice leave equal content. */
  write(instrument: FileInstrument, rows: readonly CandleWithQuality[]): Promise<WriteOutcome>;
}

export interface ParquetSinkOptions extends PlaceEffects {
  readonly outDir: string;
  readonly identity: FileIdentity;
  /** Makes a file's bytes; `encodeParquet` unless another is compared with it. */
  readonly encode?: (file: ParquetFile) => Promise<Buffer>;
  /** Zone of files that do not exist yet (`+05:30`); an existing file keeps its own. */
  readonly zone?: Zone;
}

/** The columns' ranges, asserted: a row that breaks them is a fault of this program and must not reach a file. */
function assertRow({ symbol, exchange }: FileInstrument, { candle, quality }: CandleWithQuality): void {
  assert(candle.symbol === symbol && candle.exchange === exchange, `a candle of ${candle.symbol} among those of ${symbol}`);
  assert(quality.timestampMs === candle.timestampMs, 'a candle and its quality are of different minutes');
  const counts = [candle.timestampMs, candle.volume, quality.ticks, quality.priceChanges, quality.revision, quality.late, quality.gapMs, quality.volSlack ?? 0, quality.maxAgeMs ?? 0];
  assert(counts.every((count) => Number.isSafeInteger(count) && count >= 0), `a count of ${symbol} is no whole number`);
  assert([candle.open, candle.high, candle.low, candle.close].every(Number.isFinite), `a price of ${symbol} is no number`);
}

/** Whether a file left aside is a Parquet file to its end. */
async function isWhole(path: string): Promise<boolean> {
  const file = await openParquet(path, 'OUTPUT').catch(() => undefined);
  return file !== undefined;
}

/** What this sink wrote last of a symbol: the files' hashes, and what is in them. */
interface Last {
  readonly quality: string;
  readonly candles: string;
  readonly pair: StoredPair;
}

/** The sink that writes Parquet. */
export class ParquetSink implements Sink {
  readonly #options: ParquetSinkOptions;
  /** What this sink wrote last of each symbol, by minute: our own rows are not an earlier run's, and yield to what is newer. */
  readonly #own = new Map<string, ReadonlyMap<number, CandleWithQuality>>();
  readonly #last = new Map<string, Last>();

  constructor(options: ParquetSinkOptions) {
    this.#options = options;
  }

  /** Loads what writing needs, so that the first write is no slower than the others. */
  async warmUp(): Promise<void> {
    await loadParquetLibrary();
  }

  /** What writes that were cut off left aside in the folders of `instrument`, which are those of all: one look will do for many. Throws EngineError OUTPUT. */
  async lookAside(instrument: FileInstrument): Promise<Aside> {
    const { outDir } = this.#options;
    return { candles: await asideNames(dirname(candlesPath(outDir, instrument))), quality: await asideNames(dirname(qualityPath(outDir, instrument))) };
  }

  /**
   * Merges `rows` into the instrument's files and returns both. `aside`: of a look since the last write of the same instrument. Throws EngineError FOOTER or OUTPUT; whatever happens, and wherever
   * the process is killed, each file on disk is whole.
   */
  async write(instrument: FileInstrument, rows: readonly CandleWithQuality[], aside?: Aside): Promise<WriteOutcome> {
    for (const row of rows) assertRow(instrument, row);
    const { outDir, zone = '+05:30' } = this.#options;
    await this.#settleLeftovers(instrument, aside ?? (await this.lookAside(instrument)));
    const stored = await this.#stored(instrument);
    const own = this.#own.get(instrument.symbol);
    const merged = mergeRun(stored.rows, rows, own);
    const pair = { rows: merged.rows, candlesZone: stored.candlesZone ?? zone, qualityZone: stored.qualityZone ?? zone };
    const quality = merged.rows.flatMap((row) => row.quality ?? []);
    const files = [
      await this.#encode(qualityPath(outDir, instrument), QUALITY_COLUMNS, quality.map(qualityRecord), pair.qualityZone),
      await this.#encode(candlesPath(outDir, instrument), CANDLE_COLUMNS, merged.rows.map((row) => candleRecord(row.candle)), pair.candlesZone),
    ] as const;
    await this.#place(files[0], files[1]);
    this.#last.set(instrument.symbol, { quality: files[0].sha256, candles: files[1].sha256, pair });
    this.#own.set(instrument.symbol, new Map([...(own ?? []), ...rows.map((row): [number, CandleWithQuality] => [row.candle.timestampMs, row])]));
    return { files: files.map(({ path, rows: count, sha256 }) => ({ path, rows: count, sha256 })), kept: merged.kept };
  }

  /** An instrument's files as they are on disk now. Throws EngineError FOOTER or OUTPUT. */
  async #stored(instrument: FileInstrument): Promise<StoredPair> {
    const { outDir, identity } = this.#options;
    const last = this.#last.get(instrument.symbol);
    const isLast = last !== undefined && (await sha256OfFile(qualityPath(outDir, instrument))) === last.quality && (await sha256OfFile(candlesPath(outDir, instrument))) === last.candles;
    return isLast ? last.pair : readPair(outDir, instrument, identity);
  }

  /** What is on disk for an instrument, sorted. Throws EngineError FOOTER or OUTPUT. */
  async readBack(instrument: FileInstrument): Promise<readonly StoredCandle[]> {
    return (await readPair(this.#options.outDir, instrument, this.#options.identity)).rows;
  }

  async #encode(path: string, columns: readonly Column[], records: readonly ParquetRecord[], zone: Zone) {
    const { encode = encodeParquet } = this.#options;
    const bytes = await encode({ columns, rows: records, zone, keys: footerKeys(this.#options.identity) });
    return { path, rows: records.length, bytes, sha256: sha256Of(bytes) };
  }

  /**
   * Quality goes first. A new partial candle without its quality row would count as whole and never be corrected; a quality row
   * without its candle says nothing. Both are aside and durable before the first rename, the quality file first, so whoever finds
   * the candles aside alone knows that their quality is in place and finishes the second rename.
   */
  async #place(quality: { path: string; bytes: Buffer }, candles: { path: string; bytes: Buffer }): Promise<void> {
    const tag = newTag();
    const qualityAside = await writeAside(quality.path, quality.bytes, tag);
    let candlesAside: string | undefined;
    try {
      candlesAside = await writeAside(candles.path, candles.bytes, tag);
      await syncFolder(dirname(candles.path));
      await renameOver(qualityAside, quality.path, this.#options);
    } catch (error) {
      await this.#discard(qualityAside, candlesAside);
      throw error;
    }
    await syncFolder(dirname(quality.path));
    await renameOver(candlesAside, candles.path, this.#options);
    await syncFolder(dirname(candles.path));
  }

  /** Removes both, the candles first, so that the candles aside are never alone. What cannot be removed is settled by the next write. */
  async #discard(qualityAside: string, candlesAside: string | undefined): Promise<void> {
    try {
      if (candlesAside !== undefined) await rm(candlesAside, { force: true });
      await rm(qualityAside, { force: true });
    } catch (error) {
      // The write's own failure is what the caller hears of; this one would hide it.
      void error;
    }
  }

  /** Finishes or removes what an earlier write left aside, so that the two files agree again. */
  async #settleLeftovers(instrument: FileInstrument, aside: Aside): Promise<void> {
    const { outDir } = this.#options;
    const candles = candlesPath(outDir, instrument);
    const quality = qualityPath(outDir, instrument);
    const begun = new Set(leftoversOf(quality, aside.quality).map(({ tag }) => tag));
    for (const { path, tag } of leftoversOf(candles, aside.candles)) {
      // A file that is not whole can only stand alone when the disk refused its removal, too.
      const whole = !begun.has(tag) && (await isWhole(path));
      if (whole) await renameOver(path, candles, this.#options);
      else await rm(path, { force: true });
    }
    for (const tag of begun) await rm(asideOf(quality, tag), { force: true });
  }
}

/** The first field in which what was read differs from what was expected, as one sentence. */
function difference<Row extends { readonly timestampMs: number }>(path: string, found: ReadonlyMap<number, Row>, expected: readonly Row[]): string | undefined {
  for (const row of expected) {
    const there = found.get(row.timestampMs);
    if (there === undefined) return `${path} has no row for ${istStamp(row.timestampMs)}.`;
    const field = firstDifference(row, there);
    if (field !== undefined) return `${path} has ${field} ${String(there[field])} at ${istStamp(row.timestampMs)} where ${String(row[field])} was sealed.`;
  }
  return undefined;
}

/** A file's rows by minute, or a sentence. Reads with another library than the one that wrote. */
async function readForProof<Row extends { readonly timestampMs: number }>(
  path: string,
  rowFrom: (record: Record<string, unknown>) => Row | undefined,
): Promise<ReadonlyMap<number, Row> | string> {
  const file = await openParquet(path, 'OUTPUT').catch((error: Error) => error.message);
  if (typeof file === 'string') return file;
  if (file === undefined) return `${path} does not exist.`;
  const records = await file.rows().catch((error: Error) => error.message);
  if (typeof records === 'string') return records;
  const found = new Map<number, Row>();
  let previousMs = Number.NEGATIVE_INFINITY;
  for (const [index, record] of records.entries()) {
    const row = rowFrom(record);
    if (row === undefined) return `${path} has a value that is missing or foreign in row ${index + 1}.`;
    if (row.timestampMs <= previousMs) return `${path} is not sorted and unique at ${istStamp(row.timestampMs)}.`;
    previousMs = row.timestampMs;
    found.set(row.timestampMs, row);
  }
  return found;
}

/**
 * Reads a candles file back and returns a sentence on the first difference from `expected`, undefined when every expected row is
 * there as it is and the file is sorted and unique. Rows of earlier runs may be there too. Never rejects for what is in the file.
 */
export async function verifyCandles(path: string, expected: readonly CandleRow[]): Promise<string | undefined> {
  const from = (record: Record<string, unknown>) => candleFrom(record, { symbol: '', exchange: '' });
  const found = await readForProof(path, from);
  return typeof found === 'string' ? found : difference(path, found, expected);
}

/** The same for a quality file. */
export async function verifyQuality(path: string, expected: readonly QualityRow[]): Promise<string | undefined> {
  const found = await readForProof(path, qualityFrom);
  return typeof found === 'string' ? found : difference(path, found, expected);
}
