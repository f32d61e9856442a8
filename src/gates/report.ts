/** A run's report, under the names that scripts read (docs/gates.md). */
import { RULES } from '../candles/rules.js';
import { inOrder } from '../candles/candle.js';
import type { JournalFigures } from '../journal/writer.js';
import { writeWhole } from '../text/atomic-file.js';
import { istStamp } from '../market/session.js';
import { applied, type Facts, type Percentiles, type SymbolFacts } from './facts.js';
import type { RunVerdict } from './gate.js';
import type { GateResult } from './gates.js';
import { symbolState } from './symbol-state.js';

/** Member `sights`: what the report's page draws, read only by `src/dashboard/report-page.ts`. */
export interface ReportViews {
  readonly candles: unknown;
  readonly longer: unknown;
  readonly rules: unknown;
  readonly events: unknown;
  readonly pace: unknown;
  readonly latency: unknown;
}

/** In addition to facts and gates. */
export interface RunHeader {
  readonly version: string;
  /** Of Node, the system and the packages. */
  readonly versions: Readonly<Record<string, string>>;
  readonly runId: string;
  /** `live`, `sim` or the host of a URL; never a path or a query. */
  readonly feed: string;
  readonly seed: number | undefined;
  /** Indian date, and the candles of a whole day: minutes of continuous trading, and the closing auction. */
  readonly market: { readonly date: string; readonly dayCandles: number };
  readonly startedWallMs: number;
  readonly endedWallMs: number;
  /** As the program was started; none is a secret. */
  readonly options: Readonly<Record<string, unknown>>;
}

const rounded = (value: number | undefined, digits = 1): number | null =>
  value === undefined || !Number.isFinite(value) ? null : Number(value.toFixed(digits));

const roundedPercentiles = (
  { p50, p99, p999 }: Percentiles,
  digits: number,
): Record<string, number | null> => ({
  p50: rounded(p50, digits),
  p99: rounded(p99, digits),
  p999: rounded(p999, digits),
});

function symbolReport(symbol: SymbolFacts, { volumeKind, market }: Facts): Record<string, unknown> {
  const { figures, priceScale } = symbol;
  const rupees = (wire: number | undefined): number | null => (wire === undefined ? null : wire / priceScale);
  const traded = volumeKind === 'traded';
  const vwapWire = traded
    ? figures.exchangeAverage
    : figures.ticks > 0
      ? figures.sessionSum / figures.ticks
      : undefined;
  return {
    symbol: symbol.symbol,
    token: symbol.token,
    shard: symbol.shard,
    ticks: figures.ticks,
    // Partial ones included.
    candles: symbol.whole + symbol.partial,
    whole: symbol.whole,
    partial: symbol.partial,
    late: symbol.late,
    revisions: symbol.revisions,
    session: {
      vwap: vwapWire === undefined ? null : rounded(vwapWire / priceScale, 6),
      dayOpen: rupees(figures.sessionOpen),
      dayHigh: rupees(figures.sessionHigh),
      dayLow: rupees(figures.sessionLow),
      openInterest: figures.openInterest ?? null,
      covers: traded
        ? "the exchange's own figures for the whole day, as of the last packet"
        : 'the ticks seen in this run only; vwap is their plain mean',
    },
    lastPrice: rupees(figures.lastPrice),
    lastTick: figures.lastTickMs === undefined ? null : istStamp(figures.lastTickMs),
    state: symbolState(figures, market.timeMs, symbol.inContinuous),
  };
}

function countersReport(facts: Facts): Record<string, unknown> {
  const c = facts.counters;
  const { total, ...classes } = applied(facts);
  return {
    binary: c.binary,
    refused: { length: c.refusedLength, mode: c.refusedMode },
    decoded: c.decoded,
    unadmitted: {
      exchange: c.unadmittedExchange,
      token: c.unadmittedToken,
      mode: c.unadmittedMode,
      price: c.unadmittedPrice,
      time: c.unadmittedTime,
      sequence: c.unadmittedSequence,
    },
    routed: c.routed,
    applied: { ...classes, total },
    reseeds: facts.symbols.reduce((sum, { figures }) => sum + figures.volumeResets, 0),
    strayVolumes: facts.symbols.reduce((sum, { figures }) => sum + figures.volumeStrays, 0),
    late: facts.symbols.reduce((sum, { late }) => sum + late, 0),
    held: c.held,
    heldSequence: c.heldSequence,
    outsideRange: c.outsideRange,
    text: { pong: c.textPong, error: c.textError, other: c.textOther },
    seals: c.seals,
    gaps: c.gaps,
    pauses: c.pauses,
    pausedMs: rounded(c.pausedMs),
    workerDeaths: c.workerDeaths,
  };
}

function networkReport({ network }: Facts): Record<string, unknown> {
  return {
    connections: network.connections.map(({ host, port, purpose, phase }) => ({
      host,
      port,
      purpose,
      phase,
    })),
    websocketHandshakes: network.handshakes,
    restCalls: network.restCalls.map(({ method, host, path, phase }) => ({ method, host, path, phase })),
    restCallsDuringRun: network.restCalls.filter(({ phase }) => phase === 'run').length,
  };
}

function momentumReport({ momentum }: Facts): Record<string, unknown> {
  // Shards evaluate independently: by time, then symbol, for any number of them.
  const evaluations = inOrder(momentum.evaluations).sort((a, b) => a.timestampMs - b.timestampMs);
  return {
    dryRun: true,
    evaluations: evaluations.filter(({ evaluated }) => evaluated).length,
    insufficient: evaluations.flatMap(({ symbol, timestampMs, insufficient, basis }) =>
      insufficient !== undefined
        ? [`${symbol} ${istStamp(timestampMs)}: ${insufficient}`]
        : basis === 'partial'
          ? [`${symbol} ${istStamp(timestampMs)}: partial`]
          : [],
    ),
    signals: evaluations.flatMap(({ signals }) => signals),
    differences: momentum.differences ?? [],
    failures: momentum.failures,
    notes: momentum.notes,
  };
}

function performanceReport({ performance: cost, lag }: Facts): Record<string, unknown> {
  return {
    cpuPercent: rounded(cost.cpuPercent),
    rssMb: rounded(cost.rssMb),
    eventLoopDelayP99Ms: rounded(cost.eventLoopDelayP99Ms),
    longestStallMs: rounded(cost.longestStallMs),
    receiveToAppliedUs: roundedPercentiles(cost.receiveToAppliedUs, 0),
    receiveToSealedMs: roundedPercentiles(cost.receiveToSealedMs, 3),
    feedLagMs:
      lag === undefined
        ? null
        : {
            least: rounded(lag.leastMs, 0),
            p50: rounded(lag.p50Ms, 0),
            p99: rounded(lag.p99Ms, 0),
            most: rounded(lag.mostMs, 0),
          },
  };
}

function disconnectsReport({ feed }: Facts): readonly Record<string, unknown>[] {
  return feed.disconnects.map(({ connection, cause, code, reason, livedMs, atMs, sentence }) => ({
    connection,
    at: istStamp(atMs),
    cause,
    code: code ?? null,
    reason,
    livedMs: rounded(livedMs, 0),
    sentence,
  }));
}

function unseenReport({ unseen }: Facts): Record<string, unknown> {
  return {
    gaps: unseen.gaps.map(({ fromMs, toMs }) => ({
      from: istStamp(fromMs),
      to: istStamp(toMs),
      ms: rounded(toMs - fromMs, 0),
    })),
    partialMinutes: unseen.minutes.map(({ minuteMs, symbols }) => ({ minute: istStamp(minuteMs), symbols })),
  };
}

function outputReport({ output }: Facts): Record<string, unknown> {
  return {
    dir: output.outDir,
    proven: output.proven ?? null,
    kept: output.kept,
    problems: output.problems,
    hashes: output.hashes ?? null,
  };
}

function journalReport({
  untilMs,
  trouble,
  compaction,
  ...journal
}: JournalFigures): Record<string, unknown> {
  return {
    ...journal,
    compaction: compaction === undefined ? null : { ...compaction, trouble: compaction.trouble ?? null },
    until: untilMs === undefined ? null : istStamp(untilMs),
    trouble: trouble ?? null,
  };
}

/** Plain data; prices in rupees. `sights` comes last because it is long. */
export function buildReport(
  header: RunHeader,
  facts: Facts,
  gates: readonly GateResult[],
  verdict: RunVerdict,
  views: ReportViews,
): Record<string, unknown> {
  const { market, duration, journal } = facts;
  return {
    version: header.version,
    versions: header.versions,
    runId: header.runId,
    stage: facts.stage,
    mode: facts.mode,
    volumeKind: facts.volumeKind,
    rules: RULES,
    feed: header.feed,
    seed: header.seed ?? null,
    speed: facts.stepped ? 'max' : facts.speed,
    startedAt: istStamp(header.startedWallMs),
    endedAt: istStamp(header.endedWallMs),
    marketTime: market.timeMs === undefined ? null : istStamp(market.timeMs),
    market: header.market,
    options: header.options,
    verdict,
    gates: gates.map(({ id, status, observed, expected, remedy }) => ({
      id,
      status,
      observed,
      expected,
      ...(remedy === undefined ? {} : { remedy }),
    })),
    symbols: facts.symbols.map((symbol) => symbolReport(symbol, facts)),
    counters: countersReport(facts),
    performance: performanceReport(facts),
    momentum: momentumReport(facts),
    network: networkReport(facts),
    disconnects: disconnectsReport(facts),
    unseen: unseenReport(facts),
    backFill: facts.backFill ?? null,
    brokerErrors: facts.feed.errors,
    output: outputReport(facts),
    journal: journal === undefined ? null : journalReport(journal),
    published: facts.published ?? null,
    files: facts.output.files,
    sights: { ...views, duration: { askedMin: duration.askedMin, ranMin: duration.ranMin } },
  };
}

/** JSON text: indented for people, except `sights`, whose members take one line each. */
export function reportText({ sights, ...report }: Readonly<Record<string, unknown>>): string {
  const head = JSON.stringify(report, null, 2).replace(/\n\}$/, '');
  const parts = Object.entries(sights as object).map(
    ([name, part]) => `    ${JSON.stringify(name)}: ${JSON.stringify(part)}`,
  );
  return `${head},\n  "sights": {\n${parts.join(',\n')}\n  }\n}\n`;
}

/** Writes `path` whole or not at all; `what` names it in the refusal. Throws EngineError OUTPUT. */
export function writeText(path: string, text: string, what: string): void {
  writeWhole(
    path,
    text,
    (reason) => `The ${what} ${path} cannot be written (${reason}): make room, or let this user write there.`,
  );
}
