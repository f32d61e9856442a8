/**
 * Where finished candles go: two Parquet files an instrument, merged with what is on disk. Writes of one sink must not overlap. What is on
 * disk is read anew on every write, so the files are the only truth and a restarted process continues where the killed one was; bytes
 * that this sink wrote itself are known by their hash and not taken apart again.
 */
import assert from 'node:assert';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CandleWithQuality, FileIdentity } from '../candles/candle.js';
import { candleRecord, candlesPath } from './candles-file.js';
import type { FileInstrument } from './candles-file.js';
import { CANDLE_COLUMNS, QUALITY_COLUMNS } from './columns.js';
import type { Column, Zone } from './columns.js';
import { mergeRun } from './merge.js';
import type { StoredCandle } from './merge.js';
import { encodeParquet, loadParquetLibrary } from './parquet.js';
import type { ParquetFile, ParquetRecord } from './parquet.js';
import {
  asideNames,
  asideOf,
  leftoversOf,
  newTag,
  renameOver,
  syncFolder,
  writeAside,
} from '../text/atomic-file.js';
import type { RenameEffects } from '../text/atomic-file.js';
import { qualityPath, qualityRecord } from './quality-file.js';
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

/** What is known of one instrument's day, to be stored. */
export interface Batch {
  readonly instrument: FileInstrument;
  readonly rows: readonly CandleWithQuality[];
}

/** Names of files written aside, by folder. */
interface Aside {
  readonly candles: readonly string[];
  readonly quality: readonly string[];
}

/** A file's bytes, and what is known of them. */
interface Encoded extends WrittenFile {
  readonly bytes: Buffer;
}

/** An instrument's files, encoded and written aside. */
interface Prepared extends Batch {
  readonly quality: Encoded;
  readonly candles: Encoded;
  readonly pair: StoredPair;
  readonly kept: readonly number[];
  readonly asides: { readonly quality: string; readonly candles: string };
}

/** Instruments that are best stored by one call: their names become durable together, and no candle waits for a thousand others. */
export const TOGETHER = 50;
/** Instruments whose files are made at once: while one waits for the disk, another is computed. */
const AT_ONCE = 2;

/** What the engine needs of storage. */
export interface Sink {
  /** Stores candles of one instrument; the same rows twice leave equal content. */
  write(instrument: FileInstrument, rows: readonly CandleWithQuality[]): Promise<WriteOutcome>;
}

export interface ParquetSinkOptions extends RenameEffects {
  readonly outDir: string;
  readonly identity: FileIdentity;
  /** Makes a file's bytes; `encodeParquet` unless another is compared with it. */
  readonly encode?: (file: ParquetFile) => Promise<Buffer>;
  /** Zone of files that do not exist yet (`+05:30`); an existing file keeps its own. */
  readonly zone?: Zone;
}

/** Does it when it is first asked for, and once; whoever asks again gets the same answer, or the same refusal. */
function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= act());
}

/** The columns' ranges, asserted: a row that breaks them is a fault of this program and must not reach a file. */
function assertRow({ symbol, exchange }: FileInstrument, { candle, quality }: CandleWithQuality): void {
  assert(
    candle.symbol === symbol && candle.exchange === exchange,
    `a candle of ${candle.symbol} among those of ${symbol}`,
  );
  assert(quality.timestampMs === candle.timestampMs, 'a candle and its quality are of different minutes');
  const counts = [
    candle.timestampMs,
    candle.volume,
    quality.ticks,
    quality.priceChanges,
    quality.revision,
    quality.late,
    quality.gapMs,
    quality.volSlack ?? 0,
    quality.maxAgeMs ?? 0,
  ];
  assert(
    counts.every((count) => Number.isSafeInteger(count) && count >= 0),
    `a count of ${symbol} is no whole number`,
  );
  assert(
    [candle.open, candle.high, candle.low, candle.close].every(Number.isFinite),
    `a price of ${symbol} is no number`,
  );
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

  /** As `writeAll`, one instrument. Throws EngineError FOOTER or OUTPUT. */
  async write(instrument: FileInstrument, rows: readonly CandleWithQuality[]): Promise<WriteOutcome> {
    const [outcome] = await this.writeAll([{ instrument, rows }]);
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }

  /**
   * Merges rows into the files of each instrument and returns both, or the EngineError FOOTER or OUTPUT that kept it from being stored:
   * one file that is held open keeps no other from being written. Throws EngineError OUTPUT when the folder cannot be looked at.
   * Whatever happens, and wherever the process is killed, each file on disk is whole.
   *
   * Quality goes first. A new partial candle without its quality row would count as whole and never be corrected; a quality row
   * without its candle says nothing. Both are aside and durable before the first rename, the quality file first, so whoever finds
   * the candles aside alone knows that their quality is in place and finishes the second rename. Names become durable for all together.
   */
  async writeAll(all: readonly Batch[]): Promise<(WriteOutcome | Error)[]> {
    if (all.length === 0) return [];
    const { outDir } = this.#options;
    const candlesFolder = dirname(candlesPath(outDir, all[0].instrument));
    const qualityFolder = dirname(qualityPath(outDir, all[0].instrument));
    const aside = { candles: await asideNames(candlesFolder), quality: await asideNames(qualityFolder) };
    const state: (Prepared | Error)[] = [];
    const left = all.entries();
    const prepare = async (): Promise<void> => {
      for (const [k, one] of left) state[k] = await this.#prepare(one, aside).catch((error: Error) => error);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, prepare));
    /** Goes on with those that nothing has befallen yet. */
    const each = async (step: (one: Prepared) => Promise<void>): Promise<void> => {
      for (const [k, one] of state.entries())
        if (!(one instanceof Error)) await step(one).catch((error: Error) => void (state[k] = error));
    };
    const asideNamed = once(() => syncFolder(candlesFolder));
    await each(async ({ asides, quality }) => {
      try {
        await asideNamed();
        await renameOver(asides.quality, quality.path, this.#options);
      } catch (error) {
        await this.#discard(asides.quality, asides.candles);
        throw error;
      }
    });
    const qualityNamed = once(() => syncFolder(qualityFolder));
    await each(async ({ asides, candles }) => {
      await qualityNamed();
      await renameOver(asides.candles, candles.path, this.#options);
    });
    await each(once(() => syncFolder(candlesFolder)));
    return state.map((one) => (one instanceof Error ? one : this.#stands(one)));
  }

  /** Notes what is in place now. */
  #stands({ instrument, rows, quality, candles, pair, kept }: Prepared): WriteOutcome {
    const own = this.#own.get(instrument.symbol);
    this.#last.set(instrument.symbol, { quality: quality.sha256, candles: candles.sha256, pair });
    this.#own.set(
      instrument.symbol,
      new Map([
        ...(own ?? []),
        ...rows.map((row): [number, CandleWithQuality] => [row.candle.timestampMs, row]),
      ]),
    );
    return {
      files: [quality, candles].map(({ path, rows: count, sha256 }) => ({ path, rows: count, sha256 })),
      kept,
    };
  }

  /** Merges rows into what is on disk, and writes both files aside, durable. */
  async #prepare({ instrument, rows }: Batch, aside: Aside): Promise<Prepared> {
    for (const row of rows) assertRow(instrument, row);
    const { outDir, zone = '+05:30' } = this.#options;
    await this.#settleLeftovers(instrument, aside);
    const stored = await this.#stored(instrument);
    const merged = mergeRun(stored.rows, rows, this.#own.get(instrument.symbol));
    const pair = {
      rows: merged.rows,
      candlesZone: stored.candlesZone ?? zone,
      qualityZone: stored.qualityZone ?? zone,
    };
    const qualityRows = merged.rows.flatMap((row) => row.quality ?? []);
    const quality = await this.#encode(
      qualityPath(outDir, instrument),
      QUALITY_COLUMNS,
      qualityRows.map(qualityRecord),
      pair.qualityZone,
    );
    const candles = await this.#encode(
      candlesPath(outDir, instrument),
      CANDLE_COLUMNS,
      merged.rows.map((row) => candleRecord(row.candle)),
      pair.candlesZone,
    );
    const tag = newTag();
    const qualityAside = await writeAside(quality.path, quality.bytes, tag);
    try {
      const candlesAside = await writeAside(candles.path, candles.bytes, tag);
      return {
        instrument,
        rows,
        quality,
        candles,
        pair,
        kept: merged.kept,
        asides: { quality: qualityAside, candles: candlesAside },
      };
    } catch (error) {
      await this.#discard(qualityAside, undefined);
      throw error;
    }
  }

  /** An instrument's files as they are on disk now. Throws EngineError FOOTER or OUTPUT. */
  async #stored(instrument: FileInstrument): Promise<StoredPair> {
    const { outDir, identity } = this.#options;
    const last = this.#last.get(instrument.symbol);
    const isLast =
      last !== undefined &&
      (await sha256OfFile(qualityPath(outDir, instrument))) === last.quality &&
      (await sha256OfFile(candlesPath(outDir, instrument))) === last.candles;
    return isLast ? last.pair : readPair(outDir, instrument, identity);
  }

  /** What is on disk for an instrument, sorted. Throws EngineError FOOTER or OUTPUT. */
  async readBack(instrument: FileInstrument): Promise<readonly StoredCandle[]> {
    return (await readPair(this.#options.outDir, instrument, this.#options.identity)).rows;
  }

  async #encode(
    path: string,
    columns: readonly Column[],
    records: readonly ParquetRecord[],
    zone: Zone,
  ): Promise<Encoded> {
    const { encode = encodeParquet } = this.#options;
    const bytes = await encode({ columns, rows: records, zone, keys: footerKeys(this.#options.identity) });
    return { path, rows: records.length, bytes, sha256: sha256Of(bytes) };
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
