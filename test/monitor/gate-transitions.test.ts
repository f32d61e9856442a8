import { expect, it } from 'vitest';
import type { Status } from '../../src/gates/gate.js';
import type { GateResult } from '../../src/gates/gates.js';
import { GateTransitions } from '../../src/monitor/gate-transitions.js';

const gate = (id: GateResult['id'], status: Status): GateResult => ({
  id,
  status,
  observed: '',
  expected: '',
});

it('tells of a gate once, when it is another than before', () => {
  const turns = new GateTransitions();
  expect(turns.since([gate('fresh', 'pass')])).toEqual([]);
  expect(turns.since([gate('fresh', 'pass')])).toEqual([]);
  expect(turns.since([gate('fresh', 'fail')])).toEqual([{ gate: gate('fresh', 'fail'), before: 'pass' }]);
  expect(turns.since([gate('fresh', 'fail')])).toEqual([]);
});

it('takes no judgement withheld for a turn, and tells from what it was withheld', () => {
  const turns = new GateTransitions();
  turns.since([gate('lag', 'pass')]);
  expect(turns.since([gate('lag', 'skip')])).toEqual([]);
  expect(turns.since([gate('lag', 'warn')])).toEqual([{ gate: gate('lag', 'warn'), before: 'skip' }]);
});

it('says nothing of gates that only the end can judge', () => {
  const turns = new GateTransitions();
  turns.since([gate('output', 'skip')]);
  expect(turns.since([gate('output', 'pass')])).toEqual([]);
});
