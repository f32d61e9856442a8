/** What a finished minute is, on the way out of the engine. Prices are rupees here and nowhere earlier. */

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

/** One row of the quality file, beside each candle. */
export interface QualityRow {
  readonly timestampMs: number;
  /** Ticks that made the candle. */
  readonly ticks: number;
  /** How often a tick's price differed from the tick before it in the candle. */
  readonly priceChanges: number;
  /** The minute was not seen whole: started, stopped or disconnected inside it. */
  readonly partial: boolean;
  /** How often the candle changed after its first seal. */
  readonly revision: number;
  /** Ticks that came behind the seal. */
  readonly late: number;
  /** Market milliseconds of the minute in which nothing could be seen. */
  readonly gapMs: number;
  /** `continuous`, or `auction` for the closing auction's print. */
  readonly source: CandleSource;
  /**
   * By how much the volume of a whole minute may be wrong at most, either way: what was traded between the last
   * packet before an edge and the first behind it, at the edge where that is more. Null where volume is a number of
   * ticks, or nothing was told yet behind the minute.
   */
  readonly volSlack: number | null;
  /** The high or the low is of a trade that no packet showed, known by the day's high or low. */
  readonly repaired: boolean;
  /** Share of the minute's seconds of which a packet told, 0 to 1; null for an auction. */
  readonly coverage: number | null;
  /** The longest that nothing was told in the minute, from packet to packet and to its edges; null for an auction. */
  readonly maxAgeMs: number | null;
}

export type CandleSource = 'continuous' | 'auction';
export type VolumeKind = 'tick' | 'traded';

/** A candle with its quality: what a shard's bar becomes when it leaves. */
export interface CandleWithQuality {
  readonly candle: CandleRow;
  readonly quality: QualityRow;
}

/** Footer keys that say where a file's rows come from; rows of different footers never meet in one file. */
export interface FileIdentity {
  /** `live` or `sim:SEED`. */
  readonly feed: string;
  readonly mode: string;
  readonly volumeKind: VolumeKind;
}

/** Rows in the order of symbol and minute, which does not tell how many shards there were. */
export function inOrder<Row extends { readonly symbol: string; readonly timestampMs: number }>(
  rows: readonly Row[],
): Row[] {
  return [...rows].sort((a, b) =>
    a.symbol === b.symbol ? a.timestampMs - b.timestampMs : a.symbol < b.symbol ? -1 : 1,
  );
}
