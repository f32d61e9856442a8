/** Reads a tape: CSV, or gzip of it, with the columns `trade_ms,price_cents,quantity`, in order of time. */

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { EngineError, sentenceOf } from '../errors.js';
import { isGzip } from '../text/gzip.js';
import { namedBy, nameOf, type Listing } from '../market/instrument.js';
import { MINUTE_MS } from '../market/session.js';
import type { Tape } from './tape.js';

const HEADER = 'trade_ms,price_cents,quantity';
/** 120 MB. Tests lower it. */
const MAX_TRADES = 5_000_000;
/** A line longer than this is no trade; text without line ends is not gathered. */
const MAX_LINE_LENGTH = 200;
/** 10 million of a currency, 15 digits of a quantity: all products stay exact. */
const MAX_CENTS = 1e9;
const MAX_VOLUME = 1e15;

const WHOLE = /^\d{1,16}$/;
/** Epoch ms, or ms of the day; decimals of trades within a millisecond. */
const TIME = /^\d{1,14}(?:\.\d{1,9})?$/;
const QUANTITY = /^(\d{1,15})(?:\.(\d{1,9}))?$/;

/** Refuses with `--tape FILE SENTENCE`. */
type Refuse = (sentence: string) => EngineError;

/** Adds lines up. */
class TapeBuilder {
  readonly #refuse: Refuse;
  readonly #maxTrades: number;
  readonly #ms: number[] = [];
  readonly #cents: number[] = [];
  readonly #quantity: number[] = [];
  #decimals = 0;
  #line = 0;
  /** After an empty line: the rest of a packed file may be as long as it likes. */
  #ended = false;

  constructor(refuse: Refuse, maxTrades: number) {
    this.#refuse = refuse;
    this.#maxTrades = maxTrades;
  }

  add(text: string): void {
    this.#line += 1;
    if (text.length > MAX_LINE_LENGTH) throw this.#bad(`is longer than ${MAX_LINE_LENGTH} characters`);
    const line = text.trim();
    if (this.#line === 1) {
      if (line !== HEADER) throw this.#refuse(`does not begin with the line ${HEADER}.`);
      return;
    }
    if (this.#ended) throw this.#bad('comes after an empty line');
    this.#ended = line === '';
    if (this.#ended) return;
    const cells = line.split(',');
    if (cells.length !== 3) throw this.#bad(`has ${cells.length} columns, not 3`);
    const [time, cents, quantity] = cells.map((cell) => cell.trim());
    this.#ms.push(this.#time(time));
    this.#cents.push(this.#price(cents));
    this.#quantity.push(this.#quantityOf(quantity));
    if (this.#ms.length > this.#maxTrades)
      throw this.#refuse(`has more than ${this.#maxTrades.toLocaleString('en')} trades.`);
  }

  #bad(why: string): EngineError {
    return this.#refuse(`cannot be used: line ${this.#line} ${why}.`);
  }

  #time(text: string): number {
    if (!TIME.test(text)) throw this.#bad(`has the trade_ms \`${text}\`, which is no number of ms`);
    const ms = Number(text);
    if (ms < (this.#ms.at(-1) ?? 0)) throw this.#bad('is earlier than the trade before it');
    return ms;
  }

  #price(text: string): number {
    const cents = WHOLE.test(text) ? Number(text) : 0;
    if (cents < 1 || cents > MAX_CENTS)
      throw this.#bad(`has the price_cents \`${text}\`, which is no whole number from 1 to ${MAX_CENTS}`);
    return cents;
  }

  #quantityOf(text: string): number {
    const parts = QUANTITY.exec(text);
    const quantity = parts === null ? 0 : Number(text);
    if (parts === null || quantity <= 0)
      throw this.#bad(`has the quantity \`${text}\`, which is no number above 0`);
    this.#decimals = Math.max(this.#decimals, (parts[2] ?? '').replace(/0+$/, '').length);
    return quantity;
  }

  tape(): Tape {
    if (this.#line === 0) throw this.#refuse('is empty.');
    if (this.#ms.length === 0) throw this.#refuse('has no trades.');
    // Fractions of a coin become whole numbers of the file's smallest unit.
    const scale = 10 ** this.#decimals;
    const quantity = Float64Array.from(this.#quantity, (value) => Math.round(value * scale));
    if (quantity.reduce((sum, value) => sum + value, 0) > MAX_VOLUME)
      throw this.#refuse(`has a volume above ${MAX_VOLUME} of its smallest unit.`);
    const startMs = Math.floor(this.#ms[0] / MINUTE_MS) * MINUTE_MS;
    const offsetMs = Float64Array.from(this.#ms, (ms) => ms - startMs);
    const cents = Float64Array.from(this.#cents);
    return { offsetMs, cents, quantity, digest: digestOf([offsetMs, cents, quantity]) };
  }
}

/** Of all figures. */
function digestOf(columns: readonly Float64Array[]): string {
  const hash = createHash('sha256');
  for (const column of columns) hash.update(column);
  return hash.digest('hex').slice(0, 8);
}

/** Cuts chunks of UTF-8 into lines. */
async function addLines(chunks: AsyncIterable<Buffer>, builder: TapeBuilder): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines) builder.add(line);
    if (rest.length > MAX_LINE_LENGTH) builder.add(rest);
  }
  if (rest !== '') builder.add(rest);
}

/**
 * Reads the file as a stream: nothing of it is kept but the trades. Gzip is recognized by its first bytes. Throws
 * EngineError USAGE with one sentence: it cannot be read, is no tape, is empty, not in order, too large.
 */
export async function readTape(path: string, maxTrades = MAX_TRADES): Promise<Tape> {
  let refusal: EngineError | undefined;
  const refuse: Refuse = (sentence) => (refusal = new EngineError('USAGE', `--tape ${path} ${sentence}`));
  const builder = new TapeBuilder(refuse, maxTrades);
  try {
    const file = await open(path);
    try {
      const bytes = file.createReadStream({ start: 0, autoClose: false });
      const add = (chunks: AsyncIterable<Buffer>): Promise<void> => addLines(chunks, builder);
      const { buffer: head } = await file.read(Buffer.alloc(2), 0, 2, 0);
      await (isGzip(head) ? pipeline(bytes, createGunzip(), add) : pipeline(bytes, add));
    } finally {
      await file.close();
    }
  } catch (error) {
    // A pipeline that ends early may reject with its own abort first.
    throw refusal ?? refuse(`cannot be read (${sentenceOf(error)}).`);
  }
  return builder.tape();
}

/** Throws EngineError USAGE unless `symbol` is listed. */
export function checkTape(symbol: string, listings: readonly Listing[]): void {
  if (namedBy(symbol, listings) !== undefined) return;
  const [first] = listings;
  throw new EngineError(
    'USAGE',
    `--tape plays for ${symbol}, which this market does not have: name one that it has, as in --tape ${nameOf(first)}=FILE.`,
  );
}
