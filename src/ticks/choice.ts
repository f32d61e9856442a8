/** Decides what of a recording becomes a journal: its day, mode and order, and what it lacks. Pure. */
import { EXCHANGE } from '../market/instrument.js';
import { isSegment } from '../market/trading-calendar.js';
import { istDate } from '../market/session.js';
import { MODE, type ModeName } from '../market/packet.js';
import { EngineError } from '../errors.js';
import { TOTAL_FIELDS, WIRE_FIELDS, hasSince } from './fields.js';
import { HAS } from './recording-row.js';
import type { RecordedInstrument } from './recording.js';
import type { RowStore } from './row-store.js';

/** What the user chose. */
export interface RecordingChoice {
  /** IST, `YYYY-MM-DD`. */
  readonly date: string | undefined;
  readonly mode: ModeName | undefined;
}

export interface Choice {
  readonly date: string;
  /** As said in the rows; `mode` has fewer fields if the rows lack some. */
  readonly recorded: ModeName;
  readonly mode: ModeName;
  /** Rows of the store in the order in which they came. */
  readonly order: Uint32Array;
  /** Indexes of the instruments in the recording, by their packets. */
  readonly instruments: readonly number[];
  /** True if the rows say when they came. */
  readonly received: boolean;
  /** What the recording lacks, by name. */
  readonly missing: readonly string[];
  /** Sentences. */
  readonly notes: readonly string[];
}

const HOURS_KNOWN: ReadonlySet<number> = new Set(
  Object.keys(EXCHANGE)
    .map(Number)
    .filter((type) => isSegment(EXCHANGE[type])),
);
/** No recording is of another time, epoch ms. */
const EARLIEST_MS = Date.UTC(2000, 0);
const LATEST_MS = Date.UTC(2100, 0);
const NO_DAY = 'no day';
/** A share of rows that makes a fact of the recording. */
const MOST = 0.5;
/** Receipt may precede the stamp by this much, ms: both may be whole seconds, and clocks differ. */
const MAX_EARLY_MS = 5000;
/** A packet's stamp is never this much older than others' before it, but in its token's first packet. ms */
const MAX_BACK_MS = 60_000;
/** Rows that must be older for a stamp to be alone. */
const NEXT_ROWS = 3;
/** Share of such rows from which the file's order is no order of arrival. */
const BACK_SHARE = 0.01;
const HAS_VOLUME = HAS.field('volume_trade_for_the_day');
const HAS_TRADE = HAS.field('last_traded_timestamp');

const MODE_NAMES = Object.keys(MODE) as ModeName[];
const modeName = (mode: number): ModeName => MODE_NAMES.find((name) => MODE[name] === mode)!;

const rowsText = (rows: number): string => `${rows} ${rows === 1 ? 'packet' : 'packets'}`;

/** The rows that pass `keep`. */
function filtered(rows: Uint32Array, keep: (row: number) => boolean): Uint32Array {
  return rows.filter(keep);
}

function tally<K>(rows: Uint32Array, keyOf: (row: number) => K): Map<K, number> {
  const counts = new Map<K, number>();
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return counts;
}

/**
 * The only one of `found`, or the one that was asked for. Throws EngineError USAGE with what there is. `option`: that
 * chooses.
 */
function oneOf<K extends string>(
  found: ReadonlyMap<K, number>,
  asked: K | undefined,
  what: string,
  option: string,
): K {
  const list = [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([one, rows]) => `${one} (${rowsText(rows)})`);
  const shown = `${list.slice(0, 10).join(', ')}${list.length > 10 ? ` and ${list.length - 10} more` : ''}`;
  if (asked !== undefined) {
    if (!found.has(asked))
      throw new EngineError('USAGE', `The recording holds nothing of ${what} ${asked}, only of ${shown}.`);
    return asked;
  }
  if (found.size > 1)
    throw new EngineError(
      'USAGE',
      `The recording holds several ${what}s: ${shown}; choose one with ${option}.`,
    );
  return [...found.keys()][0];
}

/** The mode whose fields most rows have. Others cannot be told without inventing them. */
function modeOf(store: RowStore, rows: Uint32Array, recorded: ModeName): ModeName {
  const share = (bit: number): number => filtered(rows, (row) => store.has(row, bit)).length / rows.length;
  if (recorded === 'ltp' || share(HAS_VOLUME) <= MOST) return 'ltp';
  return recorded === 'snapquote' && share(HAS_TRADE) <= MOST ? 'quote' : recorded;
}

/** Fields of `mode` that most rows lack, which the journal has as 0. */
function missingOf(store: RowStore, rows: Uint32Array, mode: ModeName): string[] {
  const lacks = (bit: number): boolean =>
    filtered(rows, (row) => !store.has(row, bit)).length > (1 - MOST) * rows.length;
  const names = WIRE_FIELDS.filter(({ mode: first }, k) => hasSince(mode, first) && lacks(1 << k)).map(
    ({ name }) => name,
  );
  if (hasSince(mode, 'quote') && lacks(HAS.totals)) names.push(...TOTAL_FIELDS.map(({ name }) => name));
  if (hasSince(mode, 'snapquote') && lacks(HAS.book)) names.push('best_5_buy_data', 'best_5_sell_data');
  return names;
}

/** True if `value` never falls from one row to the next. */
function ascends(rows: Uint32Array, value: (row: number) => number): boolean {
  let before = -Infinity;
  for (const row of rows) {
    const next = value(row);
    if (next < before) return false;
    before = next;
  }
  return true;
}

/** True if the next rows are all far older than the row at place `at`: its stamp tells nothing of the time. */
export function isAloneAhead(store: RowStore, order: Uint32Array, at: number): boolean {
  const end = Math.min(order.length, at + 1 + NEXT_ROWS);
  for (let next = at + 1; next < end; next++)
    if (store.exchangeMs(order[next]) >= store.exchangeMs(order[at]) - MAX_BACK_MS) return false;
  return end > at + 1;
}

/** True if the rows' stamps fit the order of the file. */
function isArrivalOrder(store: RowStore, rows: Uint32Array): boolean {
  const seen = new Set<number>();
  let newest = -Infinity;
  let back = 0;
  for (const [at, row] of rows.entries()) {
    const [exchangeMs, instrument] = [store.exchangeMs(row), store.instrument(row)];
    // The first packet of a token is a cached one of any age.
    if (!seen.has(instrument)) seen.add(instrument);
    else if (exchangeMs < newest - MAX_BACK_MS) back++;
    else if (!isAloneAhead(store, rows, at)) newest = Math.max(newest, exchangeMs);
  }
  return back <= BACK_SHARE * rows.length;
}

type Compare = (a: number, b: number) => number;

/** By each in turn; then by the file. */
const by =
  (...values: readonly ((row: number) => number)[]): Compare =>
  (a, b) => {
    for (const value of values) {
      const difference = value(a) - value(b);
      if (difference !== 0) return difference;
    }
    return a - b;
  };

/** The order of arrival, and a sentence if it is not the file's. */
function orderOf(
  store: RowStore,
  rows: Uint32Array,
  received: boolean,
): { readonly order: Uint32Array; readonly note: string | undefined } {
  const at = (name: 'arrival' | 'receivedMs' | 'exchangeMs' | 'sequence') => (row: number) =>
    store[name](row);
  if (rows.every((row) => store.arrival(row) > 0)) {
    const numbered = ascends(rows, at('arrival'));
    return { order: numbered ? rows : rows.sort(by(at('arrival'))), note: undefined };
  }
  if (received) {
    if (ascends(rows, at('receivedMs'))) return { order: rows, note: undefined };
    return {
      order: rows.sort(by(at('receivedMs'), at('exchangeMs'))),
      note: 'The lines are not in the order of their receive times: they were sorted.',
    };
  }
  if (isArrivalOrder(store, rows)) return { order: rows, note: undefined };
  return {
    order: rows.sort(by(at('exchangeMs'), at('sequence'))),
    note: 'The lines are in no order of arrival: they were sorted by exchange_timestamp and sequence_number.',
  };
}

/** Whether the receive times can be used, and a sentence if there are some that cannot. */
function receivedOf(store: RowStore, rows: Uint32Array): { received: boolean; note: string | undefined } {
  const with_ = filtered(rows, (row) => !Number.isNaN(store.receivedMs(row))).length;
  if (with_ === 0) return { received: false, note: undefined };
  if (with_ < rows.length)
    return {
      received: false,
      note: `${rowsText(rows.length - with_)} of ${rows.length} without a receive time: those of the others are not used.`,
    };
  const early = filtered(rows, (row) => {
    const [receivedMs, exchangeMs] = [store.receivedMs(row), store.exchangeMs(row)];
    return receivedMs < exchangeMs - MAX_EARLY_MS;
  }).length;
  return early > (1 - MOST) * rows.length
    ? {
        received: false,
        note: 'Most receive times are before the exchange sent the packet, as those of another zone or clock: they are not used.',
      }
    : { received: true, note: undefined };
}

/** The IST day on which a row came: by its receive time, as a first packet may be of an earlier day. */
function dayOf(store: RowStore, row: number): string {
  const [receivedMs, exchangeMs] = [store.receivedMs(row), store.exchangeMs(row)];
  const ms = Number.isNaN(receivedMs) ? exchangeMs : receivedMs;
  return ms > EARLIEST_MS && ms < LATEST_MS ? istDate(ms) : NO_DAY;
}

/** Rows that are left in, and a sentence on each kind that is not. */
class Sieve {
  rows: Uint32Array;
  readonly notes: string[] = [];

  constructor(rows: number) {
    this.rows = Uint32Array.from({ length: rows }, (_, row) => row);
  }

  /** `others`: what the rows are that are left out. */
  keep(which: (row: number) => boolean, others: string): void {
    const kept = filtered(this.rows, which);
    const left = this.rows.length - kept.length;
    if (left > 0) this.notes.push(`Left out: ${rowsText(left)} ${others}.`);
    this.rows = kept;
  }
}

/** Leaves out exchanges whose hours are not known. Throws EngineError USAGE if nothing is left. */
function keepKnown(sieve: Sieve, store: RowStore, instruments: readonly RecordedInstrument[]): void {
  const foreign = [...new Set(instruments.map(({ exchangeType }) => exchangeType))]
    .filter((type) => !HOURS_KNOWN.has(type))
    .map((type) => EXCHANGE[type])
    .join(', ');
  sieve.keep(
    (row) => HOURS_KNOWN.has(instruments[store.instrument(row)].exchangeType),
    `of ${foreign}, whose trading hours are not known`,
  );
  if (sieve.rows.length === 0)
    throw new EngineError(
      'USAGE',
      `The recording holds only packets of ${foreign}, whose trading hours are not known here.`,
    );
}

/** The mode of the journal, as the rows have its fields; leaves out rows that lack them. */
function keepMode(sieve: Sieve, store: RowStore, recorded: ModeName): ModeName {
  const mode = modeOf(store, sieve.rows, recorded);
  if (mode !== 'ltp') sieve.keep((row) => store.has(row, HAS_VOLUME), 'without volume_trade_for_the_day');
  if (mode === 'snapquote') sieve.keep((row) => store.has(row, HAS_TRADE), 'without last_traded_timestamp');
  if (mode !== recorded)
    sieve.notes.push(
      `The packets were subscribed in mode ${recorded}, and lack its ${mode === 'ltp' ? 'volume' : 'time of the last trade'}: they are taken as mode ${mode}.`,
    );
  return mode;
}

/** Throws EngineError USAGE if the recording holds several days or modes and none was chosen, or nothing usable. */
export function choose(
  store: RowStore,
  instruments: readonly RecordedInstrument[],
  asked: RecordingChoice,
): Choice {
  const sieve = new Sieve(store.count);
  keepKnown(sieve, store, instruments);
  sieve.keep((row) => dayOf(store, row) !== NO_DAY, 'with a time before 2000 or after 2100');
  if (sieve.rows.length === 0)
    throw new EngineError('USAGE', 'The recording holds only times before 2000 or after 2100.');
  const days = tally(sieve.rows, (row) => dayOf(store, row));
  const date = oneOf(days, asked.date, 'day', '--date');
  sieve.keep((row) => dayOf(store, row) === date, 'of other days');
  const modes = tally(sieve.rows, (row) => modeName(store.mode(row)));
  const recorded = oneOf(modes, asked.mode, 'mode', '--mode');
  sieve.keep((row) => store.mode(row) === MODE[recorded], 'of other modes');
  const mode = keepMode(sieve, store, recorded);
  const { rows, notes } = sieve;
  if (rows.some((row) => !store.has(row, HAS.zone)))
    notes.push('The recording has times without a zone: they are taken as IST.');
  const { received, note } = receivedOf(store, rows);
  // Sorting changes `rows`.
  const missing = missingOf(store, rows, mode);
  const chosen = [...tally(rows, (row) => store.instrument(row)).keys()];
  const sorted = orderOf(store, rows, received);
  notes.push(...[note, sorted.note].filter((one) => one !== undefined));
  return { date, recorded, mode, order: sorted.order, instruments: chosen, received, missing, notes };
}
