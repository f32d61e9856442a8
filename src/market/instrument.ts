/** An instrument is (exchange type, token); its symbol is the trading symbol without `-EQ`. */

/** Exchange types of the feed (docs/protocol.md 4). The feed does not answer others, so they are refused here. */
export const EXCHANGE: Readonly<Record<number, string>> = {
  1: 'NSE',
  2: 'NFO',
  3: 'BSE',
  4: 'BFO',
  5: 'MCX',
  7: 'NCDEX',
  13: 'CDS',
};

/** Segments whose trading hours are known (`data/sessions/`). */
export const SEGMENTS = ['NSE', 'BSE', 'NFO', 'BFO', 'MCX', 'CDS'] as const;
export type Segment = (typeof SEGMENTS)[number];

/** A future or an option. */
export interface Contract {
  /** Of the underlying, as the broker writes it: NIFTY. */
  readonly name: string;
  /** `YYYY-MM-DD`. */
  readonly expiry: string;
  /** CE: a call, PE: a put; undefined: a future. */
  readonly option: 'CE' | 'PE' | undefined;
  /** Undefined for a future. */
  readonly strikeRupees: number | undefined;
  readonly lotSize: number;
}

/** Wire units in one rupee: the divisor at output (docs/protocol.md 6, "Price scale"). */
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
  /** Stocks with derivatives take part in the closing auction. */
  readonly derivatives: boolean;
  /** Undefined for a stock or an index. */
  readonly contract?: Contract | undefined;
}

/** Without a position in a run. */
export type Listing = Omit<Instrument, 'index'>;

/**
 * By which a run tells instruments apart, and what a person reads: `RELIANCE` of NSE, `BSE:RELIANCE` of any other
 * exchange. The same symbol may be listed on several.
 */
export function nameOf({ symbol, exchange }: Pick<Instrument, 'symbol' | 'exchange'>): string {
  return exchange === 'NSE' ? symbol : `${exchange}:${symbol}`;
}

/**
 * Whom `name` means in `instruments`: the one of that name, with or without `NSE:`; otherwise the only one of that
 * symbol, which is what older versions wrote of other exchanges. Undefined without one, and with several.
 */
export function namedBy<One extends Pick<Instrument, 'symbol' | 'exchange'>>(
  name: string,
  instruments: readonly One[],
): One | undefined {
  const plain = name.replace(/^NSE:/, '');
  const exact = instruments.find((one) => nameOf(one) === plain);
  if (exact !== undefined) return exact;
  const alike = instruments.filter(({ symbol }) => symbol === name);
  return alike.length === 1 ? alike[0] : undefined;
}

/** FNV-1a, 32 bit unsigned, over UTF-8 bytes. Offset basis and prime are the published constants. */
export function fnv1a32(text: string): number {
  let hash = 2166136261;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}

/** FNV-1a-32 of `NSE:RELIANCE` modulo the number of shards (docs/semantics.md, "Instruments"). */
export function shardOf(instrument: { exchange: string; symbol: string }, shards: number): number {
  return fnv1a32(`${instrument.exchange}:${instrument.symbol}`) % shards;
}

/** Tokens of indices on NSE and BSE: `99926000` is NIFTY 50 (docs/feed-behaviour.md, "Indices"). */
const INDEX_TOKENS = { from: 99_900_000, before: 100_000_000 };

/** True for an index, whose sequence numbers mean nothing and which has no volume. */
export function isIndex({ token }: Pick<Instrument, 'token'>): boolean {
  return Number(token) >= INDEX_TOKENS.from && Number(token) < INDEX_TOKENS.before;
}
