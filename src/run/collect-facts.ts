/** Collects Facts from shared memory and the monitors. Reads only. */
import { LIMITS, RUN_MINUTES } from '../limits.js';
import type { Clock } from '../clock.js';
import type { CandleWithQuality } from '../candles/candle.js';
import { nameOf, priceScale } from '../market/instrument.js';
import type { JournalFigures } from '../journal/writer.js';
import { inContinuous, MINUTE_MS } from '../market/session.js';
import type { ConnectionRecord } from '../monitor/connection-record.js';
import type {
  BackFillFigures,
  Facts,
  Hashes,
  SymbolFacts,
  PerformanceFigures,
  Percentiles,
} from '../gates/facts.js';
import type { ReportViews } from '../gates/report.js';
import { dashboardCandles, latencyBuckets, longerCandles, ruleView } from '../dashboard/symbol-view.js';
import type { Evaluation } from '../momentum/series.js';
import type { NetworkAudit } from '../monitor/network-audit.js';
import type { Probe } from '../monitor/probe.js';
import { readGaps, readRow, tallyCandles, type RowPlace } from '../memory/shard-reader.js';
import { readCandles, readFinalCandles } from '../candles/read-candles.js';
import { COUNTER, type CounterName } from '../memory/counters.js';
import { histogramIn, percentiles } from '../memory/histogram.js';
import { LEDGER, threadStrayWrites } from '../memory/io-ledger.js';
import type { Engine } from '../ingest/engine.js';
import type { ConcludeAnswer } from '../threads/writer-messages.js';
import type { Intake } from '../ingest/intake.js';
import type { Timeframe } from '../market/timeframe.js';
import type { EventOutput } from './event-output.js';
import type { Plan } from './plan.js';
import type { WriterHost } from '../threads/writer-host.js';

/**
 * Market ms a seal may follow its grace: stamps are whole seconds, and an accelerated market stretches a real delay.
 */
const SEAL_SLACK_MS = 5000;

export interface FactSources {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly intake: Intake;
  readonly record: ConnectionRecord;
  readonly network: NetworkAudit;
  readonly probe: Probe;
  readonly writer: WriterHost;
  readonly journal: { readonly figures: JournalFigures } | undefined;
  readonly ledger: Int32Array;
  readonly publishing: Pick<EventOutput, 'published' | 'finishPublishing'>;
  readonly notes: readonly string[];
}

export interface RunProgress {
  readonly finished: boolean;
  readonly interrupted: boolean;
  /** Market ms since the first open, or since the awaited opening of the market. */
  readonly ranMs: number;
  /** Real ms from subscribing to the opening, in which no answer is due. */
  readonly earlyMs: number;
  /** Market minutes. */
  readonly askedMin: number;
  readonly conclusion?: ConcludeAnswer;
  readonly differences?: readonly string[];
  readonly hashes?: Hashes;
  readonly backFill?: BackFillFigures | undefined;
}

/** An instrument's candles, open and polled ones included. */
export function candlesOf({ memories }: Engine, place: RowPlace): CandleWithQuality[] {
  return readFinalCandles(memories[place.shard], place);
}

function symbolFacts(
  { engine, intake, plan, clock }: FactSources,
  place: RowPlace,
  { finished, earlyMs, ranMs }: RunProgress,
): SymbolFacts {
  const nowMs = engine.watermark.timeMs ?? clock.marketMs();
  const session = plan.sessionOf(place.instrument);
  const { whole, partial, late, revisions } = tallyCandles(engine.memories[place.shard], place.row, finished);
  const waited = intake.answeredAfterMs[place.instrument.index];
  return {
    symbol: nameOf(place.instrument),
    token: place.instrument.token,
    shard: place.shard,
    priceScale: priceScale(place.instrument.exchangeType),
    figures: readRow(engine.memories[place.shard], place.row),
    answeredAfterMs: waited < 0 ? undefined : Math.max(0, waited - earlyMs),
    whole,
    partial,
    late,
    revisions,
    inContinuous: inContinuous(session, nowMs),
    boundaries: boundariesIn(plan, Math.min(ranMs, nowMs - session.openMs)),
    opened: nowMs >= session.openMs,
  };
}

/** Minute boundaries of `ms` of market time whose seals are due. */
function boundariesIn({ config }: Plan, ms: number): number {
  return Math.max(0, Math.floor((ms - config.graceMs - SEAL_SLACK_MS) / MINUTE_MS));
}

/** The report page's candles, open ones too, what the rule saw live, and latency. */
export function reportViews(
  { memories, places }: Engine,
  timeframes: readonly Timeframe[],
  evaluations: readonly Evaluation[],
): Pick<ReportViews, 'candles' | 'longer' | 'rules' | 'latency'> {
  const byName = new Map<string, Evaluation[]>(places.map(({ instrument }) => [nameOf(instrument), []]));
  for (const evaluation of evaluations) byName.get(evaluation.symbol)!.push(evaluation);
  const seen = places.map((place) => {
    const memory = memories[place.shard];
    const own = byName.get(nameOf(place.instrument))!;
    const last = own.at(-1);
    return {
      candles: dashboardCandles(
        memory,
        place,
        new Map(own.map((evaluation) => [evaluation.timestampMs, evaluation])),
      ),
      rule:
        last === undefined
          ? null
          : ruleView(
              memory,
              place,
              last,
              own.reduce((sum, { signals }) => sum + signals.length, 0),
            ),
    };
  });
  return {
    candles: seen.map(({ candles }) => candles),
    longer: longerCandles({ memories, places }, timeframes),
    rules: seen.map(({ rule }) => rule),
    latency: latencyBuckets(memories),
  };
}

function latency({ memories }: Engine, region: 'histogram' | 'sealHistogram', scale: number): Percentiles {
  const [p50, p99, p999] = percentiles(
    memories.map((memory) => histogramIn(memory, region)),
    [50, 99, 99.9],
  ).map((us) => (us === undefined ? undefined : us / scale));
  return { p50, p99, p999 };
}

function performanceOf({ engine, probe }: FactSources): PerformanceFigures {
  return {
    ...probe.figures(),
    receiveToAppliedUs: latency(engine, 'histogram', 1),
    receiveToSealedMs: latency(engine, 'sealHistogram', 1000),
  };
}

function marketOf({ plan, clock, engine }: FactSources, ranMs: number): Facts['market'] {
  const timeMs = engine.watermark.timeMs;
  const sessions = plan.instruments.map(plan.sessionOf);
  const { feed } = plan.config;
  const nowMs = timeMs ?? clock.marketMs();
  return {
    timeMs,
    inContinuous: sessions.some((session) => inContinuous(session, nowMs)),
    boundaries: boundariesIn(plan, ranMs),
    clockByHand: feed.kind === 'url' && feed.marketClock !== undefined,
    hoursUnknown: plan.hoursUnknown,
  };
}

/** Gaps after the first packet, and the minutes that are partial for any reason. */
function unseenOf({ engine }: FactSources, finished: boolean): Facts['unseen'] {
  const endMs = engine.watermark.timeMs ?? 0;
  // Every shard has every gap. The first precedes the run, the last follows it.
  const gaps = readGaps(engine.memories[0])
    .filter(({ startMs }) => startMs > 0 && startMs < endMs)
    .map((gap) => ({ fromMs: gap.startMs, toMs: Math.min(gap.endMs, endMs) }));
  const symbolsOf = new Map<number, number>();
  for (const place of finished ? engine.places : []) {
    for (const { quality } of readCandles(engine.memories[place.shard], place, true))
      if (quality.partial) symbolsOf.set(quality.timestampMs, (symbolsOf.get(quality.timestampMs) ?? 0) + 1);
  }
  return {
    gaps,
    minutes: [...symbolsOf].sort(([a], [b]) => a - b).map(([minuteMs, symbols]) => ({ minuteMs, symbols })),
  };
}

function feedFacts({ intake, record, clock }: FactSources, earlyMs: number): Facts['feed'] {
  const { firstSubscribedMs } = intake;
  return {
    connected: record.connected,
    connections: record.connections,
    disconnects: record.disconnects,
    ...record.figures(),
    subscribedForMs:
      firstSubscribedMs === undefined ? undefined : Math.max(0, clock.monoMs() - firstSubscribedMs - earlyMs),
    answerMs: LIMITS.answerMs,
    errors: intake.errors.map(({ code, message }) => ({ code, message })),
  };
}

export function collectFacts(sources: FactSources, progress: RunProgress): Facts {
  const { plan, engine, intake, network, writer, ledger, journal } = sources;
  const { conclusion, finished, interrupted } = progress;
  const counters = Object.fromEntries(
    Object.entries(COUNTER).map(([name, index]) => [name, engine.counters[index]]),
  ) as Record<CounterName, number>;
  return {
    finished,
    interrupted,
    stage: plan.config.stage,
    mode: plan.config.mode,
    volumeKind: plan.volumeKind,
    speed: plan.speed,
    stepped: plan.stepped,
    symbols: engine.places.map((place) => symbolFacts(sources, place, progress)),
    counters,
    market: marketOf(sources, progress.ranMs),
    duration: {
      askedMin: progress.askedMin,
      ranMin: progress.ranMs / MINUTE_MS,
      recommendedMin: RUN_MINUTES.settled,
    },
    feed: feedFacts(sources, progress.earlyMs),
    lag: intake.lag.figures(),
    performance: performanceOf(sources),
    momentum: {
      evaluations: writer.evaluations,
      failures: writer.evaluationFailures,
      differences: progress.differences,
      notes: [...sources.notes, ...(conclusion?.notes ?? [])],
    },
    network: {
      connections: network.connections,
      restCalls: network.restCalls,
      handshakes: network.handshakes,
      workerConnections: Atomics.load(ledger, LEDGER.workerConnections),
    },
    output: {
      outDir: plan.outDir,
      files: writer.files,
      proven: conclusion?.proven,
      kept: conclusion?.kept ?? 0,
      refusing: writer.refusing,
      problems: [...writer.unwritten, ...(conclusion?.unproven ?? [])],
      strayWrites: threadStrayWrites(),
      workerStrayWrites: Atomics.load(ledger, LEDGER.workerStrayWrites),
      hashes: progress.hashes,
    },
    unseen: unseenOf(sources, finished),
    backFill: progress.backFill,
    journal: journal?.figures,
    published: sources.publishing.published,
    schema: conclusion?.schema,
    historyGiven: plan.config.history !== undefined,
  };
}
