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

it('reports a gate once, when its status changes', () => {
  const transitions = new GateTransitions();
  expect(transitions.since([gate('fresh', 'pass')])).toEqual([]);
  expect(transitions.since([gate('fresh', 'pass')])).toEqual([]);
  expect(transitions.since([gate('fresh', 'fail')])).toEqual([
    { gate: gate('fresh', 'fail'), before: 'pass' },
  ]);
  expect(transitions.since([gate('fresh', 'fail')])).toEqual([]);
});

it('does not report a change to skip, and reports the next change as one from skip', () => {
  const transitions = new GateTransitions();
  transitions.since([gate('lag', 'pass')]);
  expect(transitions.since([gate('lag', 'skip')])).toEqual([]);
  expect(transitions.since([gate('lag', 'warn')])).toEqual([{ gate: gate('lag', 'warn'), before: 'skip' }]);
});

it('does not report gates that need the end of the run', () => {
  const transitions = new GateTransitions();
  transitions.since([gate('output', 'skip')]);
  expect(transitions.since([gate('output', 'pass')])).toEqual([]);
});
