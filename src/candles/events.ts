/**
 * What the engine knows of candles, as values: a consumer implements `CandleSink` (`sink.ts`) and needs nothing else.
 * `stream.ts` makes them from shared memory.
 */
import type { Instrument } from '../market/instrument.js';
import type { CandleRow, CandleWithQuality } from './candle.js';

/** The instrument of an event. */
export type EventInstrument = Pick<Instrument, 'exchange' | 'token' | 'symbol'>;

interface Positioned {
  /**
   * Position in the run: minute, then instrument, as one number. It depends on the market's minutes and on the run's
   * list of instruments only, so a run and its replay agree, with any number of shards. A revision has the position
   * of its candle.
   */
  readonly sequence: number;
  /** Market time up to which the event speaks, epoch ms. */
  readonly marketMs: number;
}

interface OfMinute extends Positioned, CandleWithQuality {
  readonly instrument: EventInstrument;
  readonly timeframe: '1m';
}

/** A minute was sealed, or was still open when the run ended and is partial. Comes once for each minute. */
interface CandleSealed extends OfMinute {
  readonly type: 'candle';
}

/**
 * The candle or the quality of a minute changed after its `candle` event: a late packet, or a gap that became known.
 */
interface CandleRevised extends OfMinute {
  readonly type: 'revision';
  /** The candle as it was sealed; undefined when the minute had no tick then. */
  readonly previous: CandleRow | undefined;
}

/**
 * Nothing could be seen of any instrument from `fromMs` to `toMs`, epoch ms. Comes when the gap opens (`toMs` is
 * undefined) and again when it ends. The first gap of a run is the time before its first connection, and the last is
 * the time after its end.
 */
interface GapSeen extends Positioned {
  readonly type: 'gap';
  readonly fromMs: number;
  readonly toMs: number | undefined;
}

/** The run is over: every candle has been sent. Comes last. */
interface RunEnded extends Positioned {
  readonly type: 'end';
}

export type CandleEvent = CandleSealed | CandleRevised | GapSeen | RunEnded;
