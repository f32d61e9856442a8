/** Which instruments a run is about: the shipped NIFTY 50 list, or the broker's instrument file, and the calendar they trade by. */
import { readFileSync } from 'node:fs';
import { EngineError } from '../errors.js';
import { CACHE_FOLDER, newestCached, readMasterFile } from '../broker/angel/scrip-cache.js';
import type { ScripMaster } from '../broker/angel/scrip-master.js';
import type { Instrument, Listing } from '../market/instrument.js';
import { Calendar, istDate } from '../market/session.js';
import { shipped } from '../paths.js';

interface Constituents {
  readonly exchangeType: number;
  readonly constituents: readonly {
    readonly symbol: string;
    readonly token: string;
    readonly tickSizeRupees: string;
  }[];
}

/** The NIFTY 50 as shipped. All of them have derivatives. */
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

/** The trading calendar as shipped. Throws EngineError CONFIG when somebody has changed it into what is none. */
export function shippedCalendar(): Calendar {
  const path = 'data/sessions/nse-sessions.json';
  return Calendar.parse(readFileSync(shipped(path), 'utf8'), path);
}

/** The symbol of an option: with or without `-EQ`. Throws EngineError INSTRUMENT for what can be no symbol, such as a path. */
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

/** The broker's file that a run goes by. */
export interface InstrumentMaster {
  readonly path: string;
  readonly master: ScripMaster;
  /** IST date on which it was fetched; undefined for a file that the user named. */
  readonly date: string | undefined;
  /** What a person should know of it, sentences. */
  readonly warnings: readonly string[];
}

/** The file that the user named; else, where `cache` says so, the newest one that was fetched, with a warning when it is not of `today`. Throws EngineError INSTRUMENT. */
export async function openInstrumentMaster(
  named: string | undefined,
  cache: boolean,
  today: string,
): Promise<InstrumentMaster | undefined> {
  if (named !== undefined) return bookOf(named, await readMasterFile(named), undefined, []);
  const cached = cache ? await newestCached(CACHE_FOLDER, today) : undefined;
  if (cached === undefined) return undefined;
  const { path, date, ageDays } = cached;
  const old =
    ageDays === 0
      ? []
      : [
          `The instrument file is ${ageDays === 1 ? 'of yesterday' : `${ageDays} days old`} (${date}): \`tickshard instruments --fetch\` gets today's.`,
        ];
  return bookOf(path, await readMasterFile(path), date, old);
}

function bookOf(
  path: string,
  master: ScripMaster,
  date: string | undefined,
  warnings: readonly string[],
): InstrumentMaster {
  const unreadable =
    master.unreadable === 0
      ? []
      : [`${master.unreadable} of ${master.rows} rows of ${path} could not be read and are left out.`];
  return { path, master, date, warnings: [...warnings, ...unreadable] };
}

/** The tick size of a symbol in rupees, by the newest file that was fetched, else as shipped; undefined where neither knows it. Throws EngineError INSTRUMENT. */
export async function tickSizes(nowMs: number): Promise<(symbol: string) => number | undefined> {
  const book = await openInstrumentMaster(undefined, true, istDate(nowMs));
  const sizes = new Map(niftyFifty().map(({ symbol, tickSizeRupees }) => [symbol, tickSizeRupees]));
  return (symbol) => book?.master.listings.get(symbol)?.tickSizeRupees ?? sizes.get(symbol);
}

/** How one symbol of the shipped list stands in the broker's file, one clause; undefined when both agree. */
export function disagreement(
  { symbol, token }: Listing,
  { listings, conflicts }: ScripMaster,
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

/** The shipped listing of `symbol` and the broker's, reconciled. Throws EngineError INSTRUMENT where they differ, or neither knows it. */
export function reconcile(
  symbol: string,
  ours: Listing | undefined,
  book: InstrumentMaster | undefined,
): Listing {
  const theirs = book?.master.listings.get(symbol);
  const wrong =
    book === undefined
      ? undefined
      : ours === undefined
        ? book.master.conflicts.get(symbol)
        : disagreement(ours, book.master);
  if (wrong !== undefined) throw new EngineError('INSTRUMENT', `${book!.path}: ${wrong}.`);
  // Where both know it, what the exchange's file of the day says of tick size counts; that it is in the NIFTY 50 says that it has derivatives.
  const listing =
    theirs !== undefined && ours !== undefined ? { ...theirs, derivatives: true } : (theirs ?? ours);
  if (listing !== undefined) return listing;
  const hint =
    'it is not in the NIFTY 50; --instruments FILE brings others, and so does `tickshard instruments --fetch` for the live feed';
  throw new EngineError(
    'INSTRUMENT',
    `Unknown symbol ${symbol}: ${book === undefined ? hint : `neither in the NIFTY 50 nor in ${book.path}`}.`,
  );
}

/**
 * The instruments of a run, in order, each once. Throws EngineError INSTRUMENT for an unknown symbol, for one whose token differs between
 * the shipped list and the broker's file, and for two symbols of one token.
 */
export function selectInstruments(options: {
  readonly stage: 1 | 2;
  readonly symbols: readonly string[] | undefined;
  readonly subset: number | undefined;
  readonly book: InstrumentMaster | undefined;
}): Instrument[] {
  const { subset, book } = options;
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
    const listing = reconcile(symbol, shippedList.get(symbol), book);
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
