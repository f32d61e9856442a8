/**
 * Reads candles as JSON lines, the raw form that pollers keep: `symbol, exchange, interval, timestamp, open, high,
 * low, close, volume, source, ingestion_ts`, one candle a line. Of several lines for a minute, the latest
 * `ingestion_ts` counts. Never writes.
 */
import { createReadStream } from 'node:fs';
import { EngineError, sentenceOf } from '../errors.js';
import { isObject } from '../text/json.js';
import type { CandleRow } from '../candles/candle.js';
import { candleFrom, type FileInstrument } from '../parquet/candles-file.js';
import { instantOf } from '../market/instant.js';
import { minutesOf, type Timeframe } from '../market/timeframe.js';
import type { CandleFile, HistoryWindow } from '../parquet/history.js';

/** Other spellings of a timeframe than its minutes with `m`, `min`, `minute`, or nothing; without case. */
const NAMES: Readonly<Record<Timeframe, readonly string[]>> = {
  '1m': ['minute', 'one_minute'],
  '3m': ['three_minute'],
  '5m': ['five_minute'],
  '15m': ['fifteen_minute'],
  '30m': ['thirty_minute'],
  '1h': ['1h', 'hour', '1hour', 'one_hour'],
  '1d': ['1d', 'd', 'day', '1day', 'one_day'],
};
/** A candle has about 250 characters. */
const MAX_LINE_LENGTH = 65_536;
/** In memory, all symbols together. */
const MAX_ROWS = 2_000_000;
/** Some pollers keep numbers as text. */
function numberOf(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

/** True if a line's `interval` is the timeframe. */
function isOf(timeframe: Timeframe, interval: unknown): boolean {
  const minutes = minutesOf(timeframe);
  if (interval === minutes) return true;
  if (typeof interval !== 'string') return false;
  const name = interval.toLowerCase();
  return (
    NAMES[timeframe].includes(name) || ['', 'm', 'min', 'minute'].some((unit) => name === `${minutes}${unit}`)
  );
}

interface ParsedLine {
  readonly row: CandleRow;
  readonly zoned: boolean;
  readonly ingestedMs: number;
}

/** A line's candle, or why it is skipped. */
function lineOf(text: string, timeframe: Timeframe): ParsedLine | string {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return 'no JSON'; // The note says why.
  }
  if (!isObject(record)) return 'no object';
  const {
    symbol,
    exchange = 'NSE',
    interval,
    timestamp,
    open,
    high,
    low,
    close,
    volume,
    ingestion_ts,
  } = record;
  if (typeof symbol !== 'string' || typeof exchange !== 'string') return 'without a symbol';
  if (interval !== undefined && !isOf(timeframe, interval)) return 'of another interval';
  const at = instantOf(timestamp);
  if (at === undefined) return 'without a time';
  const plain = symbol.endsWith('-EQ') ? symbol.slice(0, -3) : symbol;
  const row = candleFrom(
    {
      symbol: plain,
      exchange,
      timestamp: at.ms,
      open: numberOf(open),
      high: numberOf(high),
      low: numberOf(low),
      close: numberOf(close),
      volume: numberOf(volume),
    },
    { symbol: plain, exchange },
  );
  if (row === undefined) return 'with a missing value';
  return { row, zoned: at.zoned, ingestedMs: instantOf(ingestion_ts)?.ms ?? Number.NEGATIVE_INFINITY };
}

/** A line that is too long is undefined, and never held in memory. */
async function* linesOf(path: string): AsyncGenerator<string | undefined> {
  let rest = '';
  let skipping = false;
  for await (const chunk of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    const parts = chunk.split('\n');
    for (const [k, part] of parts.entries()) {
      const line = rest + part;
      const ends = k < parts.length - 1;
      const tooLong: boolean = skipping || line.length > MAX_LINE_LENGTH;
      if (ends) yield tooLong ? undefined : line;
      skipping = tooLong && !ends;
      rest = ends || tooLong ? '' : line;
    }
  }
  if (skipping) yield undefined;
  else if (rest !== '') yield rest;
}

interface StoredCandle {
  readonly row: CandleRow;
  readonly ingestedMs: number;
}

export class JsonLines {
  readonly #path: string;
  readonly #byInstrument = new Map<string, Map<number, StoredCandle>>();
  readonly #skipped = new Map<string, { first: number; lines: number }>();
  #unzoned = 0;
  #replaced = 0;
  #rows = 0;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Lines of other timeframes are left out. Throws EngineError HISTORY if `path` cannot be read, or holds too many
   * candles.
   */
  static async read(
    path: string,
    { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY }: HistoryWindow = {},
    timeframe: Timeframe = '1m',
  ): Promise<JsonLines> {
    const file = new JsonLines(path);
    let number = 0;
    try {
      for await (const text of linesOf(path)) {
        number++;
        // A byte order mark may precede the first line, a carriage return end any.
        const plain = (number === 1 ? text?.replace(/^\uFEFF/, '') : text)?.trim();
        if (plain !== '')
          file.#add(plain === undefined ? 'too long' : lineOf(plain, timeframe), number, fromMs, toMs);
      }
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw new EngineError(
        'HISTORY',
        `${path} cannot be read (${sentenceOf(error)}); name another, or let this user read it.`,
        { cause: error },
      );
    }
    return file;
  }

  /** Ascending; undefined without candles. The notes are on the whole file. */
  of({ symbol, exchange }: FileInstrument): CandleFile | undefined {
    const kept = this.#byInstrument.get(`${exchange} ${symbol}`);
    if (kept === undefined) return undefined;
    const rows = [...kept.values()]
      .map(({ row }) => ({ candle: row, quality: undefined }))
      .sort((a, b) => a.candle.timestampMs - b.candle.timestampMs);
    return {
      path: this.#path,
      rows,
      ours: false,
      volumeKind: 'traded',
      zone: undefined,
      columns: [],
      keys: new Map(),
      notes: this.#notes(),
    };
  }

  #add(line: ParsedLine | string, number: number, fromMs: number, toMs: number): void {
    if (typeof line === 'string') {
      const left = this.#skipped.get(line) ?? { first: number, lines: 0 };
      left.lines++;
      this.#skipped.set(line, left);
      return;
    }
    const { row, zoned, ingestedMs } = line;
    if (row.timestampMs < fromMs || row.timestampMs >= toMs) return;
    if (!zoned) this.#unzoned++;
    const key = `${row.exchange} ${row.symbol}`;
    const kept = this.#byInstrument.get(key) ?? new Map<number, StoredCandle>();
    this.#byInstrument.set(key, kept);
    const there = kept.get(row.timestampMs);
    if (there !== undefined) this.#replaced++;
    else if (++this.#rows > MAX_ROWS)
      throw new EngineError(
        'HISTORY',
        `${this.#path} has more than ${MAX_ROWS} candles in the time that is compared: split it.`,
      );
    // With equal or no `ingestion_ts`, the later line counts.
    if (there === undefined || ingestedMs >= there.ingestedMs) kept.set(row.timestampMs, { row, ingestedMs });
  }

  #notes(): string[] {
    const left = [...this.#skipped].map(
      ([reason, { first, lines }]) =>
        `${this.#path}: ${lines} ${lines === 1 ? 'line' : 'lines'} ${reason} ${lines === 1 ? 'is' : 'are'} left out, the first is line ${first}.`,
    );
    return [
      ...(this.#unzoned > 0 ? [`${this.#path} has times without a zone: they are taken as IST.`] : []),
      ...(this.#replaced > 0
        ? [
            `${this.#path}: ${this.#replaced} ${this.#replaced === 1 ? 'candle was' : 'candles were'} polled again; the latest ingestion_ts counts.`,
          ]
        : []),
      ...left,
    ];
  }
}
