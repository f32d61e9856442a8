/**
 * The fields of a packet by the names of the broker's Python client, which exports have, and other spellings that
 * recordings have: the JavaScript client's, and short ones. Source: docs/frames.md 6, and the clients' sources.
 */
import { FIELD, MODE, type ModeName, type PacketField } from '../market/packet.js';

/** What an int64 of the wire is. Prices are in the wire's unit. */
type FieldKind = 'integer' | 'price' | 'ms' | 'seconds';

export interface WireField {
  readonly name: string;
  readonly kind: FieldKind;
  readonly field: PacketField;
  /** The first mode that has it. */
  readonly mode: ModeName;
  /** In lower case, words joined by `_`. */
  readonly aliases: readonly string[];
}

const row = (
  mode: ModeName,
  name: string,
  kind: FieldKind,
  field: PacketField,
  ...aliases: readonly string[]
): WireField => ({ name, kind, field, mode, aliases });

/** In the order of the wire, best five and totals left out. */
export const WIRE_FIELDS: readonly WireField[] = [
  row(
    'ltp',
    'sequence_number',
    'integer',
    FIELD.sequence,
    'seq',
    'sequence',
    'sequence_no',
    'sequencenumber',
  ),
  row('ltp', 'exchange_timestamp', 'ms', FIELD.exchangeMs, 'exchange_time', 'exchangetimestamp', 'exch_ts'),
  row('ltp', 'last_traded_price', 'price', FIELD.price, 'ltp', 'last_price', 'lasttradedprice'),
  row('quote', 'last_traded_quantity', 'integer', FIELD.lastQuantity, 'ltq', 'lasttradedquantity'),
  row('quote', 'average_traded_price', 'price', FIELD.averagePrice, 'avg_traded_price', 'avg', 'atp'),
  row('quote', 'volume_trade_for_the_day', 'integer', FIELD.volume, 'vol_traded', 'volume', 'volume_traded'),
  row('quote', 'open_price_of_the_day', 'price', FIELD.dayOpen, 'open_price_day', 'open'),
  row('quote', 'high_price_of_the_day', 'price', FIELD.dayHigh, 'high_price_day', 'high'),
  row('quote', 'low_price_of_the_day', 'price', FIELD.dayLow, 'low_price_day', 'low'),
  row('quote', 'closed_price', 'price', FIELD.previousClose, 'close_price', 'close'),
  row('snapquote', 'last_traded_timestamp', 'seconds', FIELD.lastTradeSeconds, 'last_trade_time', 'ltt'),
  row('snapquote', 'open_interest', 'integer', FIELD.openInterest, 'oi'),
  row('snapquote', 'upper_circuit_limit', 'price', FIELD.upperCircuit, 'upper_circuit'),
  row('snapquote', 'lower_circuit_limit', 'price', FIELD.lowerCircuit, 'lower_circuit'),
  row('snapquote', '52_week_high_price', 'price', FIELD.high52Week, 'fiftytwo_week_high', '52_week_high'),
  row('snapquote', '52_week_low_price', 'price', FIELD.low52Week, 'fiftytwo_week_low', '52_week_low'),
];

/** The two float64 of the wire, from `quote` on. */
export const TOTAL_FIELDS = [
  { name: 'total_buy_quantity', member: 'totalBuyQuantity', aliases: ['total_buy', 'tbq'] },
  { name: 'total_sell_quantity', member: 'totalSellQuantity', aliases: ['total_sell', 'tsq'] },
] as const;

/** A float64 that the broker documents as garbage. The Python client shows its bits as an int64. */
export const OI_CHANGE = {
  name: 'open_interest_change_percentage',
  aliases: ['open_interest_change', 'oi_change'],
} as const;

/** The two lists of the best five, as the clients have them; a table has a column for each of their values. */
export const BOOK_SIDES = [
  { side: 'buy', list: 'best_5_buy_data' },
  { side: 'sell', list: 'best_5_sell_data' },
] as const;
export const BOOK_LEVELS = 5;

/** E.g. `buy_1_price`: level 1 is the best. */
export const bookColumn = (side: string, level: number, value: 'price' | 'quantity' | 'orders'): string =>
  `${side}_${level}_${value}`;

/** Other members of a packet, and those of a packet's receipt. */
export const OTHER_FIELDS = {
  mode: { name: 'subscription_mode', aliases: ['mode', 'subscriptionmode'] },
  exchangeType: { name: 'exchange_type', aliases: ['exch', 'exchangetype', 'exch_type', 'exchange_code'] },
  token: { name: 'token', aliases: ['symboltoken', 'symbol_token', 'instrument_token', 'tk'] },
  symbol: { name: 'symbol', aliases: ['trading_symbol', 'tradingsymbol', 'stock', 'scrip'] },
  received: {
    name: 'received_timestamp',
    aliases: [
      ...['received_at', 'received', 'received_time', 'received_ist', 'receive_time', 'receive_timestamp'],
      ...['recv_time', 'recv_timestamp', 'recv_ts', 'arrival_time', 'local_time', 'local_timestamp'],
      ...['system_time', 'packet_received_time', 'ist'],
    ],
  },
  wall: { name: 'wall_timestamp', aliases: [] },
  subscribed: { name: 'subscribed_timestamp', aliases: [] },
  connection: { name: 'connection', aliases: [] },
  arrival: { name: 'arrival', aliases: [] },
  unit: { name: 'price_unit', aliases: [] },
} as const;

/** True if packets of `mode` have what begins with `first`. */
export const hasSince = (mode: ModeName, first: ModeName): boolean => MODE[mode] >= MODE[first];
