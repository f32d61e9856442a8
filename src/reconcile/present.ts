/** A comparison as text for a terminal. Pure. */
import { istDate, istMinute } from '../market/session.js';
import { lengthMs, nounOf, ofTimeframe } from './candle-length.js';
import type { DateSpan } from './minutes.js';
import type { Timeframe } from '../market/timeframe.js';
import { CAUSE_NAME, CAUSES, causesOf } from './causes.js';
import { FIELDS, PRICES, type CandleField } from './fields.js';
import { valuesCompared, type SymbolComparison } from './symbol-comparison.js';
import { type Comparison } from './comparison.js';
import { type FieldDifference } from './field-difference.js';
import { type Origin, originText, simulated } from './origin.js';
import { count } from '../text/count.js';
import { named } from '../text/named.js';
import { explained, unexplained, type ComparisonJudgement } from './verdict.js';
import { percentText } from '../text/percent.js';
import { wrap } from '../text/wrap.js';
import { nameOf } from '../market/instrument.js';

/** Differing minutes in full, missing minutes per side, dates with hours. */
const SHOWN = { differences: 8, missing: 6, dates: 5 } as const;

export interface ComparisonContext {
  readonly ours: Origin;
  readonly reference: Origin;
  /** What was assumed or left out. */
  readonly notes: readonly string[];
  /** Percent of values that may differ without a cause. */
  readonly unexplainedPercent: number;
  /** Wall clock, epoch ms. */
  readonly comparedWallMs: number;
}

/**
 * `14 1~ 2!`: exact, within a tick, different; zeros are left out. `short`: no exact count, and `=` if all are exact.
 */
function cell(symbol: SymbolComparison, field: CandleField, short: boolean): string {
  if (field === 'volume' && !symbol.volumeCompared) return '-';
  const { exact, withinTick, different } = symbol.fields[field];
  if (symbol.compared === 0) return '-';
  const rest = [withinTick > 0 ? `${withinTick}~` : '', different > 0 ? `${different}!` : ''].filter(
    (text) => text !== '',
  );
  if (short) return rest.length === 0 ? '=' : rest.join(' ');
  return [...(exact > 0 || rest.length === 0 ? [String(exact)] : []), ...rest].join(' ');
}

const headOf = (timeframe: Timeframe): string[] => [
  'symbol',
  `${nounOf(timeframe)}s`,
  ...FIELDS,
  'missing',
  'partial',
  'unseen',
];

function cells(symbol: SymbolComparison, short: boolean): string[] {
  const { missing, unseen, partial } = symbol;
  const reference = symbol.referenceFound ? String(missing.reference.length) : 'all';
  return [
    nameOf(symbol),
    String(symbol.compared),
    ...FIELDS.map((field) => cell(symbol, field, short)),
    `${missing.ours.length}/${reference}`,
    partial.minutes === 0 ? '0' : `${partial.minutes} (${partial.exact})`,
    String(unseen.ours.length + unseen.reference.length),
  ];
}

function aligned(rows: readonly string[][]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column])))
      .join('  '),
  );
}

/** A line a symbol. Lines wider than `columns` leave out counts of exact candles. */
function table({ symbols, timeframe }: Comparison, columns: number): string[] {
  const head = headOf(timeframe);
  const full = aligned([head, ...symbols.map((symbol) => cells(symbol, false))]);
  if (full[0].length <= columns) return [...full, ...legend(false, columns)];
  return [...aligned([head, ...symbols.map((symbol) => cells(symbol, true))]), ...legend(true, columns)];
}

function legend(short: boolean, columns: number): string[] {
  return [
    `${short ? '= all exact' : 'number: exact'}, ~ within one tick, ! different, - not compared; missing: in ours/in the reference.`,
    'Not judged: partial (of them exact all the same) was not seen whole; unseen are other holes.',
  ].map((line) => wrap(line, columns));
}

/** Two decimals, or four if it has them. */
function priceText(rupees: number): string {
  const four = rupees.toFixed(4);
  return four.endsWith('00') ? four.slice(0, -2) : four;
}

export function fieldText({ field, agreement, ours, reference, cause, distance }: FieldDifference): string {
  if (field === 'volume') return `volume ${ours} / ${reference} [${CAUSE_NAME[cause]}]`;
  const ticks = agreement === 'withinTick' ? '' : ` (${Number(distance.toFixed(1))} ticks)`;
  return `${field} ${priceText(ours)} / ${priceText(reference)}${ticks} [${CAUSE_NAME[cause]}]`;
}

const minuteText = (ms: number): string => `${istDate(ms)} ${istMinute(ms)}`;

/** The worst, with both values. */
function worstText({ differences, timeframe }: Comparison, columns: number): string[] {
  const different = differences.filter(({ fields }) =>
    fields.some(({ agreement }) => agreement === 'different'),
  );
  if (different.length === 0) return [];
  const shown = different.slice(0, SHOWN.differences);
  const lines = shown.map((one) => {
    const label = one.referenceMs === one.startMs ? '' : ` (reference ${istMinute(one.referenceMs)})`;
    return `  ${wrap(`${minuteText(one.startMs)} ${nameOf(one)}${label}: ${one.fields.map(fieldText).join(', ')}`, columns - 2, 4)}`;
  });
  const head =
    different.length > shown.length
      ? `The worst ${shown.length} of ${different.length} differing ${nounOf(timeframe)}s, ours / reference:`
      : `Differing ${nounOf(timeframe)}s, ours / reference:`;
  return ['', head, ...lines];
}

/** Differences by cause. */
function causeText(symbols: readonly SymbolComparison[], columns: number): string[] {
  const counts = causesOf(symbols);
  const found = CAUSES.filter((cause) => counts[cause] > 0);
  if (found.length === 0) return [];
  const total = found.reduce((sum, cause) => sum + counts[cause], 0);
  return [
    '',
    wrap(
      `Causes of ${count(total, 'difference')}: ${found.map((cause) => `${counts[cause]} ${CAUSE_NAME[cause]}`).join(', ')}`,
      columns,
      2,
    ),
  ];
}

/** The first missing minutes of the first symbols. */
function missingText(
  symbols: readonly SymbolComparison[],
  side: 'ours' | 'reference',
  columns: number,
): string[] {
  const found = symbols
    .filter(({ referenceFound }) => side === 'ours' || referenceFound)
    .flatMap((symbol) => symbol.missing[side].map((ms) => `${nameOf(symbol)} ${minuteText(ms)}`));
  if (found.length === 0) return [];
  return [
    wrap(
      `Missing ${side === 'ours' ? 'in ours' : 'in the reference'}: ${named(found, SHOWN.missing)}`,
      columns,
      2,
    ),
  ];
}

/**
 * `2026-11-23 09:15 to 09:30`, half-open; of a longer timeframe the labels of the first and the last candle, whose end
 * its session decides, and of days the date.
 */
export function spanText({ date, firstMs, lastMs }: DateSpan, timeframe: Timeframe): string {
  if (timeframe === '1d') return date;
  const toMs = timeframe === '1m' ? lastMs + lengthMs(timeframe) : lastMs;
  return `${minuteText(firstMs)} to ${istMinute(toMs)}`;
}

/** Of the first dates. */
function hoursText({ spans, symbols, timeframe }: Comparison): string {
  const outside = symbols.reduce((sum, symbol) => sum + symbol.outside, 0);
  const more = spans.length - SHOWN.dates;
  const texts = spans.slice(0, SHOWN.dates).map((span) => spanText(span, timeframe));
  return texts.length === 0
    ? 'none: our files hold no candle'
    : `${texts.join(', ')}${more > 0 ? ` and ${more} more dates` : ''} IST${outside > 0 ? `; ${count(outside, 'row')} of the reference outside of this not counted` : ''}`;
}

function agreementText(symbols: readonly SymbolComparison[], allVolumes: boolean): string {
  const sum = (figure: (symbol: SymbolComparison) => number): number =>
    symbols.reduce((total, symbol) => total + figure(symbol), 0);
  const within = sum(({ fields }) => PRICES.reduce((total, field) => total + fields[field].withinTick, 0));
  const because = explained(symbols);
  const nothing = unexplained(symbols);
  if (because + nothing === 0) {
    const prices =
      within === 0 ? 'all prices are exact' : `all prices are exact but ${within}, which are within one tick`;
    return allVolumes ? `${prices}, all volumes are exact` : prices;
  }
  const parts = [
    ...(because > 0
      ? [
          `${because} of ${count(valuesCompared(symbols), 'value')} differ for a cause that our quality rows tell`,
        ]
      : []),
    ...(nothing > 0
      ? [`${nothing}, ${percentText(nothing / valuesCompared(symbols))}, differ and nothing explains it`]
      : []),
    ...(within > 0 ? [`${within} are within one tick`] : []),
  ];
  return `${parts.join(', ')}, the rest is exact`;
}

/** The verdict, and what it does not prove. */
export function verdictLine(
  { symbols, timeframe }: Comparison,
  { verdict, reasons }: ComparisonJudgement,
  { ours }: ComparisonContext,
): string {
  if (verdict === 'fail')
    return `Verdict: FAIL. Ours cannot stand in for the reference as it is: ${reasons.join('; ')}.`;
  const sum = (figure: (symbol: SymbolComparison) => number): number =>
    symbols.reduce((total, symbol) => total + figure(symbol), 0);
  const aside =
    sum(({ partial }) => partial.minutes) + sum(({ unseen }) => unseen.ours.length + unseen.reference.length);
  const lacked = sum(({ missing }) => missing.reference.length);
  const noun = nounOf(timeframe);
  const polled = sum((symbol) => symbol.polled);
  const limits = [
    'other dates, hours and symbols',
    ...(timeframe === '1m' ? [] : ['other timeframes']),
    ...(aside > 0
      ? [`the ${count(aside, noun)} that ${aside === 1 ? 'was' : 'were'} partial or unseen`]
      : []),
    ...(polled > 0 ? [`the ${count(polled, noun)} that a back-fill polled`] : []),
    ...(lacked > 0 ? [`the ${count(lacked, noun)} that the reference lacks`] : []),
    ...(simulated(ours) ? ['the live feed, for our candles are of a simulated market'] : []),
  ];
  const minutes = `In ${count(
    sum(({ compared }) => compared),
    noun,
  )}${ofTimeframe(timeframe)} of ${count(symbols.length, 'symbol')}, ${agreementText(symbols, verdict === 'pass')}`;
  const silence = `This says nothing of ${limits.join('; nor of ')}.`;
  if (verdict === 'pass') return `Verdict: PASS. ${minutes} and no candle of ours is missing. ${silence}`;
  return `Verdict: PRICES AGREE, which is no pass. ${minutes} and no candle of ours is missing, but ${reasons.join('; ')}, so nothing is proved of volume, nor of what is computed from it. ${silence}`;
}

/** Minutes without a trade, which no candle has to be of. */
export function idleNotes({ symbols, timeframe }: Comparison): string[] {
  const sum = (side: 'ours' | 'reference'): number =>
    symbols.reduce((total, { idle }) => total + idle[side].length, 0);
  const [ours, reference] = [sum('ours'), sum('reference')];
  return [
    ...(ours > 0
      ? [
          `Nothing traded in ${count(ours, nounOf(timeframe))} of which the reference has a flat row without volume: no candle of ours is missing there.`,
        ]
      : []),
    ...(reference > 0
      ? [
          `Only a repeated price is in ${count(reference, nounOf(timeframe))} of ours: the reference needs no candle there.`,
        ]
      : []),
  ];
}

/** On the minutes that a back-fill polled. */
export function polledNotes({ symbols }: Comparison): string[] {
  const polled = symbols.reduce((total, symbol) => total + symbol.polled, 0);
  if (polled === 0) return [];
  return [
    `${count(polled, 'polled minute')} ${polled === 1 ? 'is' : 'are'} not judged: a back-fill took ${polled === 1 ? 'it' : 'them'} from the broker, because a gap touched ${polled === 1 ? 'it' : 'them'}.`,
  ];
}

/** In lines of at most `columns` unless a word is longer. */
export function comparisonText(
  comparison: Comparison,
  judgement: ComparisonJudgement,
  context: ComparisonContext,
  columns: number,
): string {
  const { symbols, timeframe } = comparison;
  const assumed = symbols.filter(({ tickSizeKnown }) => !tickSizeKnown);
  const relabelled = symbols.reduce((sum, symbol) => sum + symbol.relabelled, 0);
  const notes = [
    ...(assumed.length > 0
      ? [
          `The tick size of ${named(assumed.map(nameOf), SHOWN.missing)} is not known: ${priceText(assumed[0].tickSizeRupees)} is taken.`,
        ]
      : []),
    ...(relabelled > 0
      ? [
          `${count(relabelled, 'closing auction')} that the reference labels ${timeframe === '1m' ? 'a minute ' : ''}earlier than ours ${relabelled === 1 ? 'is' : 'are'} compared all the same.`,
        ]
      : []),
    ...context.notes,
  ];
  const remarks = [
    ...missingText(symbols, 'ours', columns),
    ...missingText(symbols, 'reference', columns),
    ...notes.map((note) => wrap(`Note: ${note}`, columns, 2)),
  ];
  return [
    wrap(`Ours       ${originText(context.ours)}`, columns, 11),
    wrap(`Reference  ${originText(context.reference)}`, columns, 11),
    wrap(
      timeframe === '1m'
        ? `Minutes    ${hoursText(comparison)}`
        : `Candles    of ${timeframe}, labelled ${hoursText(comparison)}`,
      columns,
      11,
    ),
    '',
    ...table(comparison, columns),
    ...worstText(comparison, columns),
    ...causeText(symbols, columns),
    ...(remarks.length > 0 ? ['', ...remarks] : []),
    '',
    wrap(verdictLine(comparison, judgement, context), columns),
  ].join('\n');
}
