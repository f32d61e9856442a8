/** The names of `--symbols`: an instrument, a selection of contracts, or a file of names. */
import { readFileSync } from 'node:fs';
import { EngineError, sentenceOf } from '../errors.js';
import { nameOf, SEGMENTS } from '../market/instrument.js';

/** One instrument, or the contracts that a selection names when the run starts. */
export type AskedName =
  | { readonly kind: 'one'; readonly text: string; readonly exchange: string; readonly symbol: string }
  | { readonly kind: 'future'; readonly text: string; readonly exchange: string; readonly name: string }
  | {
      readonly kind: 'options';
      readonly text: string;
      readonly exchange: string;
      readonly name: string;
      readonly expiry: 'weekly' | 'monthly';
      /** Strikes above and below the one at the money. */
      readonly around: number;
    };

/** Options with their calls and puts must fit on one connection. */
const MAX_AROUND = 200;
const MAX_LIST_BYTES = 1024 * 1024;

/** A trading symbol: an index may have spaces in it, and some symbols dots or a star. */
const SYMBOL = /^[A-Z0-9][A-Z0-9&.*_-]*(?: [A-Z0-9&.*_-]+)*$/;
const MAX_SYMBOL_LENGTH = 64;

function wrong(text: string, what: string): EngineError {
  return new EngineError('INSTRUMENT', `\`${text}\` ${what}`);
}

/**
 * The symbol of a cash equity of NSE, with or without `-EQ`. Throws EngineError INSTRUMENT if it cannot be one, such
 * as a path.
 */
function symbolOf(text: string): string {
  const symbol = text.endsWith('-EQ') ? text.slice(0, -3) : text;
  if (!/^[A-Z0-9][A-Z0-9&-]{0,24}$/.test(symbol))
    throw wrong(text, 'is no trading symbol: one has capital letters, digits, & and - only, e.g. M&M.');
  return symbol;
}

/** Reads one name. Throws EngineError INSTRUMENT with one sentence. */
export function askedOf(text: string): AskedName {
  const at = text.indexOf(':');
  const exchange = at < 0 ? 'NSE' : text.slice(0, at);
  const rest = at < 0 ? text : text.slice(at + 1);
  const selection = /^([^@]+)@([^:@]*)(?::(.*))?$/.exec(rest);
  if (at < 0 && selection === null) return { kind: 'one', text, exchange, symbol: symbolOf(text) };
  if (!(SEGMENTS as readonly string[]).includes(exchange))
    throw wrong(
      text,
      `names no exchange that can be run: ${SEGMENTS.slice(0, -1).join(', ')} or ${SEGMENTS.at(-1)!}, as in NFO:NIFTY@fut.`,
    );
  const name = selection?.[1] ?? rest;
  if (!SYMBOL.test(name) || name.length > MAX_SYMBOL_LENGTH)
    throw wrong(text, `is no EXCHANGE:TRADINGSYMBOL, e.g. NSE:M&M or NFO:NIFTY29DEC26FUT.`);
  if (selection === null)
    return { kind: 'one', text, exchange, symbol: exchange === 'NSE' ? name.replace(/-EQ$/, '') : name };
  const [, , which, money] = selection;
  if (exchange === 'NSE' || exchange === 'BSE')
    throw wrong(
      text,
      `selects contracts, which ${exchange} does not have: they are on ${exchange === 'NSE' ? 'NFO' : 'BFO'}.`,
    );
  if (which === 'fut' && money === undefined) return { kind: 'future', text, exchange, name };
  const atMoney = /^ATM(?:(?:\+-|\u00b1)(\d{1,3}))?$/.exec(money ?? '');
  const around = Number(atMoney?.[1] ?? 0);
  if ((which !== 'weekly' && which !== 'monthly') || atMoney === null || around > MAX_AROUND)
    throw wrong(
      text,
      `is no selection: ${exchange}:${name}@fut is the nearest future, ${exchange}:${name}@weekly:ATM+-5 (or @monthly) are options around the money, at most ATM+-${MAX_AROUND}.`,
    );
  return { kind: 'options', text, exchange, name, expiry: which, around };
}

/** The name of one instrument: RELIANCE of NSE, BSE:RELIANCE of another exchange. Throws EngineError INSTRUMENT. */
export function instrumentName(text: string): string {
  const asked = askedOf(text);
  if (asked.kind !== 'one') throw wrong(text, 'selects contracts: name them, e.g. NFO:NIFTY29DEC26FUT.');
  return nameOf(asked);
}

/** The names of a file: some a line, separated by commas; `#` begins a comment. */
function namesIn(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new EngineError('USAGE', `--symbols @${path} cannot be read (${sentenceOf(error)}).`, {
      cause: error,
    });
  }
  if (text.length > MAX_LIST_BYTES)
    throw new EngineError(
      'USAGE',
      `--symbols @${path} has more than ${MAX_LIST_BYTES} characters: that is no list of names.`,
    );
  const names = text
    .replace(/^\ufeff/, '')
    .split('\n')
    .flatMap((line) => line.replace(/#.*$/, '').split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0)
    throw new EngineError(
      'USAGE',
      `--symbols @${path} has no name: one a line, e.g. RELIANCE or NFO:NIFTY@fut.`,
    );
  const nested = names.find((name) => name.startsWith('@'));
  if (nested !== undefined)
    throw new EngineError(
      'USAGE',
      `--symbols @${path} names the list \`${nested}\`: a list holds names of instruments only.`,
    );
  return names;
}

/** With the names of each `@FILE` in its place. Throws EngineError USAGE. */
export function withLists(symbols: readonly string[]): readonly string[] {
  return symbols.flatMap((name) => (name.startsWith('@') ? namesIn(name.slice(1)) : [name]));
}
