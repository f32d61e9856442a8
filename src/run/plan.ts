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
import type { Instrument } from '../market/instrument.js';
import {
  istDate,
  istStamp,
  tailMsOf,
  type Calendar,
  type TradingDay,
  type TradingSession,
} from '../market/session.js';

export interface Plan {
  readonly config: StageConfig;
  readonly runId: string;
  readonly instruments: readonly Instrument[];
  /** About the broker's instrument file. */
  readonly instrumentWarnings: readonly string[];
  readonly sessionOf: (instrument: Instrument) => TradingSession;
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
  /** Epoch ms of the previous trading day's opening; undefined when the calendar does not cover it. */
  readonly previousOpenMs: number | undefined;
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

/** Undefined when an instrument with this day can trade at `nowMs`. */
function shutBecause(day: TradingDay, nowMs: number): string | undefined {
  if (day.kind === 'shut') return day.reason;
  const { openMs, closeMs, auction } = day.session;
  if (nowMs < openMs) return 'before the opening';
  return nowMs >= (auction?.toMs ?? closeMs) ? 'after the close' : undefined;
}

interface Hours {
  readonly sessions: ReadonlyMap<Instrument, TradingSession>;
  readonly hoursUnknown: string | undefined;
  readonly opensMs: number | undefined;
}

/**
 * All instruments' sessions on the market's date. If one cannot trade now: the next opening's if the run may wait for
 * it, otherwise throws EngineError MARKET_SHUT, which says when the market opens.
 */
function hoursAt(
  calendar: Calendar,
  instruments: readonly Instrument[],
  nowMs: number,
  mayWait: boolean,
): Hours {
  const shut = instruments
    .map((instrument) => ({
      instrument,
      why: shutBecause(calendar.day(istDate(nowMs), instrument.derivatives), nowMs),
    }))
    .find(({ why }) => why !== undefined);
  const opensMs = shut === undefined ? undefined : calendar.nextOpenMs(nowMs, shut.instrument.derivatives);
  if (shut !== undefined && (!mayWait || opensMs === undefined)) {
    const when =
      opensMs === undefined
        ? 'on a day that the session data does not cover'
        : `${istStamp(opensMs)}${mayWait ? '' : ' (--wait-open waits for it)'}`;
    throw new EngineError(
      'MARKET_SHUT',
      `The market is shut at ${istStamp(nowMs)} (${shut.why!}); it opens ${when}.`,
    );
  }
  const date = istDate(opensMs ?? nowMs);
  const sessions = new Map<Instrument, TradingSession>();
  let hoursUnknown: string | undefined;
  for (const instrument of instruments) {
    const day = calendar.day(date, instrument.derivatives);
    if (day.kind === 'shut') continue;
    if (day.kind === 'unknown') hoursUnknown = day.reason;
    sessions.set(instrument, day.session);
  }
  return { sessions, hoursUnknown, opensMs };
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
  readonly calendar: Calendar;
  /** Wall clock, epoch ms. */
  readonly nowMs: number;
  readonly processId: number;
  /** Makes the run's name unique; at most seven letters or digits. */
  readonly nonce: string;
  readonly instruments: readonly Instrument[];
  readonly instrumentWarnings: readonly string[];
  /** The broker's limit for one connection in one mode. */
  readonly maxInstruments: number;
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
  const { instruments, instrumentWarnings, maxInstruments } = given;
  // One mode for all: a (token, mode) pair for each instrument.
  if (instruments.length > maxInstruments)
    throw new EngineError(
      'USAGE',
      `${instruments.length} symbols are more than the ${maxInstruments} that the broker serves on one connection: leave some out.`,
    );
  const { startMs, speed, marketClock } = marketClockOf(config.feed, nowMs);
  const { sessions, hoursUnknown, opensMs } = hoursAt(calendar, instruments, startMs, config.waitOpen);
  const all = [...sessions.values()];
  const volumeKind: VolumeKind = config.mode === 'ltp' ? 'tick' : 'traded';
  return {
    ...outputsOf(`${new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z-${nonce}`, config),
    config,
    instruments,
    instrumentWarnings,
    sessionOf: (instrument) => sessions.get(instrument)!,
    hoursUnknown,
    opensMs,
    startsMs: opensMs ?? startMs,
    endsMs: Math.max(...all.map(({ closeMs, auction }) => auction?.toMs ?? closeMs)),
    tailMs: Math.max(...all.map(tailMsOf)),
    previousOpenMs: calendar.lastOpenMs(
      Math.min(...all.map(({ openMs }) => openMs)),
      instruments[0].derivatives,
    ),
    marketClock,
    speed,
    stepped: isStepped(config.feed),
    silenceMs: Math.max(config.graceMs, LIMITS.minSilenceMs * speed),
    seed: config.feed.kind === 'sim' ? config.feed.seed : processId,
    volumeKind,
    identity: { feed: feedName(config.feed), mode: config.mode, volumeKind, rules: RULES },
  };
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
