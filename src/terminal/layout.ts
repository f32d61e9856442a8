/** The lines that a terminal shows while a run goes on, laid out for its size. Pure. */
import { istSecond } from '../market/session.js';
import { tally, type Facts, type SymbolFacts } from '../gates/facts.js';
import type { Status } from '../gates/gate.js';
import { isLive, type GateResult } from '../gates/gates.js';
import { clockText, secondsText } from '../text/duration.js';
import { count } from '../text/count.js';
import { type SymbolState, symbolState } from '../gates/symbol-state.js';
import type { Paint } from './rows.js';

/** What the live region shows. */
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
/** From this width on a cell has the change too. */
const WIDE = 120;
/** A cell's own room for a name; longer ones are cut. */
const NAME_WIDTH = 12;
/** And for a price where there is little room: four cells of the NIFTY 50 stand side by side in 80 columns. */
const PRICE_WIDTH = 7;
/** Lines that the grid leaves free of the screen: what was said last stays to be read. */
const SPARE_LINES = 2;

/** What stands before a symbol, and its colour: `!` its last tick is old, `~` not of now, `?` never any. */
const MARKS: Readonly<Record<SymbolState, readonly [mark: string, status: Status | undefined]>> = {
  stale: ['!', 'fail'],
  silent: ['?', 'fail'],
  quiet: ['~', 'warn'],
  ticking: [' ', undefined],
  shut: [' ', 'skip'],
};
/** Whom to show first where not all fit. */
const URGENCY: readonly SymbolState[] = ['stale', 'silent', 'quiet', 'shut', 'ticking'];

/** Text and what it takes on the screen: colours take nothing. */
interface Cell {
  readonly text: string;
  readonly width: number;
}

const plain = (text: string): Cell => ({ text, width: text.length });

/** Pieces in lines of at most `width`, `gap` between two. */
function flow(pieces: readonly Cell[], gap: string, width: number): string[] {
  const lines: { text: string; width: number }[] = [];
  for (const { text, width: own } of pieces) {
    const last = lines.at(-1);
    if (last === undefined || last.width + gap.length + own > width) lines.push({ text, width: own });
    else {
      last.text += gap + text;
      last.width += gap.length + own;
    }
  }
  return lines.map((line) => line.text);
}

/** How late the feed is, for a line. */
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

/** A price; where there is little room a high one without its last paise. */
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

/** From the day's open, which LTP frames do not tell. */
function changeText({ figures: { lastPrice, sessionOpen } }: SymbolFacts): string {
  if (lastPrice === undefined || sessionOpen === undefined) return '';
  return `${lastPrice >= sessionOpen ? '+' : ''}${(((lastPrice - sessionOpen) / sessionOpen) * 100).toFixed(2)}%`;
}

/** Symbols as cells of one width: name and price, and where there is room the change. */
function cellsOf(
  { facts }: StatusFrame,
  wide: boolean,
  paint: Paint,
): { readonly state: SymbolState; readonly piece: Cell }[] {
  const { symbols, market } = facts;
  const widest = (text: (symbol: SymbolFacts) => string): number =>
    Math.max(...symbols.map((symbol) => text(symbol).length));
  const columns = [
    widest(nameText),
    widest((symbol) => priceText(symbol, wide)),
    wide ? widest(changeText) : 0,
  ] as const;
  return symbols.map((symbol) => {
    const state = symbolState(symbol.figures, market.timeMs, market.inContinuous);
    const [mark, status] = MARKS[state];
    const change = columns[2] > 0 ? ` ${changeText(symbol).padStart(columns[2])}` : '';
    const text = `${mark}${nameText(symbol).padEnd(columns[0])} ${priceText(symbol, wide).padStart(columns[1])}${change}`;
    return { state, piece: { text: status === undefined ? text : paint(status, text), width: text.length } };
  });
}

/** All symbols as cells in columns; where they do not fit, those that need to be looked at. */
function grid(moment: StatusFrame, { columns, lines }: Viewport, paint: Paint): string[] {
  const wide = columns >= WIDE;
  const cells = cellsOf(moment, wide, paint);
  const gap = wide ? '   ' : ' ';
  const across = Math.max(1, Math.floor((columns + gap.length) / (cells[0].piece.width + gap.length)));
  if (Math.ceil(cells.length / across) <= lines)
    return flow(
      cells.map(({ piece }) => piece),
      gap,
      columns,
    );
  if (lines < 2) return [];
  const shown = [...cells]
    .sort((a, b) => URGENCY.indexOf(a.state) - URGENCY.indexOf(b.state))
    .slice(0, (lines - 1) * across);
  return [
    ...flow(
      shown.map(({ piece }) => piece),
      gap,
      columns,
    ),
    `and ${cells.length - shown.length} more`,
  ];
}

/** The region's lines, none longer than `columns`, no more than fit. */
export function statusLines(moment: StatusFrame, room: Viewport, paint: Paint): string[] {
  const gates = moment.gates
    .filter(({ id }) => isLive(id))
    .map(({ id, status }) => ({ text: paint(status, `${id} ${status}`), width: `${id} ${status}`.length }));
  const top = [...head(moment, room.columns), ...flow(gates, '  ', room.columns)];
  if (moment.facts.symbols.length === 1) return top.slice(0, Math.max(1, room.lines));
  return [
    ...top,
    ...grid(moment, { columns: room.columns, lines: room.lines - top.length - SPARE_LINES }, paint),
  ].slice(0, Math.max(1, room.lines));
}
