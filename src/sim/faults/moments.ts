/** Faults that happen to all open connections at one moment. */

import type { ActiveFault } from './active-fault.js';
import type { FaultName } from './catalogue.js';
import { numberOf } from './fault.js';
import type { Link } from './link.js';

/** A connection that a fault can happen to. */
export interface FaultTarget {
  readonly link: Link;
  /** The last frame of each of its subscriptions. */
  lastFrames(): Uint8Array[];
}

/** What the broker offers to faults that go beyond one connection. */
export interface FaultBroker {
  /** Lets all tokens issued so far expire. */
  readonly expire: () => void;
}

export interface MomentFault {
  /** What happens to one connection. */
  readonly apply: (fault: ActiveFault, target: FaultTarget) => void;
  /** Happens once at the moment, also when nothing is connected. */
  readonly once?: (broker: FaultBroker) => void;
  /** The connections it applies to; all of them where this is absent. */
  readonly appliesTo?: (target: FaultTarget) => boolean;
  /** Whether `apply` counts its strikes itself. */
  readonly countsItself?: boolean;
}

export const MOMENT_FAULTS: Readonly<Partial<Record<FaultName, MomentFault>>> = {
  drop: { apply: (_, { link }) => link.drop() },
  close: {
    apply: ({ fault }, { link }) => link.close(numberOf(fault, 'code'), 'as was asked for by --fault close'),
  },
  reset: { apply: (_, { link }) => link.reset() },
  expire: {
    once: (broker) => broker.expire(),
    apply: ({ fault }, { link }) => link.close(numberOf(fault, 'code'), 'session expired'),
  },
  'half-open': { apply: (active, { link }) => link.halfOpen(active) },
  burst: {
    appliesTo: (target) => target.lastFrames().length > 0,
    // By frames, as they are sent.
    countsItself: true,
    apply: (active, target) => target.link.burst(active, target.lastFrames()),
  },
};
