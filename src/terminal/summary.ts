/** The end of a run as text: the checklist in the owner's words, the candles, and where everything is. Pure. */
import type { CandleWithQuality } from '../candles/candle.js';
import { istMinute, istSecond, MINUTE_MS } from '../market/session.js';
import type { Facts } from '../gates/facts.js';
import type { RunVerdict, Status } from '../gates/gate.js';
import { titleOf, type GateResult } from '../gates/gates.js';
import { statusRow, type Paint } from './rows.js';

/** How a checklist is printed. */
export interface Printing {
  readonly paint: Paint;
  /** Columns to which lines are broken; as they are where that is left to the reader. */
  readonly columns?: number | undefined;
  /** `quiet`: what failed or warns, and the verdict; `verbose`: with what was expected of each. */
  readonly voice: 'quiet' | 'usual' | 'verbose';
}

/** The checklist: a line a gate, and a second one where something is to be done. */
export function checklist(
  facts: Facts,
  gates: readonly GateResult[],
  verdict: RunVerdict,
  { paint, columns = Infinity, voice }: Printing,
): string {
  const shown =
    voice === 'quiet' ? gates.filter(({ status }) => status === 'fail' || status === 'warn') : gates;
  const questions = shown.map(({ id }) => titleOf(id, facts.symbols.length));
  const width = Math.max(0, ...questions.map((text) => text.length));
  const lines = shown.map((gate, index) => {
    const told = gate.status === 'fail' || voice === 'verbose' ? `Expected: ${gate.expected}.` : '';
    const remedy = gate.remedy === undefined || gate.status === 'pass' ? '' : gate.remedy;
    const more = [told, remedy].filter((text) => text !== '').join(' ');
    return statusRow(
      {
        status: gate.status,
        title: questions[index],
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

/** Gaps and partial minutes are data: both are named, in as few words as they take. */
function unseenLines({ unseen, symbols }: Facts): string[] {
  const gaps = unseen.gaps.map(({ fromMs, toMs }) => `${istSecond(fromMs)} to ${istSecond(toMs)}`);
  // Of as many symbols as the minute before: one span.
  const spans: { fromMs: number; toMs: number; symbols: number }[] = [];
  for (const { minuteMs, symbols: count } of unseen.minutes) {
    const last = spans.at(-1);
    if (last !== undefined && last.symbols === count && minuteMs === last.toMs + MINUTE_MS)
      last.toMs = minuteMs;
    else spans.push({ fromMs: minuteMs, toMs: minuteMs, symbols: count });
  }
  const whom = (count: number): string =>
    count === symbols.length ? '' : ` (${count} of ${symbols.length} symbols)`;
  const minutes = spans.map(
    ({ fromMs, toMs, symbols: count }) =>
      `${istMinute(fromMs)}${toMs > fromMs ? ` to ${istMinute(toMs)}` : ''}${whom(count)}`,
  );
  return [
    ...(gaps.length === 0 ? [] : [`Not seen: ${gaps.join(', ')}`]),
    ...(minutes.length === 0 ? [] : [`Partial minutes: ${minutes.join(', ')}`]),
  ];
}

const price = (value: number): string => value.toFixed(2);

/** Candles that are shown of one symbol. */
const SHOWN_CANDLES = 30;

/** One symbol's candles as a table, the last of them where there are many. */
export function candleTable(
  symbol: string,
  candles: readonly CandleWithQuality[],
  volumeKind: Facts['volumeKind'],
): string {
  const head = ['time', 'open', 'high', 'low', 'close', volumeKind === 'tick' ? 'ticks' : 'volume', ''];
  const rows = candles
    .slice(-SHOWN_CANDLES)
    .map(({ candle, quality }) => [
      istMinute(candle.timestampMs),
      price(candle.open),
      price(candle.high),
      price(candle.low),
      price(candle.close),
      String(candle.volume),
      [
        quality.partial ? 'partial' : '',
        quality.source === 'auction' ? 'auction' : '',
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

/** All symbols, a line each. */
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
