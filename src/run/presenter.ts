/** What a run shows, and writes at its end: display, pages, checklist, candles, report. */
import { monoMs, type Clock } from '../clock.js';
import { dayCandles, istDate, istSecond, istStamp } from '../market/session.js';
import type { Facts } from '../gates/facts.js';
import type { RunVerdict } from '../gates/gate.js';
import type { GateResult } from '../gates/gates.js';
import { count } from '../text/count.js';
import { dashboardGate, dashboardStatus } from '../dashboard/status.js';
import { reportPage } from '../dashboard/page.js';
import { buildReport, reportText, writeText, type ReportViews } from '../gates/report.js';
import { candleTable, checklist, symbolTable } from '../terminal/summary.js';
import { Terminal } from '../terminal/terminal.js';
import type { GateTransition } from '../monitor/gate-transitions.js';
import { RunMonitor } from '../monitor/run-monitor.js';
import { programVersion, dependencyVersions } from '../paths.js';
import type { Notices } from '../memory/notices.js';
import type { Engine } from '../ingest/engine.js';
import { candlesOf, reportViews } from './collect-facts.js';
import { conditionOf } from './condition.js';
import type { DashboardHost } from '../threads/dashboard-host.js';
import { openPages } from './open-pages.js';
import { displayPath } from './output-folders.js';
import { optionsOf, type Plan } from './plan.js';
import { nameOf } from '../market/instrument.js';

export interface Ending {
  readonly facts: Facts;
  readonly gates: readonly GateResult[];
  readonly verdict: RunVerdict;
  readonly engine: Engine;
  readonly startedWallMs: number;
  readonly endedWallMs: number;
}

/** Minimum real ms between two updates of the page, and of a terminal. */
const PAGE_EVERY_MS = 300;
const TERMINAL_EVERY_MS = 100;

export function terminalOn(stream: NodeJS.WriteStream): Terminal {
  const tty = stream.isTTY === true;
  return new Terminal({
    screen: {
      get columns() {
        // A terminal that does not know its size says 0.
        return stream.columns || 100;
      },
      get rows() {
        return stream.rows || 24;
      },
      get busy() {
        return stream.writableLength > 0;
      },
      write: (text, taken) => void stream.write(text, taken),
    },
    tty,
    // An empty value counts as unset (no-color.org).
    color: tty && (process.env.NO_COLOR ?? '') === '',
  });
}

export class Presenter {
  readonly #plan: Plan;
  readonly #terminal: Terminal;
  readonly #monitor: RunMonitor;
  /** The thread of the page and the metrics. */
  #page: DashboardHost | undefined;
  #pageAtMs = -Infinity;
  #terminalAtMs = -Infinity;

  constructor(plan: Plan) {
    this.#plan = plan;
    // With --json, standard output holds only the report, with --stream the events; people read standard error.
    const { json, stream } = plan.config;
    this.#terminal = terminalOn(json || stream ? process.stderr : process.stdout);
    this.#monitor = new RunMonitor(plan.speed);
  }

  /** Prints what a person must know. */
  say(text: string): void {
    this.#terminal.say(text);
  }

  /** Prints what a person may skip: not with `--quiet`. */
  tell(text: string): void {
    if (this.#plan.config.voice !== 'quiet') this.say(text);
  }

  clear(): void {
    this.#terminal.clear();
  }

  /** Opens what was asked for and prints the addresses. Throws EngineError CONFIG if a port is taken. */
  async openPages(
    engine: Engine,
    shared: { readonly ledger: SharedArrayBuffer; readonly notices: Notices },
    onTrouble: (sentence: string) => void,
  ): Promise<void> {
    const opened = await openPages(this.#plan, engine, shared, {
      onTrouble,
      onGone: (sentence) => this.say(sentence),
    });
    this.#page = opened?.observers;
    if (opened?.addresses.dashboard !== undefined) this.say(`Page ${opened.addresses.dashboard}/`);
    if (opened?.addresses.metrics !== undefined) this.say(`Metrics ${opened.addresses.metrics}/metrics`);
  }

  async stop(): Promise<void> {
    await this.#page?.stop();
  }

  /** Prints what runs, and the warnings. */
  banner(warnings: readonly string[]): void {
    const {
      config,
      instruments,
      identity,
      startsMs,
      endsMs,
      speed,
      stepped,
      volumeKind,
      hoursUnknown,
      instrumentWarnings,
      calendarWarnings,
      instrumentNotes,
    } = this.#plan;
    const names =
      instruments.length > 5 ? `${instruments.length} symbols` : instruments.map(nameOf).join(', ');
    const volume =
      volumeKind === 'tick' ? 'number of ticks (LTP frames carry no traded quantity)' : 'traded quantity';
    this.tell(
      `tickshard, ${config.shadow ? 'shadow' : `stage ${config.stage}`}: ${names}, mode ${config.mode}, feed ${identity.feed}, ${count(config.shards, 'shard')}`,
    );
    const lasts =
      config.durationMin === undefined
        ? `until the close at ${istStamp(endsMs).slice(11, 16)}, from ${istStamp(startsMs)}`
        : `${count(config.durationMin, 'minute')} from ${istStamp(startsMs)}`;
    this.tell(`${lasts} at speed ${stepped ? 'max' : speed}; volume is the ${volume}`);
    for (const note of instrumentNotes) this.tell(note);
    if (hoursUnknown !== undefined) this.say(`Warning: the session's hours are assumed: ${hoursUnknown}.`);
    for (const warning of [...calendarWarnings, ...instrumentWarnings, ...warnings])
      this.say(`Warning: ${warning}`);
  }

  /** Updates terminal and page; returns new gate transitions. */
  show(facts: Facts, leftMin: number, clock: Clock): readonly GateTransition[] {
    const { voice } = this.#plan.config;
    const { gates, transitions, events, ticksPerSecond } = this.#monitor.update(
      facts,
      clock.monoMs(),
      clock.marketMs(),
    );
    if (voice === 'verbose')
      for (const { atMs, text, kind } of events)
        if (kind !== 'gate' && kind !== 'disconnected') this.say(`${istSecond(atMs)}  ${text}`);
    // Observers keep real time: in stepped time there are hundreds of looks a second.
    const nowMs = monoMs();
    const isDue = !this.#terminal.redraws || nowMs - this.#terminalAtMs >= TERMINAL_EVERY_MS;
    if (voice !== 'quiet' && isDue) {
      this.#terminal.show({ facts, gates, leftMin, ticksPerSecond }, transitions);
      this.#terminalAtMs = nowMs;
    }
    if (nowMs - this.#pageAtMs >= PAGE_EVERY_MS) {
      this.#updatePage(facts, gates, clock, { ticksPerSecond });
      this.#pageAtMs = nowMs;
    }
    return transitions;
  }

  #updatePage(
    facts: Facts,
    gates: readonly GateResult[],
    clock: Clock,
    rest: Parameters<typeof dashboardStatus>[1],
  ): void {
    if (this.#page === undefined) return;
    const { eventLog, tickRate } = this.#monitor;
    this.#page.tell({
      status: {
        now: dashboardStatus(facts, rest),
        gates: gates.map((gate) => dashboardGate(gate, facts.symbols.length)),
        tickRate: tickRate.curve,
      },
      evaluations: facts.momentum.evaluations,
      events: eventLog.events,
      news: eventLog.takeChanged(),
      feed: facts.feed,
      condition: conditionOf(this.#plan, facts, clock.marketMs()),
    });
  }

  /** Prints the verdict, then writes report and page. Throws EngineError OUTPUT if one cannot be written. */
  end(ending: Ending, clock: Clock): void {
    const { facts, verdict, engine, gates } = ending;
    const { config, volumeKind, outDir, logPath, reportPaths, pagePath } = this.#plan;
    this.#monitor.update(facts, clock.monoMs(), clock.marketMs());
    const views: ReportViews = {
      ...reportViews(engine, this.#plan.config.timeframes, facts.momentum.evaluations),
      events: this.#monitor.eventLog.events,
      pace: this.#monitor.tickRate.curve,
    };
    const text = reportText(this.#report(ending, views));
    for (const place of engine.places.length > 1 ? [] : engine.places)
      this.tell(`\n${candleTable(nameOf(place.instrument), candlesOf(engine, place), volumeKind)}`);
    if (engine.places.length > 1) this.tell(`\n${symbolTable(facts)}`);
    const paint = (status: GateResult['status'], text: string): string => this.#terminal.paint(status, text);
    this.say(
      `${config.voice === 'quiet' ? '' : '\n'}${checklist(facts, gates, verdict, { paint, columns: this.#terminal.columns, voice: config.voice })}`,
    );
    if (config.voice === 'verbose') for (const note of facts.momentum.notes) this.say(`Note: ${note}`);
    this.tell(
      `\nCandles ${displayPath(outDir)}   Report ${displayPath(reportPaths[0])}${pagePath === undefined ? '' : `   Page ${displayPath(pagePath)}`}   Log ${displayPath(logPath)}`,
    );
    if (config.json) process.stdout.write(text);
    try {
      for (const path of reportPaths) writeText(path, text, 'report');
      if (pagePath !== undefined) writeText(pagePath, reportPage(JSON.parse(text)), 'page');
    } finally {
      this.#updatePage(facts, gates, clock, {
        ticksPerSecond: 0,
        verdict,
        endedAt: istStamp(ending.endedWallMs),
        ...(pagePath === undefined ? {} : { report: displayPath(pagePath) }),
      });
    }
  }

  #report(
    { facts, gates: all, verdict, startedWallMs, endedWallMs }: Ending,
    views: ReportViews,
  ): Record<string, unknown> {
    const { config, runId, identity, instruments, sessionOf, startsMs } = this.#plan;
    return buildReport(
      {
        version: programVersion(),
        versions: dependencyVersions(),
        runId,
        feed: identity.feed,
        seed: config.feed.kind === 'sim' ? config.feed.seed : undefined,
        market: {
          date: istDate(startsMs),
          dayCandles: Math.max(...instruments.map((instrument) => dayCandles(sessionOf(instrument)))),
        },
        startedWallMs,
        endedWallMs,
        options: optionsOf(this.#plan),
      },
      facts,
      all,
      verdict,
      views,
    );
  }
}
