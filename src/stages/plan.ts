/** Everything that a stage run decides before it connects. Reads; writes and connects nothing. */
import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { LIMITS, type StageConfig } from '../config.js';
import { EngineError } from '../errors.js';
import type { FileIdentity, VolumeKind } from '../market/candle.js';
import type { Instrument } from '../market/instrument.js';
import { istDate, istStamp, type Calendar, type Session } from '../market/session.js';
import { checkExisting } from '../sink/stored.js';
import { lookAtFolder } from './places.js';
import { selectInstruments } from './universe.js';

export interface Plan {
  readonly config: StageConfig;
  readonly runId: string;
  readonly instruments: readonly Instrument[];
  readonly sessionOf: (instrument: Instrument) => Session;
  /** Why the session's hours are assumed; undefined when the calendar knows them. */
  readonly hoursUnknown: string | undefined;
  /** Market time at the start as the clock of the feed's choice tells it, epoch ms. */
  readonly marketStartMs: number;
  /** Market seconds a real second. */
  readonly speed: number;
  readonly silenceMs: number;
  readonly volumeKind: VolumeKind;
  readonly identity: FileIdentity;
  /** Absolute. */
  readonly outDir: string;
  readonly reportPaths: readonly string[];
  readonly logPath: string;
}

/** What the files of this feed say of their origin: prices of different origins never meet in one file. */
export function feedIdentity(config: StageConfig): string {
  const { feed } = config;
  if (feed.kind === 'live') return 'live';
  if (feed.kind === 'sim') return `sim:${feed.seed}`;
  return `url:${URL.canParse(feed.url) ? new URL(feed.url).hostname : 'unknown'}`;
}

/** Sessions of all instruments on the market's date. Throws EngineError MARKET_SHUT when one could not trade now, saying when it opens. */
function sessionsAt(calendar: Calendar, instruments: readonly Instrument[], nowMs: number): { sessions: Map<Instrument, Session>; hoursUnknown: string | undefined } {
  const date = istDate(nowMs);
  const sessions = new Map<Instrument, Session>();
  let hoursUnknown: string | undefined;
  for (const instrument of instruments) {
    const day = calendar.day(date, instrument.derivatives);
    const lastMs = day.kind === 'shut' ? 0 : (day.session.auction?.toMs ?? day.session.closeMs);
    const why = day.kind === 'shut' ? day.reason : nowMs < day.session.openMs ? 'before the opening' : nowMs >= lastMs ? 'after the close' : undefined;
    if (why !== undefined) {
      const next = calendar.nextOpenMs(nowMs, instrument.derivatives);
      throw new EngineError('MARKET_SHUT', `The market is shut at ${istStamp(nowMs)} (${why}); it opens ${next === undefined ? 'on a day that the session data does not cover' : istStamp(next)}.`);
    }
    if (day.kind === 'shut') continue;
    if (day.kind === 'unknown') hoursUnknown = day.reason;
    sessions.set(instrument, day.session);
  }
  return { sessions, hoursUnknown };
}

/**
 * Plans a run. Throws EngineError with exit code 2: unknown or clashing instruments, a market that is shut, folders that cannot be
 * written to, existing files of another origin.
 */
export async function makePlan(config: StageConfig, calendar: Calendar, nowMs: number): Promise<Plan> {
  const instruments = selectInstruments({ ...config, master: config.instruments });
  const { feed } = config;
  const marketStartMs = feed.kind === 'sim' ? feed.atMs : feed.kind === 'url' && feed.marketClock !== undefined ? feed.marketClock.originMs : nowMs;
  const speed = feed.kind === 'sim' ? feed.speed : feed.kind === 'url' ? (feed.marketClock?.speed ?? 1) : 1;
  const { sessions, hoursUnknown } = sessionsAt(calendar, instruments, marketStartMs);
  const runId = `${new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z-${process.pid}`;
  const outDir = resolve(config.out);
  const reports = resolve('data/test/reports');
  const reportPaths = config.report === undefined ? [join(reports, `${runId}.json`), join(reports, 'latest.json')] : [resolve(config.report)];
  const logPath = resolve('logs/websocket_test.log');
  if (config.history !== undefined && !statSync(config.history, { throwIfNoEntry: false })?.isDirectory()) {
    throw new EngineError('HISTORY', `--history ${config.history} is no folder.`);
  }
  for (const folder of [outDir, join(outDir, 'quality'), dirname(reportPaths[0]), dirname(logPath)]) lookAtFolder(folder);
  if (config.report !== undefined && statSync(config.report, { throwIfNoEntry: false })?.isDirectory()) throw new EngineError('OUTPUT', `--report ${config.report} is a folder; name a file.`);
  const volumeKind: VolumeKind = config.mode === 'ltp' ? 'tick' : 'traded';
  const identity: FileIdentity = { feed: feedIdentity(config), mode: config.mode, volumeKind };
  await checkExisting(outDir, instruments, identity);
  return {
    config,
    runId,
    instruments,
    sessionOf: (instrument) => sessions.get(instrument)!,
    hoursUnknown,
    marketStartMs,
    speed,
    silenceMs: Math.max(config.graceMs, LIMITS.leastSilenceMs * speed),
    volumeKind,
    identity,
    outDir,
    reportPaths,
    logPath,
  };
}
