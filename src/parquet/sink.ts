/** The Parquet sink: collects candles by instrument and stores them at a flush. */
import type { CandleWithQuality } from '../candles/candle.js';
import type { CandleEvent } from '../candles/events.js';
import type { CandleSink, SinkRun } from '../candles/sink.js';
import { isFull, type RenameEffects } from '../text/atomic-file.js';
import type { FileInstrument } from './candles-file.js';
import type { MinuteRange } from './merge.js';
import { loadParquetLibrary } from './parquet.js';
import { giveRoom, takeRoomBack, type ReserveToken } from './reserve.js';
import { BATCH_INSTRUMENTS, ParquetStore, type WriteOutcome, type WrittenFile } from './store.js';

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

/** Rows that are not yet on disk, by minute. */
interface Pending {
  readonly instrument: FileInstrument;
  readonly rows: Map<number, CandleWithQuality>;
}

export class ParquetSink implements CandleSink {
  readonly #options: ParquetSinkOptions;
  #store: ParquetStore | undefined;
  /** By symbol. */
  readonly #pending = new Map<string, Pending>();
  readonly #kept = new Map<string, ReadonlySet<number>>();
  #patienceMs = 0;

  constructor(options: ParquetSinkOptions) {
    this.#options = options;
  }

  /** Loads the library, so that the first write is not slower. */
  async open({ identity }: SinkRun): Promise<void> {
    const mayWait = (ms: number): boolean => (this.#patienceMs -= ms) >= 0;
    const { reserve } = this.#options;
    this.#store = new ParquetStore({
      ...this.#options,
      identity,
      mayWait,
      giveRoom: reserve === undefined ? undefined : (bytes) => giveRoom(reserve, bytes),
    });
    await loadParquetLibrary();
  }

  write(events: readonly CandleEvent[]): Promise<void> {
    for (const event of events) {
      if (event.type !== 'candle' && event.type !== 'revision') continue;
      const { instrument, candle, quality } = event;
      const pending = this.#pending.get(instrument.symbol) ?? { instrument, rows: new Map() };
      pending.rows.set(candle.timestampMs, { candle, quality });
      this.#pending.set(instrument.symbol, pending);
    }
    return Promise.resolve();
  }

  /**
   * Stores what is pending. An instrument whose files are held open, or on a full disk, stays pending and does not
   * prevent the others. Throws AggregateError of EngineErrors OUTPUT and FOOTER.
   */
  async flush(): Promise<void> {
    const { reserve } = this.#options;
    this.#patienceMs = PATIENCE_MS;
    let errors = await this.#storePending(BATCH_INSTRUMENTS);
    // Temporary files of one instrument need the least room, and replace files as large.
    if (errors.some(isFull)) errors = await this.#storePending(1);
    if (reserve !== undefined) takeRoomBack(reserve);
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
    const all = batch.map(({ instrument, rows }) => ({
      instrument,
      rows: [...new Map([...store.written(instrument), ...rows]).values()],
    }));
    const outcomes: readonly (WriteOutcome | Error)[] = await store
      .writeAll(all)
      .catch((error: Error) => [error]);
    const files: WrittenFile[] = [];
    for (const [k, outcome] of outcomes.entries()) {
      if (outcome instanceof Error) continue;
      const { symbol } = batch[k].instrument;
      files.push(...outcome.files);
      this.#kept.set(symbol, new Set(outcome.kept));
      this.#pending.delete(symbol);
    }
    if (files.length > 0) this.#options.onWritten(files);
    return outcomes.filter((outcome) => outcome instanceof Error);
  }

  async close(): Promise<void> {
    await this.flush();
  }

  /** Minutes (epoch ms) in which a better row of an earlier run stayed in the file. */
  kept(symbol: string): ReadonlySet<number> {
    return this.#kept.get(symbol) ?? new Set<number>();
  }
}
