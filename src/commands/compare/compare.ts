/** `tickshard compare`: our candles against candles polled over REST. Writes only report and page. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { EngineError, EXIT, sentenceOf } from '../../errors.js';
import { DAY_MS, istMs } from '../../market/session.js';
import type { Timeframe } from '../../market/timeframe.js';
import { SystemClock } from '../../clock.js';
import { writeText } from '../../gates/report.js';
import { instrumentOf, type FileInstrument } from '../../parquet/candles-file.js';
import { readCandleFile } from '../../parquet/history.js';
import type { HistoryWindow } from '../../parquet/history.js';
import { JsonLines } from '../../reconcile/json-lines.js';
import { compareCandles } from '../../reconcile/comparison.js';
import type { Comparison } from '../../reconcile/comparison.js';
import type { SymbolPair, Side } from '../../reconcile/symbol-comparison.js';
import { comparisonJson } from '../../reconcile/json.js';
import { dateSpans, type OurCandle } from '../../reconcile/minutes.js';
import { originConflict } from '../../reconcile/origin.js';
import type { Origin } from '../../reconcile/origin.js';
import { comparisonPage } from '../../reconcile/page.js';
import { comparisonText, idleNotes, polledNotes } from '../../reconcile/present.js';
import type { ComparisonContext } from '../../reconcile/present.js';
import { systematicDifferences } from '../../reconcile/systematic.js';
import { UNEXPLAINED_PERCENT } from '../../reconcile/defaults.js';
import { judge } from '../../reconcile/verdict.js';
import { mergedNotes, readOurs, sideFrom, type ReadSide } from './sides.js';
import { fetchReference, type FetchOptions } from './fetch.js';
import { checkFolder } from '../../run/output-folders.js';
import { instrumentName } from '../../run/names.js';
import type { TickSizeOf } from '../../run/universe.js';
import { namedBy, nameOf } from '../../market/instrument.js';

export interface CompareOptions {
  /** Folder of `NSE_{SYMBOL}_1m_test.parquet` and `quality/`, or of the timeframe. */
  readonly ours: string;
  /** Folder of `NSE_{SYMBOL}_1m.parquet` or of another run, a JSON lines file, or the server to ask. */
  readonly reference: string | FetchOptions;
  /** Of the candles of both sides. */
  readonly timeframe: Timeframe;
  /** Undefined: all with a file of ours. */
  readonly symbols: readonly string[] | undefined;
  /** Of instruments of these exchanges, where the broker does not tell its own. */
  readonly tickSizes: (exchanges: ReadonlySet<string>) => Promise<TickSizeOf>;
  /** IST, `YYYY-MM-DD`: only that day. */
  readonly date: string | undefined;
  /** Percent of values that may differ without a cause. */
  readonly unexplainedPercent: number | undefined;
  /** Files to write: JSON, and a page. */
  readonly report: string | undefined;
  readonly html: string | undefined;
  readonly json: boolean;
  /** Width of the text. */
  readonly columns: number;
}

/** True for the name of a JSON lines file. */
const isLines = (reference: string): boolean => /\.(jsonl|ndjson)$/i.test(reference);

/** Throws EngineError USAGE unless ours is a folder, and a given reference another one or a JSON lines file. */
async function checkFolders(ours: string, reference: string | undefined): Promise<void> {
  for (const [option, folder] of [
    ['--ours', ours],
    ...(reference === undefined ? [] : [['--reference', reference]]),
  ]) {
    const found = await stat(folder).catch((error: unknown) => {
      throw new EngineError(
        'USAGE',
        `${option}: ${folder} cannot be opened (${sentenceOf(error)}); name another, or let this user read it.`,
        { cause: error },
      );
    });
    if (!found.isDirectory() && !(option === '--reference' && isLines(folder))) {
      throw new EngineError(
        'USAGE',
        `${option}: ${folder} is no folder${option === '--reference' ? ', and no file of JSON lines (.jsonl)' : ''}.`,
      );
    }
  }
  if (reference !== undefined && (await realpath(ours)) === (await realpath(reference)))
    throw new EngineError(
      'USAGE',
      `--ours and --reference are the same folder, ${ours}: candles always agree with themselves.`,
    );
}

/** By name, those with a candles file of ours of the timeframe in `folder`. Throws EngineError HISTORY. */
async function instrumentsIn(folder: string, timeframe: Timeframe): Promise<FileInstrument[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new EngineError(
      'HISTORY',
      `${folder} cannot be read (${sentenceOf(error)}); name another, or let this user read it.`,
      { cause: error },
    );
  });
  const found = names.sort().flatMap((name) => {
    const end = `_${timeframe}_test.parquet`;
    const instrument = name.endsWith(end) ? instrumentOf(name.slice(0, -end.length)) : undefined;
    return instrument === undefined ? [] : [{ ...instrument, timeframe }];
  });
  if (found.length === 0)
    throw new EngineError(
      'HISTORY',
      `${folder} has no NSE_{SYMBOL}_${timeframe}_test.parquet: it is the folder that a run had as --out${timeframe === '1m' ? '' : `, with --timeframes ${timeframe}`}.`,
    );
  return found;
}

/** Throws EngineError USAGE or INSTRUMENT for an unusable list, HISTORY for a symbol without a file of ours. */
function selectedInstruments(
  found: readonly FileInstrument[],
  asked: readonly string[] | undefined,
  folder: string,
): readonly FileInstrument[] {
  if (asked === undefined) return found;
  if (asked.length === 0) throw new EngineError('USAGE', '--symbols names no symbol.');
  const names = [...new Set(asked.map(instrumentName))];
  const absent = names.filter((name) => namedBy(name, found) === undefined);
  if (absent.length > 0)
    throw new EngineError(
      'HISTORY',
      `${folder} has no candles of ${absent.join(', ')}: name others with --symbols, or another folder.`,
    );
  return found.filter((one) => names.some((name) => namedBy(name, found) === one));
}

/** Whole IST dates with candles of ours: a reference may hold years. */
function windowOf(sides: readonly Side[]): HistoryWindow {
  const spans = dateSpans(sides.map(({ candles }) => candles));
  if (spans.length === 0) return { toMs: Number.NEGATIVE_INFINITY };
  return {
    fromMs: istMs(spans[0].date, '00:00'),
    toMs: istMs(spans[spans.length - 1].date, '00:00') + DAY_MS,
  };
}

/** And a day more on both sides: labels of another zone can lie there. */
const widened = ({ fromMs = -Infinity, toMs = Infinity }: HistoryWindow): HistoryWindow => ({
  fromMs: fromMs - DAY_MS,
  toMs: toMs + DAY_MS,
});

/** Symbols without a candle of ours on a compared date, which the verdict counts as missing. */
function absentSymbolNotes({ spans, symbols }: Comparison, pairs: readonly SymbolPair[]): string[] {
  return spans.flatMap(({ date, firstMs, lastMs }) => {
    const silent = symbols.filter((symbol) => {
      const { ours } = pairs.find(
        (pair) => pair.symbol === symbol.symbol && pair.exchange === symbol.exchange,
      )!;
      return (
        symbol.missing.ours.some((ms) => ms >= firstMs && ms <= lastMs) &&
        !ours.candles.some(({ candle }) => candle.timestampMs >= firstMs && candle.timestampMs <= lastMs)
      );
    });
    if (silent.length === 0) return [];
    const names =
      silent.length > 5
        ? `${silent.slice(0, 5).map(nameOf).join(', ')} and ${silent.length - 5} more`
        : silent.map(nameOf).join(', ');
    return [
      `No candle of ours on ${date} for ${names}: if they were not subscribed that day, leave them out with --symbols.`,
    ];
  });
}

/** `pairs` without the reference's candles outside `window`. */
function within(
  pairs: readonly SymbolPair[],
  { fromMs = -Infinity, toMs = Infinity }: HistoryWindow,
): SymbolPair[] {
  const isIn = ({ candle: { timestampMs } }: OurCandle): boolean =>
    timestampMs >= fromMs && timestampMs < toMs;
  return pairs.map(({ reference, ...pair }) => ({
    ...pair,
    reference: reference && { ...reference, candles: reference.candles.filter(isIn) },
  }));
}

/** In our instruments' order; undefined for one without candles. */
interface Reference {
  readonly origin: Origin;
  readonly sides: readonly (ReadSide | undefined)[];
  readonly notes: readonly string[];
  readonly objection: string | undefined;
  /** Rupees, of the instruments that were polled. */
  readonly ticks?: readonly number[] | undefined;
}

/** Reads a folder, or a JSON lines file. Throws EngineError HISTORY. */
async function readReference(
  path: string,
  instruments: readonly FileInstrument[],
  window: HistoryWindow,
  timeframe: Timeframe,
): Promise<Reference> {
  const lines = isLines(path) ? await JsonLines.read(path, window, timeframe) : undefined;
  const sides: (ReadSide | undefined)[] = [];
  for (const instrument of instruments) {
    const file =
      lines === undefined ? await readCandleFile(path, instrument, 'either', window) : lines.of(instrument);
    sides.push(file && sideFrom(file, timeframe));
  }
  const files = [
    ...new Map(sides.flatMap((side) => (side === undefined ? [] : [[side.path, side.origin]]))).values(),
  ];
  return { origin: { folder: path, files }, sides, notes: [], objection: undefined };
}

/** The window of an IST date; everything without one. */
function dayWindow(date: string | undefined): HistoryWindow {
  return date === undefined ? {} : { fromMs: istMs(date, '00:00'), toMs: istMs(date, '00:00') + DAY_MS };
}

/**
 * Returns 0 for a pass, else 1. `say` receives sentences on progress. Throws EngineError USAGE, INSTRUMENT or HISTORY
 * for an unreadable folder, symbol or file; CONFIG, LOGIN or CANDLES if the broker gives no candles; OUTPUT for a
 * file that cannot be written.
 */
export async function compare(
  options: CompareOptions,
  out: (text: string) => void,
  say: (sentence: string) => void = () => undefined,
): Promise<number> {
  const { ours, reference, timeframe, symbols, tickSizes, date, json, columns, report, html } = options;
  const unexplainedPercent = options.unexplainedPercent ?? UNEXPLAINED_PERCENT;
  await checkFolders(ours, typeof reference === 'string' ? reference : undefined);
  // Before the broker is asked a hundred times.
  for (const path of [report, html]) if (path !== undefined) checkFolder(dirname(resolve(path)));
  const instruments = selectedInstruments(await instrumentsIn(ours, timeframe), symbols, ours);
  const mine: ReadSide[] = [];
  for (const instrument of instruments) mine.push(await readOurs(ours, instrument, dayWindow(date)));
  const sides = mine.map(({ side }) => side);
  if (date !== undefined && sides.every(({ candles }) => candles.length === 0))
    throw new EngineError('HISTORY', `${ours} has no candle of ${date}: name a day on which a run was.`);
  const ourOrigin: Origin = { folder: ours, files: mine.map(({ origin }) => origin) };
  const theirs =
    typeof reference === 'string'
      ? await readReference(reference, instruments, widened(windowOf(sides)), timeframe)
      : await fetchedReference(instruments, sides, ourOrigin, { ...reference, timeframe }, say);
  const tickOf = await tickSizes(new Set(instruments.map(({ exchange }) => exchange)));
  const pairs = instruments.map(({ symbol, exchange }, index): SymbolPair => ({
    symbol,
    exchange,
    tickSizeRupees: theirs.ticks?.[index] ?? tickOf(symbol, exchange),
    ours: sides[index],
    reference: theirs.sides[index]?.side,
  }));
  const comparison = compareCandles(within(pairs, windowOf(sides)), timeframe);
  const systematic = systematicDifferences(pairs, timeframe);
  const objections = [
    originConflict(ourOrigin, theirs.origin) ?? theirs.objection ?? [],
    ...systematic.map(({ reason }) => reason),
  ].flat();
  const judgement = judge(comparison, objections, unexplainedPercent);
  const notes = [
    ...systematic.map(({ note }) => note),
    ...idleNotes(comparison),
    ...polledNotes(comparison),
    ...absentSymbolNotes(comparison, pairs),
    ...theirs.notes,
    ...mergedNotes([...mine, ...theirs.sides.flatMap((side) => side ?? [])]),
  ];
  const context: ComparisonContext = {
    ours: ourOrigin,
    reference: theirs.origin,
    notes,
    unexplainedPercent,
    comparedWallMs: new SystemClock().wallMs(),
  };
  const object = comparisonJson(comparison, judgement, context);
  out(json ? JSON.stringify(object, null, 2) : comparisonText(comparison, judgement, context, columns));
  if (report !== undefined) writeText(resolve(report), `${JSON.stringify(object, null, 2)}\n`, 'comparison');
  if (html !== undefined) writeText(resolve(html), comparisonPage(comparison, judgement, context), 'page');
  return judgement.verdict === 'pass' ? EXIT.pass : EXIT.failed;
}

/**
 * Asks for all minutes from the start of our first day to our last: the day's high and low before the run say which
 * extremes were new.
 */
async function fetchedReference(
  instruments: readonly FileInstrument[],
  sides: readonly Side[],
  ours: Origin,
  options: FetchOptions & { readonly timeframe: Timeframe },
  say: (sentence: string) => void,
): Promise<Reference> {
  const spans = dateSpans(sides.map(({ candles }) => candles));
  if (spans.length === 0)
    throw new EngineError(
      'HISTORY',
      `${ours.folder} holds no candle: name the folder that a run had as --out.`,
    );
  return fetchReference(
    { instruments, firstMs: istMs(spans[0].date, '09:00'), lastMs: spans[spans.length - 1].lastMs },
    ours,
    options,
    say,
  );
}
