/** A recording as a journal: reads it, decides what of it counts, and writes a run's folder, whole or not at all. */
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { FrameCodec } from '../broker/broker.js';
import { RULES } from '../candles/rules.js';
import { EngineError } from '../errors.js';
import { RUN_ID } from '../journal/format.js';
import { RECORDING_FEED, type RunMeta } from '../journal/meta.js';
import { EXCHANGE, nameOf, type Instrument, type Listing } from '../market/instrument.js';
import type { TradingSession } from '../market/session.js';
import type { TradingCalendar } from '../market/trading-calendar.js';
import { processStart } from '../text/process-liveness.js';
import { choose, type RecordingChoice, type Choice } from './choice.js';
import { newFolder } from './out-folder.js';
import { writeRecording } from './recording-journal.js';
import { readRecording, type RecordedInstrument, type Recording } from './recording.js';
import { RowStore } from './row-store.js';

/** Of a journal. */
const MAX_INSTRUMENTS = 1000;
/** As a run has by default, ms of market time. */
const GRACE_MS = 3000;
/** Where a listing does not say. */
const TICK_SIZE_RUPEES = 0.05;

/** A name that the user gave a token. Without an exchange it is of any. */
interface NamedToken {
  readonly exchange: string | undefined;
  readonly token: string;
  readonly symbol: string;
}

export interface ImportOptions extends RecordingChoice {
  readonly path: string;
  /** A new or empty folder, absolute. */
  readonly into: string;
  readonly codec: FrameCodec;
  /** Prices are in rupees where a row does not say. */
  readonly rupees: boolean;
  readonly named: readonly NamedToken[];
  /** Of the broker's instrument file and the shipped list. */
  readonly listings: readonly Listing[];
  readonly calendar: TradingCalendar;
  readonly version: string;
}

export interface ImportOutcome {
  readonly meta: RunMeta;
  readonly recording: Recording;
  readonly choice: Choice;
  /** Sentences, those of the choice included. */
  readonly notes: readonly string[];
}

/** Throws EngineError OUTPUT unless the folder is absent or empty. */
function checkNew(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined || (found.isDirectory() && readdirSync(folder).length === 0)) return;
  throw new EngineError(
    'OUTPUT',
    `--into ${folder} ${found.isDirectory() ? 'holds files already' : 'is a file'}: name a new folder.`,
  );
}

const exchangeOf = ({ exchangeType }: { readonly exchangeType: number }): string => EXCHANGE[exchangeType];

/** What a list of names knows, by exchange and token. */
function nameFinder(recorded: readonly RecordedInstrument[], { named, listings }: ImportOptions) {
  for (const { exchange, token } of named) {
    const known = recorded.filter(
      (one) => one.token === token && (exchange ?? exchangeOf(one)) === exchangeOf(one),
    );
    const what = `--symbols names token ${exchange === undefined ? '' : `${exchange}:`}${token}`;
    if (known.length === 0) throw new EngineError('USAGE', `${what}, which the recording does not hold.`);
    if (known.length > 1)
      throw new EngineError(
        'USAGE',
        `${what}, which the recording holds of ${known.map(exchangeOf).join(' and ')}: say which, as in ${exchangeOf(known[0])}:${token}=SYMBOL.`,
      );
  }
  const listed = new Map(listings.map((listing) => [`${listing.exchangeType} ${listing.token}`, listing]));
  return (one: RecordedInstrument): { symbol: string | undefined; listing: Listing | undefined } => {
    const listing = listed.get(`${one.exchangeType} ${one.token}`);
    const given = named.find(
      ({ exchange, token }) => token === one.token && (exchange ?? exchangeOf(one)) === exchangeOf(one),
    );
    return { symbol: given?.symbol ?? one.symbol ?? listing?.symbol, listing };
  };
}

/** The instruments of the journal, and sentences on those without a name. Throws EngineError USAGE. */
function instrumentsOf(
  chosen: readonly RecordedInstrument[],
  options: ImportOptions,
): { readonly instruments: readonly Instrument[]; readonly notes: readonly string[] } {
  if (chosen.length > MAX_INSTRUMENTS)
    throw new EngineError(
      'USAGE',
      `The recording holds ${chosen.length} instruments, and a journal at most ${MAX_INSTRUMENTS}: split it.`,
    );
  const find = nameFinder(chosen, options);
  const taken = new Set<string>();
  const notes: string[] = [];
  let unnamed = 0;
  const instruments = chosen.map((one, index): Instrument => {
    const { symbol: name, listing } = find(one);
    if (name === undefined) unnamed++;
    let symbol = name ?? one.token;
    const exchange = exchangeOf(one);
    if (taken.has(nameOf({ symbol, exchange }))) {
      notes.push(
        `${symbol} is there twice: that of ${exchange}, token ${one.token}, is ${symbol}-${exchange}-${one.token}.`,
      );
      symbol = `${symbol}-${exchange}-${one.token}`;
    }
    taken.add(nameOf({ symbol, exchange }));
    return {
      ...{ index, symbol, exchange, exchangeType: one.exchangeType, token: one.token },
      tickSizeRupees: listing?.tickSizeRupees ?? TICK_SIZE_RUPEES,
      derivatives: listing?.derivatives ?? false,
    };
  });
  if (unnamed > 0)
    notes.push(
      `${unnamed} of ${chosen.length} instruments have no known symbol and are called by their token: --symbols TOKEN=SYMBOL or --instruments FILE names them.`,
    );
  return { instruments, notes };
}

/** A sentence if stocks that are in no list may have other hours than they get. */
function unlistedNotes(
  date: string,
  chosen: readonly RecordedInstrument[],
  { listings, calendar }: ImportOptions,
): string[] {
  const closeMs = (derivatives: boolean): number | undefined => {
    const day = calendar.of('NSE').day(date, derivatives);
    return day.kind === 'shut' ? undefined : day.session.closeMs;
  };
  const listed = new Set(listings.map(({ exchangeType, token }) => `${exchangeType} ${token}`));
  const unlisted = chosen.filter(
    ({ exchangeType, token }) => exchangeType === 1 && !listed.has(`${exchangeType} ${token}`),
  ).length;
  return unlisted === 0 || closeMs(true) === closeMs(false)
    ? []
    : [
        `${unlisted} stocks are in no list: they are taken as stocks without derivatives, whose hours are others that day; --instruments FILE knows them.`,
      ];
}

/** By instrument; a sentence if the hours are not known. Throws EngineError MARKET_SHUT. */
function sessionsOf(
  date: string,
  instruments: readonly Instrument[],
  calendar: TradingCalendar,
): { readonly sessions: readonly TradingSession[]; readonly notes: readonly string[] } {
  const notes = new Set<string>();
  const sessions = instruments.map((instrument) => {
    const day = calendar.day(date, instrument);
    if (day.kind === 'shut')
      throw new EngineError(
        'MARKET_SHUT',
        `${date} is no trading day (${day.reason}): its packets make no candle.`,
      );
    if (day.kind === 'unknown') notes.add(`The trading hours of ${date} are assumed: ${day.reason}.`);
    return day.session;
  });
  return { sessions, notes: [...notes] };
}

/** The folder's name, by which a list of journals finds it; for one that no run can have, one of the recording. */
function runIdOf(into: string, first: { readonly wallMs: number }, recorded: string): string {
  if (RUN_ID.test(basename(into))) return basename(into);
  const digest = createHash('sha256').update(recorded).digest('hex').slice(0, 6);
  return `${new Date(first.wallMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z-r${digest}`;
}

/**
 * Makes a journal of a recording. Throws EngineError USAGE for a recording that cannot be used, MARKET_SHUT for a day
 * without trading, OUTPUT for a folder that is not new or a disk that refuses.
 */
export async function importRecording(options: ImportOptions): Promise<ImportOutcome> {
  const { path, into, codec, calendar, version } = options;
  checkNew(into);
  const folder = await newFolder(into);
  const rowsPath = join(folder.aside, 'rows');
  let store: RowStore | undefined;
  try {
    store = new RowStore(rowsPath, codec);
    const recording = await readRecording(path, store, options.rupees);
    const choice = choose(store, recording.instruments, options);
    const chosen = choice.instruments.map((index) => recording.instruments[index]);
    const named = instrumentsOf(chosen, options);
    const hours = sessionsOf(choice.date, named.instruments, calendar);
    const unlisted = unlistedNotes(choice.date, chosen, options);
    const notes = [...choice.notes, ...named.notes, ...unlisted, ...hours.notes];
    let meta: RunMeta | undefined;
    await writeRecording(folder.aside, codec, store, choice, (first) => {
      meta = {
        ...{ version, runId: runIdOf(into, first, `${basename(path)} ${choice.date} ${choice.recorded}`) },
        ...{
          processId: process.pid,
          processStart: processStart(process.pid),
          stage: 2,
          durationMin: null,
          shadow: false,
        },
        ...{ mode: choice.mode, feed: RECORDING_FEED, rules: RULES, speed: 1, stepped: false },
        volumeKind: choice.mode === 'ltp' ? 'tick' : 'traded',
        recording: { file: basename(path), received: choice.received, missing: choice.missing },
        ...{ graceMs: GRACE_MS, silenceMs: GRACE_MS, marketDateMs: hours.sessions[0].openMs },
        ...{
          wallMs: first.wallMs,
          marketMs: first.marketMs,
          opensMs: null,
          out: '',
          history: null,
          given: null,
        },
        instruments: named.instruments,
        sessions: hours.sessions,
      };
      return meta;
    });
    store.drop();
    store = undefined;
    await folder.keep();
    return { meta: meta!, recording, choice, notes };
  } finally {
    store?.drop();
    folder.drop();
  }
}
