/** Snapshots as packets of the wire, in each mode. */
import { BEST_FIVE_ROWS, FIELD, MODE, Packet } from '../market/packet.js';
import { encode, FRAME_LENGTH } from '../wire/frames.js';
import type { SubscriptionMode } from '../wire/requests.js';
import type { Snapshot } from './stock.js';

const packet = new Packet();

/** A number in [0, 2^32) that depends on both words only: the book's figures need no memory. */
function mixed(a: number, b: number): number {
  let z = Math.imul(a ^ Math.imul(b + 1, 0x9e3779b1), 0x85ebca6b);
  z ^= z >>> 13;
  return Math.imul(z, 0xc2b2ae35) >>> 0;
}

function setQuote({ stock, ...snapshot }: Snapshot): void {
  packet.setNumber(FIELD.lastQuantity, snapshot.lastQuantity);
  packet.setNumber(FIELD.averagePrice, snapshot.averagePrice);
  packet.setNumber(FIELD.volume, snapshot.volume);
  packet.setNumber(FIELD.dayOpen, snapshot.dayOpen);
  packet.setNumber(FIELD.dayHigh, snapshot.dayHigh);
  packet.setNumber(FIELD.dayLow, snapshot.dayLow);
  packet.setNumber(FIELD.previousClose, stock.previousClose);
  // After the close the book is empty.
  const open = snapshot.atMs < stock.session.closeMs;
  packet.totalBuyQuantity = open ? 10_000 + (mixed(snapshot.sequence, 1) % 400_000) : 0;
  packet.totalSellQuantity = open ? 10_000 + (mixed(snapshot.sequence, 2) % 400_000) : 0;
}

function setSnapQuote({ stock, ...snapshot }: Snapshot): void {
  packet.setNumber(FIELD.lastTradeSeconds, snapshot.lastTradeSeconds);
  packet.setNumber(FIELD.openInterest, stock.openInterest);
  packet.setNumber(FIELD.oiChangeBits, mixed(snapshot.sequence, 3));
  packet.setNumber(FIELD.upperCircuit, stock.circuits.upper);
  packet.setNumber(FIELD.lowerCircuit, stock.circuits.lower);
  packet.setNumber(FIELD.high52Week, stock.yearRange.high);
  packet.setNumber(FIELD.low52Week, stock.yearRange.low);
  const tick = Math.max(1, Math.round(stock.listing.tickSizeRupees * 100));
  const open = snapshot.atMs < stock.session.closeMs;
  for (let row = 0; row < BEST_FIVE_ROWS; row++) {
    const buy = row < BEST_FIVE_ROWS / 2;
    const level = buy ? row : row - BEST_FIVE_ROWS / 2;
    const figure = mixed(snapshot.sequence, 10 + row);
    packet.bestFlag[row] = buy ? 1 : 0;
    packet.bestOrders[row] = open ? 1 + (figure % 40) : 0;
    packet.bestWords[4 * row] = open ? 1 + (figure % 5000) : 0;
    packet.bestWords[4 * row + 1] = 0;
    packet.bestWords[4 * row + 2] = open ? snapshot.price + (buy ? -level : level + 1) * tick : 0;
    packet.bestWords[4 * row + 3] = 0;
  }
}

/** The snapshot as one frame of `mode`. */
export function frameOf(snapshot: Snapshot, mode: SubscriptionMode): Buffer {
  const { listing } = snapshot.stock;
  packet.mode = mode;
  packet.exchangeType = listing.exchangeType;
  packet.setToken(listing.token);
  packet.setNumber(FIELD.sequence, snapshot.sequence);
  // Whole seconds of feed time, whenever the last trade was (PROTOCOL.md 7).
  packet.setNumber(FIELD.exchangeMs, Math.floor(snapshot.atMs / 1000) * 1000);
  packet.setNumber(FIELD.price, snapshot.price);
  if (mode !== MODE.ltp) setQuote(snapshot);
  if (mode === MODE.snapquote) setSnapQuote(snapshot);
  const bytes = Buffer.allocUnsafe(FRAME_LENGTH[mode]);
  encode(packet, bytes);
  return bytes;
}
