/** Reads candles of another program or an earlier run. Never writes. */
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import type { CandleRow, QualityRow, VolumeKind } from '../candles/candle.js';
import { castAdvice, renameAdvice, volumeKindAdvice } from './advice.js';
import { candleFrom, candlesPath, numberFrom, timeframeStem } from './candles-file.js';
import type { FileInstrument } from './candles-file.js';
import { CANDLE_COLUMNS } from './columns.js';
import type { FoundColumn } from './columns.js';
import { pairUp } from './merge.js';
import type { StoredCandle } from './merge.js';
import { qualityFrom, qualityPath } from './quality-file.js';
import { openParquet } from './reader.js';
import type { OpenParquet } from './reader.js';

/** What the gate `schema` compares. */
export interface Schema {
  readonly columns: readonly FoundColumn[];
  /** As pandas shows it, e.g. `+05:30`; undefined for a naive time. */
  readonly zone: string | undefined;
}

export interface History extends Schema {
  readonly path: string;
  /** Sorted by time, one a minute, whole minutes only. */
  readonly rows: readonly CandleRow[];
  /** `traded` when the file does not say. */
  readonly volumeKind: VolumeKind;
  /** Sentences on what was assumed or omitted. */
  readonly notes: readonly string[];
}

/** A candles file, with quality where it is known. */
export interface CandleFile extends Schema {
  readonly path: string;
  /** Sorted by time, one a minute. Only our own files have quality. */
  readonly rows: readonly StoredCandle[];
  /** One of our own, by its name. */
  readonly ours: boolean;
  /** `traded` when the file does not say. */
  readonly volumeKind: VolumeKind;
  /** Of the footer. */
  readonly keys: ReadonlyMap<string, string>;
  /** Sentences on what was assumed or omitted; each begins with the path. */
  readonly notes: readonly string[];
}

/** Half-open, epoch ms; default all. Keeps a long history out of memory. */
export interface HistoryWindow {
  readonly fromMs?: number;
  readonly toMs?: number;
}

const NEEDED = CANDLE_COLUMNS.filter(({ name }) => name !== 'symbol' && name !== 'exchange');
const numeric = /^(u?int\d+|double|float|float16|decimal)$/;

/** Throws EngineError HISTORY when a needed column is missing or of the wrong type. */
function checkColumns(file: OpenParquet): void {
  for (const { name, type } of NEEDED) {
    const found = file.columns.find((column) => column.name === name);
    if (found === undefined)
      throw new EngineError(
        'HISTORY',
        `${file.path} has no column \`${name}\`. ${renameAdvice(file.path, name)}`,
      );
    const fits = type === 'timestamp' ? found.type === 'timestamp' : numeric.test(found.type);
    if (!fits)
      throw new EngineError(
        'HISTORY',
        `${file.path} has a column \`${name}\` of type ${found.type} where ${type} is expected. ${castAdvice(file.path, name, type)}`,
      );
  }
}

function volumeKindOf(file: OpenParquet): VolumeKind {
  const kind = file.keys.get('volume_kind') ?? 'traded';
  if (kind === 'tick' || kind === 'traded') return kind;
  throw new EngineError(
    'HISTORY',
    `${file.path} says volume_kind \`${kind}\`, which is neither tick nor traded. ${volumeKindAdvice(file.path)}`,
  );
}

function timeNotes(file: OpenParquet): string[] {
  if (file.timeKind === 'wall') return [`${file.path} has times without a zone: they are taken as IST.`];
  if (file.zone === undefined)
    return [`${file.path} has times without a logical type: they are taken as UTC, as the format says.`];
  return [];
}

/** Reads the times first, so that only the rows between are built. */
async function recordsIn(
  file: OpenParquet,
  { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY }: HistoryWindow,
): Promise<Record<string, unknown>[]> {
  const inside = ({ timestamp }: Record<string, unknown>): boolean =>
    numberFrom(timestamp) >= fromMs && numberFrom(timestamp) < toMs;
  const times = await file.rows({ columns: ['timestamp'] });
  const from = times.findIndex(inside);
  if (from === -1) return [];
  const names = new Set(file.columns.map(({ name }) => name));
  const columns = CANDLE_COLUMNS.map(({ name }) => name as string).filter((name) => names.has(name));
  // An unsorted file can have rows outside the window between them.
  return (await file.rows({ columns, from, to: times.findLastIndex(inside) + 1 })).filter(inside);
}

/** Our quality rows, without those that lack a value. Empty when there is no file. */
async function qualityRows(dir: string, instrument: FileInstrument): Promise<QualityRow[]> {
  const file = await openParquet(qualityPath(dir, instrument), 'HISTORY');
  return ((await file?.rows()) ?? []).flatMap((record) => qualityFrom(record) ?? []);
}

/**
 * Reads an instrument's candles: with `ours` our `..._1m_test.parquet` and its quality file, with `either`
 * `{EXCHANGE}_{SYMBOL}_1m.parquet`, or of the instrument's timeframe, or else ours. Undefined when there is no file.
 * Throws EngineError HISTORY when a file cannot be read or has no usable columns.
 */
export async function readCandleFile(
  dir: string,
  instrument: FileInstrument,
  which: 'ours' | 'either',
  window: HistoryWindow = {},
): Promise<CandleFile | undefined> {
  const theirs =
    which === 'ours'
      ? undefined
      : await openParquet(join(dir, `${timeframeStem(instrument)}.parquet`), 'HISTORY');
  const file = theirs ?? (await openParquet(candlesPath(dir, instrument), 'HISTORY'));
  if (file === undefined) return undefined;
  checkColumns(file);
  const notes = timeNotes(file);
  const byMinute = new Map<number, CandleRow>();
  const left = { unusable: 0, foreign: 0, twice: 0 };
  for (const record of await recordsIn(file, window)) {
    const row = candleFrom(record, instrument);
    if (row === undefined) left.unusable++;
    else if (row.symbol !== instrument.symbol) left.foreign++;
    else {
      if (byMinute.has(row.timestampMs)) left.twice++;
      byMinute.set(row.timestampMs, row);
    }
  }
  if (left.unusable > 0) notes.push(`${file.path}: ${left.unusable} rows with a missing value are left out.`);
  if (left.foreign > 0)
    notes.push(`${file.path}: ${left.foreign} rows of other symbols than ${instrument.symbol} are left out.`);
  if (left.twice > 0) notes.push(`${file.path}: ${left.twice} minutes occur twice; the later row counts.`);
  const candles = [...byMinute.values()].sort((a, b) => a.timestampMs - b.timestampMs);
  return {
    path: file.path,
    rows: pairUp(candles, theirs === undefined ? await qualityRows(dir, instrument) : []),
    ours: theirs === undefined,
    volumeKind: volumeKindOf(file),
    zone: file.zone,
    columns: file.columns,
    keys: file.keys,
    notes,
  };
}

/**
 * Reads the momentum rule's history: `{EXCHANGE}_{SYMBOL}_1m.parquet`, or else our `..._1m_test.parquet` without
 * partial candles. Undefined when there is neither. Throws EngineError HISTORY when the file cannot be read or has no
 * usable columns.
 */
export async function readHistory(
  dir: string,
  exchange: string,
  symbol: string,
  window: HistoryWindow = {},
): Promise<History | undefined> {
  const file = await readCandleFile(dir, { exchange, symbol }, 'either', window);
  if (file === undefined) return undefined;
  const { path, volumeKind, zone, columns } = file;
  const rows = file.rows.flatMap(({ candle, quality }) => (quality?.partial === true ? [] : [candle]));
  const partial = file.rows.length - rows.length;
  const notes =
    partial === 0 ? file.notes : [...file.notes, `${path}: ${partial} partial candles are left out.`];
  return { path, rows, volumeKind, zone, columns, notes };
}

/** A file's schema, without its rows. Undefined when absent. Throws EngineError HISTORY when it cannot be read. */
export async function readSchema(path: string): Promise<Schema | undefined> {
  const file = await openParquet(path, 'HISTORY');
  return file && { columns: file.columns, zone: file.zone };
}

/**
 * Differences in names, order, types and zone, a sentence each. A time's unit (ms, us, ns) does not count: pandas
 * joins them.
 */
export function schemaDifferences(ours: Schema, theirs: Schema): string[] {
  const sentences: string[] = [];
  const ourNames = ours.columns.map(({ name }) => name);
  const theirNames = theirs.columns.map(({ name }) => name);
  for (const name of theirNames.filter((n) => !ourNames.includes(n)))
    sentences.push(`The existing file has a column \`${name}\` that ours has not.`);
  for (const name of ourNames.filter((n) => !theirNames.includes(n)))
    sentences.push(`Our file has a column \`${name}\` that the existing one has not.`);
  const shared = ourNames.filter((name) => theirNames.includes(name));
  const theirOrder = theirNames.filter((name) => ourNames.includes(name));
  if (shared.join('\0') !== theirOrder.join('\0'))
    sentences.push(
      `The order is ${ourNames.join(', ')} in ours and ${theirNames.join(', ')} in the existing file.`,
    );
  for (const name of shared) {
    const our = ours.columns.find((column) => column.name === name)!.type;
    const their = theirs.columns.find((column) => column.name === name)!.type;
    if (our !== their)
      sentences.push(`Column \`${name}\` is ${our} in ours and ${their} in the existing file.`);
  }
  if (ours.zone !== theirs.zone)
    sentences.push(
      `The times have zone ${ours.zone ?? 'none'} in ours and ${theirs.zone ?? 'none'} in the existing file.`,
    );
  return sentences;
}
