/**
 * OpenAPIScripMaster.json: one JSON list of all exchanges, tens of megabytes, every value a string, prices in paise
 * (docs/protocol.md 9). Read in pieces; only what a run can need is kept.
 */
import { EngineError, sentenceOf } from '../../errors.js';
import { EXCHANGE, type Listing } from '../../market/instrument.js';
import type { BrokerListings } from '../broker.js';
import { exchangeTypeOf, listingOf, tickOf, type MasterRow } from './scrip-rows.js';

export interface ScripMaster extends BrokerListings {
  /** The rows used, in the file's order: cash equities of NSE, stock futures and indices; and all others. */
  readonly kept: readonly MasterRow[];
  readonly keptOthers: readonly MasterRow[];
}

/** Of whose rows a reader asks, besides cash equities of NSE and indices. */
export type Wanted = (exchange: string) => boolean;
const NONE: Wanted = () => false;
/**
 * Maximum bytes without the end of a row, not counting a piece that was begun. A row has some 250; a larger or deeper
 * one would be held until it ends.
 */
const LARGEST_ROW = 65_536;
/** Rows kept; the broker's file has some 3,000 of them, and of others some 200,000. */
const MAX_KEPT = 100_000;
const MAX_OTHERS = 1_000_000;
const needed = ['token', 'symbol', 'name', 'exch_seg', 'instrumenttype'];

/** By full trading symbol and segment: a name also has other series, with other tokens (docs/traps.md C17). */
function isEquity({ symbol, exch_seg, token }: MasterRow): boolean {
  return (
    symbol.endsWith('-EQ') &&
    symbol.length > 3 &&
    (exch_seg === 'NSE' || exch_seg === 'nse_cm') &&
    /^[1-9]\d{0,14}$/.test(token)
  );
}

function isStockFuture({ exch_seg, instrumenttype }: MasterRow): boolean {
  return (exch_seg === 'NFO' || exch_seg === 'nse_fo') && instrumenttype === 'FUTSTK';
}

function asRow(value: unknown): MasterRow | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const row = value as Record<string, unknown>;
  return needed.every((name) => typeof row[name] === 'string') ? (row as MasterRow) : undefined;
}

class Collector {
  readonly kept: MasterRow[] = [];
  readonly conflicts = new Map<string, string>();
  readonly #equities = new Map<string, MasterRow>();
  readonly #byToken = new Map<string, string>();
  readonly #withFutures = new Set<string>();
  readonly keptOthers: MasterRow[] = [];
  readonly #indices: MasterRow[] = [];
  readonly #wanted: Wanted;
  rows = 0;
  unreadable = 0;

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  add(value: unknown): void {
    this.rows++;
    const row = asRow(value);
    if (row === undefined) {
      this.unreadable++;
      return;
    }
    if (isStockFuture(row)) {
      this.kept.push(row);
      this.#withFutures.add(row.name);
    } else if (isEquity(row)) {
      this.kept.push(row);
      this.#equity(row.symbol.slice(0, -3), row);
      return;
    } else if (row.instrumenttype === 'AMXIDX') {
      this.kept.push(row);
      this.#indices.push(row);
      return;
    }
    const type = exchangeTypeOf(row);
    if (type !== undefined && this.#wanted(EXCHANGE[type])) this.keptOthers.push(row);
  }

  /** By `EXCHANGE:SYMBOL`; an index also by its long name. Of two rows of a symbol with two tokens, neither. */
  #others(): Map<string, Listing> {
    const others = new Map<string, Listing>();
    for (const row of [...this.#indices, ...this.keptOthers]) {
      const listing = listingOf(row, this.#withFutures.has(row.name));
      if (listing === undefined) continue;
      const key = `${listing.exchange}:${listing.symbol}`;
      const before = others.get(key);
      if (before !== undefined && before.token !== listing.token)
        this.conflicts.set(key, `${key} has two tokens, ${before.token} and ${listing.token}`);
      others.set(key, listing);
    }
    for (const row of this.#indices) {
      const listing = listingOf(row, false);
      const long = listing && `${listing.exchange}:${row.symbol.toUpperCase()}`;
      if (long !== undefined && !others.has(long)) others.set(long, listing!);
    }
    return others;
  }

  #equity(symbol: string, row: MasterRow): void {
    const before = this.#equities.get(symbol);
    if (before !== undefined && before.token !== row.token)
      this.conflicts.set(symbol, `${symbol}-EQ has two tokens, ${before.token} and ${row.token}`);
    const other = this.#byToken.get(row.token);
    if (other !== undefined && other !== symbol) {
      for (const one of [symbol, other])
        this.conflicts.set(one, `${other}-EQ and ${symbol}-EQ have the same token ${row.token}`);
    }
    this.#byToken.set(row.token, symbol);
    this.#equities.set(symbol, row);
  }

  master(): ScripMaster {
    let guessedTicks = 0;
    const listings = new Map<string, Listing>();
    for (const [symbol, row] of this.#equities) {
      if (this.conflicts.has(symbol)) continue;
      if (tickOf(row) <= 0) guessedTicks++;
      const listing = listingOf(row, this.#withFutures.has(row.name));
      if (listing !== undefined) listings.set(symbol, listing);
    }
    const others = this.#others();
    const { conflicts, rows, unreadable, kept, keptOthers } = this;
    const derivatives = this.#withFutures.size;
    return { listings, others, conflicts, derivatives, rows, unreadable, guessedTicks, kept, keptOthers };
  }
}

/** The segment of a row's line, without reading the line. */
const SEGMENT = /"exch_seg":"([^"]*)"/;

/**
 * Reads rows that were written a line each, of which only those wanted are parsed: some ten times as fast as
 * `readMaster`. Throws EngineError INSTRUMENT for a line that is no row.
 */
export async function readLines(
  lines: AsyncIterable<string>,
  name: string,
  wanted: Wanted,
): Promise<ScripMaster> {
  const collector = new Collector(wanted);
  for await (const line of lines) {
    if (line === '[' || line === ']' || line === '') continue;
    const type = exchangeTypeOf({ exch_seg: SEGMENT.exec(line)?.[1] ?? '' });
    if (type !== undefined && !wanted(EXCHANGE[type])) continue;
    let row: unknown;
    try {
      row = JSON.parse(line.endsWith(',') ? line.slice(0, -1) : line);
    } catch (error) {
      throw new EngineError(
        'INSTRUMENT',
        `${name} has a line that is no row: fetch it again with \`tickshard instruments --fetch\`.`,
        { cause: error },
      );
    }
    collector.add(row);
  }
  return collector.master();
}

/**
 * Reads the file from its pieces; `name` is for sentences. Throws EngineError INSTRUMENT for a file of no use; errors
 * of `chunks` pass.
 */
export async function readMaster(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  wanted: Wanted = NONE,
): Promise<ScripMaster> {
  const fail = (what: string): EngineError => new EngineError('INSTRUMENT', `${name} ${what}`);
  const collector = new Collector(wanted);
  // Imported late: most runs read no instrument file.
  const { JSONParser } = await import('@streamparser/json');
  // Keeps no element of the list.
  const parser = new JSONParser({ paths: ['$.*'], keepStack: false });
  let isList = true;
  let bytes = 0;
  let rowEnded = 0;
  parser.onValue = ({ value, key }) => {
    isList = typeof key === 'number';
    rowEnded = bytes;
    if (isList) collector.add(value);
  };
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    try {
      parser.write(chunk);
    } catch (error) {
      throw fail(
        `is no JSON that can be read (${sentenceOf(error)}): is it the broker's OpenAPIScripMaster.json?`,
      );
    }
    if (!isList) throw fail("is not the broker's instrument file: it holds no list.");
    if (bytes - rowEnded > LARGEST_ROW)
      throw fail(`is not the broker's instrument file: it has a row of more than ${LARGEST_ROW} bytes.`);
    if (collector.keptOthers.length > MAX_OTHERS)
      throw fail(`is not the broker's instrument file: it has more than ${MAX_OTHERS} instruments.`);
    if (collector.kept.length > MAX_KEPT)
      throw fail(
        `is not the broker's instrument file: it has more than ${MAX_KEPT} equities and stock futures.`,
      );
  }
  if (bytes === 0) throw fail('is empty.');
  if (!parser.isEnded) throw fail(`is cut off after ${bytes} bytes: fetch it again.`);
  const master = collector.master();
  if (master.listings.size + master.conflicts.size + master.others.size === 0)
    throw fail(
      "has no cash equity of NSE (symbol ending -EQ, exch_seg NSE): is it the broker's OpenAPIScripMaster.json?",
    );
  return master;
}
