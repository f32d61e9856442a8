/**
 * What a person sees while a stage runs: on a terminal one region that is written over itself, plain lines where the output goes
 * elsewhere. Text only; nothing here is asked by the engine.
 */
import { stripVTControlCharacters } from 'node:util';
import { istMinute } from '../market/session.js';
import type { Status } from '../gates/gate.js';
import { count } from '../text/count.js';
import { lagText, statusLines, type StatusFrame } from './layout.js';
import { tally } from '../gates/facts.js';
import type { GateTransition } from '../monitor/gate-transitions.js';

/** Where the text goes. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

export interface TerminalOptions {
  readonly screen: Screen;
  /** Whether cursor movements are understood. */
  readonly tty: boolean;
  readonly color: boolean;
}

const codes: Record<Status, string> = { pass: '32', fail: '31', warn: '33', skip: '90' };
/** To the end of the line, and of the screen. */
const [CLEAR_LINE, CLEAR_REST] = ['\u001b[K', '\u001b[0J'];
const LEAST_COLUMNS = 20;

export class Terminal {
  readonly #options: TerminalOptions;
  /** The region that is on the screen. */
  #lines: readonly string[] = [];
  #lastSeals = 0;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /** One or more lines that stay, above the region. */
  say(text: string): void {
    if (this.#lines.length === 0) return this.#options.screen.write(`${text}\n`);
    const said = text
      .split('\n')
      .map((line) => `${line}${CLEAR_LINE}\n`)
      .join('');
    this.#options.screen.write(`${this.#upwards()}${said}${over(this.#lines)}`);
  }

  /** Shows the moment: a region drawn anew on a terminal; else a line whenever a minute was sealed or a gate turned. */
  show(moment: StatusFrame, turns: readonly GateTransition[]): void {
    if (this.#options.tty) this.#draw(moment);
    else this.#report(moment, turns);
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
    if (this.#lines.length > 0) this.#options.screen.write(`${this.#upwards()}${CLEAR_REST}`);
    this.#lines = [];
  }

  /**
   * To the region's first line; to the first column before that: a typed ^C is echoed where the cursor stands. Lines that were drawn on a
   * wider screen are broken by the terminal into several.
   */
  #upwards(): string {
    const columns = Math.max(1, this.#options.screen.columns);
    const lines = this.#lines.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns)),
      0,
    );
    return lines === 0 ? '' : `\r\u001b[${lines}A`;
  }

  #draw(moment: StatusFrame): void {
    const { columns, rows } = this.#options.screen;
    // A line that reaches the last column makes some terminals begin another; the line below the region is the cursor's.
    const room = { columns: Math.max(LEAST_COLUMNS, columns) - 1, lines: Math.max(2, rows) - 1 };
    const lines = statusLines(moment, room, (status, text) => this.paint(status, text)).map((line) =>
      clip(line, room.columns),
    );
    if (lines.length === this.#lines.length && lines.every((line, index) => line === this.#lines[index]))
      return;
    this.#options.screen.write(`${this.#upwards()}${over(lines)}`);
    this.#lines = lines;
  }

  #report({ facts, ticksPerSecond }: StatusFrame, turns: readonly GateTransition[]): void {
    const { seals } = facts.counters;
    const { candles, ticking } = tally(facts);
    // Before the first candle a minute that ends says nothing.
    if (seals > this.#lastSeals && candles > 0 && facts.market.timeMs !== undefined) {
      this.say(
        `${istMinute(facts.market.timeMs)}  ${count(candles, 'candle')} sealed, ${ticking} of ${count(facts.symbols.length, 'symbol')} ticking, ${Math.round(ticksPerSecond)} ticks/s, lag ${lagText(facts)}`,
      );
    }
    this.#lastSeals = seals;
    for (const { gate, before } of turns)
      this.say(`gate ${gate.id}: ${before} -> ${gate.status} (${gate.observed})`);
  }
}

/** Lines written over what was there: the rest of each is cleared behind it, so that nothing is ever blank in between. */
function over(lines: readonly string[]): string {
  return `${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_REST}`;
}

/** The first `width` visible characters of a line that may hold colours. */
function clip(line: string, width: number): string {
  return stripVTControlCharacters(line).length <= width
    ? line
    : stripVTControlCharacters(line).slice(0, width);
}
