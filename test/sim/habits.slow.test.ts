/** The simulator's frames, measured as those of the real feed were. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { HABIT_NAMES } from '../../src/sim/habits/catalogue.js';
import { figureRows, PROTOCOL_PAGE, withFigures } from './habits-document.js';
import { figuresOf } from './habits-measured.js';

const TOLERANCE = 0.2;
const figures = figuresOf();

it('every figure is within 20 % of the measured one, and docs/protocol.md has both', () => {
  const off = figures.filter(
    ({ real, value }) => real !== undefined && Math.abs(value - real) > TOLERANCE * real,
  );
  expect(off).toStrictEqual([]);
  const page = readFileSync(PROTOCOL_PAGE, 'utf8');
  expect(withFigures(page, figureRows(figures)), 'npm run habits writes it again').toBe(page);
});

it('every habit of the frames has a figure; trades in bursts are measured with the accuracy', () => {
  const named = new Set<string>(figures.map(({ habit }) => habit));
  expect(HABIT_NAMES.filter((name) => !named.has(name))).toStrictEqual(['bursts']);
});
