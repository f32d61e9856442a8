/**
 * A run's instruments, from the shipped NIFTY 50 list or the broker's instrument file, and their trading calendar.
 */
import { EngineError } from '../errors.js';
import type { BrokerListings } from '../broker/broker.js';
import type { Instrument, Listing } from '../market/instrument.js';
import { niftyFifty } from '../market/nifty-fifty.js';
import { istDate } from '../market/session.js';
import { broker } from './broker.js';
import { named } from '../text/named.js';
import { nearestNames } from '../text/nearest.js';
import { askedOf } from './names.js';
import { listingsOf, NEAREST, type ChoiceBasis } from './selection.js';

export { niftyFifty };

/** Of whose instruments nothing more is asked than cash equities of NSE and indices. */
const NO_EXCHANGES: ReadonlySet<string> = new Set();

/** The broker's instrument file. */
export interface InstrumentMaster {
  readonly path: string;
  readonly scrips: BrokerListings;
  /** IST date of its download; undefined for the user's own file. */
  readonly date: string | undefined;
  readonly warnings: readonly string[];
}

/**
 * The user's file; otherwise, if `cache`, the newest download, with a warning if older than `today` (IST date).
 * Undefined without one. Throws EngineError INSTRUMENT if it cannot be read.
 */
export async function readInstrumentMaster(
  named: string | undefined,
  cache: boolean,
  today: string,
  exchanges = NO_EXCHANGES,
): Promise<InstrumentMaster | undefined> {
  if (named !== undefined)
    return instrumentMaster(named, await broker.instruments.read(named, exchanges), undefined, []);
  const cached = cache ? await broker.instruments.newest(today) : undefined;
  if (cached === undefined) return undefined;
  const { path, date, ageDays } = cached;
  const old =
    ageDays === 0
      ? []
      : [
          `The instrument file is ${ageDays === 1 ? 'of yesterday' : `${ageDays} days old`} (${date}): \`tickshard instruments --fetch\` gets today's.`,
        ];
  return instrumentMaster(path, await broker.instruments.read(path, exchanges), date, old);
}

/** A file with a name for sentences, and what is said of it. */
export function instrumentMaster(
  path: string,
  master: BrokerListings,
  date: string | undefined,
  warnings: readonly string[],
): InstrumentMaster {
  const unreadable =
    master.unreadable === 0
      ? []
      : [`${master.unreadable} of ${master.rows} rows of ${path} could not be read and are left out.`];
  return { path, scrips: master, date, warnings: [...warnings, ...unreadable] };
}

/** Rupees; of all pairs of currencies. */
const CURRENCY_TICK = 0.0025;

/** Tick size in rupees; undefined for an instrument that no list has. */
export type TickSizeOf = (symbol: string, exchange: string) => number | undefined;

/**
 * From the newest download or else the shipped list. `exchanges`: those of the instruments. Throws EngineError
 * INSTRUMENT if the file cannot be read.
 */
export async function tickSizes(nowMs: number, exchanges: ReadonlySet<string>): Promise<TickSizeOf> {
  const master = await readInstrumentMaster(undefined, true, istDate(nowMs), exchanges);
  const sizes = new Map(niftyFifty().map(({ symbol, tickSizeRupees }) => [symbol, tickSizeRupees]));
  return (symbol, exchange) => {
    if (exchange === 'CDS') return CURRENCY_TICK;
    const other = master?.scrips.others.get(`${exchange}:${symbol}`)?.tickSizeRupees;
    if (exchange !== 'NSE') return other;
    return master?.scrips.listings.get(symbol)?.tickSizeRupees ?? other ?? sizes.get(symbol);
  };
}

/** How they differ, one clause; undefined if they agree. */
export function disagreement(
  { symbol, token }: Listing,
  { listings, conflicts }: BrokerListings,
): string | undefined {
  const conflict = conflicts.get(symbol);
  if (conflict !== undefined) return conflict;
  const theirs = listings.get(symbol);
  if (theirs === undefined)
    return `${symbol} (token ${token}) is not in the file: renamed, suspended, or an old file`;
  return theirs.token === token
    ? undefined
    : `${symbol} has token ${token} in the shipped list and ${theirs.token} in the file: find out which is right before anything is subscribed`;
}

/** One listing from the shipped and the broker's. Throws EngineError INSTRUMENT if they differ or both are absent. */
function reconcile(symbol: string, ours: Listing | undefined, master: InstrumentMaster | undefined): Listing {
  const theirs = master?.scrips.listings.get(symbol);
  const wrong =
    master === undefined
      ? undefined
      : ours === undefined
        ? master.scrips.conflicts.get(symbol)
        : disagreement(ours, master.scrips);
  if (wrong !== undefined) throw new EngineError('INSTRUMENT', `${master!.path}: ${wrong}.`);
  // The day's file has the current tick size; NIFTY 50 stocks have derivatives.
  const listing =
    theirs !== undefined && ours !== undefined ? { ...theirs, derivatives: true } : (theirs ?? ours);
  if (listing !== undefined) return listing;
  const names = [...niftyFifty().map((one) => one.symbol), ...(master?.scrips.listings.keys() ?? [])];
  const hint =
    'it is not in the NIFTY 50; --instruments FILE brings others, and so does `tickshard instruments --fetch` for the live feed';
  throw new EngineError(
    'INSTRUMENT',
    `Unknown symbol ${symbol}: ${master === undefined ? hint : `neither in the NIFTY 50 nor in ${master.path}`}; the nearest names are ${named(nearestNames(symbol, names, NEAREST))}.`,
  );
}

/**
 * The listing of an instrument of a file: of the shipped list and the broker's, or of the broker's alone. Throws
 * EngineError INSTRUMENT if it is in none, or if they differ.
 */
export function listingFor(
  { exchange, symbol }: { readonly exchange: string; readonly symbol: string },
  shipped: ReadonlyMap<string, Listing>,
  master: InstrumentMaster | undefined,
): Listing {
  const other = master?.scrips.others.get(`${exchange}:${symbol}`);
  if (other !== undefined) return other;
  if (exchange === 'NSE') return reconcile(symbol, shipped.get(symbol), master);
  throw new EngineError(
    'INSTRUMENT',
    master === undefined
      ? `The token of ${exchange}:${symbol} is not known: --instruments FILE brings it, and so does \`tickshard instruments --fetch\` for the live feed.`
      : `${exchange}:${symbol} is not in ${master.path}.`,
  );
}

/**
 * In order, without duplicates. Throws EngineError INSTRUMENT for an unknown symbol or contract, with the nearest
 * names; for a token that differs between the shipped list and the broker's file; and for two instruments with one
 * token.
 */
export function selectInstruments(options: {
  readonly stage: 1 | 2;
  readonly symbols: readonly string[] | undefined;
  readonly subset: number | undefined;
  readonly master: InstrumentMaster | undefined;
  /** What selections of contracts go by; needed for names of other exchanges. */
  readonly market?: ChoiceBasis | undefined;
}): Instrument[] {
  const { subset, master, market } = options;
  const shippedList = new Map(niftyFifty().map((listing) => [listing.symbol, listing]));
  const stageSymbols = options.stage === 1 ? ['RELIANCE'] : [...shippedList.keys()];
  if (subset !== undefined && subset > stageSymbols.length) {
    throw new EngineError(
      'USAGE',
      `--subset takes at most the ${stageSymbols.length} of stage ${options.stage}, not ${subset}.`,
    );
  }
  const asked = (options.symbols ?? stageSymbols.slice(0, subset)).map(askedOf);
  const found = asked.flatMap((one) => {
    const isEquity = one.kind === 'one' && one.exchange === 'NSE';
    const isOther = isEquity && master?.scrips.others.has(`NSE:${one.symbol}`) === true;
    if (isEquity && !(isOther && !master.scrips.listings.has(one.symbol)))
      return [reconcile(one.symbol, shippedList.get(one.symbol), master)];
    return listingsOf(one, master, market);
  });
  const byToken = new Map<string, Listing>();
  for (const listing of found) {
    const key = `${listing.exchangeType} ${listing.token}`;
    const other = byToken.get(key);
    if (other !== undefined && other.symbol !== listing.symbol)
      throw new EngineError(
        'INSTRUMENT',
        `${listing.symbol} and ${other.symbol} have the same token ${listing.token}: leave one of them out.`,
      );
    byToken.set(key, listing);
  }
  return [...byToken.values()].map((listing, index) => ({ ...listing, index }));
}
