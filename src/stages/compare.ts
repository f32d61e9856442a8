/** `tickshard compare`: our candles against candles polled over REST. Reads both folders, writes nothing. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { EngineError, EXIT, sentenceOf } from '../errors.js';
import { DAY_MS, istMs, MINUTE_MS } from '../market/session.js';
import { candlesPath } from '../sink/candles-file.js';
import type { FileInstrument } from '../sink/candles-file.js';
import { readCandleFile } from '../sink/history.js';
import type { CandleFile, HistoryWindow } from '../sink/history.js';
import { JsonLines } from '../sink/json-lines.js';
import type { StoredCandle } from '../sink/merge.js';
import { compareCandles, PRICES } from '../truth/comparison.js';
import type { Comparison, Pair, Side } from '../truth/comparison.js';
import { comparisonJson } from '../truth/json.js';
import { spansOf } from '../truth/minutes.js';
import type { SeenCandle } from '../truth/minutes.js';
import { originConflict } from '../truth/origin.js';
import type { FileOrigin } from '../truth/origin.js';
import { comparisonText } from '../truth/present.js';
import type { Surroundings } from '../truth/present.js';
import { zoneShift } from '../truth/shift.js';
import { judge, nameOf } from '../truth/verdict.js';
import { symbolOf } from './universe.js';

export interface CompareOptions {
  /** Folder of `NSE_{SYMBOL}_1m_test.parquet` and `quality/`. */
  readonly ours: string;
  /** Folder of `NSE_{SYMBOL}_1m.parquet`, or another one of ours; or a file of JSON lines. */
  readonly reference: string;
  /** Undefined: all of which we have a file. */
  readonly symbols: readonly string[] | undefined;
  readonly tickSizeRupees: (symbol: string) => number | undefined;
  readonly json: boolean;
  /** Width of the text. */
  readonly columns: number;
}

/** Whether the reference is a file of JSON lines, by its name. */
const isLines = (reference: string): boolean => /\.(jsonl|ndjson)$/i.test(reference);

/** Throws EngineError USAGE unless ours is a folder and the reference another one, or a file of JSON lines. */
async function checkFolders(ours: string, reference: string): Promise<void> {
  for (const [option, folder] of [['--ours', ours], ['--reference', reference]]) {
    const found = await stat(folder).catch((error: unknown) => {
      throw new EngineError('USAGE', `${option}: ${folder} cannot be opened (${sentenceOf(error)}).`, { cause: error });
    });
    if (!found.isDirectory() && !(option === '--reference' && isLines(folder))) {
      throw new EngineError('USAGE', `${option}: ${folder} is no folder${option === '--reference' ? ', and no file of JSON lines (.jsonl)' : ''}.`);
    }
  }
  if ((await realpath(ours)) === (await realpath(reference))) throw new EngineError('USAGE', `--ours and --reference are the same folder, ${ours}: candles always agree with themselves.`);
}

/** The instruments of which `folder` has a candles file of ours, by name. Throws EngineError HISTORY. */
async function instrumentsIn(folder: string): Promise<FileInstrument[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new EngineError('HISTORY', `${folder} cannot be read (${sentenceOf(error)}).`, { cause: error });
  });
  const found = names.sort().flatMap((name) => {
    const match = /^([A-Z]+)_(.+)_1m_test\.parquet$/.exec(name);
    return match === null ? [] : [{ exchange: match[1], symbol: match[2] }];
  });
  if (found.length === 0) throw new EngineError('HISTORY', `${folder} has no NSE_{SYMBOL}_1m_test.parquet: it is the folder that a run had as --out.`);
  return found;
}

/** Those that were asked for. Throws EngineError USAGE or INSTRUMENT for a list that is none, HISTORY for a symbol without a file of ours. */
function chosen(found: readonly FileInstrument[], asked: readonly string[] | undefined, folder: string): readonly FileInstrument[] {
  if (asked === undefined) return found;
  if (asked.length === 0) throw new EngineError('USAGE', '--symbols names no symbol.');
  const symbols = new Set(asked.map(symbolOf));
  const absent = [...symbols].filter((symbol) => !found.some((one) => one.symbol === symbol));
  if (absent.length > 0) throw new EngineError('HISTORY', `${folder} has no candles of ${absent.join(', ')}.`);
  return found.filter(({ symbol }) => symbols.has(symbol));
}

interface ReadSide {
  readonly path: string;
  readonly side: Side;
  readonly origin: FileOrigin;
  /** Sentences that begin with the path. */
  readonly notes: readonly string[];
}

/** A row as it is compared. `coarse`: the file's prices are 32-bit floats. */
function seenFrom({ candle, quality }: StoredCandle, ours: boolean, coarse: ReadonlySet<string>): SeenCandle {
  const prices = Object.fromEntries(PRICES.filter((field) => coarse.has(field)).map((field) => [field, Math.round(candle[field] * 100) / 100]));
  // A candle of ours whose quality is lost may be partial, and a proof must not rest on it.
  return { candle: { ...candle, ...prices }, partial: ours && quality?.partial !== false, source: quality?.source ?? 'continuous', quality: ours ? quality : undefined };
}

/** A file as one side of the comparison. */
function sideFrom(file: CandleFile): ReadSide {
  const notes = [...file.notes];
  const coarse = new Set(file.columns.filter(({ type }) => type === 'float').map(({ name }) => name));
  // 32 bits hold seven digits: 25000.05 comes back as 25000.0508. To the paisa they are right up to 131,072 rupees.
  if (PRICES.some((field) => coarse.has(field))) notes.push(`${file.path} has prices of 32 bits: they are rounded to the paisa.`);
  const onMinute = file.rows.filter(({ candle }) => candle.timestampMs % MINUTE_MS === 0);
  if (onMinute.length < file.rows.length) notes.push(`${file.path}: ${file.rows.length - onMinute.length} rows that are not at the start of a minute are left out.`);
  const unknown = file.ours ? onMinute.filter(({ quality }) => quality === undefined).length : 0;
  if (unknown > 0) notes.push(`${file.path}: ${unknown} candles without a row in the quality file count as partial.`);
  return {
    path: file.path,
    side: { candles: onMinute.map((row) => seenFrom(row, file.ours, coarse)), volumeKind: file.volumeKind },
    origin: { feed: file.keys.get('feed'), mode: file.keys.get('mode'), volumeKind: file.volumeKind },
    notes,
  };
}

/** One of our files. Throws EngineError HISTORY when it cannot be read or does not say what it holds. */
async function readOurs(folder: string, instrument: FileInstrument): Promise<ReadSide> {
  const path = candlesPath(folder, instrument);
  const file = await readCandleFile(folder, instrument, 'ours');
  if (file === undefined) throw new EngineError('HISTORY', `${path} is gone.`);
  // A program that writes the file anew drops the footer, and a number of ticks would pass for a traded quantity.
  for (const key of ['feed', 'volume_kind']) {
    if (!file.keys.has(key)) throw new EngineError('HISTORY', `${path} has no footer key \`${key}\`: another program has written it, and what it holds is not known.`);
  }
  return sideFrom(file);
}

/** The whole IST dates on which we have candles: a reference may hold years. */
function windowOf(sides: readonly Side[]): HistoryWindow {
  const spans = spansOf(sides.map(({ candles }) => candles));
  if (spans.length === 0) return { toMs: Number.NEGATIVE_INFINITY };
  return { fromMs: istMs(spans[0].date, '00:00'), toMs: istMs(spans[spans.length - 1].date, '00:00') + DAY_MS };
}

/** The notes of all files; those that differ in the file's path alone are one. */
function gathered(sides: readonly ReadSide[]): string[] {
  const byText = new Map<string, { readonly first: string; files: number }>();
  for (const { path, notes } of sides) {
    for (const note of notes) {
      const text = note.slice(path.length);
      const there = byText.get(text);
      if (there === undefined) byText.set(text, { first: note, files: 1 });
      // One file of many symbols says the same for each of them.
      else if (there.first !== note) there.files++;
    }
  }
  return [...byText.values()].map(({ first, files }) => (files === 1 ? first : `${first} The same holds for ${files - 1} more file${files === 2 ? '' : 's'}.`));
}

/** Symbols without any candle of ours on a date of the comparison, which the verdict counts as missing. */
function silentNotes({ spans, symbols }: Comparison, pairs: readonly Pair[]): string[] {
  return spans.flatMap(({ date, firstMs, lastMs }) => {
    const silent = symbols.filter((symbol) => {
      const { ours } = pairs.find((pair) => pair.symbol === symbol.symbol && pair.exchange === symbol.exchange)!;
      return symbol.missing.ours.some((ms) => ms >= firstMs && ms <= lastMs) && !ours.candles.some(({ candle }) => candle.timestampMs >= firstMs && candle.timestampMs <= lastMs);
    });
    if (silent.length === 0) return [];
    const names = silent.length > 5 ? `${silent.slice(0, 5).map(nameOf).join(', ')} and ${silent.length - 5} more` : silent.map(nameOf).join(', ');
    return [`No candle of ours on ${date} for ${names}: if they were not subscribed that day, leave them out with --symbols.`];
  });
}

/** What to do about times of the wrong clock, which would look like candles that are all missing. */
function shiftNotes(pairs: readonly Pair[]): string[] {
  const shift = zoneShift(pairs);
  if (shift === undefined) return [];
  return [`The times of the reference are 5 h 30 min ${shift < 0 ? 'behind ours, as of UTC written without its zone' : 'ahead of ours, as of Indian time written as UTC and moved once more'}: write them with their zone (in pandas tz_localize, then tz_convert) and compare again.`];
}

/**
 * Compares and prints; returns 0 for a pass, else 1. Throws EngineError USAGE, INSTRUMENT or HISTORY when there is nothing to compare with:
 * a folder or a symbol that is not there, a file that cannot be read.
 */
export async function compare(options: CompareOptions, out: (text: string) => void): Promise<number> {
  const { ours, reference, symbols, tickSizeRupees, json, columns } = options;
  await checkFolders(ours, reference);
  const instruments = chosen(await instrumentsIn(ours), symbols, ours);
  const mine: ReadSide[] = [];
  for (const instrument of instruments) mine.push(await readOurs(ours, instrument));
  const window = windowOf(mine.map(({ side }) => side));
  const pairs: Pair[] = [];
  const theirs: ReadSide[] = [];
  const lines = isLines(reference) ? await JsonLines.read(reference, window) : undefined;
  for (const [index, instrument] of instruments.entries()) {
    const file = lines === undefined ? await readCandleFile(reference, instrument, 'either', window) : lines.of(instrument);
    const other = file && sideFrom(file);
    if (other !== undefined) theirs.push(other);
    pairs.push({ ...instrument, tickSizeRupees: tickSizeRupees(instrument.symbol), ours: mine[index].side, reference: other?.side });
  }
  const comparison = compareCandles(pairs);
  const sides = { ours: { folder: ours, files: mine.map(({ origin }) => origin) }, reference: { folder: reference, files: [...new Map(theirs.map(({ path, origin }) => [path, origin])).values()] } };
  const judgement = judge(comparison, originConflict(sides.ours, sides.reference));
  const notes = [...shiftNotes(pairs), ...silentNotes(comparison, pairs), ...gathered([...mine, ...theirs])];
  const surroundings: Surroundings = { ...sides, notes };
  out(json ? JSON.stringify(comparisonJson(comparison, judgement, surroundings), null, 2) : comparisonText(comparison, judgement, surroundings, columns));
  return judgement.verdict === 'pass' ? EXIT.pass : EXIT.failed;
}
