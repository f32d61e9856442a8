/**
 * A run's instruments, from the shipped NIFTY 50 list or the broker's instrument file, and their trading calendar.
 */
import { readFileSync } from 'node:fs';
import { EngineError } from '../errors.js';
import type { BrokerListings } from '../broker/broker.js';
import type { Instrument, Listing } from '../market/instrument.js';
import { istDate } from '../market/session.js';
import { shipped } from '../paths.js';
import { broker } from './broker.js';

interface Constituents {
  readonly exchangeType: number;
  readonly constituents: readonly {
    readonly symbol: string;
    readonly token: string;
    readonly tickSizeRupees: string;
  }[];
}

/** As shipped. All have derivatives. */
export function niftyFifty(): Listing[] {
  const file = JSON.parse(readFileSync(shipped('data/instruments/nifty50.json'), 'utf8')) as Constituents;
  return file.constituents.map(({ symbol, token, tickSizeRupees }) => ({
    symbol,
    token,
    exchange: 'NSE',
    exchangeType: file.exchangeType,
    tickSizeRupees: Number(tickSizeRupees),
    derivatives: true,
  }));
}

/**
 * The symbol of a `--symbols` entry, with or without `-EQ`. Throws EngineError INSTRUMENT if it cannot be one, such
 * as a path.
 */
export function symbolOf(text: string): string {
  const symbol = text.endsWith('-EQ') ? text.slice(0, -3) : text;
  if (!/^[A-Z0-9][A-Z0-9&-]{0,24}$/.test(symbol)) {
    throw new EngineError(
      'INSTRUMENT',
      `\`${text}\` is no trading symbol: one has capital letters, digits, & and - only, e.g. M&M.`,
    );
  }
  return symbol;
}

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
): Promise<InstrumentMaster | undefined> {
  if (named !== undefined)
    return instrumentMaster(named, await broker.instruments.read(named), undefined, []);
  const cached = cache ? await broker.instruments.newest(today) : undefined;
  if (cached === undefined) return undefined;
  const { path, date, ageDays } = cached;
  const old =
    ageDays === 0
      ? []
      : [
          `The instrument file is ${ageDays === 1 ? 'of yesterday' : `${ageDays} days old`} (${date}): \`tickshard instruments --fetch\` gets today's.`,
        ];
  return instrumentMaster(path, await broker.instruments.read(path), date, old);
}

function instrumentMaster(
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

/**
 * Tick size in rupees, from the newest download or else the shipped list; undefined if neither has the symbol. Throws
 * EngineError INSTRUMENT if the file cannot be read.
 */
export async function tickSizes(nowMs: number): Promise<(symbol: string) => number | undefined> {
  const master = await readInstrumentMaster(undefined, true, istDate(nowMs));
  const sizes = new Map(niftyFifty().map(({ symbol, tickSizeRupees }) => [symbol, tickSizeRupees]));
  return (symbol) => master?.scrips.listings.get(symbol)?.tickSizeRupees ?? sizes.get(symbol);
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
export function reconcile(
  symbol: string,
  ours: Listing | undefined,
  master: InstrumentMaster | undefined,
): Listing {
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
  const hint =
    'it is not in the NIFTY 50; --instruments FILE brings others, and so does `tickshard instruments --fetch` for the live feed';
  throw new EngineError(
    'INSTRUMENT',
    `Unknown symbol ${symbol}: ${master === undefined ? hint : `neither in the NIFTY 50 nor in ${master.path}`}.`,
  );
}

/**
 * In order, without duplicates. Throws EngineError INSTRUMENT for an unknown symbol, a token that differs between the
 * shipped list and the broker's file, and two symbols with one token.
 */
export function selectInstruments(options: {
  readonly stage: 1 | 2;
  readonly symbols: readonly string[] | undefined;
  readonly subset: number | undefined;
  readonly master: InstrumentMaster | undefined;
}): Instrument[] {
  const { subset, master } = options;
  const shippedList = new Map(niftyFifty().map((listing) => [listing.symbol, listing]));
  const stageSymbols = options.stage === 1 ? ['RELIANCE'] : [...shippedList.keys()];
  if (subset !== undefined && subset > stageSymbols.length) {
    throw new EngineError(
      'USAGE',
      `--subset takes at most the ${stageSymbols.length} of stage ${options.stage}, not ${subset}.`,
    );
  }
  const wanted = [...new Set(options.symbols?.map(symbolOf) ?? stageSymbols.slice(0, subset))];
  const byToken = new Map<string, string>();
  return wanted.map((symbol, index) => {
    const listing = reconcile(symbol, shippedList.get(symbol), master);
    const other = byToken.get(`${listing.exchangeType} ${listing.token}`);
    if (other !== undefined)
      throw new EngineError(
        'INSTRUMENT',
        `${symbol} and ${other} have the same token ${listing.token}: leave one of them out.`,
      );
    byToken.set(`${listing.exchangeType} ${listing.token}`, symbol);
    return { ...listing, index };
  });
}
