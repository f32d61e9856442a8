/**
 * `npm run habits`: writes docs/habits.md from the catalogue, and the table in docs/protocol.md that has the figures of
 * the simulator next to those of the recordings.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { shipped } from '../../src/paths.js';
import { boundsOf, HABIT_NAMES, HABITS } from '../../src/sim/habits/catalogue.js';
import { figuresOf, type Figure } from './habits-measured.js';

export const HABITS_PAGE = fileURLToPath(shipped('docs/habits.md'));
export const PROTOCOL_PAGE = fileURLToPath(shipped('docs/protocol.md'));

const HEAD = '| what, in frames as sent | habit | recordings | evidence | simulator |';

/** The text of docs/habits.md. */
export function habitsDocument(): string {
  const rows = HABIT_NAMES.map((name) => {
    const habit = HABITS[name];
    const cells = [`\`${name}\``, habit.does, habit.off, boundsOf(habit), `${habit.preset}`, habit.source];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [
    '# Habits of the simulated feed',
    '',
    'Written by `npm run habits` from `src/sim/habits/catalogue.ts`. The real feed was seen to do this without any fault;',
    'the simulated one does it at the measured value unless a run says otherwise. Facts are those of',
    '[feed-behaviour.md](feed-behaviour.md#measured). The figures of the simulator and of the recordings stand side by side',
    'in [protocol.md](protocol.md#7-what-the-frames-mean). What the broker does wrong is in [faults.md](faults.md).',
    '',
    '    npx tickshard --ws-test-mode --stage 1 --duration 10 --feed sim --habit delay=3 --habit price-first=off',
    '    npx tickshard simulate --habit all=off',
    '',
    '`--habit` may be repeated, and belongs to `--feed sim` and to `tickshard simulate`. Of two values of one habit the last',
    'counts. A report lists those that were changed. No habit but `bursts` changes a trade, so the candles of the simulated',
    'broker (`getCandleData`) are the true ones with each of them; candles of another `bursts` are of another feed.',
    '',
    '| habit | the feed | off: the feed | takes | as measured | source |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** The rows of the table in docs/protocol.md. */
export function figureRows(figures: readonly Figure[]): string[] {
  return figures.map(
    ({ name, habit, real, evidence, digits, value }) =>
      `| ${[name, `\`${habit}\``, real ?? '-', evidence, value.toFixed(digits)].join(' | ')} |`,
  );
}

/** `page`, docs/protocol.md, with other rows. */
export function withFigures(page: string, rows: readonly string[]): string {
  const lines = page.split('\n');
  const head = lines.indexOf(HEAD);
  if (head < 0) throw new Error('docs/protocol.md has no table of figures');
  const end = lines.findIndex((line, k) => k > head && !line.startsWith('|'));
  return [...lines.slice(0, head + 2), ...rows, ...lines.slice(end)].join('\n');
}

if (process.argv[1]?.endsWith('habits-document.js') === true) {
  writeFileSync(HABITS_PAGE, habitsDocument());
  const page = readFileSync(PROTOCOL_PAGE, 'utf8');
  writeFileSync(PROTOCOL_PAGE, withFigures(page, figureRows(figuresOf())));
}
