/** Reads a recording, JSON lines or CSV, into a store of rows, and counts what it holds and what is wrong in it. */
import { closeSync, createReadStream, openSync, readSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { EngineError, sentenceOf } from '../errors.js';
import { isGzip } from '../text/gzip.js';
import { RowFinder, separatorOf } from './csv.js';
import { NO_OBJECT, ObjectFinder } from './objects.js';
import { parseRecord } from './relaxed.js';
import { FRACTION, knownName, RecordingRow } from './recording-row.js';
import type { RowStore } from './row-store.js';

/** Bytes of the beginning that say what a file is. */
const HEAD_BYTES = 64 * 1024;
/** Without these a table is no recording. */
const NEEDED = ['token', 'exchange_timestamp', 'last_traded_price'] as const;
/** Share of rows with fractions of a paisa from which the prices are in rupees. */
const RUPEES_SHARE = 0.1;

/** An instrument of a recording. */
export interface RecordedInstrument {
  readonly exchangeType: number;
  readonly token: string;
  /** As a column said last. */
  symbol: string | undefined;
}

/** Lines that are no packet, of one reason. */
export interface BadLines {
  readonly reason: string;
  count: number;
  /** Numbers of the first of them. */
  readonly first: number[];
}

export interface Recording {
  readonly format: 'JSON' | 'CSV';
  readonly instruments: readonly RecordedInstrument[];
  readonly bad: readonly BadLines[];
  /** Columns that are not known, the first of them. */
  readonly unknown: readonly string[];
}

/** Numbers of bad lines that are named. */
const MAX_NAMED = 3;

class Reading {
  readonly #store: RowStore;
  readonly #row: RecordingRow;
  readonly #bad = new Map<string, BadLines>();
  readonly #instruments: RecordedInstrument[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #path: string;
  /** Rows with prices of two units, and the line of the first. */
  readonly #twoUnits = { count: 0, line: 0 };

  constructor(path: string, store: RowStore, rupees: boolean) {
    this.#path = path;
    this.#store = store;
    this.#row = new RecordingRow(rupees);
  }

  wrong(reason: string, line: number): void {
    const lines = this.#bad.get(reason) ?? { reason, count: 0, first: [] };
    this.#bad.set(reason, lines);
    lines.count++;
    if (lines.first.length < MAX_NAMED) lines.first.push(line);
  }

  record(record: Readonly<Record<string, unknown>>, line: number): void {
    const row = this.#row;
    const wrong = row.read(record);
    if (wrong !== undefined) return this.wrong(wrong, line);
    if (row.isOfTwoUnits && this.#twoUnits.count++ === 0) this.#twoUnits.line = line;
    const { exchangeType } = row.packet;
    const token = row.packet.tokenText();
    const key = `${exchangeType} ${token}`;
    let instrument = this.#indexes.get(key);
    if (instrument === undefined) {
      instrument = this.#instruments.push({ exchangeType, token, symbol: row.symbol }) - 1;
      this.#indexes.set(key, instrument);
    } else if (row.symbol !== undefined) this.#instruments[instrument].symbol = row.symbol;
    this.#store.add(row.packet, row.receipt, { instrument, has: row.has });
  }

  /** Throws EngineError USAGE for a file without a packet, or with prices in rupees that it does not say. */
  end(format: Recording['format']): Recording {
    const bad = [...this.#bad.values()].sort((a, b) => b.count - a.count);
    const fractions = this.#bad.get(FRACTION);
    if (fractions !== undefined && fractions.count > RUPEES_SHARE * (fractions.count + this.#store.count))
      throw new EngineError(
        'USAGE',
        `${this.#path}: line ${fractions.first[0]} and ${fractions.count - 1} more have prices that are no whole number of paise, which the broker's clients never print: if they are in rupees, say --rupees.`,
      );
    if (this.#twoUnits.count > RUPEES_SHARE * this.#store.count)
      throw new EngineError(
        'USAGE',
        `${this.#path}: line ${this.#twoUnits.line} and ${this.#twoUnits.count - 1} more have a last_traded_price far outside their day's low and high: some of their prices are in rupees and others in paise, so bring them to one unit.`,
      );
    if (this.#store.count === 0 && format === 'JSON' && bad.length === 1 && bad[0].reason === NO_OBJECT)
      throw new EngineError(
        'USAGE',
        `${this.#path} holds no object, and its first line names no columns: it must be JSON lines, or CSV that begins with the names of its columns.`,
      );
    if (this.#store.count === 0)
      throw new EngineError(
        'USAGE',
        `${this.#path} holds no packet${bad.length === 0 ? '' : `: ${badText(bad)}`}; a line needs exchange_type, token, exchange_timestamp and last_traded_price.`,
      );
    return { format, instruments: this.#instruments, bad, unknown: [...this.#row.unknown] };
  }
}

/** E.g. `3 lines cut off (line 4, 9, 20), 1 line without a token (line 7)`. */
export function badText(bad: readonly BadLines[]): string {
  return bad
    .map(({ reason, count, first }) => {
      const more = count > first.length ? ', ...' : '';
      return `${count} ${count === 1 ? 'line' : 'lines'} ${reason} (line ${first.join(', ')}${more})`;
    })
    .join(', ');
}

function unreadable(path: string, error: unknown): EngineError {
  return new EngineError('USAGE', `${path} cannot be read (${sentenceOf(error)}); name another.`, {
    cause: error,
  });
}

/** Whether it is packed, and its first bytes. Throws EngineError USAGE for what is no text. */
function headOf(path: string): { readonly packed: boolean } {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new EngineError(
      'USAGE',
      `${path} is a folder, and a recording is one file, as --one-file writes it.`,
    );
  const bytes = Buffer.alloc(HEAD_BYTES);
  let length: number;
  try {
    const file = openSync(path, 'r');
    try {
      length = readSync(file, bytes, 0, bytes.length, 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  const head = bytes.subarray(0, length);
  if (isGzip(head)) return { packed: true };
  if (head.toString('latin1', 0, 4) === 'PAR1')
    throw new EngineError('USAGE', `${path} is Parquet: write it as CSV or JSON lines first.`);
  if (head.includes(0)) throw new EngineError('USAGE', `${path} is no text: it must be JSON lines or CSV.`);
  return { packed: false };
}

async function* textOf(path: string, packed: boolean): AsyncGenerator<string> {
  const file = createReadStream(path);
  const text: Readable = packed ? file.pipe(createGunzip()) : file;
  if (packed) file.once('error', (error) => text.destroy(error));
  text.setEncoding('utf8');
  let first = true;
  for await (const chunk of text as AsyncIterable<string>) {
    // A byte order mark may come first.
    yield first ? chunk.replace(/^\uFEFF/, '') : chunk;
    first = false;
  }
}

/** Takes a text in pieces. */
interface Taker {
  take(chunk: string): void;
  end(): Recording;
}

function objectTaker(reading: Reading): Taker {
  const finder = new ObjectFinder();
  const feed = (found: ReturnType<ObjectFinder['take']>): void => {
    for (const { line, text, wrong } of found) {
      const record = text === undefined ? undefined : parseRecord(text);
      if (record === undefined) reading.wrong(wrong ?? 'that cannot be read', line);
      else reading.record(record, line);
    }
  };
  return {
    take: (chunk) => feed(finder.take(chunk)),
    end: () => {
      feed(finder.end());
      return reading.end('JSON');
    },
  };
}

function tableTaker(path: string, reading: Reading, header: string): Taker {
  const finder = new RowFinder(separatorOf(header));
  let names: readonly string[] | undefined;
  const feed = (found: ReturnType<RowFinder['take']>): void => {
    for (const { line, cells, wrong } of found) {
      if (cells === undefined) reading.wrong(wrong!, line);
      else if (names === undefined) names = columnsOf(path, cells);
      else if (cells.length !== names.length)
        reading.wrong(`with another number of cells than the header's ${names.length}`, line);
      // A header may be there again where files were joined.
      else if (cells.some((cell, k) => cell !== names![k]))
        reading.record(Object.fromEntries(cells.map((cell, k) => [names![k], cell])), line);
    }
  };
  return {
    take: (chunk) => feed(finder.take(chunk)),
    end: () => {
      feed(finder.end());
      return reading.end('CSV');
    },
  };
}

/** Throws EngineError USAGE for a header without the columns that every packet has. */
function columnsOf(path: string, names: readonly string[]): readonly string[] {
  const known = new Set(names.map(knownName));
  const lacks = NEEDED.filter((name) => !known.has(name));
  if (lacks.length > 0)
    throw new EngineError(
      'USAGE',
      `${path}: its first line names no column ${lacks.join(', ')}: it must name the columns as the broker's clients do.`,
    );
  return names;
}

/**
 * Reads a recording into `store`. Throws EngineError USAGE for a file that cannot be read or used, OUTPUT for a disk
 * that refuses.
 */
export async function readRecording(path: string, store: RowStore, rupees: boolean): Promise<Recording> {
  const { packed } = headOf(path);
  const reading = new Reading(path, store, rupees);
  let taker: Taker | undefined;
  let head = '';
  const begin = (): Taker => {
    const [line] = head.trimStart().split('\n', 1);
    const isTable = line.split(/[,;\t|]/).some((name) => knownName(name.replace(/"/g, '')) !== undefined);
    const taken = isTable ? tableTaker(path, reading, line) : objectTaker(reading);
    taken.take(head);
    return taken;
  };
  try {
    for await (const chunk of textOf(path, packed)) {
      if (taker !== undefined) {
        taker.take(chunk);
        continue;
      }
      head += chunk;
      if (head.trimStart().includes('\n') || head.length > HEAD_BYTES) taker = begin();
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw unreadable(path, error);
  }
  return (taker ?? begin()).end();
}
