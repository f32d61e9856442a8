/** Faults of all open connections at one moment. */

import type { ActiveFault } from './active-fault.js';
import type { FaultName } from './catalogue.js';
import { numberOf } from './fault.js';
import type { Link } from './link.js';

export interface FaultTarget {
  readonly link: Link;
  /** One of each subscription. */
  lastFrames(): Uint8Array[];
}

/** For faults beyond one connection. */
export interface FaultBroker {
  /** All tokens issued so far. */
  readonly expire: () => void;
}

export interface MomentFault {
  /** To one connection. */
  readonly apply: (fault: ActiveFault, target: FaultTarget) => void;
  /** Once at the moment, also without connections. */
  readonly once?: (broker: FaultBroker) => void;
  /** Default: all connections. */
  readonly appliesTo?: (target: FaultTarget) => boolean;
  /** `apply` counts its strikes. */
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
