/**
 * A packet as `tickshard decode` prints it: JSON in the words of `test/vectors/frames.json`.
 *
 * Integers are decimal strings, because JSON readers round above 2^53. Floats are texts as Python's `repr` writes
 * them (`224305.0`, `1e+21`, `nan`), because JSON has no NaN. A token has one character a byte, so that bytes which
 * are not UTF-8 stay visible. Best-five `flag` and `orders` are unsigned.
 */

import { BEST_FIVE_ROWS, FIELD, MODE, type Packet } from '../../market/packet.js';

/** The fields of the packet's mode in the order of the wire. Allocates: for output and tests. */
export function packetJson(packet: Packet): Record<string, unknown> {
  const header = {
    mode: String(packet.mode),
    exchange_type: String(packet.exchangeType),
    token: tokenCharacters(packet),
  };
  switch (packet.mode) {
    case MODE.quote:
      return { ...header, ...ltpJson(packet), ...quoteJson(packet) };
    case MODE.snapquote:
      return { ...header, ...ltpJson(packet), ...quoteJson(packet), ...snapQuoteJson(packet) };
    default:
      return { ...header, ...ltpJson(packet) };
  }
}

/**
 * A float64 as Python's `repr` prints it: the shortest digits that read back the same; an exponent of at least two
 * digits from 1e16 up and below 1e-4, else a decimal point. (ECMAScript picks the same digits, other exponents.)
 */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa, exponentText] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

function ltpJson(packet: Packet): Record<string, unknown> {
  return {
    sequence_number: packet.big(FIELD.sequence).toString(),
    exchange_timestamp: packet.big(FIELD.exchangeMs).toString(),
    last_traded_price: packet.big(FIELD.price).toString(),
  };
}

function quoteJson(packet: Packet): Record<string, unknown> {
  return {
    last_traded_quantity: packet.big(FIELD.lastQuantity).toString(),
    average_traded_price: packet.big(FIELD.averagePrice).toString(),
    volume: packet.big(FIELD.volume).toString(),
    total_buy_quantity: floatText(packet.totalBuyQuantity),
    total_sell_quantity: floatText(packet.totalSellQuantity),
    open: packet.big(FIELD.dayOpen).toString(),
    high: packet.big(FIELD.dayHigh).toString(),
    low: packet.big(FIELD.dayLow).toString(),
    close: packet.big(FIELD.previousClose).toString(),
  };
}

function snapQuoteJson(packet: Packet): Record<string, unknown> {
  const oiChange = packet.big(FIELD.oiChangeBits);
  return {
    last_traded_timestamp: packet.big(FIELD.lastTradeSeconds).toString(),
    open_interest: packet.big(FIELD.openInterest).toString(),
    oi_change_percent_double: floatText(float64Of(oiChange)),
    // The bits too: no text of the float shows the payload of a garbage NaN.
    oi_change_percent_as_int64: oiChange.toString(),
    upper_circuit: packet.big(FIELD.upperCircuit).toString(),
    lower_circuit: packet.big(FIELD.lowerCircuit).toString(),
    high_52w: packet.big(FIELD.high52Week).toString(),
    low_52w: packet.big(FIELD.low52Week).toString(),
    best_five_wire: bestFiveRows(packet),
  };
}

function bestFiveRows(packet: Packet): Record<string, string>[] {
  const { bestFlag, bestOrders, bestWords } = packet;
  return Array.from({ length: BEST_FIVE_ROWS }, (_, row) => ({
    flag: String(bestFlag[row] & 0xffff),
    quantity: int64Text(bestWords[4 * row], bestWords[4 * row + 1]),
    price: int64Text(bestWords[4 * row + 2], bestWords[4 * row + 3]),
    orders: String(bestOrders[row] & 0xffff),
  }));
}

function tokenCharacters(packet: Packet): string {
  return String.fromCharCode(...packet.token.subarray(0, packet.tokenLength));
}

function int64Text(low: number, high: number): string {
  return ((BigInt(high) << 32n) | BigInt(low >>> 0)).toString();
}

function float64Of(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigInt64(0, bits);
  return view.getFloat64(0);
}
