/** Faults of one frame on its way to one connection: the messages sent instead. Pure. */

import type { Random } from '../../random.js';
import { ERROR_TEXT } from '../subscriptions.js';
import type { FaultName } from './catalogue.js';
import { numberOf, type Fault } from './fault.js';

/** `frame` is shared between connections: do not change it. */
export type Damage = (frame: Uint8Array, fault: Fault, random: Random) => Uint8Array[];

const NO_MODE = 9;
const MAX_GARBAGE_BYTES = 400;
const ERROR = Buffer.from(
  JSON.stringify({ correlationID: '', errorCode: 'E1001', errorMessage: ERROR_TEXT.E1001 }),
);

export const DAMAGE: Readonly<Partial<Record<FaultName, Damage>>> = {
  truncated: (frame, _fault, random) => [frame.subarray(0, 1 + Math.floor(random() * (frame.length - 1)))],
  oversize: (frame, fault) => {
    // Longer than the frame, also when two were joined before.
    const long = Buffer.alloc(Math.max(numberOf(fault, 'bytes'), frame.length + 1));
    long.set(frame);
    return [long];
  },
  'unknown-mode': (frame) => {
    const changed = Buffer.from(frame);
    changed[0] = NO_MODE;
    return [changed];
  },
  garbage: (frame, _fault, random) => {
    const bytes = Buffer.alloc(1 + Math.floor(random() * MAX_GARBAGE_BYTES)).map(() =>
      Math.floor(random() * 256),
    );
    // No valid mode, so never a frame by chance.
    bytes[0] |= 0x80;
    return [bytes, frame];
  },
  'error-as-binary': (frame) => [ERROR, frame],
};
