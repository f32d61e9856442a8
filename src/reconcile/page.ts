/** A comparison as one self-contained page: no script, no external resource. Pure. */
import { escapeHtml } from '../text/html.js';
import { istDate, istMinute, istStamp } from '../market/session.js';
import type { Timeframe } from '../market/timeframe.js';
import { lengthMs, nounOf } from './candle-length.js';
import { CAUSE_NAME, CAUSES, causesOf, type Cause } from './causes.js';
import { FIELDS, type CandleField } from './fields.js';
import { valuesCompared, type Difference, type SymbolComparison } from './symbol-comparison.js';
import { type Comparison } from './comparison.js';
import type { DateSpan } from './minutes.js';
import { originText } from './origin.js';
import { fieldText, spanText, verdictLine, type ComparisonContext } from './present.js';
import { explained, unexplained, type ComparisonJudgement } from './verdict.js';
import { named } from '../text/named.js';
import { percentText } from '../text/percent.js';
import { nameOf } from '../market/instrument.js';

/** Maximum differing minutes listed. */
const LISTED = 500;
/** Maximum missing minutes named per symbol and side. */
const NAMED = 20;
/** A date's line of minutes, SVG units. */
const LINE = { width: 1000, height: 14 } as const;

/** Explained causes are cool, unexplained ones warm. */
const COLOUR: Readonly<Record<Cause, string>> = {
  gap: '#7a7f87',
  partialMinute: '#a7abb2',
  auction: '#8467b8',
  boundary: '#3f7fc4',
  unseenExtreme: '#35a0a0',
  lateTick: '#7c9a3e',
  oursMissing: '#c2410c',
  referenceMissing: '#b8860b',
  unexplained: '#c81e3a',
};

const STYLE = `
:root{color-scheme:light dark;--ink:#1b2027;--dim:#5b6470;--paper:#fff;--line:#dfe3e8;--good:#1b7f4b;--bad:#b3152f;--ground:#dbe7dd}
@media (prefers-color-scheme:dark){:root{--ink:#e7eaee;--dim:#9aa4b0;--paper:#14181d;--line:#2c333b;--good:#5cc98f;--bad:#ff6b81;--ground:#26382c}}
body{margin:0 auto;max-width:80rem;padding:1.5rem;font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.3rem;margin:0 0 .75rem}h2{font-size:1.05rem;margin:1.75rem 0 .5rem}p{margin:.3rem 0;max-width:60rem}
.verdict{border-left:.4rem solid var(--good);padding:.5rem .9rem;background:color-mix(in srgb,var(--good) 9%,transparent)}
.verdict.fail{border-color:var(--bad);background:color-mix(in srgb,var(--bad) 9%,transparent)}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem;width:100%}
th,td{padding:.25rem .45rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap;vertical-align:top}
th:first-child,td:first-child,.left{text-align:left}td.text{white-space:normal;text-align:left}th{color:var(--dim);font-weight:600;white-space:normal;vertical-align:bottom}
.dim{color:var(--dim)}.bad{color:var(--bad);font-weight:600}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.75rem 0}dt{color:var(--dim)}dd{margin:0}
.bar{display:flex;height:1.1rem;border-radius:.2rem;overflow:hidden;margin:.4rem 0}.key{display:inline-block;width:.75em;height:.75em;border-radius:.15em;margin-right:.35em}
.keys span.one{margin-right:1.1rem;white-space:nowrap}.days svg{display:block;width:100%;height:14px}.days td.line{width:75%;min-width:30rem;padding:.15rem .6rem}
`;

const cell = (text: string | number, css = ''): string =>
  `<td${css === '' ? '' : ` class="${css}"`}>${escapeHtml(String(text))}</td>`;

/** The share of exact candles, then counts within a tick and different. */
function fieldCell(symbol: SymbolComparison, field: CandleField): string {
  if (symbol.compared === 0 || (field === 'volume' && !symbol.volumeCompared)) return cell('-', 'dim');
  const { exact, withinTick, different } = symbol.fields[field];
  const more = [withinTick > 0 ? `${withinTick}~` : '', different > 0 ? `${different}!` : '']
    .filter((text) => text !== '')
    .join(' ');
  return `<td>${((exact / symbol.compared) * 100).toFixed(1)} %${more === '' ? '' : ` <span class="dim">${more}</span>`}</td>`;
}

function symbolTable({ symbols, timeframe }: Comparison): string {
  const head = [
    'symbol',
    `${nounOf(timeframe)}s`,
    ...FIELDS,
    'missing ours',
    'missing theirs',
    'partial',
    'unseen',
    'unexplained',
  ]
    .map((name) => `<th>${name}</th>`)
    .join('');
  const rows = symbols.map((symbol) =>
    [
      cell(nameOf(symbol)),
      cell(symbol.compared),
      ...FIELDS.map((field) => fieldCell(symbol, field)),
      cell(symbol.missing.ours.length, symbol.missing.ours.length > 0 ? 'bad' : ''),
      cell(
        symbol.referenceFound ? symbol.missing.reference.length : 'all',
        symbol.referenceFound && symbol.missing.reference.length === 0 ? '' : 'bad',
      ),
      cell(symbol.partial.minutes),
      cell(symbol.unseen.ours.length + symbol.unseen.reference.length),
      cell(symbol.judged.unexplained, symbol.judged.unexplained > 0 ? 'bad' : ''),
    ].join(''),
  );
  return `<div class="scroll"><table><tr>${head}</tr>${rows.map((row) => `<tr>${row}</tr>`).join('')}</table></div><p class="dim">A field: share of the ${nounOf(timeframe)}s that are exactly equal, then how many are within one tick (~) and different (!).</p>`;
}

const key = (cause: Cause, text: string): string =>
  `<span class="one"><span class="key" style="background:${COLOUR[cause]}"></span>${text}</span>`;

function causeBar({ symbols, timeframe }: Comparison): string {
  const counts = causesOf(symbols);
  const found = CAUSES.filter((cause) => counts[cause] > 0);
  if (found.length === 0) return '<p>Nothing differs.</p>';
  const parts = found
    .map(
      (cause) =>
        `<div style="flex:${counts[cause]};background:${COLOUR[cause]}" title="${CAUSE_NAME[cause]} ${counts[cause]}"></div>`,
    )
    .join('');
  return `<div class="bar">${parts}</div><p class="keys">${found.map((cause) => key(cause, `${CAUSE_NAME[cause]} ${counts[cause]}`)).join('')}</p><p class="dim">Every field that is not exactly equal, of partial ${nounOf(timeframe)}s too, and every missing ${nounOf(timeframe)}, by its one cause.</p>`;
}

/** Worse causes come later in `CAUSES` and cover others. */
interface Mark {
  readonly ms: number;
  readonly cause: Cause;
  readonly text: string;
}

function marksOf(symbol: SymbolComparison, differences: readonly Difference[]): Mark[] {
  const worst = differences.flatMap(({ startMs, fields }): Mark[] => {
    const different = fields.filter(({ agreement }) => agreement === 'different');
    if (different.length === 0) return [];
    const cause = CAUSES[Math.max(...different.map((one) => CAUSES.indexOf(one.cause)))];
    return [{ ms: startMs, cause, text: different.map(fieldText).join(', ') }];
  });
  const missing = (side: 'ours' | 'reference', cause: Cause): Mark[] =>
    symbol.missing[side].map((ms) => ({ ms, cause, text: CAUSE_NAME[cause] }));
  return [...worst, ...missing('ours', 'oursMissing'), ...missing('reference', 'referenceMissing')];
}

function dayLine({ firstMs, lastMs }: DateSpan, marks: readonly Mark[], timeframe: Timeframe): string {
  // A day is one candle at one place.
  const stepMs = timeframe === '1d' ? 1 : lengthMs(timeframe);
  const width = LINE.width / ((lastMs - firstMs) / stepMs + 1);
  const rects = marks
    .filter(({ ms }) => ms >= firstMs && ms <= lastMs)
    .map(
      ({ ms, cause, text }) =>
        `<rect x="${(((ms - firstMs) / stepMs) * width).toFixed(2)}" width="${Math.max(2, width).toFixed(2)}" height="${LINE.height}" fill="${COLOUR[cause]}"><title>${istMinute(ms)} ${escapeHtml(text)}</title></rect>`,
    );
  return `<svg viewBox="0 0 ${LINE.width} ${LINE.height}" preserveAspectRatio="none" role="img"><rect width="${LINE.width}" height="${LINE.height}" fill="var(--ground)"/>${rects.join('')}</svg>`;
}

/** A line per symbol and date: where something is missing or differs by more than a tick. */
function days({ spans, symbols, differences, timeframe }: Comparison): string {
  const bySymbol = new Map<string, Difference[]>();
  for (const difference of differences)
    bySymbol.set(nameOf(difference), [...(bySymbol.get(nameOf(difference)) ?? []), difference]);
  const rows = spans.map((span) => {
    const lines = symbols
      .map(
        (symbol) =>
          `<tr>${cell(nameOf(symbol))}<td class="line">${dayLine(span, marksOf(symbol, bySymbol.get(nameOf(symbol)) ?? []), timeframe)}</td></tr>`,
      )
      .join('');
    return `<tr><th class="left" colspan="2">${spanText(span, timeframe)}</th></tr>${lines}`;
  });
  return `<div class="scroll"><table class="days">${rows.join('')}</table></div><p class="dim">The ground is ${nounOf(timeframe)}s that agree, within one tick, or are not judged. Point at a mark for what it is.</p>`;
}

function differenceTable({ differences, timeframe }: Comparison): string {
  const different = differences.filter(({ fields }) =>
    fields.some(({ agreement }) => agreement === 'different'),
  );
  if (different.length === 0) return '<p>None.</p>';
  const rows = different.slice(0, LISTED).map((one) => {
    const fields = one.fields.map((field) => key(field.cause, escapeHtml(fieldText(field)))).join(' ');
    return `<tr>${cell(nameOf(one))}${cell(`${istDate(one.startMs)} ${istMinute(one.startMs)}`, 'left')}<td class="text keys">${fields}</td></tr>`;
  });
  const more =
    different.length > LISTED
      ? `<p class="dim">The worst ${LISTED} of ${different.length}; the report has more.</p>`
      : '';
  return `<div class="scroll"><table><tr><th>symbol</th><th class="left">${nounOf(timeframe)}</th><th class="left">ours / reference, and the cause</th></tr>${rows.join('')}</table></div>${more}`;
}

function missingList({ symbols, timeframe }: Comparison): string {
  const lines = symbols.flatMap((symbol) =>
    (['ours', 'reference'] as const).flatMap((side) => {
      const minutes = symbol.missing[side];
      if (minutes.length === 0 || (side === 'reference' && !symbol.referenceFound)) return [];
      const names = minutes.map((ms) => `${istDate(ms)} ${istMinute(ms)}`);
      return [
        `<p>${escapeHtml(nameOf(symbol))}, missing in ${side === 'ours' ? 'ours' : 'the reference'}: ${named(names, NAMED)}</p>`,
      ];
    }),
  );
  return lines.length === 0 ? '' : `<h2>Missing ${nounOf(timeframe)}s</h2>${lines.join('')}`;
}

/** HTML. */
export function comparisonPage(
  comparison: Comparison,
  judgement: ComparisonJudgement,
  context: ComparisonContext,
): string {
  const { symbols, spans, timeframe } = comparison;
  const { ours, reference, notes, unexplainedPercent, comparedWallMs } = context;
  const values = valuesCompared(symbols);
  const nothing = unexplained(symbols);
  const share = values === 0 ? '' : `, ${percentText(nothing / values)} where ${unexplainedPercent} % may be`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>tickshard compare, ${timeframe}: ${judgement.verdict}</title><style>${STYLE}</style></head><body>
<h1>Our candles against ${reference.polled === true ? "the broker's" : 'the reference'}</h1>
<p class="verdict${judgement.verdict === 'pass' ? '' : ' fail'}">${escapeHtml(verdictLine(comparison, judgement, context))}</p>
<dl><dt>Ours</dt><dd>${escapeHtml(originText(ours))}</dd><dt>Reference</dt><dd>${escapeHtml(originText(reference))}</dd>
<dt>Timeframe</dt><dd>${timeframe}</dd>
<dt>Days</dt><dd>${spans.map((span) => spanText(span, timeframe)).join(', ') || 'none'}</dd>
<dt>Values</dt><dd>${values} compared; more than a tick apart ${explained(symbols)} with a cause, ${nothing} without${share}</dd>
<dt>Compared</dt><dd>${istStamp(comparedWallMs)}</dd></dl>
<h2>Causes of differences</h2>${causeBar(comparison)}
<h2>Symbols</h2>${symbolTable(comparison)}
<h2>Where in the day</h2>${days(comparison)}
<h2>Differing ${nounOf(timeframe)}s</h2>${differenceTable(comparison)}
${missingList(comparison)}
${notes.length === 0 ? '' : `<h2>Notes</h2>${notes.map((note) => `<p>${escapeHtml(note)}</p>`).join('')}`}
</body></html>
`;
}
