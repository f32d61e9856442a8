/** docs/faults.md and the catalogue of faults. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FAULT_NAMES } from '../../src/sim/faults/catalogue.js';
import { ROWS } from './catalogue.js';
import { DOCUMENT, faultsDocument } from './document.js';

it('every fault that there is has its row, and docs/faults.md is written from them', () => {
  expect(new Set(ROWS.flatMap(({ faults }) => faults.map((fault) => fault.split(':')[0])))).toEqual(
    new Set(FAULT_NAMES),
  );
  expect(readFileSync(DOCUMENT, 'utf8'), 'npm run faults writes it again').toBe(faultsDocument());
});
