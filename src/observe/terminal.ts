/**
 * What a person sees while a stage runs: on a terminal one region that is drawn over itself, plain lines where the output goes
 * elsewhere. Text only; nothing here is asked by the engine.
 */
import { stripVTControlCharacters } from 'node:util';
import { istMinute, istStamp } from '../market/session.js';
import type { Facts } from './facts.js';
import { count, type Gate, type Status } from './gate.js';
import { LIVE_GATES, type Turn } from './turns.js';

/** Where the text goes. */
export interface Screen {
  readonly columns: number;
  write(text: string): void;
}

export interface TerminalOptions {
  readonly screen: Screen;
  /** Whether cursor movements are understood. */
  readonly tty: boolean;
  readonly color: boolean;
}

const codes: Record<Status, string> = { pass: '32', fail: '31', warn: '33', skip: '90' };
const BAR_WIDTH = 30;
/** What the live region shows beside the facts. */
export interface Moment {
  readonly facts: Facts;
  readonly gates: readonly Gate[];
  /** Gates that turned since the moment before. */
  readonly turns: readonly Turn[];
  /** Market minutes left. */
  readonly leftMin: number;
  readonly ticksPerSecond: number;
}

export class Terminal {
  readonly #options: TerminalOptions;
  #drawn = 0;
  #lastSeals = 0;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /** One or more lines that stay. */
  say(text: string): void {
    this.#erase();
    this.#options.screen.write(`${text}\n`);
  }

  /** Shows the moment: a region drawn anew on a terminal; else a line whenever a minute was sealed or a gate turned. */
  show(moment: Moment): void {
    if (this.#options.tty) this.#draw(moment);
    else this.#report(moment);
  }

  /** `text` in the colour of a status, where colours are wanted. */
  paint(status: Status, text: string): string {
    return this.#options.color ? `\u001b[${codes[status]}m${text}\u001b[0m` : text;
  }

  /** Columns to which lines may be broken; undefined where a reader breaks them himself. */
  get columns(): number | undefined {
    return this.#options.tty ? Math.max(40, this.#options.screen.columns) : undefined;
  }

  /** Takes the live region away. */
  clear(): void {
    this.#erase();
  }

  #erase(): void {
    if (this.#drawn > 0) this.#options.screen.write(upwards(this.#drawn));
    this.#drawn = 0;
  }

  #draw(moment: Moment): void {
    const width = Math.max(20, this.#options.screen.columns) - 1;
    // A line that wraps would be two, and the next drawing would begin in the wrong place.
    const lines = regionLines(moment, (status, text) => this.paint(status, text)).map((line) => clip(line, width));
    const up = this.#drawn > 0 ? upwards(this.#drawn) : '';
    this.#options.screen.write(`${up}${lines.join('\n')}\n`);
    this.#drawn = lines.length;
  }

  #report({ facts, turns, ticksPerSecond }: Moment): void {
    const { seals } = facts.counters;
    const { candles, ticking } = tally(facts);
    // Before the first candle a minute that ends says nothing.
    if (seals > this.#lastSeals && candles > 0 && facts.market.timeMs !== undefined) {
      this.say(`${istMinute(facts.market.timeMs)}  ${count(candles, 'candle')} sealed, ${ticking} of ${count(facts.symbols.length, 'symbol')} ticking, ${Math.round(ticksPerSecond)} ticks/s, lag ${lagText(facts)}`);
    }
    this.#lastSeals = seals;
    for (const { gate, before } of turns) this.say(`gate ${gate.id}: ${before} -> ${gate.status} (${gate.observed})`);
  }
}

/** Takes away the last `lines` lines. To the first column first: a typed ^C is echoed where the cursor stands. */
function upwards(lines: number): string {
  return `\r\u001b[${lines}A\u001b[0J`;
}

/** The first `width` visible characters of a line that may hold colours. */
function clip(line: string, width: number): string {
  return stripVTControlCharacters(line).length <= width ? line : stripVTControlCharacters(line).slice(0, width);
}

function tally(facts: Facts): { candles: number; ticks: number; ticking: number } {
  return {
    candles: facts.symbols.reduce((sum, { whole, partial }) => sum + whole + partial, 0),
    ticks: facts.symbols.reduce((sum, { figures }) => sum + figures.ticks, 0),
    ticking: facts.symbols.filter(({ figures }) => figures.ticks > 0).length,
  };
}

function lagText({ lag }: Facts): string {
  return lag === undefined ? 'unknown' : `${(lag.p50Ms / 1000).toFixed(1)} s`;
}

function clockText(minutes: number): string {
  const seconds = Math.max(0, Math.round(minutes * 60));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function regionLines({ facts, gates, leftMin, ticksPerSecond }: Moment, paint: (status: Status, text: string) => string): string[] {
  const { candles, ticks, ticking } = tally(facts);
  const share = Math.min(1, Math.max(0, 1 - leftMin / facts.duration.askedMin));
  const bar = '#'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '.');
  const turned = gates.filter(({ id }) => LIVE_GATES.includes(id)).map(({ id, status }) => paint(status, `${id} ${status}`));
  const marketTime = facts.market.timeMs === undefined ? 'no packet yet' : istStamp(facts.market.timeMs).slice(11, 19);
  return [
    `[${bar}] ${clockText(leftMin)} of market time left, market ${marketTime}`,
    `${ticking} of ${count(facts.symbols.length, 'symbol')} ticking, ${count(ticks, 'tick')}, ${Math.round(ticksPerSecond)} ticks/s, ${count(candles, 'candle')} sealed, lag ${lagText(facts)}`,
    turned.slice(0, 4).join('  '),
    turned.slice(4).join('  '),
  ];
}
