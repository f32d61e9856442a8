/** The live region on a terminal: what a person sees, by a screen that obeys the same movements. */
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../src/gates/facts.js';
import { judgeGates } from '../../src/gates/gates.js';
import { statusLines, type StatusFrame } from '../../src/terminal/layout.js';
import { Terminal } from '../../src/terminal/terminal.js';
import { niftyFifty } from '../../src/run/universe.js';
import { goodFacts, goodSymbol } from '../gates/facts.js';

/**
 * A screen of a given width that knows newline, carriage return, cursor up, clear line and clear rest; it counts lines
 * that were blank in between.
 */
class FakeScreen {
  lines: string[] = [''];
  row = 0;
  column = 0;
  writes = 0;
  blanked = 0;
  busy = false;

  constructor(
    public columns: number,
    public rows: number,
  ) {}

  write(text: string): void {
    this.writes++;
    for (const part of text.match(/\u001b\[\d*[A-Za-z]|\u001b\[[\d;]*m|\n|\r|[^\u001b\n\r]/gu) ?? [])
      this.#obey(part);
  }

  #obey(part: string): void {
    const up = /^\u001b\[(\d+)A$/.exec(part);
    if (up !== null) this.row -= Number(up[1]);
    else if (part === '\u001b[K') this.lines[this.row] = this.lines[this.row].slice(0, this.column);
    else if (part === '\u001b[0J') {
      if (this.lines.length > this.row + 1) this.blanked++;
      this.lines = this.lines.slice(0, this.row + 1);
      this.lines[this.row] = this.lines[this.row].slice(0, this.column);
    } else if (part.endsWith('m') && part.length > 1) return;
    else if (part === '\r') this.column = 0;
    else if (part === '\n') this.#next();
    else {
      if (this.column === this.columns) this.#next();
      const line = this.lines[this.row].padEnd(this.column);
      this.lines[this.row] = line.slice(0, this.column) + part + line.slice(this.column + 1);
      this.column++;
    }
  }

  #next(): void {
    this.row++;
    this.column = 0;
    if (this.row === this.lines.length) this.lines.push('');
  }
}

const NAMES = niftyFifty().map(({ symbol, token }) => goodSymbol(symbol, token));

function frame(change: Partial<Facts> = {}, ticksPerSecond = 120): StatusFrame {
  const facts: Facts = { ...goodFacts(), finished: false, stage: 2, symbols: NAMES, ...change };
  return { facts, gates: judgeGates(facts), leftMin: 7.5, ticksPerSecond };
}

const paint = (_: unknown, text: string): string => text;
const terminalOn = (screen: FakeScreen, color = true): Terminal => new Terminal({ screen, tty: true, color });

describe('the status lines', () => {
  it.each([
    [80, 24],
    [80, 50],
    [100, 30],
    [200, 24],
    [200, 60],
  ])('shows all 50 symbols in %i columns and %i lines, none broken', (columns, lines) => {
    const shown = statusLines(frame(), { columns: columns - 1, lines: lines - 1 }, paint);
    for (const { symbol } of NAMES)
      expect(
        shown.some((line) => line.includes(symbol)),
        symbol,
      ).toBe(true);
    expect(Math.max(...shown.map((line) => line.length))).toBeLessThan(columns);
    expect(shown.length).toBeLessThan(lines);
    expect(shown.join('\n')).toMatch(/7:30 of market time left[^]*50 of 50 symbols ticking[^]*fresh pass/);
  });

  it('tell a symbol of two exchanges, and options of one expiry, apart', () => {
    const names = ['RELIANCE', 'BSE:RELIANCE', 'NFO:BANKNIFTY29DEC2652000CE', 'NFO:BANKNIFTY29DEC2652000PE'];
    const symbols = names.map((name, k) => goodSymbol(name, String(k)));
    const shown = statusLines(frame({ symbols }), { columns: 79, lines: 23 }, paint).join('\n');
    for (const name of names) expect(shown).toMatch(new RegExp(` ${name} `));
  });

  it('show the most urgent symbols if not all fit, and the number of the others', () => {
    const thousand = Array.from({ length: 1000 }, (_, k) => goodSymbol(`S${k}`, String(k)));
    thousand[873] = {
      ...thousand[873],
      figures: { ...thousand[873].figures, ticks: 0, lastTickMs: undefined },
    };
    const shown = statusLines(frame({ symbols: thousand }), { columns: 79, lines: 23 }, paint);
    expect(shown.length).toBeLessThanOrEqual(23);
    expect(shown.join('\n')).toContain('?S873');
    expect(shown.at(-1)).toMatch(/^and 9\d\d more$/);
  });

  it('are cut to a very small screen', () => {
    for (const [columns, lines] of [
      [20, 3],
      [10, 2],
      [40, 6],
    ]) {
      const screen = new FakeScreen(columns, lines);
      terminalOn(screen).show(frame(), []);
      expect(screen.lines.length).toBeLessThanOrEqual(Math.max(3, lines) + 1);
    }
  });

  it('mark a symbol by its state, without colours too', () => {
    const age = (ms: number): Facts['symbols'][number]['figures'] => ({
      ...NAMES[0].figures,
      lastTickMs: goodFacts().market.timeMs! - ms,
    });
    const symbols = [
      { ...goodSymbol('OLD', '1'), figures: age(20_000) },
      { ...goodSymbol('SLOW', '2'), figures: age(7000) },
      goodSymbol('GOOD', '3'),
    ];
    const shown = statusLines(frame({ symbols }), { columns: 79, lines: 23 }, paint).join('\n');
    expect(shown).toMatch(/!OLD/);
    expect(shown).toMatch(/~SLOW/);
    expect(shown).toMatch(/ GOOD/);
  });
});

describe('a terminal', () => {
  it('overwrites the status lines in one write, and never blanks them', () => {
    const screen = new FakeScreen(80, 24);
    const terminal = terminalOn(screen);
    terminal.show(frame(), []);
    const first = [...screen.lines];
    for (let k = 1; k < 5; k++) terminal.show(frame({}, 120 + k), []);
    expect(screen.writes).toBe(5);
    expect(screen.blanked).toBe(0);
    expect(screen.lines.length).toBe(first.length);
    expect(screen.lines.join('\n')).toBe(first.join('\n').replace('120 ticks/s', '124 ticks/s'));
  });

  it('writes nothing if nothing changed', () => {
    const screen = new FakeScreen(80, 24);
    const terminal = terminalOn(screen);
    terminal.show(frame(), []);
    terminal.show(frame(), []);
    expect(screen.writes).toBe(1);
  });

  it('writes a line that stays above the status lines', () => {
    const screen = new FakeScreen(80, 24);
    const terminal = terminalOn(screen);
    terminal.show(frame(), []);
    const region = screen.lines.filter((line) => line !== '');
    terminal.say('Feed: the connection broke.');
    terminal.say('Feed: again.');
    expect(screen.lines.filter((line) => line !== '')).toEqual([
      'Feed: the connection broke.',
      'Feed: again.',
      ...region,
    ]);
    terminal.clear();
    expect(screen.lines.filter((line) => line !== '')).toEqual([
      'Feed: the connection broke.',
      'Feed: again.',
    ]);
  });

  it('keep lines and the newest state only while the reader takes nothing, and say what was left out', () => {
    const screen = new FakeScreen(100, 30);
    const calls: (() => void)[] = [];
    const write = screen.write.bind(screen);
    screen.write = (text: string, taken?: () => void) => {
      write(text);
      screen.busy = true;
      calls.push(taken!);
    };
    const terminal = terminalOn(screen);
    terminal.show(frame({}, 1), []);
    for (let k = 2; k <= 50; k++) terminal.show(frame({}, k), []);
    terminal.say('first');
    for (let k = 0; k < 100; k++) terminal.say('x'.repeat(10_000));
    terminal.say('last');
    expect(screen.writes).toBe(1);
    screen.busy = false;
    calls[0]();
    expect(screen.writes).toBe(2);
    const text = screen.lines.join('\n');
    expect(text).toMatch(/^75 messages left out: this output was not read for a while\.\nx+/);
    expect(text).toMatch(/x\nlast\n/);
    expect(text).toContain('50 ticks/s');
    screen.busy = false;
    calls[1]();
    expect(screen.writes).toBe(2);
  });

  it('finds its first line again after the screen became narrower', () => {
    const screen = new FakeScreen(200, 30);
    const terminal = terminalOn(screen);
    terminal.say('kept');
    terminal.show(frame(), []);
    // A real terminal wraps the lines again.
    screen.columns = 80;
    screen.lines = screen.lines.flatMap((line) => line.match(/.{1,80}/g) ?? ['']);
    screen.row = screen.lines.length - 1;
    terminal.show(frame({}, 7), []);
    expect(screen.lines[0]).toBe('kept');
    expect(screen.lines.filter((line) => line.includes('of market time left'))).toHaveLength(1);
  });

  it('uses no colours if it is set so', () => {
    const written: string[] = [];
    const screen = { columns: 80, rows: 24, busy: false, write: (text: string) => void written.push(text) };
    new Terminal({ screen, tty: true, color: false }).show(frame(), []);
    expect(written.join('')).not.toMatch(/\u001b\[[\d;]*m/);
    new Terminal({ screen, tty: true, color: true }).show(frame(), []);
    expect(written.join('')).toMatch(/\u001b\[[\d;]*m/);
  });

  it('without a terminal writes one line for each sealed minute and each changed gate', () => {
    const written: string[] = [];
    const terminal = new Terminal({
      screen: { columns: 80, rows: 24, busy: false, write: (text) => void written.push(text) },
      tty: false,
      color: false,
    });
    terminal.show(frame({ counters: { ...goodFacts().counters, seals: 1 } }), [
      { gate: judgeGates(frame().facts)[3], before: 'fail' },
    ]);
    terminal.show(frame({ counters: { ...goodFacts().counters, seals: 1 } }), []);
    expect(written.join('')).not.toContain('\u001b');
    expect(written).toHaveLength(2);
    expect(written[1]).toMatch(/^gate fresh: fail -> /);
  });
});
