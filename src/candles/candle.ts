/** Candles and their quality, as they leave the engine. Prices are rupees here and nowhere earlier. */

/** A row of `NSE_{SYMBOL}_1m_test.parquet`, or of a longer timeframe: the existing schema, in its order. */
export interface CandleRow {
  readonly symbol: string;
  readonly exchange: string;
  /** The candle's start, epoch ms UTC. Written with zone +05:30. */
  readonly timestampMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Traded quantity, or number of ticks, by the file's `volume_kind`. */
  readonly volume: number;
}

/** How well a candle was seen: a row of the quality file. */
export interface QualityRow {
  readonly timestampMs: number;
  readonly ticks: number;
  /** Ticks whose price differed from the one before in the candle. */
  readonly priceChanges: number;
  /** The run started, stopped or was disconnected within the minute. */
  readonly partial: boolean;
  /** Changes after the first seal. */
  readonly revision: number;
  /** Ticks, and prices of the tail, that came after the seal. */
  readonly late: number;
  /** Market ms of the minute, and of its tail, in which nothing could be seen. */
  readonly gapMs: number;
  /**
   * `auction` for the closing auction's print; `polled` for the broker's candle of a minute that a gap touched; `mixed`
   * for a longer candle with such minutes; of a day's candle also whether it holds the auction's print.
   */
  readonly source: CandleSource;
  /**
   * Maximum error of a whole minute's volume, in either direction: what was traded between the last packet before an
   * edge of the minute and the first after it, at the worse edge. Null where volume is a number of ticks, or before a
   * packet of a later minute.
   */
  readonly volSlack: number | null;
  /** High or low comes from the day's: no packet showed that trade. */
  readonly repaired: boolean;
  /** A packet stamped after the end of trading changed it: the last minute of a session in LTP and Quote mode. */
  readonly tail: boolean;
  /** Share of the minute's seconds that packets report, 0 to 1; null for an auction. */
  readonly coverage: number | null;
  /** Longest time without a packet, the minute's edges included, market ms; null for an auction. */
  readonly maxAgeMs: number | null;
  /** Open interest that SnapQuote packets of the minute told: highest, lowest, last; null where none did. */
  readonly oiHigh: number | null;
  readonly oiLow: number | null;
  readonly oiClose: number | null;
}

export const CANDLE_SOURCES = [
  'continuous',
  'auction',
  'continuous+auction',
  'polled',
  'mixed',
  'mixed+auction',
] as const;
export type CandleSource = (typeof CANDLE_SOURCES)[number];
/** True if the candle is the broker's, in whole or in part. */
export const isPolled = ({ source }: Pick<QualityRow, 'source'>): boolean =>
  source === 'polled' || source.startsWith('mixed');

export type VolumeKind = 'tick' | 'traded';

export interface CandleWithQuality {
  readonly candle: CandleRow;
  readonly quality: QualityRow;
}

/** Footer keys for the origin of rows; one file never holds rows of different origins. */
export interface FileIdentity {
  /** `live`, or `sim:SEED` with `~bursts=VALUE` if changed and `+SYMBOL:DIGEST` of a tape. */
  readonly feed: string;
  readonly mode: string;
  readonly volumeKind: VolumeKind;
  /** By which packets became candles (rules.ts). */
  readonly rules: number;
}

/** Rows by symbol, then minute: the same for any number of shards. */
export function inOrder<Row extends { readonly symbol: string; readonly timestampMs: number }>(
  rows: readonly Row[],
): Row[] {
  return [...rows].sort((a, b) =>
    a.symbol === b.symbol ? a.timestampMs - b.timestampMs : a.symbol < b.symbol ? -1 : 1,
  );
}
