/**
 * A decoded packet of the feed: the caller's scratch memory.
 *
 * An int64 of the wire is two 32-bit words: nothing is lost above 2^53, nothing is allocated. Prices stay in the
 * wire's unit (paise; 1e-7 rupee for exchange type 13). Layout: docs/protocol.md 5, 6 and 8.
 */

/** A number further below the one before on its connection is no older packet's: the counter restarted. */
export const MAX_SEQUENCE_FALL = 1_000_000;

/** Modes on the wire. The broker withdrew mode 4 (Depth-20); it is refused (docs/protocol.md 8). */
export const MODE = { ltp: 1, quote: 2, snapquote: 3 } as const;

/** Modes by their name on the command line. */
export type ModeName = 'ltp' | 'quote' | 'snapquote';

/** int64 fields in `Packet.words`: low word at `2 * field`, high word at `2 * field + 1`. */
export const FIELD = {
  sequence: 0,
  /** Epoch ms, whole seconds in practice. Feed time, not trade time (docs/protocol.md 7). */
  exchangeMs: 1,
  price: 2,
  lastQuantity: 3,
  averagePrice: 4,
  /** Cumulative for the day. */
  volume: 5,
  dayOpen: 6,
  dayHigh: 7,
  dayLow: 8,
  /** Also after today's close. */
  previousClose: 9,
  /** Epoch seconds, not ms (SnapQuote). */
  lastTradeSeconds: 10,
  openInterest: 11,
  /** A float64 that the broker documents as garbage. */
  oiChangeBits: 12,
  upperCircuit: 13,
  lowerCircuit: 14,
  high52Week: 15,
  low52Week: 16,
} as const;

export type PacketField = (typeof FIELD)[keyof typeof FIELD];

const FIELD_COUNT = 17;
export const TOKEN_BYTES = 25;
export const BEST_FIVE_ROWS = 10;

/** Scratch for any mode. Read only fields of the packet's mode: others keep old values. */
export class Packet {
  mode = 0;
  exchangeType = 0;
  /** Bytes up to the first NUL; `token[0..tokenLength)`. */
  readonly token = new Uint8Array(TOKEN_BYTES);
  tokenLength = 0;
  /** The token, 1 to 15 digits without leading zero; else -1. */
  tokenNumber = -1;
  readonly words = new Int32Array(FIELD_COUNT * 2);
  totalBuyQuantity = 0;
  totalSellQuantity = 0;
  /** SnapQuote's best five in wire order. Flag 1 is buy, 0 is sell. */
  readonly bestFlag = new Int16Array(BEST_FIVE_ROWS);
  readonly bestOrders = new Int16Array(BEST_FIVE_ROWS);
  readonly bestWords = new Int32Array(BEST_FIVE_ROWS * 4);

  /** Exact up to 2^53, rounded above. */
  number(field: PacketField): number {
    return this.words[2 * field + 1] * 4294967296 + (this.words[2 * field] >>> 0);
  }

  /** Allocates: for output and tests only. */
  big(field: PacketField): bigint {
    return (BigInt(this.words[2 * field + 1]) << 32n) | BigInt(this.words[2 * field] >>> 0);
  }

  /** `value`: a safe integer. */
  setNumber(field: PacketField, value: number): void {
    this.words[2 * field] = value | 0;
    this.words[2 * field + 1] = Math.floor(value / 4294967296) | 0;
  }

  setBig(field: PacketField, value: bigint): void {
    this.words[2 * field] = Number(BigInt.asIntN(32, value));
    this.words[2 * field + 1] = Number(BigInt.asIntN(32, value >> 32n));
  }

  /** Cut to 25 UTF-8 bytes. Allocates. */
  setToken(text: string): void {
    const { written } = new TextEncoder().encodeInto(text, this.token);
    this.token.fill(0, written);
    this.tokenLength = written;
    this.tokenNumber = /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : -1;
  }

  /** Allocates. */
  tokenText(): string {
    return new TextDecoder().decode(this.token.subarray(0, this.tokenLength));
  }
}
