/**
 * What a store remembers of each instrument: the rows that it wrote for its run, and the content of the files as it
 * left them. Of few instruments as objects. Of many packed, to the bit: a day of 3,000 is a million rows, 700 bytes
 * each as objects and some 30 packed.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { CANDLE_SOURCES, type CandleWithQuality, type QualityRow } from '../candles/candle.js';
import { timeframeStem, type FileInstrument } from './candles-file.js';
import type { StoredPair } from './existing.js';
import type { StoredCandle } from './merge.js';

/** An instrument's last write: the files' hashes, hex, and content. */
interface Last {
  readonly quality: string;
  readonly candles: string;
  readonly pair: StoredPair;
}

export interface Remembered {
  /** Rows of the run that were written, by minute (epoch ms). */
  readonly own: ReadonlyMap<number, CandleWithQuality>;
  readonly last: Last;
}

const CANDLE_NUMBERS = ['timestampMs', 'open', 'high', 'low', 'close', 'volume'] as const;
/** Those that may be null are NaN here. */
const QUALITY_NUMBERS = [
  'ticks',
  'priceChanges',
  'revision',
  'late',
  'gapMs',
  'volSlack',
  'coverage',
  'maxAgeMs',
  'oiHigh',
  'oiLow',
  'oiClose',
] as const;
/** Bits of a row's last column; above them its source's place in CANDLE_SOURCES. */
const TOLD = { quality: 1, partial: 2, repaired: 4, tail: 8, own: 16 } as const;
const SOURCE_SHIFT = 5;
const COLUMNS = CANDLE_NUMBERS.length + QUALITY_NUMBERS.length + 1;
/** Fast: the columns are alike, and a row is packed at most once a write. */
const LEVEL = 1;

/** Rows by the column, deflated. `isOwn`: whether a row is the run's. */
function pack(rows: readonly StoredCandle[], isOwn: (row: StoredCandle) => boolean): Uint8Array {
  const columns = new Float64Array(rows.length * COLUMNS);
  let at = 0;
  for (const name of CANDLE_NUMBERS) for (const { candle } of rows) columns[at++] = candle[name];
  for (const name of QUALITY_NUMBERS) for (const { quality } of rows) columns[at++] = quality?.[name] ?? NaN;
  for (const row of rows) {
    const { quality } = row;
    columns[at++] =
      (isOwn(row) ? TOLD.own : 0) |
      (quality === undefined ? 0 : TOLD.quality) |
      (quality?.partial === true ? TOLD.partial : 0) |
      (quality?.repaired === true ? TOLD.repaired : 0) |
      (quality?.tail === true ? TOLD.tail : 0) |
      (quality === undefined ? 0 : CANDLE_SOURCES.indexOf(quality.source) << SOURCE_SHIFT);
  }
  // A copy: zlib's result keeps the memory of its larger chunk.
  return Uint8Array.from(deflateRawSync(columns, { level: LEVEL }));
}

/** The rows of `pack`, and which of them are the run's. */
function unpack(
  packed: Uint8Array,
  { symbol, exchange }: FileInstrument,
): { readonly rows: StoredCandle[]; readonly own: CandleWithQuality[] } {
  const bytes = inflateRawSync(packed);
  const columns = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const count = columns.length / COLUMNS;
  const rows: StoredCandle[] = [];
  const own: CandleWithQuality[] = [];
  for (let k = 0; k < count; k++) {
    let column = k;
    const next = (): number => {
      const value = columns[column];
      column += count;
      return value;
    };
    const orNull = (): number | null => {
      const value = next();
      return Number.isNaN(value) ? null : value;
    };
    const candle = {
      symbol,
      exchange,
      timestampMs: next(),
      open: next(),
      high: next(),
      low: next(),
      close: next(),
      volume: next(),
    };
    const told = columns[(COLUMNS - 1) * count + k];
    const quality: QualityRow = {
      timestampMs: candle.timestampMs,
      ticks: next(),
      priceChanges: next(),
      partial: (told & TOLD.partial) !== 0,
      revision: next(),
      late: next(),
      gapMs: next(),
      source: CANDLE_SOURCES[told >> SOURCE_SHIFT],
      volSlack: orNull(),
      repaired: (told & TOLD.repaired) !== 0,
      tail: (told & TOLD.tail) !== 0,
      coverage: orNull(),
      maxAgeMs: orNull(),
      oiHigh: orNull(),
      oiLow: orNull(),
      oiClose: orNull(),
    };
    if ((told & TOLD.own) !== 0) own.push({ candle, quality });
    rows.push({ candle, quality: (told & TOLD.quality) === 0 ? undefined : quality });
  }
  return { rows, own };
}

/** What is remembered of one write: as it is, or packed. */
export type Memo = Remembered | Packed;

interface Packed extends Omit<Last, 'pair'> {
  /** Rows of the files; and those of the run that are not there, because an earlier run's stayed. */
  readonly pair: Uint8Array;
  readonly besides: Uint8Array;
  readonly zones: Pick<StoredPair, 'candlesZone' | 'qualityZone'>;
}

/** True if the row on disk is what the run wrote. */
const isSame = (row: StoredCandle, mine: CandleWithQuality | undefined): boolean =>
  mine !== undefined && row.candle === mine.candle && row.quality === mine.quality;

export class RowMemory {
  readonly #packs: boolean;
  readonly #memos = new Map<string, Memo>();

  /** `packs`: for many instruments. */
  constructor(packs: boolean) {
    this.#packs = packs;
  }

  /** Undefined before the instrument's first write. */
  recall(instrument: FileInstrument): Remembered | undefined {
    const memo = this.#memos.get(timeframeStem(instrument));
    if (memo === undefined || 'own' in memo) return memo;
    const { rows, own } = unpack(memo.pair, instrument);
    const all = [...own, ...unpack(memo.besides, instrument).own];
    const { quality, candles, zones } = memo;
    return {
      own: new Map(all.map((row) => [row.candle.timestampMs, row])),
      last: { quality, candles, pair: { rows, ...zones } },
    };
  }

  /** Of a write that is not finished yet, for `remember`. */
  memoOf({ own, last }: Remembered): Memo {
    if (!this.#packs) return { own, last };
    const { rows, candlesZone, qualityZone } = last.pair;
    const isOwn = (row: StoredCandle): boolean => isSame(row, own.get(row.candle.timestampMs));
    const there = new Set(rows.filter(isOwn).map(({ candle }) => candle.timestampMs));
    const besides = [...own.values()].filter(({ candle }) => !there.has(candle.timestampMs));
    return {
      quality: last.quality,
      candles: last.candles,
      zones: { candlesZone, qualityZone },
      pair: pack(rows, isOwn),
      besides: pack(besides, () => true),
    };
  }

  /** The instrument's write is finished. */
  remember(instrument: FileInstrument, memo: Memo): void {
    this.#memos.set(timeframeStem(instrument), memo);
  }
}
