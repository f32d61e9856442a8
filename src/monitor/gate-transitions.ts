/** Notices when a gate turns while the run goes on. */
import type { Gate, Status } from '../gates/gate.js';

/** Gates that can turn before the end; the others need it. */
export const LIVE_GATES: readonly Gate['id'][] = [
  'connected',
  'subscribed',
  'ticking',
  'fresh',
  'lag',
  'candles',
  'momentum',
  'no-rest',
];

/** A gate that is not what it was. */
export interface GateTransition {
  readonly gate: Gate;
  readonly before: Status;
}

export class GateTransitions {
  readonly #last = new Map<Gate['id'], Status>();

  /** The live gates among `gates` that turned since the last call. One that is not judged for now has not turned. */
  since(gates: readonly Gate[]): GateTransition[] {
    return gates.flatMap((gate) => {
      if (!LIVE_GATES.includes(gate.id)) return [];
      const before = this.#last.get(gate.id);
      this.#last.set(gate.id, gate.status);
      return before === undefined || before === gate.status || gate.status === 'skip'
        ? []
        : [{ gate, before }];
    });
  }
}
