/** Candle files and polled candles as sides of a comparison. */
import { isPolled } from '../../candles/candle.js';
import { FIRST_RULES } from '../../candles/rules.js';
import { EngineError } from '../../errors.js';
import { openingOf } from '../../market/day-labels.js';
import { MINUTE_MS } from '../../market/session.js';
import type { Timeframe } from '../../market/timeframe.js';
import { tradingCalendar } from '../../market/trading-calendar.js';
import { candlesPath } from '../../parquet/candles-file.js';
import type { FileInstrument } from '../../parquet/candles-file.js';
import { readCandleFile } from '../../parquet/history.js';
import type { CandleFile, HistoryWindow } from '../../parquet/history.js';
import type { StoredCandle } from '../../parquet/merge.js';
import { PRICES } from '../../reconcile/fields.js';
import type { Side } from '../../reconcile/symbol-comparison.js';
import type { OurCandle } from '../../reconcile/minutes.js';
import type { FileOrigin } from '../../reconcile/origin.js';

export interface ReadSide {
  readonly path: string;
  readonly side: Side;
  readonly origin: FileOrigin;
  /** Each begins with the path. */
  readonly notes: readonly string[];
}

/** `coarse`: fields with 32-bit floats in the file. */
function seenFrom({ candle, quality }: StoredCandle, ours: boolean, coarse: ReadonlySet<string>): OurCandle {
  const prices = Object.fromEntries(
    PRICES.filter((field) => coarse.has(field)).map((field) => [
      field,
      Math.round(candle[field] * 100) / 100,
    ]),
  );
  // Without quality, a candle of ours may be partial and proves nothing.
  return {
    candle: { ...candle, ...prices },
    // A polled one is the broker's: we did not see it whole, whatever the file is complete with.
    partial: ours && (quality?.partial !== false || isPolled(quality)),
    source: quality?.source ?? 'continuous',
    quality: ours ? quality : undefined,
  };
}

/** True for ours of an index, whose packets are ticks as in LTP mode, whatever the run's mode was. */
function isUntraded({ ours, volumeKind, rows }: CandleFile): boolean {
  return (
    ours && volumeKind === 'traded' && rows.length > 0 && rows.every(({ candle }) => candle.volume === 0)
  );
}

/** The rows with a day's label of midnight moved to the opening; the later of two of one label. Ascending. */
function atOpenings(rows: readonly StoredCandle[]): StoredCandle[] {
  const calendar = tradingCalendar();
  const moved = rows.map(({ candle, quality }) => {
    const timestampMs = openingOf(candle.timestampMs, candle.exchange, calendar);
    return { candle: { ...candle, timestampMs }, quality };
  });
  return [...new Map(moved.map((row) => [row.candle.timestampMs, row])).values()].sort(
    (a, b) => a.candle.timestampMs - b.candle.timestampMs,
  );
}

export function sideFrom(file: CandleFile, timeframe: Timeframe): ReadSide {
  const notes = [...file.notes];
  const coarse = new Set(file.columns.filter(({ type }) => type === 'float').map(({ name }) => name));
  // A 32-bit float has seven digits, exact to the paisa up to 131,072 rupees: 25000.05 is read as 25000.0508.
  if (PRICES.some((field) => coarse.has(field)))
    notes.push(`${file.path} has prices of 32 bits: they are rounded to the paisa.`);
  const rows = timeframe === '1d' && !file.ours ? atOpenings(file.rows) : file.rows;
  const onMinute = rows.filter(({ candle }) => candle.timestampMs % MINUTE_MS === 0);
  if (onMinute.length < rows.length)
    notes.push(
      `${file.path}: ${rows.length - onMinute.length} rows that are not at the start of a minute are left out.`,
    );
  const unknown = file.ours ? onMinute.filter(({ quality }) => quality === undefined).length : 0;
  if (unknown > 0)
    notes.push(`${file.path}: ${unknown} candles without a row in the quality file count as partial.`);
  return {
    path: file.path,
    side: {
      candles: onMinute.map((row) => seenFrom(row, file.ours, coarse)),
      volumeKind: file.volumeKind,
      mode: isUntraded(file) ? 'ltp' : file.keys.get('mode'),
    },
    origin: {
      feed: file.keys.get('feed'),
      mode: file.keys.get('mode'),
      volumeKind: file.volumeKind,
      rules: rulesIn(file.keys),
    },
    notes,
  };
}

/** The rules that a file of ours follows; undefined for a file that another program wrote. */
function rulesIn(keys: ReadonlyMap<string, string>): number | undefined {
  const rules = Number(keys.get('rules') ?? FIRST_RULES);
  return keys.has('feed') && Number.isInteger(rules) ? rules : undefined;
}

/** Throws EngineError HISTORY if our file cannot be read or its footer lacks a key. */
export async function readOurs(
  folder: string,
  instrument: FileInstrument,
  window: HistoryWindow,
): Promise<ReadSide> {
  const path = candlesPath(folder, instrument);
  const file = await readCandleFile(folder, instrument, 'ours', window);
  if (file === undefined)
    throw new EngineError(
      'HISTORY',
      `${path} is gone since it was listed: another program removed it; compare again.`,
    );
  // A rewriting program drops the footer; a number of ticks would then pass for a traded quantity.
  for (const key of ['feed', 'volume_kind']) {
    if (!file.keys.has(key))
      throw new EngineError(
        'HISTORY',
        `${path} has no footer key \`${key}\`: another program has written it, and what it holds is not known; name the folder that a run wrote.`,
      );
  }
  return sideFrom(file, instrument.timeframe ?? '1m');
}

/** Notes that differ only in the path are one. */
export function mergedNotes(sides: readonly ReadSide[]): string[] {
  const byText = new Map<string, { readonly first: string; files: number }>();
  for (const { path, notes } of sides) {
    for (const note of notes) {
      const text = note.slice(path.length);
      const there = byText.get(text);
      if (there === undefined) byText.set(text, { first: note, files: 1 });
      // A file of several symbols has the same note for each.
      else if (there.first !== note) there.files++;
    }
  }
  return [...byText.values()].map(({ first, files }) =>
    files === 1 ? first : `${first} The same holds for ${files - 1} more file${files === 2 ? '' : 's'}.`,
  );
}
