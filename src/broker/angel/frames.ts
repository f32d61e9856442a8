/**
 * Binary frames of the feed: one WebSocket message is one packet, little-endian, without padding (docs/protocol.md 5,
 * 6 and 8).
 *
 *   offset 0      1          2           27         35             43       51
 *          +------+----------+-----------+----------+--------------+--------+
 *          | mode | exchange | token     | sequence | exchange ms  | price  |   LTP, 51 bytes
 *          | u8   | u8       | 25 bytes  | i64      | i64          | i64    |
 *          +------+----------+-----------+----------+--------------+--------+
 *          51         59           67       75        83         91       99       107     115       123
 *          +----------+------------+--------+---------+----------+--------+--------+-------+---------+
 *   ...LTP | last qty | avg price  | volume | tot buy | tot sell | open   | high   | low   | prev    | Quote, 123
 *          | i64      | i64        | i64    | f64     | f64      | i64    | i64    | i64   | close   |
 *          +----------+------------+--------+---------+----------+--------+--------+-------+---------+
 *          123          131        139         147         347           355           363     371     379
 *          +------------+----------+-----------+-----------+-------------+-------------+-------+-------+
 * ...Quote | last trade | open     | OI change | best five | upper       | lower       | 52 wk | 52 wk | SnapQuote,
 *          | i64, s     | interest | f64 bits  | 10 x 20   | circuit i64 | circuit i64 | high  | low   | 379
 *          +------------+----------+-----------+-----------+-------------+-------------+-------+-------+
 *                                                   a row: i16 flag (1 buy), i64 quantity, i64 price, i16 orders
 *
 * The price has eight bytes in every mode; code that reads four agrees only while prices stay small.
 */

import { BEST_FIVE_ROWS, FIELD, MODE, TOKEN_BYTES, type Packet } from '../../market/packet.js';
import type { FrameRefusal } from '../broker.js';

/** Bytes by mode. Exact: two frames in one message or a frame cut short are no packet. */
export const FRAME_LENGTH = {
  [MODE.ltp]: 51,
  [MODE.quote]: 123,
  [MODE.snapquote]: 379,
} as const;

// V8 compiles this module's constants into the code but loads imported ones at each use: a fifth of the time.
const { ltp: LTP, quote: QUOTE, snapquote: SNAPQUOTE } = MODE;
const { [LTP]: LTP_BYTES, [QUOTE]: QUOTE_BYTES, [SNAPQUOTE]: SNAPQUOTE_BYTES } = FRAME_LENGTH;
const FIELDS = FIELD;
const BEST_ROWS = BEST_FIVE_ROWS;

/** Offsets in every frame. */
export const LTP_AT = { mode: 0, exchange: 1, token: 2, sequence: 27, exchangeMs: 35, price: 43 } as const;
const { mode: MODE_AT, exchange: EXCHANGE_AT, token: TOKEN_AT } = LTP_AT;
const TOKEN_END = TOKEN_AT + TOKEN_BYTES;

// Neighbouring int64 fields move as one run: `FIELD` has the order of the wire.
const { sequence: SEQUENCE_AT, exchangeMs: EXCHANGE_MS_AT, price: PRICE_AT } = LTP_AT; // one run
/** Offsets in frames of Quote, and from `lastTradeSeconds` on of SnapQuote. */
export const QUOTE_AT = {
  lastQuantity: 51,
  averagePrice: 59,
  volume: 67,
  totalBuy: 75,
  totalSell: 83,
  dayOpen: 91,
  dayHigh: 99,
  dayLow: 107,
  lastTradeSeconds: 123,
  openInterest: 131,
  bestFive: 147,
  upperCircuit: 347,
  lowerCircuit: 355,
} as const;
const { lastQuantity: LAST_QUANTITY_AT } = QUOTE_AT; // lastQuantity, averagePrice, volume
const { totalBuy: TOTAL_BUY_AT, totalSell: TOTAL_SELL_AT } = QUOTE_AT;
const { dayOpen: DAY_OPEN_AT } = QUOTE_AT; // dayOpen, dayHigh, dayLow, previousClose
const { lastTradeSeconds: LAST_TRADE_AT } = QUOTE_AT; // lastTradeSeconds, openInterest, oiChangeBits
const { bestFive: BEST_FIVE_AT } = QUOTE_AT;
const { upperCircuit: UPPER_CIRCUIT_AT } = QUOTE_AT; // upperCircuit, lowerCircuit, high52Week, low52Week

const BEST_ROW_BYTES = 20;
const BEST_QUANTITY = 2;
const BEST_PRICE = 10;
const BEST_ORDERS = 18;

/** 15 digits are always below 2^53. */
const MAX_DIGITS = 15;
const DIGIT_ZERO = 0x30;

/**
 * Longer frames are copied here and read by the word, which halves the time of a SnapQuote; for the 24 bytes of an
 * LTP frame the copy would cost more than it saves. Five bytes in front put every field outside the best five on a
 * multiple of eight (27 + 5 = 32, 75 + 5 = 80, 347 + 5 = 352) and every row of the best five on an even place.
 */
const SHIFT = 5;
const image = new Uint8Array(384);
const imageHalves = new Uint16Array(image.buffer);
const imageWords = new Int32Array(image.buffer);
const imageDoubles = new Float64Array(image.buffer);

image[0] = 1;
if (imageHalves[0] !== 1)
  throw new Error('the wire is little-endian and this machine is not: frames would be decoded wrongly');

/**
 * Decodes one message into `packet`, or leaves `packet` unchanged and returns why.
 *
 * Any `bytes` will do: nothing is thrown, allocated or kept. Units are the wire's (paise or 1e-7 rupee; ms; seconds
 * for the last trade). An empty message has the wrong length; else the mode is judged first, then its length. What
 * follows a NUL in the token is dropped. Source: docs/protocol.md 5, 6 and 8.
 */
export function decode(bytes: Uint8Array, packet: Packet): FrameRefusal | undefined {
  const length = bytes.length;
  if (length === 0) return 'length';
  const mode = bytes[MODE_AT];
  switch (mode) {
    case LTP:
      if (length !== LTP_BYTES) return 'length';
      break;
    case QUOTE:
      if (length !== QUOTE_BYTES) return 'length';
      break;
    case SNAPQUOTE:
      if (length !== SNAPQUOTE_BYTES) return 'length';
      break;
    default:
      return 'mode';
  }
  readHeader(bytes, packet);
  if (mode === LTP) {
    readPrice(bytes, packet.words);
    return undefined;
  }
  image.set(bytes, SHIFT);
  readQuote(packet);
  if (mode === SNAPQUOTE) readSnapQuote(packet);
  return undefined;
}

/** True if the binary message of `length` bytes at `at` has the length of its mode. */
export function looksLikePacket(bytes: Uint8Array, at: number, length: number): boolean {
  switch (length) {
    case LTP_BYTES:
      return bytes[at] === LTP;
    case QUOTE_BYTES:
      return bytes[at] === QUOTE;
    case SNAPQUOTE_BYTES:
      return bytes[at] === SNAPQUOTE;
    default:
      return false;
  }
}

function readHeader(bytes: Uint8Array, packet: Packet): void {
  packet.mode = bytes[MODE_AT];
  packet.exchangeType = bytes[EXCHANGE_AT];
  const token = packet.token;
  let at = TOKEN_AT;
  let number = 0;
  let digits = true;
  for (; at < TOKEN_END; at++) {
    const byte = bytes[at];
    if (byte === 0) break;
    token[at - TOKEN_AT] = byte;
    const digit = byte - DIGIT_ZERO;
    if (digit < 0 || digit > 9) digits = false;
    number = number * 10 + digit;
  }
  const length = at - TOKEN_AT;
  packet.tokenLength = length;
  // A leading zero makes another token: 02885 is not 2885.
  packet.tokenNumber = digits && length > 0 && length <= MAX_DIGITS && token[0] !== DIGIT_ZERO ? number : -1;
}

function int32At(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** The first three int64. Written out: a loop took half as long again for the whole LTP frame. */
function readPrice(bytes: Uint8Array, words: Int32Array): void {
  words[2 * FIELDS.sequence] = int32At(bytes, SEQUENCE_AT);
  words[2 * FIELDS.sequence + 1] = int32At(bytes, SEQUENCE_AT + 4);
  words[2 * FIELDS.exchangeMs] = int32At(bytes, EXCHANGE_MS_AT);
  words[2 * FIELDS.exchangeMs + 1] = int32At(bytes, EXCHANGE_MS_AT + 4);
  words[2 * FIELDS.price] = int32At(bytes, PRICE_AT);
  words[2 * FIELDS.price + 1] = int32At(bytes, PRICE_AT + 4);
}

function copyFields(words: Int32Array, at: number, first: number, count: number): void {
  let from = (at + SHIFT) >> 2;
  const end = 2 * (first + count);
  for (let to = 2 * first; to < end; to++) words[to] = imageWords[from++];
}

function int32OfHalves(half: number): number {
  return imageHalves[half] | (imageHalves[half + 1] << 16);
}

function readQuote(packet: Packet): void {
  const words = packet.words;
  copyFields(words, SEQUENCE_AT, FIELDS.sequence, 6);
  packet.totalBuyQuantity = imageDoubles[(TOTAL_BUY_AT + SHIFT) >> 3];
  packet.totalSellQuantity = imageDoubles[(TOTAL_SELL_AT + SHIFT) >> 3];
  copyFields(words, DAY_OPEN_AT, FIELDS.dayOpen, 4);
}

function readSnapQuote(packet: Packet): void {
  const { words, bestFlag, bestOrders, bestWords } = packet;
  copyFields(words, LAST_TRADE_AT, FIELDS.lastTradeSeconds, 3);
  let half = (BEST_FIVE_AT + SHIFT) >> 1;
  for (let row = 0; row < BEST_ROWS; row++, half += BEST_ROW_BYTES >> 1) {
    bestFlag[row] = imageHalves[half];
    bestWords[4 * row] = int32OfHalves(half + (BEST_QUANTITY >> 1));
    bestWords[4 * row + 1] = int32OfHalves(half + (BEST_QUANTITY >> 1) + 2);
    bestWords[4 * row + 2] = int32OfHalves(half + (BEST_PRICE >> 1));
    bestWords[4 * row + 3] = int32OfHalves(half + (BEST_PRICE >> 1) + 2);
    bestOrders[row] = imageHalves[half + (BEST_ORDERS >> 1)];
  }
  copyFields(words, UPPER_CIRCUIT_AT, FIELDS.upperCircuit, 4);
}

/**
 * Writes the packet as a frame into `target` at `offset`; returns its length in bytes. What `decode` read comes out
 * as the same bytes, but for zeros after a NUL in the token and the payload of a NaN among the totals.
 *
 * Throws RangeError for an unknown mode, a token that cannot be on the wire, a target too small.
 */
export function encode(packet: Packet, target: Uint8Array, offset = 0): number {
  const { mode, words } = packet;
  if (!isMode(mode)) throw new RangeError(`no frame has mode ${mode}`);
  const length = FRAME_LENGTH[mode];
  if (!Number.isInteger(offset) || offset < 0 || offset + length > target.length) {
    throw new RangeError(`a frame of ${length} bytes does not fit at ${offset} of ${target.length}`);
  }
  writeHeader(packet, target, offset);
  writeFields(words, FIELDS.sequence, 3, target, offset + SEQUENCE_AT);
  if (mode === LTP) return length;
  writeFields(words, FIELDS.lastQuantity, 3, target, offset + LAST_QUANTITY_AT);
  putFloat64(target, offset + TOTAL_BUY_AT, packet.totalBuyQuantity);
  putFloat64(target, offset + TOTAL_SELL_AT, packet.totalSellQuantity);
  writeFields(words, FIELDS.dayOpen, 4, target, offset + DAY_OPEN_AT);
  if (mode === QUOTE) return length;
  writeFields(words, FIELDS.lastTradeSeconds, 3, target, offset + LAST_TRADE_AT);
  for (let row = 0, at = offset + BEST_FIVE_AT; row < BEST_ROWS; row++, at += BEST_ROW_BYTES) {
    putInt16(target, at, packet.bestFlag[row]);
    for (let word = 0; word < 4; word++)
      putInt32(target, at + BEST_QUANTITY + 4 * word, packet.bestWords[4 * row + word]);
    putInt16(target, at + BEST_ORDERS, packet.bestOrders[row]);
  }
  writeFields(words, FIELDS.upperCircuit, 4, target, offset + UPPER_CIRCUIT_AT);
  return length;
}

/** As `encode`, into new memory. */
export function encoded(packet: Packet): Uint8Array {
  const frame = new Uint8Array(isMode(packet.mode) ? FRAME_LENGTH[packet.mode] : 0);
  encode(packet, frame);
  return frame;
}

function isMode(mode: number): mode is keyof typeof FRAME_LENGTH {
  return Object.hasOwn(FRAME_LENGTH, mode);
}

function writeHeader(packet: Packet, target: Uint8Array, offset: number): void {
  const { token, tokenLength } = packet;
  if (!Number.isInteger(tokenLength) || tokenLength < 0 || tokenLength > TOKEN_BYTES) {
    throw new RangeError(`a token has 0 to ${TOKEN_BYTES} bytes, not ${tokenLength}`);
  }
  const nul = token.indexOf(0);
  if (nul >= 0 && nul < tokenLength) throw new RangeError('a NUL would end the token early');
  target[offset + MODE_AT] = packet.mode;
  target[offset + EXCHANGE_AT] = packet.exchangeType;
  for (let byte = 0; byte < TOKEN_BYTES; byte++)
    target[offset + TOKEN_AT + byte] = byte < tokenLength ? token[byte] : 0;
}

function writeFields(words: Int32Array, first: number, count: number, target: Uint8Array, at: number): void {
  const end = 2 * (first + count);
  for (let word = 2 * first; word < end; word++, at += 4) putInt32(target, at, words[word]);
}

function putInt16(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >> 8;
}

function putInt32(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >> 8;
  target[at + 2] = value >> 16;
  target[at + 3] = value >> 24;
}

function putFloat64(target: Uint8Array, at: number, value: number): void {
  imageDoubles[0] = value;
  for (let byte = 0; byte < 8; byte++) target[at + byte] = image[byte];
}
