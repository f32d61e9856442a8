/** The columns of an export: their names, types and values. */
import type { Instrument } from '../market/instrument.js';
import { priceScale } from '../market/instrument.js';
import { FIELD, MODE, type ModeName, type Packet, type PacketField } from '../market/packet.js';
import type { ColumnType } from '../parquet/columns.js';
import { bookPrice, bookQuantity } from './book.js';
import {
  BOOK_LEVELS,
  BOOK_SIDES,
  bookColumn,
  hasSince,
  OI_CHANGE,
  OTHER_FIELDS,
  TOTAL_FIELDS,
  WIRE_FIELDS,
} from './fields.js';

/** One packet, and how it came. One object, reused. */
export interface TickRow {
  readonly packet: Packet;
  instrument: Instrument;
  /** The feed's market clock, epoch ms; of a live feed the machine's. */
  receivedMs: number;
  /** The machine's clock, epoch ms. */
  wallMs: number;
  /** When the connection's subscriptions were sent, market clock, epoch ms. */
  subscribedMs: number;
  connection: number;
  /** Number of the message in the journal, from 1. */
  arrival: number;
  /** Rows of the wire by side and level, buys first. */
  readonly book: Uint8Array;
}

/** How prices are written: rupees as decimals, or the integers of the wire. */
export type PriceUnit = 'rupees' | 'wire';

/** One column: a constant of the instrument, an int64 of the wire unchanged, or a number. */
export interface TickColumn {
  readonly name: string;
  /** In Parquet. */
  readonly type: ColumnType;
  readonly constant?: (instrument: Instrument) => string | number;
  readonly words?: PacketField;
  readonly number?: (row: TickRow) => number;
  /** In text files, where it is not `number`: seconds of the last trade. */
  readonly text?: PacketField;
}

const scratch = new DataView(new ArrayBuffer(8));

/** The float64 whose bits are an int64 field. */
function doubleOf({ words }: Packet, field: PacketField): number {
  scratch.setInt32(0, words[2 * field + 1]);
  scratch.setInt32(4, words[2 * field]);
  return scratch.getFloat64(0);
}

/** Prices: rupees, or unchanged. */
function priceColumn(name: string, field: PacketField, unit: PriceUnit): TickColumn {
  if (unit === 'wire') return { name, type: 'int64', words: field };
  const number = ({ packet, instrument }: TickRow): number =>
    packet.number(field) / priceScale(instrument.exchangeType);
  return { name, type: 'double', number };
}

function wireColumns(mode: ModeName, unit: PriceUnit): TickColumn[] {
  return WIRE_FIELDS.filter((field) => hasSince(mode, field.mode)).map(({ name, kind, field }) => {
    if (kind === 'price') return priceColumn(name, field, unit);
    if (kind === 'seconds')
      return { name, type: 'timestamp', number: ({ packet }) => packet.number(field) * 1000, text: field };
    return { name, type: kind === 'ms' ? 'timestamp' : 'int64', words: field };
  });
}

/** The best five, a column for each value. JSON lines have lists instead. */
function bookColumns(unit: PriceUnit): TickColumn[] {
  const columns: TickColumn[] = [];
  for (const [k, { side }] of BOOK_SIDES.entries())
    for (let level = 1; level <= BOOK_LEVELS; level++) {
      const at = k * BOOK_LEVELS + level - 1;
      const price = ({ packet, book, instrument }: TickRow): number =>
        bookPrice(packet, book[at]) / (unit === 'wire' ? 1 : priceScale(instrument.exchangeType));
      columns.push(
        { name: bookColumn(side, level, 'price'), type: unit === 'wire' ? 'int64' : 'double', number: price },
        {
          name: bookColumn(side, level, 'quantity'),
          type: 'int64',
          number: ({ packet, book }) => bookQuantity(packet, book[at]),
        },
        {
          name: bookColumn(side, level, 'orders'),
          type: 'int64',
          number: ({ packet, book }) => packet.bestOrders[book[at]] & 0xffff,
        },
      );
    }
  return columns;
}

/** The columns of packets of `mode`, in order. `book`: with one for each value of the best five. */
export function tickColumns(mode: ModeName, unit: PriceUnit, book: boolean): TickColumn[] {
  const { symbol, received, wall, subscribed, connection, arrival } = OTHER_FIELDS;
  return [
    { name: symbol.name, type: 'string', constant: (instrument) => instrument.symbol },
    { name: 'exchange', type: 'string', constant: (instrument) => instrument.exchange },
    { name: received.name, type: 'timestamp', number: ({ receivedMs }) => receivedMs },
    { name: OTHER_FIELDS.mode.name, type: 'int64', constant: () => MODE[mode] },
    { name: OTHER_FIELDS.exchangeType.name, type: 'int64', constant: (one) => one.exchangeType },
    { name: OTHER_FIELDS.token.name, type: 'string', constant: ({ token }) => token },
    ...wireColumns(mode, unit),
    ...(hasSince(mode, 'quote')
      ? TOTAL_FIELDS.map(({ name, member }): TickColumn => ({
          name,
          type: 'double',
          number: ({ packet }) => packet[member],
        }))
      : []),
    ...(hasSince(mode, 'snapquote')
      ? [
          {
            name: OI_CHANGE.name,
            type: 'double',
            number: ({ packet }: TickRow) => doubleOf(packet, FIELD.oiChangeBits),
          } as const,
          ...(book ? bookColumns(unit) : []),
        ]
      : []),
    { name: wall.name, type: 'timestamp', number: ({ wallMs }) => wallMs },
    { name: connection.name, type: 'int64', number: (row) => row.connection },
    { name: subscribed.name, type: 'timestamp', number: ({ subscribedMs }) => subscribedMs },
    { name: arrival.name, type: 'int64', number: (row) => row.arrival },
  ];
}
