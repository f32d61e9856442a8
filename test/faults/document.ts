/** Makes docs/faults.md from the rows that the tests run (`npm run faults`). */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CATALOGUE, isFaultName } from '../../src/sim/faults/catalogue.js';
import { shipped } from '../../src/paths.js';
import { ROWS } from './catalogue.js';
import type { Row } from './row.js';

export const DOCUMENT = fileURLToPath(shipped('docs/faults.md'));

const code = (text: string): string => `\`${text}\``;

function brokerDoes({ faults }: Row): string {
  const does = faults.map((fault) => {
    const name = fault.split(':')[0];
    return isFaultName(name) ? CATALOGUE[name].does.replace(/\.$/, '') : '';
  });
  return [...new Set(does)].join('; then ');
}

function gatesOf({ gates, exit, lag }: Row): string {
  if (exit !== undefined) return `none: no run, exit ${exit}`;
  const turns = Object.entries(gates).map(([gate, turned]) => `${code(gate)} ${turned}`);
  if (lag !== undefined) turns.push(`at a real speed ${code('lag')} ${lag.status}`);
  return turns.length === 0 ? 'none' : turns.join(', ');
}

function reportSays({ says, counted = {}, gaps = [], exit, lag }: Row): string {
  const words = says.map((text) =>
    text.startsWith('"')
      ? code(text.replaceAll('"', '').replaceAll(',', ', ').replaceAll(':', ': '))
      : `"${text}"`,
  );
  const all = [
    ...words,
    ...(lag === undefined ? [] : [`at a real speed "${lag.says}"`]),
    ...Object.entries(counted).map(([path, figure]) => `${code(`counters.${path}`)} ${figure}`),
    ...gaps.map((gap, k) => (k === 0 ? `${code('unseen.gaps')} ${gap}` : gap)),
  ];
  if (all.length === 0) return 'nothing';
  return `${exit === undefined ? '' : 'standard error: '}${all.join('; ')}`;
}

function candlesOf({ untouched, gaps, exit }: Row): string {
  if (exit !== undefined) return '-';
  if (!untouched) return 'of the packets that came';
  return gaps === undefined
    ? 'as without the fault'
    : 'partial with `gap_ms` where a gap touches them, the others as without the fault';
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
    'compare this page with them, in runs of RELIANCE, TCS and INFY on the simulated broker, for four to eleven minutes',
    'from 11:00, with `--speed max`: times and time-outs are those of real speed, and every figure is exact. Faults that',
    'strike in different minutes share a run. `tickshard simulate --faults` lists all faults with their arguments.',
    '',
    '- Gate `connected` fails if more than 5 % of the run passed without the feed: 12 seconds of four minutes.',
    '- `--speed max` skips gate `lag`. What it says at a real speed was seen at sixty times real time.',
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
