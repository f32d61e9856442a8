/** Packets for the tests of this room, written and read by offsets of docs/frames.md. Imports nothing from `src`. */

/** Prices in paise. */
export interface Sketch {
  readonly mode: 1 | 2 | 3;
  readonly exchange: number;
  readonly token: string;
  /** Makes every field differ. */
  readonly k: number;
  readonly exchangeMs: number;
}

const LENGTH = { 1: 51, 2: 123, 3: 379 } as const;
const price = (k: number, salt: number): number => 100_000 + 5 * k + salt;

/** Each field from `k`, all different. Sells come before buys if `k` is a multiple of 7. */
export function frameOf({ mode, exchange, token, k, exchangeMs }: Sketch): Buffer {
  const bytes = Buffer.alloc(LENGTH[mode]);
  const int64 = (at: number, value: number): void => void bytes.writeBigInt64LE(BigInt(value), at);
  bytes[0] = mode;
  bytes[1] = exchange;
  bytes.write(token, 2, 'latin1');
  int64(27, 5_000_000 + k);
  int64(35, exchangeMs);
  int64(43, price(k, 0));
  if (mode === 1) return bytes;
  int64(51, 1 + (k % 50));
  int64(59, price(k, 1));
  int64(67, 1000 + 3 * k);
  bytes.writeDoubleLE(10_000 + k, 75);
  bytes.writeDoubleLE(20_000 + k, 83);
  for (const [j, at] of [91, 99, 107, 115].entries()) int64(at, price(k, 2 + j));
  if (mode === 2) return bytes;
  int64(123, Math.floor(exchangeMs / 1000));
  int64(131, 70_000 + k);
  bytes.writeDoubleLE(k / 8, 139);
  for (let level = 0; level < 10; level++) {
    const at = 147 + 20 * level;
    const isBuy = level < 5 !== (k % 7 === 0);
    bytes.writeInt16LE(isBuy ? 1 : 0, at);
    int64(at + 2, 10 * k + level);
    int64(at + 10, price(k, 20 + level));
    bytes.writeInt16LE(level + 1, at + 18);
  }
  for (const [j, at] of [347, 355, 363, 371].entries()) int64(at, price(k, 40 + j));
  return bytes;
}

/** What an export says of a frame, by column, prices in paise; from the document alone. */
export function columnsOf(bytes: Buffer): Record<string, number | string> {
  const int64 = (at: number): number => Number(bytes.readBigInt64LE(at));
  const columns: Record<string, number | string> = {
    subscription_mode: bytes[0],
    exchange_type: bytes[1],
    token: bytes.toString('latin1', 2, 27).split('\0')[0],
    sequence_number: int64(27),
    exchange_timestamp: int64(35),
    last_traded_price: int64(43),
  };
  if (bytes[0] === 1) return columns;
  Object.assign(columns, {
    last_traded_quantity: int64(51),
    average_traded_price: int64(59),
    volume_trade_for_the_day: int64(67),
    total_buy_quantity: bytes.readDoubleLE(75),
    total_sell_quantity: bytes.readDoubleLE(83),
    open_price_of_the_day: int64(91),
    high_price_of_the_day: int64(99),
    low_price_of_the_day: int64(107),
    closed_price: int64(115),
  });
  if (bytes[0] === 2) return columns;
  Object.assign(columns, {
    last_traded_timestamp: 1000 * int64(123),
    open_interest: int64(131),
    open_interest_change_percentage: bytes.readDoubleLE(139),
    upper_circuit_limit: int64(347),
    lower_circuit_limit: int64(355),
    '52_week_high_price': int64(363),
    '52_week_low_price': int64(371),
  });
  const levels = { buy: 0, sell: 0 };
  for (let row = 0; row < 10; row++) {
    const at = 147 + 20 * row;
    const side = bytes.readInt16LE(at) === 1 ? 'buy' : 'sell';
    const level = ++levels[side];
    columns[`${side}_${level}_quantity`] = int64(at + 2);
    columns[`${side}_${level}_price`] = int64(at + 10);
    columns[`${side}_${level}_orders`] = bytes.readInt16LE(at + 18);
  }
  return columns;
}

/** Columns with prices. */
export const isPrice = (name: string): boolean => name.includes('price') || name.endsWith('circuit_limit');
