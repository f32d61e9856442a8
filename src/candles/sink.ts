/** The interface of a sink, and how a run names one. */
import type { FileIdentity } from './candle.js';
import type { CandleEvent, EventInstrument } from './events.js';

export interface SinkRun {
  readonly identity: FileIdentity;
  /** Any instant of the market's date, epoch ms. */
  readonly marketDateMs: number;
  readonly instruments: readonly EventInstrument[];
}

/**
 * A consumer of candles in the writer's thread. Calls never overlap. A sink may take as long as it needs: memory
 * holds the run's candles, so a slow sink only reads later and delays no other.
 *
 * After the thread's death a new sink gets every event of the run again. So storing must be idempotent: a minute's
 * last event counts.
 *
 * Errors are reported and end nothing; each error of an AggregateError singly.
 */
export interface CandleSink {
  /** First. Loads and connects what is needed. */
  open(run: SinkRun): Promise<void>;
  /** Takes events, in order. Keeps what it cannot store. */
  write(events: readonly CandleEvent[]): Promise<void>;
  /** Stores durably all that was taken. Also retries what was refused. */
  flush(): Promise<void>;
  /** Last, after a flush. */
  close(): Promise<void>;
}

/** A sink by its module, loaded on demand in the writer's thread. */
export interface SinkModule {
  /** For people, e.g. `nats`. */
  readonly name: string;
  /** The compiled module, which exports `createSink`. */
  readonly url: string;
  /** Plain data for `createSink`. */
  readonly settings: unknown;
}

/** What a sink's module exports. */
export interface SinkExports {
  readonly createSink: (settings: unknown) => CandleSink;
}
