/** The Parquet sink: collects candles by instrument and stores them at a flush. */
import type { CandleWithQuality } from '../candles/candle.js';
import type { CandleEvent } from '../candles/events.js';
import type { CandleSink, SinkRun } from '../candles/sink.js';
import { isFull, type RenameEffects } from '../text/atomic-file.js';
import { timeframeStem, type FileInstrument } from './candles-file.js';
import type { MinuteRange } from './merge.js';
import { MINUTE_MS } from '../market/session.js';
import { parquetLibrary } from './parquet.js';
import { giveRoom, takeRoomBack, type ReserveToken } from './reserve.js';
import { BATCH_INSTRUMENTS, ParquetStore, type WriteOutcome, type WrittenFile } from './store.js';

/**
 * Files are rewritten whole. With more instruments than this they are stored every STORE_MINUTES and at the end: 1,000
 * take five seconds.
 */
const EACH_MINUTE_INSTRUMENTS = 200;
const STORE_MINUTES = 5;

/** Real ms in total that one flush may wait for files that another program holds open. */
const PATIENCE_MS = 5000;

export interface ParquetSinkOptions extends Omit<RenameEffects, 'mayWait'> {
  readonly outDir: string;
  readonly onWritten: (files: readonly WrittenFile[]) => void;
  /** Minutes of which the run's killed process saw more than this one. */
  readonly seenBetter?: MinuteRange | undefined;
  /** Room that is kept for the candles. */
  readonly reserve?: ReserveToken | undefined;
}

/** Rows of one instrument and timeframe that are not yet on disk, by their start. */
interface Pending {
  readonly instrument: FileInstrument;
  readonly rows: Map<number, CandleWithQuality>;
}

export class ParquetSink implements CandleSink {
  readonly #options: ParquetSinkOptions;
  #store: ParquetStore | undefined;
  /** By `timeframeStem`. */
  readonly #pending = new Map<string, Pending>();
  readonly #kept = new Map<string, ReadonlySet<number>>();
  #patienceMs = 0;
  #isLarge = false;
  /** The newest candle's minute that was written, and stored; its number, -1 for none. */
  #newest = -1;
  #stored = -1;
  #hasFailed = false;

  constructor(options: ParquetSinkOptions) {
    this.#options = options;
  }

  /** Loads the library, so that the first write is not slower. */
  open({ identity, instruments }: SinkRun): Promise<void> {
    this.#isLarge = instruments.length > EACH_MINUTE_INSTRUMENTS;
    const mayWait = (ms: number): boolean => (this.#patienceMs -= ms) >= 0;
    const { reserve } = this.#options;
    this.#store = new ParquetStore({
      ...this.#options,
      identity,
      mayWait,
      manyInstruments: this.#isLarge,
      giveRoom: reserve === undefined ? undefined : (bytes) => giveRoom(reserve, bytes),
    });
    parquetLibrary();
    return Promise.resolve();
  }

  write(events: readonly CandleEvent[]): Promise<void> {
    for (const event of events) {
      if (event.type !== 'candle' && event.type !== 'revision') continue;
      const { candle, quality } = event;
      const instrument: FileInstrument = { ...event.instrument, timeframe: event.timeframe };
      const stem = timeframeStem(instrument);
      const pending = this.#pending.get(stem) ?? { instrument, rows: new Map() };
      pending.rows.set(candle.timestampMs, { candle, quality });
      this.#newest = Math.max(this.#newest, Math.floor(candle.timestampMs / MINUTE_MS));
      this.#pending.set(stem, pending);
    }
    return Promise.resolve();
  }

  /**
   * Stores what is pending; of many instruments only every few minutes. An instrument whose files are held open, or on
   * a full disk, stays pending and does not prevent the others. Throws AggregateError of EngineErrors OUTPUT and
   * FOOTER.
   */
  async flush(): Promise<void> {
    if (!this.#isLarge || this.#hasFailed || this.#isDue()) await this.#storeAll();
  }

  /** True if a candle was written that ends, or follows, the minutes of one store. */
  #isDue(): boolean {
    return Math.floor((this.#newest + 1) / STORE_MINUTES) > Math.floor((this.#stored + 1) / STORE_MINUTES);
  }

  async #storeAll(): Promise<void> {
    this.#stored = this.#newest;
    const { reserve } = this.#options;
    this.#patienceMs = PATIENCE_MS;
    let errors = await this.#storePending(BATCH_INSTRUMENTS);
    // Temporary files of one instrument need the least room, and replace files as large.
    if (errors.some(isFull)) errors = await this.#storePending(1);
    if (reserve !== undefined) takeRoomBack(reserve);
    this.#hasFailed = errors.length > 0;
    if (errors.length > 0) throw new AggregateError(errors, errors[0].message);
  }

  /** Returns the errors of those that stay pending. */
  async #storePending(batchInstruments: number): Promise<Error[]> {
    const all = [...this.#pending.values()];
    const errors: Error[] = [];
    for (let from = 0; from < all.length; from += batchInstruments)
      errors.push(...(await this.#storeBatch(all.slice(from, from + batchInstruments))));
    return errors;
  }

  /** Returns the errors of those that stay pending. */
  async #storeBatch(batch: readonly Pending[]): Promise<Error[]> {
    const store = this.#store!;
    const all = batch.map(({ instrument, rows }) => ({ instrument, rows: [...rows.values()] }));
    const outcomes: readonly (WriteOutcome | Error)[] = await store
      .writeAll(all)
      .catch((error: Error) => [error]);
    const files: WrittenFile[] = [];
    for (const [k, outcome] of outcomes.entries()) {
      if (outcome instanceof Error) continue;
      const stem = timeframeStem(batch[k].instrument);
      files.push(...outcome.files);
      this.#kept.set(stem, new Set(outcome.kept));
      this.#pending.delete(stem);
    }
    if (files.length > 0) this.#options.onWritten(files);
    return outcomes.filter((outcome) => outcome instanceof Error);
  }

  async close(): Promise<void> {
    await this.#storeAll();
  }

  /** Candles (their start, epoch ms) in which a better row of an earlier run stayed in the file. */
  kept(instrument: FileInstrument): ReadonlySet<number> {
    return this.#kept.get(timeframeStem(instrument)) ?? new Set<number>();
  }
}
