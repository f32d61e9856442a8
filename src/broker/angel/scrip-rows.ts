/** Rows of the instrument file as listings (docs/rest-data.md, "Instrument master"). Pure. */
import { EXCHANGE, isIndex, priceScale, type Contract, type Listing } from '../../market/instrument.js';

/** With all the broker's columns. */
export type MasterRow = Readonly<Record<string, string>> & {
  readonly token: string;
  readonly symbol: string;
  readonly name: string;
  readonly exch_seg: string;
};

/** The file's segments, also as the documentation writes them. */
const EXCHANGE_TYPE: Readonly<Record<string, number>> = {
  ...Object.fromEntries(Object.entries(EXCHANGE).map(([type, name]) => [name, Number(type)])),
  ...{ nse_cm: 1, nse_fo: 2, bse_cm: 3, bse_fo: 4, mcx_fo: 5, ncx_fo: 7, cde_fo: 13 },
};
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const TICK_WHERE_UNKNOWN = 0.05;
/** Prices of the file are in paise, also ticks of currencies. */
const PAISE = 100;
const MAX_SYMBOL_LENGTH = 64;

const number = (text: unknown): number =>
  typeof text === 'string' && /^\d{1,12}(\.\d+)?$/.test(text) ? Number(text) : 0;

/** Undefined for a segment that the feed does not have. */
export function exchangeTypeOf({ exch_seg }: Pick<MasterRow, 'exch_seg'>): number | undefined {
  return Object.hasOwn(EXCHANGE_TYPE, exch_seg) ? EXCHANGE_TYPE[exch_seg] : undefined;
}

/** Rupees; 0 if the row does not say. */
export const tickOf = (row: MasterRow): number => number(row['tick_size']) / PAISE;

/** `YYYY-MM-DD` of 29DEC2026; undefined for anything else. */
function expiryOf(text: unknown): string | undefined {
  const [, day, name, year] = (typeof text === 'string' && /^(\d{2})([A-Za-z]{3})(\d{4})$/.exec(text)) || [];
  const month = name === undefined ? -1 : MONTHS.indexOf(name.toUpperCase());
  return month < 0 ? undefined : `${year}-${String(month + 1).padStart(2, '0')}-${day}`;
}

/** Undefined for a row that is no future or option, or that does not say which. */
function contractOf(row: MasterRow, exchangeType: number): Contract | undefined {
  const { instrumenttype: type, symbol, name } = row;
  const expiry = expiryOf(row['expiry']);
  if (expiry === undefined) return undefined;
  const lotSize = Math.max(1, Math.round(number(row['lotsize'])));
  if (type.startsWith('FUT')) return { name, expiry, option: undefined, strikeRupees: undefined, lotSize };
  const option = symbol.endsWith('CE') ? 'CE' : symbol.endsWith('PE') ? 'PE' : undefined;
  // A strike is in the wire's unit, a tick in paise.
  const strikeRupees = number(row['strike']) / priceScale(exchangeType);
  return option === undefined || strikeRupees <= 0
    ? undefined
    : { name, expiry, option, strikeRupees, lotSize };
}

/** An index is called by its name in capitals: NIFTY, whose row has the symbol `Nifty 50`. */
function symbolOf(row: MasterRow): string {
  if (row.instrumenttype === 'AMXIDX')
    return (row.name.trim() === '' ? row.symbol : row.name).trim().toUpperCase();
  return row.exch_seg === 'NSE' || row.exch_seg === 'nse_cm' ? row.symbol.replace(/-EQ$/, '') : row.symbol;
}

/** Undefined for a row without a usable token or name, or of a contract that cannot be told. */
export function listingOf(row: MasterRow, derivatives: boolean): Listing | undefined {
  const exchangeType = exchangeTypeOf(row);
  const symbol = symbolOf(row);
  if (exchangeType === undefined || !/^[1-9]\d{0,14}$/.test(row.token)) return undefined;
  if (symbol === '' || symbol.length > MAX_SYMBOL_LENGTH || /[^ -~]/.test(symbol)) return undefined;
  const isContract = /^(FUT|OPT)/.test(row.instrumenttype);
  const contract = isContract ? contractOf(row, exchangeType) : undefined;
  if (isContract && contract === undefined) return undefined;
  if (row.instrumenttype === 'AMXIDX' && !isIndex(row)) return undefined;
  const tick = tickOf(row);
  return {
    symbol,
    token: row.token,
    exchange: EXCHANGE[exchangeType],
    exchangeType,
    tickSizeRupees: tick > 0 ? tick : TICK_WHERE_UNKNOWN,
    derivatives: derivatives || isContract,
    ...(contract === undefined ? {} : { contract }),
  };
}
