/**
 * What a person sees during a run: on a terminal, status lines overwritten in place; in a file or pipe, plain lines.
 * Write only: nothing on the data path reads it.
 *
 * A reader that stops (Ctrl-S, a full pipe) holds nothing up. Until it has taken the last write, lines wait in memory
 * up to a bound, and of the status only the newest is kept.
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
  /** Something written was not taken by the reader yet. */
  readonly busy: boolean;
  /** Never waits. `taken`: called when the reader has it. */
  write(text: string, taken: () => void): void;
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
/** Of lines that wait for the reader. Beyond it the oldest are left out, which is said. */
const MAX_WAITING_CHARS = 256 * 1024;

export class Terminal {
  readonly #options: TerminalOptions;
  /** Status lines on the screen, and those to be. */
  #shown: readonly string[] = [];
  #wanted: readonly string[] = [];
  /** Lines for above them. */
  #waiting: string[] = [];
  #leftOut = 0;
  #lastSeals = 0;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /** Writes lines that stay, above the status lines. */
  say(text: string): void {
    this.#waiting.push(text);
    let chars = this.#waiting.reduce((sum, { length }) => sum + length, 0);
    while (chars > MAX_WAITING_CHARS && this.#waiting.length > 1) {
      chars -= this.#waiting.shift()!.length;
      this.#leftOut++;
    }
    this.#flush();
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
    this.#wanted = [];
    this.#flush();
  }

  #flush(): void {
    const { screen } = this.#options;
    if (screen.busy) return;
    const [shown, wanted] = [this.#shown, this.#wanted];
    const isShown = shown.length === wanted.length && wanted.every((line, index) => line === shown[index]);
    if (this.#waiting.length === 0 && isShown) return;
    const lines = this.#takeWaiting();
    const text =
      shown.length + wanted.length === 0
        ? lines.map((line) => `${line}\n`).join('')
        : `${this.#toFirstLine()}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${over(wanted)}`;
    this.#shown = wanted;
    screen.write(text, () => this.#flush());
  }

  #takeWaiting(): string[] {
    const lines = this.#waiting.flatMap((text) => text.split('\n'));
    if (this.#leftOut > 0)
      lines.unshift(`${count(this.#leftOut, 'message')} left out: this output was not read for a while.`);
    this.#waiting = [];
    this.#leftOut = 0;
    return lines;
  }

  /**
   * Also to column one, as the terminal echoes a typed ^C at the cursor. A line drawn on a wider screen may take
   * several now.
   */
  #toFirstLine(): string {
    const columns = Math.max(1, this.#options.screen.columns);
    const lines = this.#shown.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns)),
      0,
    );
    return lines === 0 ? '' : `\r\u001b[${lines}A`;
  }

  #draw(frame: StatusFrame): void {
    const { columns, rows } = this.#options.screen;
    // Some terminals wrap a line that reaches the last column. The cursor takes one line below.
    const viewport = { columns: Math.max(MIN_COLUMNS, columns) - 1, lines: Math.max(2, rows) - 1 };
    this.#wanted = statusLines(frame, viewport, (status, text) => this.paint(status, text)).map((line) =>
      clip(line, viewport.columns),
    );
    this.#flush();
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
