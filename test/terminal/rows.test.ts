import { describe, expect, it } from 'vitest';
import { terminalOn } from '../../src/run/presenter.js';
import { statusRow } from '../../src/terminal/rows.js';

const row = {
  status: 'fail',
  title: 'Momentum evaluation executed (dry run)',
  observed: '0 full evaluations, 0 signals, 15 insufficient: no history was given',
  remedy: 'Give --history or --warm-up.',
} as const;
const plain = (_status: string, text: string): string => text;

describe('a row of the checklist', () => {
  it('has two columns where they fit', () => {
    expect(statusRow(row, row.title.length, plain, 100)).toBe(
      [
        '  [fail] Momentum evaluation executed (dry run)  0 full evaluations, 0 signals, 15 insufficient: no',
        `${' '.repeat(49)}history was given`,
        '         Give --history or --warm-up.',
      ].join('\n'),
    );
  });

  it.each([40, 20, 1])('never has one word a line: %i columns', (columns) => {
    expect(statusRow(row, row.title.length, plain, columns)).toBe(
      [
        '  [fail] Momentum evaluation executed (dry run)',
        ...(columns === 40
          ? [
              '         0 full evaluations, 0 signals,',
              '         15 insufficient: no history',
              '         was given',
            ]
          : [
              '         0 full evaluations, 0',
              '         signals, 15',
              '         insufficient: no history',
              '         was given',
            ]),
        ...(columns === 40
          ? ['         Give --history or --warm-up.']
          : ['         Give --history or', '         --warm-up.']),
      ].join('\n'),
    );
  });
});

describe('a terminal', () => {
  it.each([0, undefined])('that does not know its size (%s columns) gets the usual one', (columns) => {
    const stream = { isTTY: true, columns, rows: columns, write: () => true };
    expect(terminalOn(stream as unknown as NodeJS.WriteStream).columns).toBe(100);
  });
});
