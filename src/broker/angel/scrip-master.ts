/**
 * OpenAPIScripMaster.json: one JSON list of all exchanges, tens of megabytes, every value a string, prices in paise
 * (docs/protocol.md 9). Read in pieces; only what a run can need is kept.
 */
import { EngineError, sentenceOf } from '../../errors.js';
import type { Listing } from '../../market/instrument.js';
import type { BrokerListings } from '../broker.js';

/** With all the broker's columns. */
export type MasterRow = Readonly<Record<string, string>> & {
  readonly token: string;
  readonly symbol: string;
  readonly name: string;
  readonly exch_seg: string;
};

export interface ScripMaster extends BrokerListings {
  /** The rows used, in the file's order. */
  readonly kept: readonly MasterRow[];
}

const TICK_WHERE_UNKNOWN = 0.05;
/**
 * Maximum bytes without the end of a row, not counting a piece that was begun. A row has some 250; a larger or deeper
 * one would be held until it ends.
 */
const LARGEST_ROW = 65_536;
/** Rows kept; the broker's file has some 3,000 of them. */
const MAX_KEPT = 100_000;
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
  rows = 0;
  unreadable = 0;

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
    }
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
      // Only the `needed` columns are sure to be texts.
      const tick: unknown = row['tick_size'];
      const paise = typeof tick === 'string' && /^\d{1,9}(\.\d+)?$/.test(tick) ? Number(tick) : 0;
      if (paise <= 0) guessedTicks++;
      listings.set(symbol, {
        symbol,
        token: row.token,
        exchange: 'NSE',
        exchangeType: 1,
        tickSizeRupees: paise > 0 ? paise / 100 : TICK_WHERE_UNKNOWN,
        derivatives: this.#withFutures.has(row.name),
      });
    }
    const { conflicts, rows, unreadable, kept } = this;
    return { listings, conflicts, derivatives: this.#withFutures.size, rows, unreadable, guessedTicks, kept };
  }
}

/**
 * Reads the file from its pieces; `name` is for sentences. Throws EngineError INSTRUMENT for a file of no use; errors
 * of `chunks` pass.
 */
export async function readMaster(chunks: AsyncIterable<Uint8Array>, name: string): Promise<ScripMaster> {
  const fail = (what: string): EngineError => new EngineError('INSTRUMENT', `${name} ${what}`);
  const collector = new Collector();
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
    if (collector.kept.length > MAX_KEPT)
      throw fail(
        `is not the broker's instrument file: it has more than ${MAX_KEPT} equities and stock futures.`,
      );
  }
  if (bytes === 0) throw fail('is empty.');
  if (!parser.isEnded) throw fail(`is cut off after ${bytes} bytes: fetch it again.`);
  const master = collector.master();
  if (master.listings.size + master.conflicts.size === 0)
    throw fail(
      "has no cash equity of NSE (symbol ending -EQ, exch_seg NSE): is it the broker's OpenAPIScripMaster.json?",
    );
  return master;
}
