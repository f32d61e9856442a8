/** One row of a recording as a packet: names, units and times as people have them. */
import { instantOf } from '../market/instant.js';
import { EXCHANGE, priceScale } from '../market/instrument.js';
import { BEST_FIVE_ROWS, FIELD, MODE, Packet } from '../market/packet.js';
import { BUY_FLAG, putLevel } from './book.js';
import {
  BOOK_LEVELS,
  BOOK_SIDES,
  bookColumn,
  OI_CHANGE,
  OTHER_FIELDS,
  TOTAL_FIELDS,
  WIRE_FIELDS,
  type WireField,
} from './fields.js';
import { isObject } from '../text/json.js';
import { parsePrinted } from './relaxed.js';

/** How a packet came, as far as the recording says. NaN and 0: it does not. */
export interface RowReceipt {
  receivedMs: number;
  wallMs: number;
  subscribedMs: number;
  arrival: number;
  connection: number;
}

/** Bits of `RecordingRow.has`: one for each of WIRE_FIELDS, then the others. */
export const HAS = {
  field: (name: string): number => 1 << WIRE_FIELDS.findIndex((field) => field.name === name),
  totals: 1 << WIRE_FIELDS.length,
  book: 1 << (WIRE_FIELDS.length + 1),
  /** The mode was said, not taken from the fields. */
  mode: 1 << (WIRE_FIELDS.length + 2),
  /** All times have a zone. */
  zone: 1 << (WIRE_FIELDS.length + 3),
} as const;
const HAS_VOLUME = HAS.field('volume_trade_for_the_day');
const HAS_TRADE = HAS.field('last_traded_timestamp');

/** Why a row is no packet; `fraction`: its price is no whole number of paise, as prices in rupees are. */
export const FRACTION = 'with a price that is no whole number of paise';

const MODE_NAMES: Readonly<Record<string, number>> = { ltp: 1, quote: 2, snapquote: 3, full: 3 };
const EXCHANGE_NAMES: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(EXCHANGE).map(([type, name]) => [name.toLowerCase(), Number(type)])),
  ...{ nse_cm: 1, nse_fo: 2, bse_cm: 3, bse_fo: 4, mcx_fo: 5, ncx_fo: 7, cde_fo: 13 },
};
const TOKEN = /^[1-9]\d{0,14}$/;
const SYMBOL = /^[A-Z0-9&][A-Z0-9&_-]{0,24}$/;
/** Paise are a hundred times rupees; no price leaves its day's range by this factor. */
const FAR = 30;
/** Of a last price in rupees times its scale: more is no error of a double. */
const MAX_ROUNDING = 0.01;
/** What programs write into a table for no value. */
const NO_VALUE: ReadonlySet<unknown> = new Set(['', 'nan', 'NaN', 'NaT', 'None', 'null', '<NA>']);
/** Names of columns that are kept to be told. */
const MAX_UNKNOWN = 20;
/** Spellings of names that are remembered. */
const MAX_SPELLINGS = 10_000;

/** Every known name, by its spelling in lower case. */
const KNOWN: ReadonlyMap<string, string> = new Map(
  [
    ...WIRE_FIELDS,
    ...TOTAL_FIELDS,
    OI_CHANGE,
    ...Object.values(OTHER_FIELDS),
    { name: 'exchange', aliases: ['exch_seg', 'exchange_segment'] },
    // The Python client adds the mode's name.
    { name: 'subscription_mode_val', aliases: [] },
    ...BOOK_SIDES.map(({ list, side }) => ({ name: list, aliases: [`best_five_${side}`] })),
    ...BOOK_SIDES.flatMap(({ side }) =>
      Array.from({ length: BOOK_LEVELS }, (_, level) =>
        (['price', 'quantity', 'orders'] as const).map((value) => ({
          name: bookColumn(side, level + 1, value),
          aliases: [] as string[],
        })),
      ).flat(),
    ),
  ].flatMap(({ name, aliases }) => [name, ...aliases].map((spelling): [string, string] => [spelling, name])),
);

const plainName = (name: string): string =>
  name
    .trim()
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[\s.-]+/g, '_');

/** The known name of a column; undefined for others. */
export const knownName = (name: string): string | undefined => KNOWN.get(plainName(name));

/** A number, or an integer too long for one; undefined for anything else. */
function numberOf(value: unknown): number | bigint | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^[-+]?\d+$/.test(text)) {
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : BigInt(text);
  }
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function integerOf(value: unknown): bigint | number | undefined {
  const number = numberOf(value);
  return typeof number === 'bigint' || Number.isInteger(number) ? number : undefined;
}

/** A time: a number, also as text, or a text. */
const timeOf = (value: unknown): ReturnType<typeof instantOf> => {
  const number = numberOf(value);
  return instantOf(typeof number === 'number' ? number : value);
};

function modeOf(value: unknown): number | undefined {
  const number = integerOf(value);
  if (number !== undefined) return Number(number);
  return typeof value === 'string' ? MODE_NAMES[value.toLowerCase().replace(/[^a-z]/g, '')] : undefined;
}

function exchangeTypeOf(type: unknown, name: unknown): number | undefined {
  const number = integerOf(type);
  if (number !== undefined) return Number(number);
  const text = typeof type === 'string' ? type : name;
  return typeof text === 'string' ? EXCHANGE_NAMES[text.trim().toLowerCase()] : undefined;
}

/** The digits of a token; the clients of the broker add quotes and NULs, and tables a decimal point. */
function tokenOf(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value)
    .replace(/[\0"\s]/g, '')
    .replace(/\.0$/, '');
  return TOKEN.test(text) ? text : undefined;
}

/** A trading symbol without `-EQ`; undefined for other text. */
function symbolOf(value: unknown): string | undefined {
  const text =
    typeof value === 'string'
      ? value
          .trim()
          .replace(/^[A-Z]+:/, '')
          .replace(/-EQ$/, '')
      : '';
  return SYMBOL.test(text) ? text : undefined;
}

/** Reads rows into `packet` and `receipt`, which the next row overwrites. */
export class RecordingRow {
  readonly packet = new Packet();
  readonly receipt: RowReceipt = {
    receivedMs: NaN,
    wallMs: NaN,
    subscribedMs: NaN,
    arrival: NaN,
    connection: 0,
  };
  symbol: string | undefined;
  /** True if the last price cannot be in the unit of the day's low and high, and the row does not say its unit. */
  isOfTwoUnits = false;
  /** Bits of HAS: what the row had. */
  has = 0;
  /** Columns that are not known, the first of them. */
  readonly unknown = new Set<string>();
  readonly #spellings = new Map<string, string | undefined>();
  readonly #rupees: boolean;
  #fields: Record<string, unknown> = {};
  #isRupees = false;

  /** `rupees`: the unit of prices where a row does not say. */
  constructor(rupees: boolean) {
    this.#rupees = rupees;
  }

  /** Reads a row. Returns why it is no packet, the end of a sentence on lines. */
  read(record: Readonly<Record<string, unknown>>): string | undefined {
    this.#fields = this.#named(record);
    const { packet } = this;
    const { mode, exchangeType, token, unit } = OTHER_FIELDS;
    this.has = 0;
    packet.words.fill(0);
    packet.bestWords.fill(0);
    packet.bestFlag.fill(0);
    packet.bestOrders.fill(0);
    const type = exchangeTypeOf(this.#fields[exchangeType.name], this.#fields['exchange']);
    if (type === undefined) return 'without exchange_type';
    if (EXCHANGE[type] === undefined) return 'of an exchange_type that the feed does not have';
    const digits = tokenOf(this.#fields[token.name]);
    if (digits === undefined) return 'without a token';
    packet.exchangeType = type;
    packet.setToken(digits);
    this.#isRupees =
      this.#fields[unit.name] === undefined ? this.#rupees : this.#fields[unit.name] === 'rupees';
    const wrong = this.#wireFields(type);
    if (wrong !== undefined) return wrong;
    const said = this.#fields[mode.name];
    const number =
      said === undefined
        ? (this.has & HAS_TRADE) !== 0
          ? 3
          : (this.has & HAS_VOLUME) !== 0
            ? 2
            : 1
        : modeOf(said);
    if (number === undefined || number < MODE.ltp || number > MODE.snapquote)
      return 'of a subscription_mode other than 1, 2 and 3';
    packet.mode = number;
    if (said !== undefined) this.has |= HAS.mode;
    this.isOfTwoUnits = this.#fields[unit.name] === undefined && this.#isFarOutside();
    this.#totals();
    this.#book(type);
    this.#receipt();
    this.symbol = symbolOf(this.#fields[OTHER_FIELDS.symbol.name]);
    return undefined;
  }

  /** The row by known names. The exact name counts before another spelling; null and empty text are no value. */
  #named(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(record)) {
      if (value === null || value === undefined || NO_VALUE.has(value)) continue;
      let known = this.#spellings.get(name);
      if (known === undefined && !this.#spellings.has(name)) {
        if (this.#spellings.size > MAX_SPELLINGS) this.#spellings.clear();
        this.#spellings.set(name, (known = knownName(name)));
        // A table's column of row numbers has no name.
        if (known === undefined && name !== '' && this.unknown.size < MAX_UNKNOWN) this.unknown.add(name);
      }
      if (known !== undefined && (fields[known] === undefined || known === name)) fields[known] = value;
    }
    return fields;
  }

  #wireFields(exchangeType: number): string | undefined {
    let zoned = true;
    for (const [k, field] of WIRE_FIELDS.entries()) {
      const value = this.#fields[field.name];
      if (value === undefined) {
        if (field.field === FIELD.price) return 'without last_traded_price';
        if (field.field === FIELD.exchangeMs) return 'without exchange_timestamp';
        continue;
      }
      const wrong =
        field.kind === 'price' ? this.#price(field, value, exchangeType) : this.#integer(field, value);
      if (wrong !== undefined) return wrong;
      if (field.kind === 'ms' && timeOf(value)?.zoned === false) zoned = false;
      this.has |= 1 << k;
    }
    if (zoned) this.has |= HAS.zone;
    return undefined;
  }

  #integer({ name, kind, field }: WireField, value: unknown): string | undefined {
    if (kind === 'integer') {
      const integer = integerOf(value);
      if (integer === undefined) return `with a ${name} that is no integer`;
      this.packet.setBig(field, BigInt(integer));
      return undefined;
    }
    // A trade's time of 0 is no trade.
    const instant = timeOf(value);
    if (instant === undefined) return `with a ${name} that is no time`;
    this.packet.setNumber(field, Math.floor(kind === 'seconds' ? instant.ms / 1000 : instant.ms));
    return undefined;
  }

  #price({ name, field }: WireField, value: unknown, exchangeType: number): string | undefined {
    const number = numberOf(value);
    if (number === undefined) return `with a ${name} that is no number`;
    const price = this.#paise(number, exchangeType);
    if (price === undefined) return FRACTION;
    const rest = Math.abs(Number(price) - Number(number) * priceScale(exchangeType));
    if (this.#isRupees && field === FIELD.price && rest > MAX_ROUNDING) return FRACTION;
    this.packet.setBig(field, price);
    return undefined;
  }

  /** In the wire's unit; undefined for paise with a fraction. An average in rupees may have one, and is rounded. */
  #paise(price: number | bigint, exchangeType: number): bigint | undefined {
    if (typeof price === 'bigint') return price;
    if (!this.#isRupees) return Number.isInteger(price) ? BigInt(price) : undefined;
    return BigInt(Math.round(price * priceScale(exchangeType)));
  }

  #isFarOutside(): boolean {
    const { packet } = this;
    const [price, low, high] = [FIELD.price, FIELD.dayLow, FIELD.dayHigh].map((field) =>
      packet.number(field),
    );
    return low > 0 && high >= low && (price * FAR < low || price > FAR * high);
  }

  #totals(): void {
    const { packet } = this;
    let all = true;
    for (const { name, member } of TOTAL_FIELDS) {
      const value = numberOf(this.#fields[name]);
      packet[member] = Number(value ?? 0);
      if (value === undefined) all = false;
    }
    if (all) this.has |= HAS.totals;
    // The Python client prints the bits of the float64, the others its value.
    const change = numberOf(this.#fields[OI_CHANGE.name]);
    if (typeof change === 'bigint') packet.setBig(FIELD.oiChangeBits, change);
    else if (change !== undefined) packet.setBig(FIELD.oiChangeBits, bitsOf(change));
  }

  /** Buys first, as on the wire. Versions of the Python client before mid-2023 have the lists swapped. */
  #book(exchangeType: number): void {
    const [buys, sells] = BOOK_SIDES.map(({ side, list }) => this.#levels(side, list));
    if (buys.length === 0 && sells.length === 0) return;
    this.has |= HAS.book;
    const swapped = buys.length > 0 && buys.every((level) => Number(level['flag']) === 0);
    const rows = swapped ? [sells, buys] : [buys, sells];
    for (let row = 0; row < BEST_FIVE_ROWS; row++) {
      const isBuy = row < BOOK_LEVELS;
      const level = rows[isBuy ? 0 : 1][row % BOOK_LEVELS] ?? {};
      const [flag, orders] = [numberOf(level['flag']), numberOf(level['orders'])];
      putLevel(this.packet, row, {
        flag: Number(flag ?? (isBuy ? BUY_FLAG : 0)),
        quantity: BigInt(integerOf(level['quantity']) ?? 0),
        price: this.#paise(numberOf(level['price']) ?? 0, exchangeType) ?? 0n,
        orders: Number(orders ?? 0),
      });
    }
  }

  /** A side's levels by plain names, from a list or from columns; empty without one. */
  #levels(side: string, list: string): Record<string, unknown>[] {
    const given = this.#fields[list];
    const values = typeof given === 'string' ? parsePrinted(given) : given;
    if (Array.isArray(values))
      return values
        .slice(0, BOOK_LEVELS)
        .filter(isObject)
        .map((level) =>
          Object.fromEntries(
            Object.entries(level).map(([name, value]) => [plainName(name).replace(/^no_?of_?/, ''), value]),
          ),
        );
    const levels = Array.from({ length: BOOK_LEVELS }, (_, k) => ({
      price: this.#fields[bookColumn(side, k + 1, 'price')],
      quantity: this.#fields[bookColumn(side, k + 1, 'quantity')],
      orders: this.#fields[bookColumn(side, k + 1, 'orders')],
    }));
    return levels.some(({ price }) => price !== undefined) ? levels : [];
  }

  #receipt(): void {
    const { receipt } = this;
    const received = timeOf(this.#fields[OTHER_FIELDS.received.name]);
    const wall = timeOf(this.#fields[OTHER_FIELDS.wall.name]);
    receipt.receivedMs = received?.ms ?? NaN;
    receipt.wallMs = wall?.ms ?? receipt.receivedMs;
    receipt.subscribedMs = timeOf(this.#fields[OTHER_FIELDS.subscribed.name])?.ms ?? NaN;
    receipt.arrival = Number(numberOf(this.#fields[OTHER_FIELDS.arrival.name]) ?? NaN);
    const connection = Number(integerOf(this.#fields[OTHER_FIELDS.connection.name]) ?? 0);
    receipt.connection = connection > 0 && connection < 2 ** 31 ? connection : 0;
    if (received?.zoned === false) this.has &= ~HAS.zone;
  }
}

const scratch = new DataView(new ArrayBuffer(8));

function bitsOf(value: number): bigint {
  scratch.setFloat64(0, value);
  return scratch.getBigInt64(0);
}
