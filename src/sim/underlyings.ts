/**
 * What the simulated market has besides the NIFTY 50: indices, commodities and currencies, at invented levels near
 * those of 2026. Data.
 */
import type { Listing } from '../market/instrument.js';
import { fnv1a32 } from '../market/instrument.js';
import { niftyFifty } from '../market/nifty-fifty.js';

/** A name that futures, or options too, are on. */
export interface Underlying {
  readonly name: string;
  /** Rupees, the middle of its noise. */
  readonly level: number;
  /** Standard deviation of a day's move, share of the price. */
  readonly dayVolatility: number;
  /** Of the index; undefined where no spot is on the feed. */
  readonly index?: { readonly exchange: 'NSE' | 'BSE'; readonly token: string; readonly long: string };
  readonly contracts?: {
    readonly exchange: 'NFO' | 'BFO' | 'MCX' | 'CDS';
    readonly lot: number;
    readonly tickRupees: number;
    /** Weekday of weekly options, 0 is Sunday; undefined without weekly ones. */
    readonly weekly?: number;
    /** Day of the month, or weekday of the month's last. */
    readonly monthly: { readonly day: number } | { readonly lastWeekday: number };
    /** Rupees between strikes; undefined without options. */
    readonly strikeStep?: number;
  };
}

const TUESDAY = 2;
const THURSDAY = 4;
const FRIDAY = 5;
const nfo = (lot: number, strikeStep: number, weekly?: number) =>
  ({
    exchange: 'NFO',
    lot,
    tickRupees: 0.05,
    strikeStep,
    monthly: { lastWeekday: TUESDAY },
    ...(weekly === undefined ? {} : { weekly }),
  }) as const;
const mcx = (lot: number, tickRupees: number, day: number, strikeStep?: number) =>
  ({
    exchange: 'MCX',
    lot,
    tickRupees,
    monthly: { day },
    ...(strikeStep === undefined ? {} : { strikeStep }),
  }) as const;
const cds = (strikeStep?: number) =>
  ({
    exchange: 'CDS',
    lot: 1000,
    tickRupees: 0.0025,
    monthly: { lastWeekday: FRIDAY },
    ...(strikeStep === undefined ? {} : { strikeStep }),
  }) as const;

/** Tokens of indices are the real ones (docs/feed-behaviour.md, "Indices"). */
export const UNDERLYINGS: readonly Underlying[] = [
  { name: 'NIFTY', level: 24_500, dayVolatility: 0.007, index: { exchange: 'NSE', token: '99926000', long: 'Nifty 50' }, contracts: nfo(75, 50, TUESDAY) },
  { name: 'BANKNIFTY', level: 54_000, dayVolatility: 0.008, index: { exchange: 'NSE', token: '99926009', long: 'Nifty Bank' }, contracts: nfo(35, 100) },
  { name: 'FINNIFTY', level: 25_800, dayVolatility: 0.008, index: { exchange: 'NSE', token: '99926037', long: 'Nifty Fin Service' }, contracts: nfo(65, 50) },
  { name: 'INDIA VIX', level: 13, dayVolatility: 0.05, index: { exchange: 'NSE', token: '99926017', long: 'India VIX' } },
  { name: 'SENSEX', level: 80_500, dayVolatility: 0.007, index: { exchange: 'BSE', token: '99919000', long: 'SENSEX' }, contracts: { exchange: 'BFO', lot: 20, tickRupees: 0.05, strikeStep: 100, weekly: THURSDAY, monthly: { lastWeekday: THURSDAY } } },
  { name: 'GOLD', level: 125_000, dayVolatility: 0.008, contracts: mcx(1, 1, 5) },
  { name: 'GOLDM', level: 125_000, dayVolatility: 0.008, contracts: mcx(1, 1, 5) },
  { name: 'SILVER', level: 155_000, dayVolatility: 0.012, contracts: mcx(1, 1, 5) },
  { name: 'CRUDEOIL', level: 5600, dayVolatility: 0.018, contracts: mcx(1, 1, 19, 50) },
  { name: 'NATURALGAS', level: 310, dayVolatility: 0.025, contracts: mcx(1, 0.1, 25, 5) },
  { name: 'COPPER', level: 990, dayVolatility: 0.01, contracts: mcx(1, 0.05, 30) },
  { name: 'MENTHAOIL', level: 920, dayVolatility: 0.012, contracts: mcx(1, 0.1, 30) },
  { name: 'USDINR', level: 88.5, dayVolatility: 0.002, contracts: cds(0.25) },
  { name: 'EURINR', level: 102.5, dayVolatility: 0.004, contracts: cds() },
]; // prettier-ignore

const BY_NAME = new Map(UNDERLYINGS.map((one) => [one.name, one]));

/** By its name, or the index's; undefined for a stock. */
export function underlyingNamed(name: string): Underlying | undefined {
  return BY_NAME.get(name);
}

let stocks: ReadonlyMap<string, Listing> | undefined;

/** The stock of the NIFTY 50 of that name. */
export function stockNamed(name: string): Listing | undefined {
  stocks ??= new Map(niftyFifty().map((listing) => [listing.symbol, listing]));
  return stocks.get(name);
}

/** The listing whose noise moves all that is on `name`: the stock, the index, or one that is on no feed. */
export function moverOf(name: string): Listing {
  const stock = stockNamed(name);
  if (stock !== undefined) return stock;
  const token = underlyingNamed(name)?.index?.token ?? String(fnv1a32(name));
  return { symbol: name, exchange: 'NSE', exchangeType: 1, token, tickSizeRupees: 0.05, derivatives: true };
}
