/**
 * What a person sees during a run: on a terminal, status lines overwritten in place; in a file or pipe, plain lines.
 * Write only: nothing on the data path reads it.
 */
import { stripVTControlCharacters } from 'node:util';
import { istMinute } from '../market/session.js';
import type { Status } from '../gates/gate.js';
import { count } from '../text/count.js';
import { lagText, statusLines, type StatusFrame } from './layout.js';
import { tally } from '../gates/facts.js';
import type { GateTransition } from '../monitor/gate-transitions.js';

interface Screen {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

export interface TerminalOptions {
  readonly screen: Screen;
  /** True if it understands cursor movements. */
  readonly tty: boolean;
  readonly color: boolean;
}

const codes: Record<Status, string> = { pass: '32', fail: '31', warn: '33', skip: '90' };
/** To the end of the line, and of the screen. */
const [CLEAR_LINE, CLEAR_REST] = ['\u001b[K', '\u001b[0J'];
const MIN_COLUMNS = 20;

export class Terminal {
  readonly #options: TerminalOptions;
  /** Status lines on the screen. */
  #lines: readonly string[] = [];
  #lastSeals = 0;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /** Writes lines that stay, above the status lines. */
  say(text: string): void {
    if (this.#lines.length === 0) return this.#options.screen.write(`${text}\n`);
    const lines = text
      .split('\n')
      .map((line) => `${line}${CLEAR_LINE}\n`)
      .join('');
    this.#options.screen.write(`${this.#toFirstLine()}${lines}${over(this.#lines)}`);
  }

  /** True if `show` draws the whole status again. */
  get redraws(): boolean {
    return this.#options.tty;
  }

  /** Redraws; without a terminal, writes a line if a minute was sealed or a gate changed. */
  show(frame: StatusFrame, transitions: readonly GateTransition[]): void {
    if (this.#options.tty) this.#draw(frame);
    else this.#report(frame, transitions);
  }

  /** In the status's colour, if colours are wanted. */
  paint(status: Status, text: string): string {
    return this.#options.color ? `\u001b[${codes[status]}m${text}\u001b[0m` : text;
  }

  /** Columns to wrap lines to; undefined without a terminal, where lines stay whole. */
  get columns(): number | undefined {
    return this.#options.tty ? Math.max(40, this.#options.screen.columns) : undefined;
  }

  clear(): void {
    if (this.#lines.length > 0) this.#options.screen.write(`${this.#toFirstLine()}${CLEAR_REST}`);
    this.#lines = [];
  }

  /**
   * Also to column one, as the terminal echoes a typed ^C at the cursor. A line drawn on a wider screen may take
   * several now.
   */
  #toFirstLine(): string {
    const columns = Math.max(1, this.#options.screen.columns);
    const lines = this.#lines.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns)),
      0,
    );
    return lines === 0 ? '' : `\r\u001b[${lines}A`;
  }

  #draw(frame: StatusFrame): void {
    const { columns, rows } = this.#options.screen;
    // Some terminals wrap a line that reaches the last column. The cursor takes one line below.
    const viewport = { columns: Math.max(MIN_COLUMNS, columns) - 1, lines: Math.max(2, rows) - 1 };
    const lines = statusLines(frame, viewport, (status, text) => this.paint(status, text)).map((line) =>
      clip(line, viewport.columns),
    );
    if (lines.length === this.#lines.length && lines.every((line, index) => line === this.#lines[index]))
      return;
    this.#options.screen.write(`${this.#toFirstLine()}${over(lines)}`);
    this.#lines = lines;
  }

  #report({ facts, ticksPerSecond }: StatusFrame, transitions: readonly GateTransition[]): void {
    const { seals } = facts.counters;
    const { candles, ticking } = tally(facts);
    // Before the first candle the end of a minute is no news.
    if (seals > this.#lastSeals && candles > 0 && facts.market.timeMs !== undefined) {
      this.say(
        `${istMinute(facts.market.timeMs)}  ${count(candles, 'candle')} sealed, ${ticking} of ${count(facts.symbols.length, 'symbol')} ticking, ${Math.round(ticksPerSecond)} ticks/s, lag ${lagText(facts)}`,
      );
    }
    this.#lastSeals = seals;
    for (const { gate, before } of transitions)
      this.say(`gate ${gate.id}: ${before} -> ${gate.status} (${gate.observed})`);
  }
}

/** Overwrites lines, then clears the rest of each, so that the screen does not flicker. */
function over(lines: readonly string[]): string {
  return `${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_REST}`;
}

/** The first `width` visible characters of a line that may hold colours. */
function clip(line: string, width: number): string {
  return stripVTControlCharacters(line).length <= width
    ? line
    : stripVTControlCharacters(line).slice(0, width);
}
