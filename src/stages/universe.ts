/** Which instruments a run is about: the shipped NIFTY 50 list, or the broker's instrument file, and the calendar they trade by. */
import { readFileSync } from 'node:fs';
import { EngineError, sentenceOf } from '../errors.js';
import type { Instrument, Listing } from '../market/instrument.js';
import { Calendar, type CalendarData } from '../market/session.js';
import { shipped } from '../paths.js';

interface Constituents {
  readonly exchangeType: number;
  readonly constituents: readonly { readonly symbol: string; readonly token: string; readonly tickSizeRupees: string }[];
}

/** A row of OpenAPIScripMaster.json: all values are strings, prices in paise (PROTOCOL.md 9). */
interface MasterRow {
  readonly token: string;
  readonly symbol: string;
  readonly name: string;
  readonly exch_seg: string;
  readonly instrumenttype: string;
  readonly tick_size: string;
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

/** The trading calendar as shipped. */
export function shippedCalendar(): Calendar {
  return new Calendar(JSON.parse(readFileSync(shipped('data/sessions/nse-sessions.json'), 'utf8')) as CalendarData);
}

/** The symbol of an option: with or without `-EQ`. Throws EngineError INSTRUMENT for what can be no symbol, such as a path. */
export function symbolOf(text: string): string {
  const symbol = text.endsWith('-EQ') ? text.slice(0, -3) : text;
  if (!/^[A-Z0-9][A-Z0-9&-]{0,24}$/.test(symbol)) {
    throw new EngineError('INSTRUMENT', `\`${text}\` is no trading symbol: one has capital letters, digits, & and - only, e.g. M&M.`);
  }
  return symbol;
}

/** The cash equities of NSE in the broker's file, by symbol. Throws EngineError INSTRUMENT when the file is of no use. */
function readMaster(path: string): Map<string, Listing> {
  const fail = (what: string): EngineError => new EngineError('INSTRUMENT', `${path} ${what}`);
  let rows: unknown;
  try {
    rows = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw fail(`cannot be read as the broker's instrument file (${sentenceOf(error)}).`);
  }
  if (!Array.isArray(rows)) throw fail("is not the broker's instrument file: it holds no list.");
  const known = rows.filter((row): row is MasterRow => typeof row === 'object' && row !== null && typeof (row as MasterRow).symbol === 'string' && typeof (row as MasterRow).token === 'string');
  const withFutures = new Set(known.filter((row) => row.exch_seg === 'NFO' && row.instrumenttype === 'FUTSTK').map((row) => row.name));
  const listings = new Map<string, Listing>();
  for (const row of known) {
    // By full trading symbol and segment: the same name also has other series, with other tokens.
    if (!row.symbol.endsWith('-EQ') || (row.exch_seg !== 'NSE' && row.exch_seg !== 'nse_cm') || !/^[1-9]\d{0,14}$/.test(row.token)) continue;
    const symbol = row.symbol.slice(0, -3);
    const tickSizeRupees = Number(row.tick_size) / 100;
    listings.set(symbol, {
      symbol,
      token: row.token,
      exchange: 'NSE',
      exchangeType: 1,
      tickSizeRupees: tickSizeRupees > 0 ? tickSizeRupees : 0.05,
      derivatives: withFutures.has(row.name),
    });
  }
  if (listings.size === 0) throw fail("has no cash equity of NSE (symbol ending -EQ, exch_seg NSE): is it the broker's OpenAPIScripMaster.json?");
  return listings;
}

/** The shipped listing of `symbol` and the broker's, reconciled. */
function reconcile(symbol: string, ours: Listing | undefined, theirs: Listing | undefined, masterPath: string | undefined): Listing {
  if (ours !== undefined && theirs !== undefined && ours.token !== theirs.token) {
    throw new EngineError('INSTRUMENT', `${symbol} has token ${ours.token} in the shipped list and ${theirs.token} in ${masterPath!}: find out which is right before anything is subscribed.`);
  }
  if (ours !== undefined && masterPath !== undefined && theirs === undefined) {
    throw new EngineError('INSTRUMENT', `${symbol} (token ${ours.token}) is not in ${masterPath}: renamed, suspended, or an old file.`);
  }
  // Where both know it, what the exchange's file of the day says of tick size counts; that it is in the NIFTY 50 says that it has derivatives.
  const listing = theirs !== undefined && ours !== undefined ? { ...theirs, derivatives: true } : (theirs ?? ours);
  if (listing !== undefined) return listing;
  throw new EngineError('INSTRUMENT', masterPath === undefined ? `Unknown symbol ${symbol}: it is not in the NIFTY 50; --instruments FILE brings others.` : `Unknown symbol ${symbol}: neither in the NIFTY 50 nor in ${masterPath}.`);
}

/**
 * The instruments of a run, in order, each once. Throws EngineError INSTRUMENT for an unknown symbol, for one whose token differs between
 * the shipped list and the broker's file, and for two symbols of one token.
 */
export function selectInstruments(options: {
  readonly stage: 1 | 2;
  readonly symbols: readonly string[] | undefined;
  readonly subset: number | undefined;
  readonly master: string | undefined;
}): Instrument[] {
  const shippedList = new Map(niftyFifty().map((listing) => [listing.symbol, listing]));
  const master = options.master === undefined ? undefined : readMaster(options.master);
  const stageSymbols = options.stage === 1 ? ['RELIANCE'] : [...shippedList.keys()];
  const { subset } = options;
  if (subset !== undefined && subset > stageSymbols.length) {
    throw new EngineError('USAGE', `--subset takes at most the ${stageSymbols.length} of stage ${options.stage}, not ${subset}.`);
  }
  const wanted = [...new Set(options.symbols?.map(symbolOf) ?? stageSymbols.slice(0, subset))];
  const byToken = new Map<string, string>();
  return wanted.map((symbol, index) => {
    const listing = reconcile(symbol, shippedList.get(symbol), master?.get(symbol), options.master);
    const other = byToken.get(`${listing.exchangeType} ${listing.token}`);
    if (other !== undefined) throw new EngineError('INSTRUMENT', `${symbol} and ${other} have the same token ${listing.token}.`);
    byToken.set(`${listing.exchangeType} ${listing.token}`, symbol);
    return { ...listing, index };
  });
}
