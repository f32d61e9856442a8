/** A run's status lines, laid out for the terminal's size. Pure. */
import { istSecond } from '../market/session.js';
import { tally, type Facts, type SymbolFacts } from '../gates/facts.js';
import type { Status } from '../gates/gate.js';
import { isLive, type GateResult } from '../gates/gates.js';
import { clockText, secondsText } from '../text/duration.js';
import { count } from '../text/count.js';
import { type SymbolState, symbolState } from '../gates/symbol-state.js';
import type { Paint } from './rows.js';

export interface StatusFrame {
  readonly facts: Facts;
  readonly gates: readonly GateResult[];
  /** Market minutes left. */
  readonly leftMin: number;
  readonly ticksPerSecond: number;
}

/** Visible columns and lines. */
export interface Viewport {
  readonly columns: number;
  readonly lines: number;
}

const BAR_WIDTH = 30;
/** From this width on, a cell has the change too. */
const WIDE = 120;
/** Longer names are cut. */
const NAME_WIDTH = 32;
/** In a narrow cell: four cells of the NIFTY 50 fit into 80 columns. */
const PRICE_WIDTH = 7;
/** Lines that the grid leaves free, so that the last message stays readable. */
const SPARE_LINES = 2;

/** The mark before a symbol, and its colour. If not all symbols fit, the first states come first. */
const MARKS: Readonly<Record<SymbolState, readonly [mark: string, status: Status | undefined]>> = {
  stale: ['!', 'fail'],
  silent: ['?', 'fail'],
  quiet: ['~', 'warn'],
  shut: [' ', 'skip'],
  ticking: [' ', undefined],
};
const URGENCY = Object.keys(MARKS);

/** Text and its visible width, without colours. */
interface Cell {
  readonly text: string;
  readonly width: number;
}

const plain = (text: string): Cell => ({ text, width: text.length });

/** Cells in lines of at most `width`, `gap` between two. */
function flow(cells: readonly Cell[], gap: string, width: number): string[] {
  const lines: { text: string; width: number }[] = [];
  for (const { text, width: own } of cells) {
    const last = lines.at(-1);
    if (last === undefined || last.width + gap.length + own > width) lines.push({ text, width: own });
    else {
      last.text += gap + text;
      last.width += gap.length + own;
    }
  }
  return lines.map((line) => line.text);
}

export function lagText({ lag }: Facts): string {
  return lag === undefined ? 'unknown' : secondsText(lag.p50Ms);
}

function head({ facts, leftMin, ticksPerSecond }: StatusFrame, width: number): string[] {
  const { candles, ticks, ticking } = tally(facts);
  const marketTime = facts.market.timeMs === undefined ? 'no packet yet' : istSecond(facts.market.timeMs);
  const left = `${clockText(leftMin)} of market time left, market ${marketTime}`;
  const barWidth = Math.max(0, Math.min(BAR_WIDTH, width - left.length - 3));
  const share = Math.min(1, Math.max(0, 1 - leftMin / facts.duration.askedMin));
  const bar = `[${'#'.repeat(Math.round(share * barWidth)).padEnd(barWidth, '.')}] `;
  const figures = [
    `${ticking} of ${count(facts.symbols.length, 'symbol')} ticking`,
    count(ticks, 'tick'),
    `${Math.round(ticksPerSecond)} ticks/s`,
    `${count(candles, 'candle')} sealed`,
    `lag ${lagText(facts)}`,
  ];
  return [`${barWidth > 4 ? bar : ''}${left}`, ...flow(figures.map(plain), ', ', width)];
}

/** In a narrow cell, with as many decimals as fit. */
function priceText({ figures: { lastPrice }, priceScale }: SymbolFacts, wide: boolean): string {
  if (lastPrice === undefined) return '-';
  const price = lastPrice / priceScale;
  return wide
    ? price.toFixed(2)
    : ([2, 1, 0].map((digits) => price.toFixed(digits)).find((text) => text.length <= PRICE_WIDTH) ??
        price.toFixed(0));
}

const nameText = ({ symbol }: SymbolFacts): string =>
  symbol.length > NAME_WIDTH ? `${symbol.slice(0, NAME_WIDTH - 1)}…` : symbol;

/** From the day's open; empty in LTP mode, which carries none. */
function changeText({ figures: { lastPrice, sessionOpen } }: SymbolFacts): string {
  if (lastPrice === undefined || sessionOpen === undefined) return '';
  return `${lastPrice >= sessionOpen ? '+' : ''}${(((lastPrice - sessionOpen) / sessionOpen) * 100).toFixed(2)}%`;
}

/** Cells of one width: name, price, and in wide ones the change. */
function cellsOf(
  { facts }: StatusFrame,
  wide: boolean,
  paint: Paint,
): { readonly state: SymbolState; readonly cell: Cell }[] {
  const { symbols, market } = facts;
  const widest = (text: (symbol: SymbolFacts) => string): number =>
    Math.max(...symbols.map((symbol) => text(symbol).length));
  const columns = [
    widest(nameText),
    widest((symbol) => priceText(symbol, wide)),
    wide ? widest(changeText) : 0,
  ] as const;
  return symbols.map((symbol) => {
    const state = symbolState(symbol.figures, market.timeMs, symbol.inContinuous);
    const [mark, status] = MARKS[state];
    const change = columns[2] > 0 ? ` ${changeText(symbol).padStart(columns[2])}` : '';
    const text = `${mark}${nameText(symbol).padEnd(columns[0])} ${priceText(symbol, wide).padStart(columns[1])}${change}`;
    return { state, cell: { text: status === undefined ? text : paint(status, text), width: text.length } };
  });
}

/** All symbols in columns; if they do not fit, the most urgent ones. */
function grid(frame: StatusFrame, { columns, lines }: Viewport, paint: Paint): string[] {
  const wide = columns >= WIDE;
  const cells = cellsOf(frame, wide, paint);
  const gap = wide ? '   ' : ' ';
  const across = Math.max(1, Math.floor((columns + gap.length) / (cells[0].cell.width + gap.length)));
  if (Math.ceil(cells.length / across) <= lines)
    return flow(
      cells.map(({ cell }) => cell),
      gap,
      columns,
    );
  if (lines < 2) return [];
  const shown = [...cells]
    .sort((a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state))
    .slice(0, (lines - 1) * across);
  return [
    ...flow(
      shown.map(({ cell }) => cell),
      gap,
      columns,
    ),
    `and ${cells.length - shown.length} more`,
  ];
}

/** At most the viewport's lines, each of at most its columns. */
export function statusLines(frame: StatusFrame, viewport: Viewport, paint: Paint): string[] {
  const gates = frame.gates
    .filter(({ id }) => isLive(id))
    .map(({ id, status }) => ({ text: paint(status, `${id} ${status}`), width: `${id} ${status}`.length }));
  const top = [...head(frame, viewport.columns), ...flow(gates, '  ', viewport.columns)];
  if (frame.facts.symbols.length === 1) return top.slice(0, Math.max(1, viewport.lines));
  return [
    ...top,
    ...grid(frame, { columns: viewport.columns, lines: viewport.lines - top.length - SPARE_LINES }, paint),
  ].slice(0, Math.max(1, viewport.lines));
}
