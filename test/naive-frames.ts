/** Frames and hours for naive.ts, written from the documents and not from the code. Imports nothing from `src`. */

export interface NaiveInstrument {
  readonly symbol: string;
  readonly exchangeType: number;
  readonly token: string;
  /** Whether the instrument has a closing auction. Default true, as for every NIFTY 50 stock. */
  readonly derivatives?: boolean;
  /** Hours that differ from the exchange's, `HH:mm`. */
  readonly hours?: { readonly open: string; readonly close: string };
  /** Minutes of a candle, from the opening; the last one may be short. Default 1. */
  readonly candleMinutes?: number;
}

/** One binary message. */
export interface NaivePacket {
  readonly bytes: Uint8Array;
  /** Number of its connection. A later connection has a greater one. */
  readonly connection: number;
  /** Market ms between sending the subscription on this connection and this packet's arrival. */
  readonly marketMsSinceSubscribe: number;
  /** The same in real ms, which differ in an accelerated market. */
  readonly realMsSinceSubscribe: number;
  /**
   * Whether it was its instrument's first on the connection. Needed only where the list does not show it, because
   * earlier ones are later in the list, or are missing because their time was refused.
   */
  readonly first?: boolean;
  /** The latest minute sealed before it, if any was; Infinity: the auction. */
  readonly sealedMs?: number;
}

export const MINUTE = 60_000;
export const DAY = 86_400_000;
export const SAFE = 9_007_199_254_740_991n;
const LENGTHS: Readonly<Record<number, number>> = { 1: 51, 2: 123, 3: 379 };
export const EXCHANGES = [1, 2, 3, 4, 5, 7, 13];
const AUCTION_SINCE = '2026-08-03';

export interface Frame {
  readonly exchangeType: number;
  readonly token: string;
  readonly mode: number;
  readonly sequence: bigint;
  readonly exchangeMs: bigint;
  readonly price: bigint;
  readonly volume: bigint;
  readonly lastQuantity: bigint;
  readonly lastTradeSeconds: bigint;
  readonly openInterest: bigint;
  readonly dayHigh: bigint;
  readonly dayLow: bigint;
  readonly previousClose: bigint;
  /** Zero where the mode has none. */
  readonly circuits: { readonly lower: bigint; readonly upper: bigint };
}

const hasAuction = (instrument: NaiveInstrument, date: string): boolean =>
  instrument.derivatives !== false && date >= AUCTION_SINCE && instrument.hours === undefined;
export const closeOf = (instrument: NaiveInstrument, date: string): number =>
  ist(date, instrument.hours?.close ?? (hasAuction(instrument, date) ? '15:15' : '15:30'));

export const openOf = (instrument: NaiveInstrument, date: string): number =>
  ist(date, instrument.hours?.open ?? '09:15');

/** Epoch ms of an IST date and time of day. */
export function ist(date: string, time: string): number {
  return Date.parse(`${date}T${time}:00+05:30`);
}

export function decode(bytes: Uint8Array): Frame | 'length' | 'mode' {
  if (bytes.length === 0) return 'length';
  if (LENGTHS[bytes[0]] === undefined) return 'mode';
  if (bytes.length !== LENGTHS[bytes[0]]) return 'length';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mode = bytes[0];
  const token = Buffer.from(bytes.slice(2, 27)).toString('latin1').split('\0')[0];
  return {
    exchangeType: bytes[1],
    token,
    mode,
    sequence: view.getBigInt64(27, true),
    exchangeMs: view.getBigInt64(35, true),
    price: view.getBigInt64(43, true),
    volume: mode === 2 || mode === 3 ? view.getBigInt64(67, true) : 0n,
    lastQuantity: mode === 2 || mode === 3 ? view.getBigInt64(51, true) : 0n,
    lastTradeSeconds: mode === 3 ? view.getBigInt64(123, true) : 0n,
    openInterest: mode === 3 ? view.getBigInt64(131, true) : 0n,
    dayHigh: mode === 2 || mode === 3 ? view.getBigInt64(99, true) : 0n,
    dayLow: mode === 2 || mode === 3 ? view.getBigInt64(107, true) : 0n,
    previousClose: mode === 2 || mode === 3 ? view.getBigInt64(115, true) : 0n,
    circuits: {
      upper: mode === 3 ? view.getBigInt64(347, true) : 0n,
      lower: mode === 3 ? view.getBigInt64(355, true) : 0n,
    },
  };
}

/** The minute that contains a time, or undefined outside the session. */
export function minuteOf(
  instrument: NaiveInstrument,
  date: string,
  timeMs: number,
): { labelMs: number; fromMs: number; toMs: number; auction: boolean } | undefined {
  const withAuction = hasAuction(instrument, date);
  const open = openOf(instrument, date);
  const close = closeOf(instrument, date);
  if (timeMs >= open && timeMs < close) {
    const length = (instrument.candleMinutes ?? 1) * MINUTE;
    const start = timeMs - ((timeMs - open) % length);
    return { labelMs: start, fromMs: start, toMs: Math.min(start + length, close), auction: false };
  }
  const [fromMs, toMs] = [ist(date, '15:28'), ist(date, '15:35')];
  if (withAuction && timeMs >= fromMs && timeMs < toMs)
    return { labelMs: ist(date, '15:29'), fromMs, toMs, auction: true };
  return undefined;
}

/** How long after continuous trading the feed may still show trades of its last minute. */
export const TAIL = 2000;

/** The label of the session's last minute, if a stamp is in the tail after it. */
export function tailOf(instrument: NaiveInstrument, date: string, stampMs: number): number | undefined {
  const close = closeOf(instrument, date);
  return stampMs >= close && stampMs < close + TAIL
    ? minuteOf(instrument, date, close - MINUTE)!.labelMs
    : undefined;
}

/** The minute that a stamp may tell of: that of its time, or the session's last one in its tail. */
export function stampedIn(
  instrument: NaiveInstrument,
  date: string,
  stampMs: number,
): ReturnType<typeof minuteOf> {
  return minuteOf(instrument, date, tailOf(instrument, date, stampMs) ?? stampMs);
}

export interface Tick {
  readonly timeMs: number;
  readonly connection: number;
  readonly sequence: bigint;
  readonly price: number;
  readonly quantity: number;
  /** The part of `quantity` that may have been traded before the minute, and the time of the previous packet. */
  readonly slack: number;
  readonly sinceMs: number | undefined;
  /** Prices of trades since the previous packet, in the same minute, that no packet showed. */
  readonly unshown: readonly number[];
  /** False for a packet that is kept for its `unshown`, or for its price in the tail. */
  readonly isTick: boolean;
  /** Stamped after the end of continuous trading. */
  readonly tail: boolean;
  /** True for a tick of which only a volume told that was taken back: its price stays with others. */
  readonly uncounted: boolean;
}

/** -1, 0 or 1 as `a` is before, level with or after `b`; 0 where either lacks a sequence or the counter restarted. */
export function compare(a: Tick, b: Tick): number {
  if (a.timeMs !== b.timeMs) return a.timeMs < b.timeMs ? -1 : 1;
  if (a.connection !== b.connection) return a.connection < b.connection ? -1 : 1;
  if (a.sequence <= 0n || b.sequence <= 0n || a.sequence === b.sequence) return 0;
  if (b.sequence - a.sequence > 1_000_000n) return 0;
  return a.sequence < b.sequence ? -1 : 1;
}

/** Whether the packet's day range holds its price, and is within a quarter of it. */
export function hasSoundRange(frame: Frame): boolean {
  const [price, low, high] = [frame.price, frame.dayLow, frame.dayHigh].map(Number);
  return low <= price && price <= high && low >= 0.75 * price && high <= 1.25 * price;
}
