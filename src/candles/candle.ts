/** Candles and their quality, as they leave the engine. Prices are rupees here and nowhere earlier. */

/** One row of `NSE_{SYMBOL}_1m_test.parquet`: the existing schema, in its order. */
export interface CandleRow {
  readonly symbol: string;
  readonly exchange: string;
  /** Start of the minute, epoch ms UTC. Written with zone +05:30. */
  readonly timestampMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Traded quantity, or the number of ticks: the file's `volume_kind` says which. */
  readonly volume: number;
}

/** How well a candle was seen: one row of the quality file. */
export interface QualityRow {
  readonly timestampMs: number;
  /** Ticks that made the candle. */
  readonly ticks: number;
  /** How often a tick's price differed from the tick before it in the candle. */
  readonly priceChanges: number;
  /** The run started, stopped or was disconnected within the minute, so it was not seen whole. */
  readonly partial: boolean;
  /** How often the candle changed after its first seal. */
  readonly revision: number;
  /** Ticks that came after the seal. */
  readonly late: number;
  /** Market milliseconds of the minute in which nothing could be seen. */
  readonly gapMs: number;
  /** `continuous`, or `auction` for the closing auction's print. */
  readonly source: CandleSource;
  /**
   * Maximum error of the volume of a whole minute, in either direction: what was traded between the last packet
   * before an edge of the minute and the first after it, at the edge where that is more. Null where volume is a
   * number of ticks, or before a packet of a later minute.
   */
  readonly volSlack: number | null;
  /** The high or the low comes from the day's high or low: no packet showed that trade. */
  readonly repaired: boolean;
  /** Share of the minute's seconds that packets report, 0 to 1; null for an auction. */
  readonly coverage: number | null;
  /** Longest time without a packet in the minute, its edges included, market ms; null for an auction. */
  readonly maxAgeMs: number | null;
}

export type CandleSource = 'continuous' | 'auction';
export type VolumeKind = 'tick' | 'traded';

/** A candle with its quality. */
export interface CandleWithQuality {
  readonly candle: CandleRow;
  readonly quality: QualityRow;
}

/** Footer keys that say where a file's rows come from; one file never holds rows of different origins. */
export interface FileIdentity {
  /** `live` or `sim:SEED`. */
  readonly feed: string;
  readonly mode: string;
  readonly volumeKind: VolumeKind;
}

/** Rows by symbol, then by minute: the same for any number of shards. */
export function inOrder<Row extends { readonly symbol: string; readonly timestampMs: number }>(
  rows: readonly Row[],
): Row[] {
  return [...rows].sort((a, b) =>
    a.symbol === b.symbol ? a.timestampMs - b.timestampMs : a.symbol < b.symbol ? -1 : 1,
  );
}
