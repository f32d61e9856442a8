/** Instruments. An instrument is (exchange type, token); its symbol is the trading symbol without `-EQ`. */

/**
 * Exchange types of the feed (docs/protocol.md 4). The feed does not answer an unknown one, so it is refused
 * here.
 */
export const EXCHANGE: Readonly<Record<number, string>> = {
  1: 'NSE',
  2: 'NFO',
  3: 'BSE',
  4: 'BFO',
  5: 'MCX',
  7: 'NCDEX',
  13: 'CDS',
};

/** Wire units in one rupee. Prices are divided by it at output only (docs/protocol.md 6, "Price scale"). */
export function priceScale(exchangeType: number): number {
  return exchangeType === 13 ? 10_000_000 : 100;
}

export interface Instrument {
  /** Position in this run. Hot state is arrays by index, never maps by token. */
  readonly index: number;
  readonly symbol: string;
  readonly exchange: string;
  readonly exchangeType: number;
  readonly token: string;
  readonly tickSizeRupees: number;
  /** Whether the stock has derivatives and so takes part in the closing auction. */
  readonly derivatives: boolean;
}

/** An instrument as a list has it, without a position in a run. */
export type Listing = Omit<Instrument, 'index'>;

/**
 * FNV-1a, 32 bit, over the UTF-8 bytes of `text`, as an unsigned integer. Offset basis and prime are the
 * published constants.
 */
export function fnv1a32(text: string): number {
  let hash = 2166136261;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}

/**
 * The instrument's shard: FNV-1a-32 of `NSE:RELIANCE` modulo the number of shards (docs/semantics.md,
 * "Instruments").
 */
export function shardOf(instrument: { exchange: string; symbol: string }, shards: number): number {
  return fnv1a32(`${instrument.exchange}:${instrument.symbol}`) % shards;
}
