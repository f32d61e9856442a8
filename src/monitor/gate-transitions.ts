/** Notices changes of a gate's status. */
import type { Status } from '../gates/gate.js';
import { isLive, type GateId, type GateResult } from '../gates/gates.js';

export interface GateTransition {
  readonly gate: GateResult;
  readonly before: Status;
}

export class GateTransitions {
  readonly #last = new Map<GateId, Status>();

  /** Live gates that changed since the last call; `skip` (not judged for now) is no change. */
  since(results: readonly GateResult[]): GateTransition[] {
    return results.flatMap((gate) => {
      if (!isLive(gate.id)) return [];
      const before = this.#last.get(gate.id);
      this.#last.set(gate.id, gate.status);
      return before === undefined || before === gate.status || gate.status === 'skip'
        ? []
        : [{ gate, before }];
    });
  }
}
