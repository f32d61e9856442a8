/** Rows of an export as lines of CSV or JSON. */
import { priceScale } from '../market/instrument.js';
import type { ModeName, Packet, PacketField } from '../market/packet.js';
import { bookPrice, bookQuantity } from './book.js';
import { tickColumns, type PriceUnit, type TickColumn, type TickRow } from './columns.js';
import { BOOK_LEVELS, BOOK_SIDES, hasSince, OTHER_FIELDS } from './fields.js';

/** High words of integers that a double holds. */
const SAFE_HIGH = 0x1fffff;

/** Of the unit in text files, so that a reader need not be told. `paise` is 1e-7 rupees for currencies. */
export const UNIT_TEXT: Readonly<Record<PriceUnit, string>> = { rupees: 'rupees', wire: 'paise' };

function integerText(packet: Packet, field: PacketField): string {
  const high = packet.words[2 * field + 1];
  return high >= -SAFE_HIGH && high <= SAFE_HIGH
    ? String(packet.number(field))
    : packet.big(field).toString();
}

/** A time of our clocks to the microsecond; others have integers. Empty for no number. */
function numberText(value: number, type: TickColumn['type']): string {
  if (!Number.isFinite(value)) return '';
  return String(type === 'timestamp' ? Math.round(value * 1000) / 1000 : value);
}

/** A column's value: digits, or empty without one. Not for strings. */
function valueText({ type, words, number, text }: TickColumn, row: TickRow): string {
  if (text !== undefined) return integerText(row.packet, text);
  return words === undefined ? numberText(number!(row), type) : integerText(row.packet, words);
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Makes lines, each with its line feed. */
export interface LineFormat {
  /** Before the first row; may be empty. */
  readonly head: string;
  line(row: TickRow): string;
}

/** CSV with a header. */
export function csvFormat(mode: ModeName, unit: PriceUnit): LineFormat {
  const columns = tickColumns(mode, unit, true);
  const names = [...columns.map(({ name }) => name), OTHER_FIELDS.unit.name];
  const end = `,${UNIT_TEXT[unit]}\n`;
  return {
    head: `${names.join(',')}\n`,
    line: (row) => {
      let line = '';
      for (const [k, column] of columns.entries()) {
        const { constant } = column;
        const value =
          constant === undefined ? valueText(column, row) : quoted(String(constant(row.instrument)));
        line += k === 0 ? value : `,${value}`;
      }
      return line + end;
    },
  };
}

/** The two lists of the best five, as the Python client has them. */
function bookJson({ packet, book, instrument }: TickRow, unit: PriceUnit): string {
  const scale = unit === 'wire' ? 1 : priceScale(instrument.exchangeType);
  let json = '';
  for (const [k, { list }] of BOOK_SIDES.entries()) {
    const levels: string[] = [];
    for (let level = 0; level < BOOK_LEVELS; level++) {
      const at = book[k * BOOK_LEVELS + level];
      levels.push(
        `{"flag":${packet.bestFlag[at]},"quantity":${bookQuantity(packet, at)},"price":${bookPrice(packet, at) / scale},"no of orders":${packet.bestOrders[at] & 0xffff}}`,
      );
    }
    json += `,"${list}":[${levels.join(',')}]`;
  }
  return json;
}

/** One JSON object a line. */
export function jsonFormat(mode: ModeName, unit: PriceUnit): LineFormat {
  const columns = tickColumns(mode, unit, false);
  const end = `,"${OTHER_FIELDS.unit.name}":"${UNIT_TEXT[unit]}"}\n`;
  const hasBook = hasSince(mode, 'snapquote');
  return {
    head: '',
    line: (row) => {
      let line = '';
      for (const [k, column] of columns.entries()) {
        const value =
          column.constant === undefined
            ? valueText(column, row) || 'null'
            : JSON.stringify(column.constant(row.instrument));
        line += `${k === 0 ? '{' : ','}"${column.name}":${value}`;
      }
      return line + (hasBook ? bookJson(row, unit) : '') + end;
    },
  };
}
