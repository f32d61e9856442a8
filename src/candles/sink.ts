/** Where candles go: the interface of a sink, and how a run names one. */
import type { FileIdentity } from './candle.js';
import type { CandleEvent, EventInstrument } from './events.js';

/** The run whose candles a sink gets. */
export interface SinkRun {
  readonly identity: FileIdentity;
  /** Any instant of the market's date, epoch ms. */
  readonly marketDateMs: number;
  readonly instruments: readonly EventInstrument[];
}

/**
 * A consumer of candles in the writer's thread. Calls never overlap. A sink may take as long as it needs: memory
 * holds the run's candles, so a slow sink only reads later, and no other sink waits for it.
 *
 * After the death of the thread a new sink is opened and gets every event of the run again. So storing must be
 * idempotent: of a minute's events the one that came last counts.
 *
 * Errors are reported and end nothing. An AggregateError reports each of its errors.
 */
export interface CandleSink {
  /** Comes first. Loads and connects what is needed. */
  open(run: SinkRun): Promise<void>;
  /** Takes events, in order. What it cannot store it keeps. */
  write(events: readonly CandleEvent[]): Promise<void>;
  /** Stores all that was taken, durably. Also called to retry what was refused. */
  flush(): Promise<void>;
  /** Comes last, after a flush. */
  close(): Promise<void>;
}

/** A sink by its module, loaded in the writer's thread when it is asked for. */
export interface SinkModule {
  /** For messages to people, e.g. `nats`. */
  readonly name: string;
  /** URL of the compiled module, which exports `createSink`. */
  readonly url: string;
  /** Plain data, passed to `createSink`. */
  readonly settings: unknown;
}

/** What a sink's module exports. */
export interface SinkExports {
  readonly createSink: (settings: unknown) => CandleSink;
}
