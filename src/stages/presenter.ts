/** What a stage run shows and leaves behind: the display, the checklist, the candles, the report. Composition of `observe`. */
import { relative } from 'node:path';
import { dayCandles, istDate, istStamp } from '../market/session.js';
import type { Facts } from '../observe/facts.js';
import { count, type Gate } from '../observe/gate.js';
import { gates, type Verdict } from '../observe/gates.js';
import { buildReport, writeReport } from '../observe/report.js';
import { candleTable, checklist, symbolTable } from '../observe/summary.js';
import { Terminal } from '../observe/terminal.js';
import { GateTurns, type Turn } from '../observe/turns.js';
import { programVersion } from '../paths.js';
import type { Engine } from '../shard/engine.js';
import { candlesOf } from './gather.js';
import type { Plan } from './plan.js';

/** How the run ended. */
export interface Ending {
  readonly facts: Facts;
  readonly gates: readonly Gate[];
  readonly verdict: Verdict;
  readonly engine: Engine;
  readonly startedWallMs: number;
  readonly endedWallMs: number;
}

/** Looks over which ticks a second are averaged. */
const RATE_LOOKS = 10;

/** A terminal on one of the standard streams. */
export function terminalOn(stream: NodeJS.WriteStream): Terminal {
  const tty = stream.isTTY === true;
  return new Terminal({
    screen: { get columns() { return stream.columns ?? 100; }, write: (text) => void stream.write(text) },
    tty,
    color: tty && process.env.NO_COLOR === undefined,
  });
}

export class Presenter {
  readonly #plan: Plan;
  readonly #terminal: Terminal;
  readonly #turns = new GateTurns();
  /** Ticks and monotonic ms of the last looks. */
  readonly #looks: { ticks: number; monoMs: number }[] = [];

  constructor(plan: Plan) {
    this.#plan = plan;
    // With --json the standard output holds the report alone; what a person wants to see goes to the other stream.
    this.#terminal = terminalOn(plan.config.json ? process.stderr : process.stdout);
  }

  say(text: string): void {
    this.#terminal.say(text);
  }

  clear(): void {
    this.#terminal.clear();
  }

  /** Says what runs. `warnings`: what else a person should know, sentences. */
  banner(warnings: readonly string[]): void {
    const { config, instruments, identity, startsMs, endsMs, speed, volumeKind, hoursUnknown, instrumentWarnings } = this.#plan;
    const names = instruments.length > 5 ? `${instruments.length} symbols` : instruments.map(({ symbol }) => symbol).join(', ');
    const volume = volumeKind === 'tick' ? 'number of ticks (LTP frames carry no traded quantity)' : 'traded quantity';
    this.say(`tickshard, ${config.shadow ? 'shadow' : `stage ${config.stage}`}: ${names}, mode ${config.mode}, feed ${identity.feed}, ${count(config.shards, 'shard')}`);
    const lasts = config.durationMin === undefined ? `until the close at ${istStamp(endsMs).slice(11, 16)}, from ${istStamp(startsMs)}` : `${count(config.durationMin, 'minute')} from ${istStamp(startsMs)}`;
    this.say(`${lasts} at speed ${speed}; volume is the ${volume}`);
    if (hoursUnknown !== undefined) this.say(`Warning: the session's hours are assumed: ${hoursUnknown}.`);
    for (const warning of [...instrumentWarnings, ...warnings]) this.say(`Warning: ${warning}`);
  }

  /** Shows the moment; returns the gates that turned since the last one. */
  show(facts: Facts, leftMin: number, monoMs: number): readonly Turn[] {
    const ticks = facts.symbols.reduce((sum, { figures }) => sum + figures.ticks, 0);
    this.#looks.push({ ticks, monoMs });
    if (this.#looks.length > RATE_LOOKS) this.#looks.shift();
    const [first] = this.#looks;
    const elapsedMs = monoMs - first.monoMs;
    const all = gates(facts);
    const turns = this.#turns.since(all);
    this.#terminal.show({ facts, gates: all, turns, leftMin, ticksPerSecond: elapsedMs > 0 ? ((ticks - first.ticks) * 1000) / elapsedMs : 0 });
    return turns;
  }

  /** Prints the end and writes the report. Throws EngineError OUTPUT when the report cannot be written; the verdict has been shown then. */
  end(ending: Ending): void {
    const { facts, verdict, engine } = ending;
    const { config, volumeKind, outDir, logPath, reportPaths } = this.#plan;
    const report = this.#report(ending);
    for (const place of engine.places.length > 1 ? [] : engine.places) this.say(`\n${candleTable(place.instrument.symbol, candlesOf(engine, place, true), volumeKind)}`);
    if (engine.places.length > 1) this.say(`\n${symbolTable(facts)}`);
    this.say(`\n${checklist(facts, ending.gates, verdict, (status, text) => this.#terminal.paint(status, text), this.#terminal.columns)}`);
    const here = (path: string): string => (relative('', path).startsWith('..') ? path : relative('', path));
    this.say(`\nCandles ${here(outDir)}   Report ${here(reportPaths[0])}   Log ${here(logPath)}`);
    if (config.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    writeReport(report, reportPaths);
  }

  #report({ facts, gates: all, verdict, startedWallMs, endedWallMs }: Ending): Record<string, unknown> {
    const { config, runId, identity, outDir, instruments, sessionOf, startsMs } = this.#plan;
    return buildReport(
      {
        version: programVersion(),
        runId,
        feed: identity.feed,
        seed: config.feed.kind === 'sim' ? config.feed.seed : undefined,
        market: { date: istDate(startsMs), dayCandles: Math.max(...instruments.map((instrument) => dayCandles(sessionOf(instrument)))) },
        startedWallMs,
        endedWallMs,
        options: { stage: config.stage, shadow: config.shadow, untilClose: config.durationMin === undefined, durationMin: config.durationMin ?? null, warmUp: config.warmUp, mode: config.mode, shards: config.shards, graceMs: config.graceMs, out: outDir, history: config.history ?? null, symbols: config.symbols ?? null, subset: config.subset ?? null, ...(config.feed.kind === 'sim' ? { faults: config.feed.faults.map(({ text }) => text) } : {}) },
      },
      facts,
      all,
      verdict,
    );
  }
}
