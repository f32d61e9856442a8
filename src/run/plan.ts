/** Everything that a stage run decides before it connects. Reads; writes and connects nothing. */
import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { FeedChoice, StageConfig } from '../cli/config.js';
import { LIMITS } from '../limits.js';
import { EngineError } from '../errors.js';
import type { FileIdentity, VolumeKind } from '../candles/candle.js';
import type { Instrument } from '../market/instrument.js';
import { istDate, istStamp, type Calendar, type TradingDay, type TradingSession } from '../market/session.js';
import { QUOTA } from '../broker/angel/requests.js';
import { checkExisting } from '../parquet/stored.js';
import { lookAtFolder } from './output-folders.js';
import { openInstrumentMaster, selectInstruments } from './universe.js';

export interface Plan {
  readonly config: StageConfig;
  readonly runId: string;
  readonly instruments: readonly Instrument[];
  /** What a person should know of the broker's instrument file, sentences. */
  readonly instrumentWarnings: readonly string[];
  readonly sessionOf: (instrument: Instrument) => TradingSession;
  /** Why the session's hours are assumed; undefined when the calendar knows them. */
  readonly hoursUnknown: string | undefined;
  /** When the market opens, epoch ms, where the run waits for that; undefined when it is open. */
  readonly opensMs: number | undefined;
  /** Market time from which the run counts, epoch ms: the opening that is waited for, or now as the clock of the feed's choice tells it. */
  readonly startsMs: number;
  /** When the last of the instruments closes, its auction included; epoch ms. */
  readonly endsMs: number;
  /** When the trading day before opened, epoch ms; undefined where the calendar does not know. */
  readonly previousOpenMs: number | undefined;
  /** Whether market time is told by the feed's choice and not by this machine's clock. */
  readonly marketClock: boolean;
  /** Market seconds a real second. */
  readonly speed: number;
  readonly silenceMs: number;
  readonly volumeKind: VolumeKind;
  readonly identity: FileIdentity;
  /** Absolute. */
  readonly outDir: string;
  readonly reportPaths: readonly string[];
  /** The report as a page; undefined with `--report`, which names the one file that is written. */
  readonly pagePath: string | undefined;
  readonly logPath: string;
  /** Absolute; undefined with `--no-journal`. */
  readonly journalDir: string | undefined;
  /** All folders that are written to, absolute; what lies in them is the run's too. */
  readonly folders: readonly string[];
}

/** What the files of this feed say of their origin: prices of different origins never meet in one file. */
export function feedName(feed: FeedChoice): string {
  if (feed.kind === 'live') return 'live';
  if (feed.kind === 'sim') return `sim:${feed.seed}`;
  return `url:${URL.canParse(feed.url) ? new URL(feed.url).hostname : 'unknown'}`;
}

/** Why `instrument` cannot trade at `nowMs`; undefined when it can. */
function shutBecause(day: TradingDay, nowMs: number): string | undefined {
  if (day.kind === 'shut') return day.reason;
  const { openMs, closeMs, auction } = day.session;
  if (nowMs < openMs) return 'before the opening';
  return nowMs >= (auction?.toMs ?? closeMs) ? 'after the close' : undefined;
}

/** The market's hours for a run. */
interface Hours {
  readonly sessions: ReadonlyMap<Instrument, TradingSession>;
  readonly hoursUnknown: string | undefined;
  readonly opensMs: number | undefined;
}

/**
 * Sessions of all instruments on the market's date. Where one could not trade now, those of the next opening when it may be waited for;
 * else throws EngineError MARKET_SHUT, saying when it opens.
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

/** What is named by the run: itself, and where its report goes. */
export function placesOf(
  runId: string,
  { report }: StageConfig,
): Pick<Plan, 'runId' | 'reportPaths' | 'pagePath'> {
  const reports = resolve('data/test/reports');
  if (report !== undefined) return { runId, reportPaths: [resolve(report)], pagePath: undefined };
  return {
    runId,
    reportPaths: [join(reports, `${runId}.json`), join(reports, 'latest.json')],
    pagePath: join(reports, `${runId}.html`),
  };
}

/**
 * Plans a run. Throws EngineError with exit code 2: unknown or clashing instruments, a market that is shut, folders that cannot be
 * written to, existing files of another origin.
 */
export async function makePlan(config: StageConfig, calendar: Calendar, nowMs: number): Promise<Plan> {
  // The simulated broker lists what the run asks for; a file of the real one has no say there.
  const book = await openInstrumentMaster(config.instruments, config.feed.kind === 'live', istDate(nowMs));
  const instruments = selectInstruments({ ...config, book });
  // One mode for all: as many (token, mode) pairs as instruments.
  if (instruments.length > QUOTA)
    throw new EngineError(
      'USAGE',
      `${instruments.length} symbols are more than the ${QUOTA} that the broker serves on one connection: leave some out.`,
    );
  const { feed } = config;
  const marketStartMs =
    feed.kind === 'sim'
      ? feed.atMs
      : feed.kind === 'url' && feed.marketClock !== undefined
        ? feed.marketClock.originMs
        : nowMs;
  const speed = feed.kind === 'sim' ? feed.speed : feed.kind === 'url' ? (feed.marketClock?.speed ?? 1) : 1;
  const { sessions, hoursUnknown, opensMs } = hoursAt(calendar, instruments, marketStartMs, config.waitOpen);
  const runId = `${new Date(nowMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z-${process.pid}`;
  const outDir = resolve(config.out);
  const { reportPaths, pagePath } = placesOf(runId, config);
  const logPath = resolve('logs/websocket_test.log');
  if (config.history !== undefined && !statSync(config.history, { throwIfNoEntry: false })?.isDirectory()) {
    throw new EngineError(
      'HISTORY',
      `--history ${config.history} is no folder; name the one with NSE_{SYMBOL}_1m.parquet.`,
    );
  }
  const journalDir = config.journal === undefined ? undefined : resolve(config.journal);
  const folders = [
    outDir,
    dirname(reportPaths[0]),
    dirname(logPath),
    ...(journalDir === undefined ? [] : [journalDir]),
  ];
  for (const folder of [...folders, join(outDir, 'quality')]) lookAtFolder(folder);
  if (config.report !== undefined && statSync(config.report, { throwIfNoEntry: false })?.isDirectory())
    throw new EngineError('OUTPUT', `--report ${config.report} is a folder; name a file.`);
  const volumeKind: VolumeKind = config.mode === 'ltp' ? 'tick' : 'traded';
  const identity: FileIdentity = { feed: feedName(feed), mode: config.mode, volumeKind };
  await checkExisting(outDir, instruments, identity);
  return {
    config,
    runId,
    instruments,
    instrumentWarnings: book?.warnings ?? [],
    sessionOf: (instrument) => sessions.get(instrument)!,
    hoursUnknown,
    opensMs,
    startsMs: opensMs ?? marketStartMs,
    endsMs: Math.max(...[...sessions.values()].map(({ closeMs, auction }) => auction?.toMs ?? closeMs)),
    previousOpenMs: calendar.lastOpenMs(
      Math.min(...[...sessions.values()].map(({ openMs }) => openMs)),
      instruments[0].derivatives,
    ),
    marketClock: feed.kind === 'sim' || (feed.kind === 'url' && feed.marketClock !== undefined),
    speed,
    silenceMs: Math.max(config.graceMs, LIMITS.minSilenceMs * speed),
    volumeKind,
    identity,
    outDir,
    reportPaths,
    pagePath,
    logPath,
    journalDir,
    folders,
  };
}

/** How the run was asked for, under the names that the report has: none of them is a secret. */
export function optionsOf({ config, outDir }: Plan): Readonly<Record<string, unknown>> {
  const { stage, shadow, durationMin, warmUp, mode, shards, graceMs, history, symbols, subset, feed } =
    config;
  return {
    stage,
    shadow,
    untilClose: durationMin === undefined,
    durationMin: durationMin ?? null,
    warmUp,
    mode,
    shards,
    graceMs,
    out: outDir,
    history: history ?? null,
    symbols: symbols ?? null,
    subset: subset ?? null,
    ...(feed.kind === 'sim' ? { faults: feed.faults.map(({ text }) => text) } : {}),
  };
}
