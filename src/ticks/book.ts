/** The best five of a packet: sides and levels, from the rows of the wire and back. */
import { BEST_FIVE_ROWS, type Packet } from '../market/packet.js';
import { BOOK_LEVELS } from './fields.js';

/** The flag of a row that is a buy. */
export const BUY_FLAG = 1;

/**
 * Rows of the wire by side and level, buys first: by their flags if five of them are buys, else by position
 * (docs/frames.md, "Where the official SDKs disagree"). Fills and returns `order`.
 */
export function bookOrder({ bestFlag }: Packet, order: Uint8Array): Uint8Array {
  let buys = 0;
  for (let row = 0; row < BEST_FIVE_ROWS; row++) if (bestFlag[row] === BUY_FLAG) buys++;
  let [buy, sell] = [0, BOOK_LEVELS];
  for (let row = 0; row < BEST_FIVE_ROWS; row++) {
    const isBuy = buys === BOOK_LEVELS ? bestFlag[row] === BUY_FLAG : row < BOOK_LEVELS;
    order[isBuy ? buy++ : sell++] = row;
  }
  return order;
}

/** Rounded above 2^53. */
export const bookQuantity = ({ bestWords }: Packet, row: number): number =>
  bestWords[4 * row + 1] * 4294967296 + (bestWords[4 * row] >>> 0);

/** Rounded above 2^53; in the wire's unit. */
export const bookPrice = ({ bestWords }: Packet, row: number): number =>
  bestWords[4 * row + 3] * 4294967296 + (bestWords[4 * row + 2] >>> 0);

/** One level of a side, integers. */
export interface BookLevel {
  readonly flag: number;
  readonly quantity: bigint;
  readonly price: bigint;
  readonly orders: number;
}

/** Writes row `row` of the wire. */
export function putLevel(packet: Packet, row: number, level: BookLevel): void {
  const { bestFlag, bestOrders, bestWords } = packet;
  bestFlag[row] = level.flag;
  bestOrders[row] = level.orders;
  bestWords[4 * row] = Number(BigInt.asIntN(32, level.quantity));
  bestWords[4 * row + 1] = Number(BigInt.asIntN(32, level.quantity >> 32n));
  bestWords[4 * row + 2] = Number(BigInt.asIntN(32, level.price));
  bestWords[4 * row + 3] = Number(BigInt.asIntN(32, level.price >> 32n));
}
