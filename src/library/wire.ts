/**
 * `tickshard/wire`: the broker's binary frames as objects and back. Integers are bigints, so nothing is lost; prices
 * are in the wire's unit (`rupees` converts). Field by field: docs/protocol.md 5 and 6.
 */
import type { FrameRefusal } from '../broker/broker.js';
import { priceScale } from '../market/instrument.js';
import { broker } from '../run/broker.js';
import { BEST_FIVE_ROWS, FIELD, MODE, Packet, type ModeName } from '../market/packet.js';

interface FrameHeader {
  readonly exchangeType: number;
  /** At most 25 bytes. */
  readonly token: string;
  /** 0 for indices. */
  readonly sequence: bigint;
  /** Epoch ms. */
  readonly exchangeMs: bigint;
  readonly price: bigint;
}

export interface LtpFrame extends FrameHeader {
  readonly mode: 'ltp';
}

interface QuoteFields extends FrameHeader {
  readonly lastQuantity: bigint;
  readonly averagePrice: bigint;
  /** Of the day so far. */
  readonly volume: bigint;
  readonly totalBuyQuantity: number;
  readonly totalSellQuantity: number;
  readonly dayOpen: bigint;
  readonly dayHigh: bigint;
  readonly dayLow: bigint;
  readonly previousClose: bigint;
}

export interface QuoteFrame extends QuoteFields {
  readonly mode: 'quote';
}

/** One of ten rows of the best five, in the order of the wire. */
export interface BestFiveRow {
  /** 1: buy, 0: sell. */
  readonly flag: number;
  readonly quantity: bigint;
  readonly price: bigint;
  readonly orders: number;
}

export interface SnapQuoteFrame extends QuoteFields {
  readonly mode: 'snapquote';
  /** Epoch seconds. */
  readonly lastTradeSeconds: bigint;
  readonly openInterest: bigint;
  /** The bits of a float64 that the broker documents as garbage. */
  readonly oiChangeBits: bigint;
  readonly upperCircuit: bigint;
  readonly lowerCircuit: bigint;
  readonly high52Week: bigint;
  readonly low52Week: bigint;
  readonly bestFive: readonly BestFiveRow[];
}

export type Frame = LtpFrame | QuoteFrame | SnapQuoteFrame;

/** Why bytes are no frame: their length is not their mode's, or the mode is unknown. */
export interface RefusedFrame {
  readonly refused: FrameRefusal;
}

const HEADER = ['sequence', 'exchangeMs', 'price'] as const;
const QUOTE = [
  'lastQuantity',
  'averagePrice',
  'volume',
  'dayOpen',
  'dayHigh',
  'dayLow',
  'previousClose',
] as const;
const TOTALS = ['totalBuyQuantity', 'totalSellQuantity'] as const;
const SNAPQUOTE = [
  'lastTradeSeconds',
  'openInterest',
  'oiChangeBits',
  'upperCircuit',
  'lowerCircuit',
  'high52Week',
  'low52Week',
] as const;
type FieldName = keyof typeof FIELD;

const fieldsOf = (mode: number): readonly FieldName[] =>
  mode === MODE.ltp
    ? HEADER
    : mode === MODE.quote
      ? [...HEADER, ...QUOTE]
      : [...HEADER, ...QUOTE, ...SNAPQUOTE];

const nameOf = (mode: number): ModeName =>
  (Object.keys(MODE) as ModeName[]).find((name) => MODE[name] === mode)!;

/** Decodes one binary message of the feed. Never throws, whatever the bytes. */
export function decode(bytes: Uint8Array): Frame | RefusedFrame {
  const packet = new Packet();
  const refused = broker.codec.decode(bytes, packet);
  if (refused !== undefined) return { refused };
  const { mode, exchangeType } = packet;
  const frame: Record<string, unknown> = { mode: nameOf(mode), exchangeType, token: packet.tokenText() };
  for (const name of fieldsOf(mode)) frame[name] = packet.big(FIELD[name]);
  if (mode !== MODE.ltp) for (const name of TOTALS) frame[name] = packet[name];
  if (mode === MODE.snapquote) frame['bestFive'] = bestFiveOf(packet);
  return frame as unknown as Frame;
}

function bestFiveOf({ bestFlag, bestOrders, bestWords }: Packet): BestFiveRow[] {
  const big = (at: number): bigint => (BigInt(bestWords[at + 1]) << 32n) | BigInt(bestWords[at] >>> 0);
  return Array.from({ length: BEST_FIVE_ROWS }, (_, row) => ({
    flag: bestFlag[row],
    quantity: big(4 * row),
    price: big(4 * row + 2),
    orders: bestOrders[row],
  }));
}

/** Encodes a frame. Throws RangeError for an unknown mode or a token of more than 25 bytes, TypeError for no bigint. */
export function encode(frame: Frame): Uint8Array {
  if (!Object.hasOwn(MODE, frame.mode)) throw new RangeError(`no frame has mode ${String(frame.mode)}`);
  if (new TextEncoder().encode(frame.token).length > 25) throw new RangeError('a token has at most 25 bytes');
  const packet = new Packet();
  packet.mode = MODE[frame.mode];
  packet.exchangeType = frame.exchangeType;
  packet.setToken(frame.token);
  const values = frame as unknown as Readonly<Record<string, bigint>>;
  for (const name of fieldsOf(packet.mode)) packet.setBig(FIELD[name], values[name]);
  if (frame.mode !== 'ltp') for (const name of TOTALS) packet[name] = frame[name];
  if (frame.mode === 'snapquote') putBestFive(packet, frame.bestFive);
  return broker.codec.encode(packet);
}

function putBestFive({ bestFlag, bestOrders, bestWords }: Packet, rows: readonly BestFiveRow[]): void {
  const put = (at: number, value: bigint): void => {
    bestWords[at] = Number(BigInt.asIntN(32, value));
    bestWords[at + 1] = Number(BigInt.asIntN(32, value >> 32n));
  };
  for (const [row, { flag, quantity, price, orders }] of rows.slice(0, BEST_FIVE_ROWS).entries()) {
    bestFlag[row] = flag;
    bestOrders[row] = orders;
    put(4 * row, quantity);
    put(4 * row + 2, price);
  }
}

/** A price of the wire in rupees: paise, or for currencies (exchange type 13) 1e-7 rupees. */
export function rupees(exchangeType: number, price: bigint): number {
  return Number(price) / priceScale(exchangeType);
}
