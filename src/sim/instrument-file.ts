/**
 * The simulated broker's instrument file, in the broker's format: the NIFTY 50 on both exchanges, indices, and futures
 * and options that are alive on a date. Strikes lie around the simulated prices of that date.
 */
import type { MasterRow } from '../broker/angel/scrip-rows.js';
import { EXCHANGE, fnv1a32, priceScale, type Listing } from '../market/instrument.js';
import { niftyFifty } from '../market/nifty-fifty.js';
import { DAY_MS, istDate, istMs } from '../market/session.js';
import type { TradingCalendar } from '../market/trading-calendar.js';
import { closeOf, profileOf } from './instrument-profile.js';
import { moverOf, UNDERLYINGS, type Underlying } from './underlyings.js';

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKLY_EXPIRIES = 4;
const MONTHLY_EXPIRIES = 3;
/** Strikes on each side of the price. */
const STRIKES = 60;
const STOCK_STRIKES = 12;
/** Above all real tokens, so that no simulated contract is taken for a real one. */
const FIRST_TOKEN = 1_000_000_000;
const PAISE = 100;
const STOCK_LOT = 500;
const TUESDAY = 2;

type Contracts = NonNullable<Underlying['contracts']>;

const weekdayOf = (date: string): number => new Date(`${date}T00:00:00Z`).getUTCDay();
const addDays = (date: string, days: number): string => istDate(istMs(date, '00:00') + days * DAY_MS);

/** The last day at or before `date` on which the segment trades. */
function tradingDay(calendar: TradingCalendar, exchange: Contracts['exchange'], date: string): string {
  let day = date;
  while (calendar.of(exchange).day(day, true).kind === 'shut') day = addDays(day, -1);
  return day;
}

function monthly({ monthly: rule }: Contracts, year: number, month: number): string {
  const last = new Date(Date.UTC(year, month + 1, 0)).toJSON().slice(0, 10);
  if ('lastWeekday' in rule) return addDays(last, -((weekdayOf(last) - rule.lastWeekday + 7) % 7));
  const day = `${last.slice(0, 8)}${String(rule.day).padStart(2, '0')}`;
  return day < last ? day : last;
}

/** Expiries from `date` on, ascending: of futures, and of options. */
function expiriesOf(
  contracts: Contracts,
  calendar: TradingCalendar,
  date: string,
): { readonly futures: readonly string[]; readonly options: readonly string[] } {
  const { exchange, weekly } = contracts;
  const months: string[] = [];
  for (let k = 0; months.length < MONTHLY_EXPIRIES; k++) {
    const month = Number(date.slice(5, 7)) - 1 + k;
    const expiry = tradingDay(
      calendar,
      exchange,
      monthly(contracts, Number(date.slice(0, 4)) + Math.floor(month / 12), month % 12),
    );
    if (expiry >= date) months.push(expiry);
  }
  const weeks: string[] = [];
  for (let k = 0; weekly !== undefined && weeks.length < WEEKLY_EXPIRIES; k++) {
    const day = addDays(date, ((weekly - weekdayOf(date) + 7) % 7) + 7 * k);
    const expiry = tradingDay(calendar, exchange, day);
    if (expiry >= date) weeks.push(expiry);
  }
  return { futures: months, options: [...new Set([...weeks, ...months])].sort() };
}

interface RowValues {
  readonly symbol: string;
  readonly name: string;
  readonly exchange: string;
  readonly type: string;
  readonly token?: string;
  readonly expiry?: string;
  readonly strike?: number;
  readonly lot?: number;
  readonly tickRupees: number;
}

/** 29DEC26, with a year of four digits if `long`. */
function dateText(date: string, long: boolean): string {
  return `${date.slice(8)}${MONTHS[Number(date.slice(5, 7)) - 1]}${long ? date.slice(0, 4) : date.slice(2, 4)}`;
}

function scaleOf(exchange: string): number {
  return priceScale(Number(Object.keys(EXCHANGE).find((type) => EXCHANGE[Number(type)] === exchange)));
}

function rowOf({
  symbol,
  name,
  exchange,
  type,
  token,
  expiry,
  strike,
  lot = 1,
  tickRupees,
}: RowValues): MasterRow {
  return {
    token: token ?? String(FIRST_TOKEN + fnv1a32(`${exchange}:${symbol}`)),
    symbol,
    name,
    expiry: expiry === undefined ? '' : dateText(expiry, true),
    strike: strike === undefined ? '-1.000000' : (strike * scaleOf(exchange)).toFixed(6),
    lotsize: String(lot),
    instrumenttype: type,
    exch_seg: exchange,
    tick_size: (tickRupees * PAISE).toFixed(6),
  };
}

/** A currency future is called by its month, as USDINR26DECFUT; others by their day. */
function symbolOf(name: string, { exchange }: Contracts, expiry: string, rest: string): string {
  const text = dateText(expiry, false);
  return `${name}${exchange === 'CDS' ? `${text.slice(5)}${text.slice(2, 5)}` : text}${rest}`;
}

function strikesOf(spot: number, step: number, sides: number): number[] {
  const money = Math.round(spot / step);
  return Array.from({ length: 2 * sides + 1 }, (_, k) => money - sides + k)
    .filter((strike) => strike > 0)
    .map((strike) => Number((strike * step).toFixed(4)));
}

interface Types {
  readonly future: string;
  readonly option: string;
}

const TYPES: Readonly<Record<string, Types>> = {
  MCX: { future: 'FUTCOM', option: 'OPTFUT' },
  CDS: { future: 'FUTCUR', option: 'OPTCUR' },
  index: { future: 'FUTIDX', option: 'OPTIDX' },
  stock: { future: 'FUTSTK', option: 'OPTSTK' },
};

interface Chain {
  readonly name: string;
  readonly contracts: Contracts;
  readonly types: Types;
  readonly spot: number;
  readonly sides: number;
}

function contractRows(chain: Chain, calendar: TradingCalendar, date: string): MasterRow[] {
  const { name, contracts, types, spot, sides } = chain;
  const { exchange, lot, tickRupees, strikeStep } = contracts;
  const { futures, options } = expiriesOf(contracts, calendar, date);
  const common = { name, exchange, lot, tickRupees };
  const rows = futures.map((expiry) =>
    rowOf({ ...common, symbol: symbolOf(name, contracts, expiry, 'FUT'), type: types.future, expiry }),
  );
  if (strikeStep === undefined) return rows;
  for (const expiry of contracts.weekly === undefined ? futures : options)
    for (const strike of strikesOf(spot, strikeStep, sides))
      for (const side of ['CE', 'PE'])
        rows.push(
          rowOf({
            ...common,
            ...{ symbol: symbolOf(name, contracts, expiry, `${strike}${side}`), type: types.option },
            ...{ expiry, strike },
          }),
        );
  return rows;
}

/** A round number near a fiftieth of the price. */
function stepOf(spot: number): number {
  const power = 10 ** Math.floor(Math.log10(spot / 50));
  return power * ([1, 2.5, 5].findLast((step) => step * power <= spot / 50) ?? 1);
}

/** All rows of the file on `date` (IST). */
export function simulatedRows(seed: number, calendar: TradingCalendar, date: string): MasterRow[] {
  const closeRupees = (listing: Listing): number =>
    closeOf(seed, listing, profileOf(seed, listing), date) / priceScale(listing.exchangeType);
  const rows: MasterRow[] = [];
  for (const stock of niftyFifty()) {
    const { symbol, token, tickSizeRupees: tickRupees } = stock;
    rows.push(rowOf({ symbol: `${symbol}-EQ`, name: symbol, exchange: 'NSE', type: '', token, tickRupees }));
    rows.push(rowOf({ symbol, name: symbol, exchange: 'BSE', type: '', tickRupees }));
    const spot = closeRupees(stock);
    const contracts: Contracts = {
      ...{ exchange: 'NFO', lot: STOCK_LOT, tickRupees: 0.05, strikeStep: stepOf(spot) },
      monthly: { lastWeekday: TUESDAY },
    };
    const chain = { name: symbol, contracts, types: TYPES.stock, spot, sides: STOCK_STRIKES };
    rows.push(...contractRows(chain, calendar, date));
  }
  for (const { name, index, contracts } of UNDERLYINGS) {
    if (index !== undefined) {
      const { exchange, token, long } = index;
      rows.push(rowOf({ symbol: long, name, exchange, type: 'AMXIDX', token, tickRupees: 0.05 }));
    }
    if (contracts === undefined) continue;
    const spot = closeRupees(moverOf(name));
    const types = TYPES[contracts.exchange] ?? TYPES.index;
    rows.push(...contractRows({ name, contracts, types, spot, sides: STRIKES }, calendar, date));
  }
  return rows;
}
