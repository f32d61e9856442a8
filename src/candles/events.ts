/**
 * What a run says of candles, as values: for every `CandleSink` (`sink.ts`), for `--stream` and `/events`, and for
 * programs that use the library. `stream.ts` makes them from shared memory; docs/candles.md explains them.
 */
import type { Instrument } from '../market/instrument.js';
import type { Timeframe } from '../market/timeframe.js';
import type { ConnectionNotice, RunVerdict } from '../memory/notices.js';
import type { GapCause } from '../memory/record.js';
import type { CandleRow, CandleWithQuality } from './candle.js';

export type EventInstrument = Pick<Instrument, 'exchange' | 'token' | 'symbol'>;

interface Positioned {
  /**
   * Position in the run: minute, then instrument, then timeframe, as one number; of a longer candle its last minute's.
   * It depends only on the market's minutes and the run's instruments and timeframes, so a run and its replay agree,
   * with any number of shards. A revision has its candle's position.
   */
  readonly sequence: number;
  /** Market time up to which the event speaks, epoch ms. */
  readonly marketMs: number;
}

interface OfMinute extends Positioned, CandleWithQuality {
  readonly instrument: EventInstrument;
  readonly timeframe: Timeframe;
  /**
   * Changes since the minute was sealed: 0 in a `candle`, unless it was read after a change. Of a longer candle the sum
   * of its minutes'. Of the same candle the event with the highest counts, and of two with the same the later one.
   */
  readonly revision: number;
}

/** A candle was sealed, or was open when the run ended and is partial. Once for each. */
export interface CandleSealed extends OfMinute {
  readonly type: 'candle';
}

/** A candle or its quality changed after its `candle` event: a late packet, or a gap that became known. */
export interface CandleRevised extends OfMinute {
  readonly type: 'revision';
  /** As sealed, of a longer candle as its minutes were; null when there was no tick then. */
  readonly previous: CandleRow | null;
}

/**
 * Nothing could be seen of any instrument from `fromMs` to `toMs`, epoch ms. Comes when the gap opens (`toMs` null)
 * and again when it ends. A run's first gap is the time before its first connection, its last the time after its end.
 */
export interface GapSeen extends Positioned {
  readonly type: 'gap';
  readonly fromMs: number;
  readonly toMs: number | null;
  readonly cause: GapCause;
}

/** An instrument stopped ticking while others tick. Not in a replay. */
export interface InstrumentStale extends Positioned {
  readonly type: 'stale';
  readonly instrument: EventInstrument;
  /** Its last tick, or when the first was due, epoch ms. */
  readonly sinceMs: number;
}

/** It ticks again. Not in a replay. */
export interface InstrumentLive extends Positioned {
  readonly type: 'live';
  readonly instrument: EventInstrument;
}

/** The connection opened, ended, or waits before the next attempt. Not in a replay. */
export type ConnectionChanged = { readonly type: 'connection'; readonly sequence: number } & ConnectionNotice;

/** Every candle has been sent. Comes last. */
export interface RunEnded extends Positioned {
  readonly type: 'end';
  /** Of the run; null without one: the library judges nothing, and a sink gets its events before the verdict. */
  readonly verdict: RunVerdict | null;
}

export type CandleEvent =
  CandleSealed | CandleRevised | GapSeen | InstrumentStale | InstrumentLive | ConnectionChanged | RunEnded;
