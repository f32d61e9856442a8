/** What a run decides before it connects. Pure: src/run/preflight.ts checks it against the disk. */
import { RULES } from '../candles/rules.js';
import { dirname, join, resolve } from 'node:path';
import { isStepped, type FeedChoice, type StageConfig } from '../cli/config.js';
import { recordedOptions } from '../cli/options/table.js';
import { LIMITS } from '../limits.js';
import { EngineError } from '../errors.js';
import type { FileIdentity, VolumeKind } from '../candles/candle.js';
import { MEASURED } from '../sim/habits/catalogue.js';
import { changedHabits, habitText } from '../sim/habits/habit.js';
import { speedNumber } from '../sim/speed.js';
import { isIndex, nameOf, type Instrument } from '../market/instrument.js';
import { isSegment, type TradingCalendar } from '../market/trading-calendar.js';
import { istDate, MINUTE_MS, tailMsOf, type TradingSession } from '../market/session.js';
import { named } from '../text/named.js';
import { hoursAt } from './hours.js';

export interface Plan {
  readonly config: StageConfig;
  readonly runId: string;
  readonly instruments: readonly Instrument[];
  /** About the broker's instrument file. */
  readonly instrumentWarnings: readonly string[];
  /** On what selections of options went by. */
  readonly instrumentNotes: readonly string[];
  readonly sessionOf: (instrument: Instrument) => TradingSession;
  /** About the calendar: its end, and symbols that open during the run. */
  readonly calendarWarnings: readonly string[];
  /** When the first of the segments' calendars ends, epoch ms; undefined if no segment has one. */
  readonly calendarEndMs: number | undefined;
  /** Why the hours are assumed; undefined when the calendar covers the date. */
  readonly hoursUnknown: string | undefined;
  /** Epoch ms; undefined unless the run waits for the opening. */
  readonly opensMs: number | undefined;
  /** Market time, epoch ms: the awaited opening, or now by the feed's clock. */
  readonly startsMs: number;
  /** Epoch ms when the last instrument closes, closing auction included. */
  readonly endsMs: number;
  /** The longest tail of a session, market ms: its last minute is sealed later by this. */
  readonly tailMs: number;
  /** Epoch ms of an instrument's opening on its trading day before; undefined if there was none in 30 days. */
  readonly previousOpenMs: (instrument: Instrument) => number | undefined;
  /** True if the feed's choice (simulator, `--market-clock`) sets market time, not this machine. */
  readonly marketClock: boolean;
  /** Market seconds per real second; 1 in stepped time. */
  readonly speed: number;
  /** With `--speed max`: time moves when nothing is outstanding. */
  readonly stepped: boolean;
  readonly silenceMs: number;
  /** Of the run's own random numbers: the simulated market's, or the process number. */
  readonly seed: number;
  readonly volumeKind: VolumeKind;
  readonly identity: FileIdentity;
  /** Absolute. */
  readonly outDir: string;
  readonly reportPaths: readonly string[];
  /** Undefined with `--report`, which names the only report file. */
  readonly pagePath: string | undefined;
  readonly logPath: string;
  /** Absolute; undefined with `--no-journal`. */
  readonly journalDir: string | undefined;
  /** All that the run writes to, absolute. */
  readonly folders: readonly string[];
}

/** The origin that this feed's files state: prices of different origins never share a file. */
export function feedName(feed: FeedChoice): string {
  if (feed.kind === 'live') return 'live';
  if (feed.kind === 'sim') {
    const { seed, tape, habits } = feed;
    // A market with other trades is another one.
    const bursts = habits.bursts === MEASURED.bursts ? '' : `~${habitText('bursts', habits.bursts)}`;
    return `sim:${seed}${bursts}${tape?.seen === undefined ? '' : `+${tape.symbol}:${tape.seen.digest}`}`;
  }
  return `url:${URL.canParse(feed.url) ? new URL(feed.url).hostname : 'unknown'}`;
}

/** The run's name and the files named after it. */
export type RunFiles = Pick<Plan, 'runId' | 'reportPaths' | 'pagePath'>;

export function filesOf(runId: string, { report }: StageConfig): RunFiles {
  const reports = resolve('data/test/reports');
  if (report !== undefined) return { runId, reportPaths: [resolve(report)], pagePath: undefined };
  return {
    runId,
    reportPaths: [join(reports, `${runId}.json`), join(reports, 'latest.json')],
    pagePath: join(reports, `${runId}.html`),
  };
}

export interface PlanInputs {
  readonly config: StageConfig;
  readonly calendar: TradingCalendar;
  /** Wall clock, epoch ms. */
  readonly nowMs: number;
  readonly processId: number;
  /** Makes the run's name unique; at most seven letters or digits. */
  readonly nonce: string;
  readonly instruments: readonly Instrument[];
  readonly instrumentWarnings: readonly string[];
  readonly instrumentNotes: readonly string[];
  /** The broker's limit for one connection in one mode. */
  readonly maxInstruments: number;
  /** True if it continues a killed run, some of whose sessions may be over. */
  readonly resumes?: boolean;
}

/** Market time when the run is planned, epoch ms; its speed; whether the feed's choice sets it. */
function marketClockOf(
  feed: FeedChoice,
  nowMs: number,
): { startMs: number; speed: number; marketClock: boolean } {
  if (feed.kind === 'sim') return { startMs: feed.atMs, speed: speedNumber(feed.speed), marketClock: true };
  if (feed.kind === 'url' && feed.marketClock !== undefined)
    return { startMs: feed.marketClock.originMs, speed: feed.marketClock.speed, marketClock: true };
  return { startMs: nowMs, speed: 1, marketClock: false };
}

/** Throws EngineError with exit code 2: too many instruments for the broker, or a market that is shut. */
export function planRun({ config, calendar, nowMs, processId, nonce, ...given }: PlanInputs): Plan {
  const { instruments, instrumentWarnings, instrumentNotes, maxInstruments, resumes = false } = given;
  // One mode for all: a (token, mode) pair for each instrument.
  if (instruments.length > maxInstruments)
    throw new EngineError(
      'USAGE',
      `${instruments.length} symbols are more than the ${maxInstruments} that the broker serves on one connection: leave some out.`,
    );
  const { startMs, speed, marketClock } = marketClockOf(config.feed, nowMs);
  const { sessions, hoursUnknown, opensMs, notes } = hoursAt(calendar, instruments, {
    nowMs: startMs,
    mayWait: config.waitOpen,
    resumes,
    lastsMs: config.durationMin === undefined ? Infinity : config.durationMin * MINUTE_MS,
  });
  const segments = instruments.map(({ exchange }) => exchange).filter(isSegment);
  const all = [...sessions.values()];
  const volumeKind: VolumeKind = config.mode === 'ltp' ? 'tick' : 'traded';
  return {
    ...outputsOf(`${new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z-${nonce}`, config),
    config,
    instruments,
    instrumentWarnings,
    instrumentNotes,
    sessionOf: (instrument) => sessions.get(instrument)!,
    hoursUnknown,
    calendarWarnings: [...notes, ...calendar.endings(segments, istDate(nowMs))],
    calendarEndMs: calendar.endMs(segments),
    opensMs,
    startsMs: opensMs ?? startMs,
    endsMs: Math.max(...all.map(({ closeMs, auction }) => auction?.toMs ?? closeMs)),
    tailMs: Math.max(...all.map(tailMsOf)),
    previousOpenMs: (instrument) => calendar.lastOpenMs(sessions.get(instrument)!.openMs, instrument),
    marketClock,
    speed,
    stepped: isStepped(config.feed),
    silenceMs: Math.max(config.graceMs, LIMITS.minSilenceMs * speed),
    seed: config.feed.kind === 'sim' ? config.feed.seed : processId,
    volumeKind,
    identity: { feed: feedName(config.feed), mode: config.mode, volumeKind, rules: RULES },
  };
}

/** On indices in a run with volume, which momentum needs; one sentence. */
export function indexNotes({ instruments, volumeKind }: Pick<Plan, 'instruments' | 'volumeKind'>): string[] {
  const indices = instruments.filter(isIndex).map(nameOf);
  return volumeKind === 'tick' || indices.length === 0
    ? []
    : [`No volume is traded in an index, so momentum finds no signal in ${named(indices)}.`];
}

function outputsOf(
  runId: string,
  config: StageConfig,
): Pick<Plan, 'outDir' | 'logPath' | 'journalDir' | 'folders'> & RunFiles {
  const files = filesOf(runId, config);
  const outDir = resolve(config.out);
  const logPath = resolve('logs/websocket_test.log');
  const journalDir = config.journal === undefined ? undefined : resolve(config.journal);
  const folders = [outDir, dirname(files.reportPaths[0]), dirname(logPath)];
  if (journalDir !== undefined) folders.push(journalDir);
  return { ...files, outDir, logPath, journalDir, folders };
}

/** The options that the report records. None is a secret. */
export function optionsOf({ config, outDir }: Plan): Readonly<Record<string, unknown>> {
  const { shadow, durationMin, feed } = config;
  return {
    ...recordedOptions(config),
    shadow,
    untilClose: durationMin === undefined,
    out: outDir,
    ...(feed.kind === 'sim'
      ? {
          habits: changedHabits(feed.habits),
          faults: feed.faults.map(({ text }) => text),
          tape: feed.tape?.path ?? null,
        }
      : {}),
  };
}
