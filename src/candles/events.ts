/**
 * What the engine knows of candles, as values: all that a `CandleSink` (`sink.ts`) needs. `stream.ts` makes them from
 * shared memory.
 */
import type { Instrument } from '../market/instrument.js';
import type { CandleRow, CandleWithQuality } from './candle.js';

export type EventInstrument = Pick<Instrument, 'exchange' | 'token' | 'symbol'>;

interface Positioned {
  /**
   * Position in the run: minute, then instrument, as one number. It depends only on the market's minutes and the
   * run's list of instruments, so a run and its replay agree, with any number of shards. A revision has its candle's
   * position.
   */
  readonly sequence: number;
  /** Market time up to which the event speaks, epoch ms. */
  readonly marketMs: number;
}

interface OfMinute extends Positioned, CandleWithQuality {
  readonly instrument: EventInstrument;
  readonly timeframe: '1m';
}

/** A minute was sealed, or was open when the run ended and is partial. Once for each minute. */
interface CandleSealed extends OfMinute {
  readonly type: 'candle';
}

/** A minute's candle or quality changed after its `candle` event: a late packet, or a gap that became known. */
interface CandleRevised extends OfMinute {
  readonly type: 'revision';
  /** As sealed; undefined when the minute had no tick then. */
  readonly previous: CandleRow | undefined;
}

/**
 * Nothing could be seen of any instrument from `fromMs` to `toMs`, epoch ms. Comes when the gap opens (`toMs`
 * undefined) and again when it ends. A run's first gap is the time before its first connection, its last the time
 * after its end.
 */
interface GapSeen extends Positioned {
  readonly type: 'gap';
  readonly fromMs: number;
  readonly toMs: number | undefined;
}

/** Every candle has been sent. Comes last. */
interface RunEnded extends Positioned {
  readonly type: 'end';
}

export type CandleEvent = CandleSealed | CandleRevised | GapSeen | RunEnded;
