/** Makes docs/faults.md from the rows that the tests run (`npm run faults`). */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CATALOGUE, isFaultName } from '../../src/sim/faults/catalogue.js';
import { shipped } from '../../src/paths.js';
import { ROWS, type Row } from './catalogue.js';

export const DOCUMENT = fileURLToPath(shipped('docs/faults.md'));

const code = (text: string): string => `\`${text}\``;

function brokerDoes({ faults }: Row): string {
  return faults
    .map((fault) => {
      const name = fault.split(':')[0];
      return isFaultName(name) ? CATALOGUE[name].does.replace(/\.$/, '') : '';
    })
    .join('; then ');
}

function gatesOf({ gates, exit }: Row): string {
  if (exit !== undefined) return `none: no run, exit ${exit}`;
  const turns = Object.entries(gates).map(
    ([gate, turned]) => `${code(gate)} ${typeof turned === 'string' ? turned : turned.join(' or ')}`,
  );
  return turns.length === 0 ? 'none' : turns.join(', ');
}

function reportSays({ says, counted, gap, exit }: Row): string {
  const words = says.map((text) =>
    text.startsWith('"')
      ? code(text.replaceAll('"', '').replaceAll(',', ', ').replaceAll(':', ': '))
      : `"${text}"`,
  );
  const all = [
    ...words,
    ...(counted === undefined ? [] : [`${code(`counters.${counted}`)} above 0`]),
    ...(gap === undefined ? [] : ['the span in `unseen.gaps`']),
  ];
  if (all.length === 0) return 'nothing';
  return `${exit === undefined ? '' : 'standard error: '}${all.join('; ')}`;
}

function candlesOf({ untouched, gap, exit }: Row): string {
  if (exit !== undefined) return '-';
  if (gap !== undefined)
    return 'partial with `gap_ms` where the gap touches them, the others as without the fault';
  return untouched ? 'as without the fault' : 'of the packets that came';
}

/** The page's text. */
export function faultsDocument(): string {
  const head = ['fault', 'the broker', 'the client', 'the report says', 'gates that turn', 'candles'];
  const rows = ROWS.map((row) => [
    row.faults.map(code).join(' ') + (row.mode === undefined ? '' : ` (${row.mode})`),
    brokerDoes(row),
    row.client,
    reportSays(row),
    gatesOf(row),
    candlesOf(row),
  ]);
  return [
    '# Faults of the broker, and what a run does about them',
    '',
    'Written by `npm run faults` from the data of the tests (`test/faults/catalogue.ts`). The tests run every row and',
    'compare this page with them. Each row is a run of four minutes (`half-open`: six) of RELIANCE, TCS and INFY on the',
    'simulated broker, at sixty times real time. Silence and lost pongs are detected twenty times sooner than in',
    'production. `tickshard simulate --faults` lists all faults with their arguments.',
    '',
    '- A gate that is `warn or fail` fails if more than 5 % of the run passed without the feed: 12 market seconds here, a',
    '  fifth of a real second.',
    '- `lag` and `performance` may warn in any row, because an accelerated market magnifies the delays of a busy machine.',
    '- "As without the fault": every whole minute has the open, high, low, close and volume of a run without the fault.',
    '- A symbol that is mute while others tick cannot be told from one that did not trade. Gate `fresh` names it meanwhile,',
    '  and the log keeps the change.',
    '',
    `| ${head.join(' | ')} |`,
    `| ${head.map(() => '---').join(' | ')} |`,
    ...rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`),
    '',
  ].join('\n');
}

if (process.argv[1]?.endsWith('document.js') === true) writeFileSync(DOCUMENT, faultsDocument());
