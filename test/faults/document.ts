/** docs/faults.md, from the rows that the tests run: `npm run faults` writes it. */
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
  if (gap !== undefined) return 'those touched are partial with `gap_ms`, the others as without the fault';
  return untouched ? 'as without the fault' : 'of what came: the feed told no more';
}

/** The document's text. */
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
    '# What a broker that misbehaves makes of a run',
    '',
    'Written by `npm run faults` from the data of the tests (`test/faults/catalogue.ts`); `npm test` runs every row and holds this file to them.',
    'Each row is a run of four minutes (`half-open` of six), RELIANCE, TCS and INFY on the simulated broker at sixty times real time, with a feed that notices silence and',
    'lost pongs twenty times as soon as in use. `tickshard simulate --faults` lists all faults with their arguments.',
    '',
    '- A gate that is `warn or fail` fails where more than 5 % of the run passed without the feed, which is 12 s here: a fifth of a real second.',
    '- `lag` and `performance` may warn in any row: an accelerated market makes much of a machine that is busy.',
    '- "As without the fault": every minute that was seen whole has the open, high, low, close and volume of a run without it.',
    '- Not seen by anybody: one symbol mute for a while among others that go on. Whether it traded cannot be known; gate `fresh` names it while it lasts, the log keeps the turn.',
    '',
    `| ${head.join(' | ')} |`,
    `| ${head.map(() => '---').join(' | ')} |`,
    ...rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`),
    '',
  ].join('\n');
}

if (process.argv[1]?.endsWith('document.js') === true) writeFileSync(DOCUMENT, faultsDocument());
