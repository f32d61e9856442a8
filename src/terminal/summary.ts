/** The end of a run as text. Pure. */
import type { CandleWithQuality } from '../candles/candle.js';
import { istMinute, istSecond, MINUTE_MS } from '../market/session.js';
import type { BackFillFigures, Facts } from '../gates/facts.js';
import { count } from '../text/count.js';
import type { RunVerdict, Status } from '../gates/gate.js';
import { titleOf, type GateResult } from '../gates/gates.js';
import { statusRow, type Paint } from './rows.js';

export interface Printing {
  readonly paint: Paint;
  /** Columns to which lines are wrapped; undefined leaves them whole. */
  readonly columns?: number | undefined;
  /** `quiet`: gates that failed or warn, and the verdict. `verbose`: each gate with what it expects. */
  readonly voice: 'quiet' | 'usual' | 'verbose';
}

/** One line for each gate, and a second if there is something to do. */
export function checklist(
  facts: Facts,
  gates: readonly GateResult[],
  verdict: RunVerdict,
  { paint, columns = Infinity, voice }: Printing,
): string {
  const shown =
    voice === 'quiet' ? gates.filter(({ status }) => status === 'fail' || status === 'warn') : gates;
  const titles = shown.map(({ id }) => titleOf(id, facts.symbols.length));
  const width = Math.max(0, ...titles.map((text) => text.length));
  const lines = shown.map((gate, index) => {
    const expected = gate.status === 'fail' || voice === 'verbose' ? `Expected: ${gate.expected}.` : '';
    const remedy = gate.remedy === undefined || gate.status === 'pass' ? '' : gate.remedy;
    const more = [expected, remedy].filter((text) => text !== '').join(' ');
    return statusRow(
      {
        status: gate.status,
        title: titles[index],
        observed: gate.observed,
        remedy: more === '' ? undefined : more,
      },
      width,
      paint,
      columns,
    );
  });
  const status: Status = verdict === 'pass' ? 'pass' : verdict === 'fail' ? 'fail' : 'warn';
  return [
    ...(voice === 'quiet' ? [] : ['Checklist']),
    ...lines,
    ...(voice === 'quiet' ? [] : unseenLines(facts)),
    `Verdict: ${paint(status, verdict.toUpperCase())}`,
  ].join('\n');
}

/** Gaps and partial minutes. */
function unseenLines({ unseen, symbols, backFill }: Facts): string[] {
  const gaps = unseen.gaps.map(({ fromMs, toMs }) => `${istSecond(fromMs)} to ${istSecond(toMs)}`);
  // Successive minutes with the same number of symbols are one span.
  const spans: { fromMs: number; toMs: number; symbols: number }[] = [];
  for (const { minuteMs, symbols: count } of unseen.minutes) {
    const last = spans.at(-1);
    if (last !== undefined && last.symbols === count && minuteMs === last.toMs + MINUTE_MS)
      last.toMs = minuteMs;
    else spans.push({ fromMs: minuteMs, toMs: minuteMs, symbols: count });
  }
  const ofSymbols = (count: number): string =>
    count === symbols.length ? '' : ` (${count} of ${symbols.length} symbols)`;
  const minutes = spans.map(
    ({ fromMs, toMs, symbols: count }) =>
      `${istMinute(fromMs)}${toMs > fromMs ? ` to ${istMinute(toMs)}` : ''}${ofSymbols(count)}`,
  );
  return [
    ...(gaps.length === 0 ? [] : [`Not seen: ${gaps.join(', ')}`]),
    ...(minutes.length === 0 ? [] : [`Partial minutes: ${minutes.join(', ')}`]),
    ...(backFill === undefined ? [] : [backFillLine(backFill), ...backFill.notes]),
  ];
}

/** What became of the minutes that gaps touched. */
export function backFillLine({ minutes, polled, disagreed, refused, absent, left }: BackFillFigures): string {
  if (minutes === 0) return 'Back-fill: no minute is missing or partial because of a gap';
  const rest = [
    [absent, 'the broker has no candle of'],
    [disagreed, 'no two answers agreed on'],
    [refused, 'the broker refuses'],
    [left, 'left without an answer'],
  ] as const;
  const others = rest.flatMap(([number, what]) => (number === 0 ? [] : [`${what} ${number}`]));
  return `Back-fill: ${polled} of ${count(minutes, 'minute')} polled${others.length === 0 ? '' : `; ${others.join(', ')}`}`;
}

const price = (value: number): string => value.toFixed(2);

/** Candles in a table at most. */
const MAX_CANDLES = 30;

/** One symbol's last MAX_CANDLES candles as a table. */
export function candleTable(
  symbol: string,
  candles: readonly CandleWithQuality[],
  volumeKind: Facts['volumeKind'],
): string {
  const head = ['time', 'open', 'high', 'low', 'close', volumeKind === 'tick' ? 'ticks' : 'volume', ''];
  const rows = candles
    .slice(-MAX_CANDLES)
    .map(({ candle, quality }) => [
      istMinute(candle.timestampMs),
      price(candle.open),
      price(candle.high),
      price(candle.low),
      price(candle.close),
      String(candle.volume),
      [
        quality.partial ? 'partial' : '',
        quality.source === 'continuous' ? '' : quality.source,
        quality.revision > 0 ? `revised ${quality.revision}x` : '',
      ]
        .filter((text) => text !== '')
        .join(', '),
    ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (row: string[]): string =>
    `  ${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padStart(widths[column]))).join('  ')}`.trimEnd();
  const earlier = candles.length > rows.length ? `, the last ${rows.length} of ${candles.length}` : '';
  return [`${symbol}, one-minute candles in rupees${earlier}`, line(head), ...rows.map(line)].join('\n');
}

/** One line each. */
export function symbolTable(facts: Facts): string {
  const head = ['symbol', 'ticks', 'whole', 'partial', 'late', 'last'];
  const rows = facts.symbols.map(({ symbol, figures, whole, partial, late, priceScale }) => [
    symbol,
    String(figures.ticks),
    String(whole),
    String(partial),
    String(late),
    figures.lastPrice === undefined ? '-' : price(figures.lastPrice / priceScale),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (row: string[]): string =>
    `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  ')}`;
  return [line(head), ...rows.map(line)].join('\n');
}
