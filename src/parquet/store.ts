/**
 * Candles on disk: two Parquet files an instrument, merged with what is there. Writes of one store must not overlap.
 * The files are the only truth: every write reads them first, so a restarted process continues from what a killed one
 * wrote. Bytes that this store wrote are recognized by their hash and not decoded again.
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
import type { MinuteRange, StoredCandle } from './merge.js';
import { encodeParquet } from './parquet.js';
import type { ParquetFile, ParquetRecord } from './parquet.js';
import {
  asideNames,
  asideOf,
  isFull,
  leftoversOf,
  newTag,
  renameOver,
  syncFolder,
  writeAside,
} from '../text/atomic-file.js';
import type { RenameEffects } from '../text/atomic-file.js';
import { qualityPath, qualityRecord } from './quality-file.js';
import { openParquet, sha256OfFile } from './reader.js';
import { sha256Of } from './sha256.js';
import { footerKeys, readPair, type StoredPair } from './existing.js';
import { RowMemory, type Memo, type Remembered } from './row-memory.js';

/** A file on disk. */
export interface WrittenFile {
  readonly path: string;
  readonly rows: number;
  /** Of the whole file, hex. */
  readonly sha256: string;
}

export interface WriteOutcome {
  /** Quality, then candles: the order of their renames. */
  readonly files: readonly WrittenFile[];
  /** Minutes (epoch ms) in which a better row of an earlier run stayed although the incoming one differs. */
  readonly kept: readonly number[];
}

/** The run's rows of one instrument that are new, or changed, since the write before. */
export interface Batch {
  readonly instrument: FileInstrument;
  readonly rows: readonly CandleWithQuality[];
}

/** Temporary files, by folder. */
interface Aside {
  readonly candles: readonly string[];
  readonly quality: readonly string[];
}

/** A file with its bytes. */
interface Encoded extends WrittenFile {
  readonly bytes: Buffer;
}

const withoutBytes = ({ path, rows, sha256 }: Encoded): WrittenFile => ({ path, rows, sha256 });

/** Files encoded and in temporary files. It holds no rows: many are prepared together. */
interface Prepared {
  readonly instrument: FileInstrument;
  readonly quality: WrittenFile;
  readonly candles: WrittenFile;
  readonly memo: Memo;
  readonly kept: readonly number[];
  readonly asides: { readonly quality: string; readonly candles: string };
}

/** Instruments of one call: their names become durable together, and no candle waits for a thousand others. */
export const BATCH_INSTRUMENTS = 50;
/** Instruments encoded concurrently: one waits for the disk, another is computed. */
const CONCURRENCY = 2;

export interface ParquetStoreOptions extends RenameEffects {
  readonly outDir: string;
  readonly identity: FileIdentity;
  /** Default `encodeParquet`; others are for comparison. */
  readonly encode?: (file: ParquetFile) => Promise<Buffer>;
  /** Zone of new files (`+05:30`); an existing file keeps its own. */
  readonly zone?: Zone;
  /** Minutes of which the run's killed process saw more than this one. */
  readonly seenBetter?: MinuteRange | undefined;
  /** What was written is remembered packed; default false. */
  readonly manyInstruments?: boolean;
  /** Frees room for a file of `bytes` on a full disk. False when nothing is left to free. */
  readonly giveRoom?: ((bytes: number) => boolean) | undefined;
}

/** Acts once; later calls get the same result or refusal. */
function once(act: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= act());
}

/** Asserts ranges: a row that breaks them is a fault of this program and must not reach a file. */
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
    quality.oiHigh ?? 0,
    quality.oiLow ?? 0,
    quality.oiClose ?? 0,
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

/** True if a temporary file is a whole Parquet file. */
async function isWhole(path: string): Promise<boolean> {
  const file = await openParquet(path, 'OUTPUT').catch(() => undefined);
  return file !== undefined;
}

export class ParquetStore {
  readonly #options: ParquetStoreOptions;
  /** The run's own rows yield to newer ones, an earlier run's may not. */
  readonly #memory: RowMemory;

  constructor(options: ParquetStoreOptions) {
    this.#options = options;
    this.#memory = new RowMemory(options.manyInstruments ?? false);
  }

  /** As `writeAll`, one instrument. Throws EngineError FOOTER or OUTPUT. */
  async write(instrument: FileInstrument, rows: readonly CandleWithQuality[]): Promise<WriteOutcome> {
    const [outcome] = await this.writeAll([{ instrument, rows }]);
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }

  /**
   * Merges rows into each instrument's files. Returns for each its two files, or the EngineError FOOTER or OUTPUT
   * that prevented it: one file that is held open does not prevent the others. Throws EngineError OUTPUT when the
   * folder cannot be listed. Wherever the process is killed, each file on disk is whole.
   *
   * Quality goes first. A new partial candle without its quality row would count as whole and never be corrected; a
   * quality row without its candle is ignored. Both temporary files are durable before the first rename, the quality
   * file's. So a temporary candles file alone means that the quality is in place, and the second rename is finished.
   * Names become durable for all instruments together.
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
    await Promise.all(Array.from({ length: CONCURRENCY }, prepare));
    /** Skips those that have failed. */
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
    return state.map((one) => (one instanceof Error ? one : this.#stored(one)));
  }

  #stored({ instrument, quality, candles, memo, kept }: Prepared): WriteOutcome {
    this.#memory.remember(instrument, memo);
    return { files: [quality, candles], kept };
  }

  /** Merges rows, and writes both temporary files durably. */
  async #prepare({ instrument, rows }: Batch, aside: Aside): Promise<Prepared> {
    for (const row of rows) assertRow(instrument, row);
    const { outDir, zone = '+05:30' } = this.#options;
    await this.#settleLeftovers(instrument, aside);
    const known = this.#memory.recall(instrument);
    const stored = await this.#onDisk(instrument, known);
    const own = new Map(known?.own);
    for (const row of rows) own.set(row.candle.timestampMs, row);
    const merged = mergeRun(stored.rows, [...own.values()], known?.own, this.#options.seenBetter);
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
    const qualityAside = await this.#writeAside(quality, tag);
    try {
      const candlesAside = await this.#writeAside(candles, tag);
      const last = { quality: quality.sha256, candles: candles.sha256, pair };
      return {
        instrument,
        quality: withoutBytes(quality),
        candles: withoutBytes(candles),
        memo: this.#memory.memoOf({ own, last }),
        kept: merged.kept,
        asides: { quality: qualityAside, candles: candlesAside },
      };
    } catch (error) {
      await this.#discard(qualityAside, undefined);
      throw error;
    }
  }

  /** Room that is kept for candles is used only when the disk has no other. */
  async #writeAside({ path, bytes }: Encoded, tag: string): Promise<string> {
    for (;;) {
      try {
        return await writeAside(path, bytes, tag);
      } catch (error) {
        if (!isFull(error) || this.#options.giveRoom?.(bytes.length) !== true) throw error;
      }
    }
  }

  /** An instrument's files now. Throws EngineError FOOTER or OUTPUT. */
  async #onDisk(instrument: FileInstrument, known: Remembered | undefined): Promise<StoredPair> {
    const { outDir, identity } = this.#options;
    const last = known?.last;
    const isLast =
      last !== undefined &&
      (await sha256OfFile(qualityPath(outDir, instrument))) === last.quality &&
      (await sha256OfFile(candlesPath(outDir, instrument))) === last.candles;
    return isLast ? last.pair : readPair(outDir, instrument, identity);
  }

  /** Stored rows, sorted. Throws EngineError FOOTER or OUTPUT. */
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

  /** Removes both, candles first, so that they are never alone. The next write settles what cannot be removed. */
  async #discard(qualityAside: string, candlesAside: string | undefined): Promise<void> {
    try {
      if (candlesAside !== undefined) await rm(candlesAside, { force: true });
      await rm(qualityAside, { force: true });
    } catch (error) {
      // It would hide the write's failure.
      void error;
    }
  }

  /** Finishes or removes what an earlier write left, so that the two files agree again. */
  async #settleLeftovers(instrument: FileInstrument, aside: Aside): Promise<void> {
    const { outDir } = this.#options;
    const candles = candlesPath(outDir, instrument);
    const quality = qualityPath(outDir, instrument);
    const begun = new Set(leftoversOf(quality, aside.quality).map(({ tag }) => tag));
    for (const { path, tag } of leftoversOf(candles, aside.candles)) {
      // One that is not whole is alone only when the disk refused its removal as well.
      const whole = !begun.has(tag) && (await isWhole(path));
      if (whole) await renameOver(path, candles, this.#options);
      else await rm(path, { force: true });
    }
    for (const tag of begun) await rm(asideOf(quality, tag), { force: true });
  }
}
