/** A quarter of an hour of faults of different kinds, one after another with pauses, picked by a seed. Pure. */

import { seededRandom, type Random } from '../../random.js';
import type { FaultName } from './catalogue.js';
import { parseFault, type Fault } from './fault.js';

/**
 * Faults that a client must survive, by kind. Without those that end or outlast a run: limits, bans, subscriptions
 * never answered, and half-open connections (detected after real seconds).
 */
const KINDS: readonly (readonly FaultName[])[] = [
  ['drop', 'close', 'reset', 'expire'],
  ['refuse-401', 'refuse-500', 'slow-handshake', 'stale-cache'],
  ['mute', 'mute-symbol', 'pong-lost'],
  ['duplicate', 'reorder', 'late'],
  [
    'zero-price',
    'zero-time',
    'volume-falls',
    'volume-spikes',
    'sequence-strays',
    'counter-restarts',
    'clock',
  ],
  ['truncated', 'oversize', 'unknown-mode', 'garbage', 'error-as-binary', 'joined', 'fragments', 'burst'],
];
/** These strike only at connecting, so the connection is dropped for them. */
const AT_CONNECTING: ReadonlySet<FaultName> = new Set(KINDS[1]);
const RETURN_SECONDS = 120;
/** Defaults are too much for a quarter of an hour. */
const MILDER: Readonly<Partial<Record<FaultName, string>>> = {
  burst: ',frames=100000',
  'slow-handshake': ',by=2',
};

const FIRST_SECONDS = { least: 30, most: 75 };
const LASTING_SECONDS = { least: 10, most: 45 };
const PAUSE_SECONDS = { least: 30, most: 75 };
const LAST_END_SECONDS = 840;
const STREAM = 0xfa017;

/** By time, within fourteen minutes. */
export function chaosFaults(seed: number): Fault[] {
  const random = seededRandom(seed, STREAM);
  const left = shuffled(
    KINDS.map((names) => shuffled(names, random)),
    random,
  );
  const faults: Fault[] = [];
  let at = between(random, FIRST_SECONDS);
  for (let turn = 0; ; turn++) {
    const lasting = between(random, LASTING_SECONDS);
    if (at + lasting > LAST_END_SECONDS) return faults;
    // Kinds in turn, no fault twice. There are too many kinds for one to run out.
    const name = left[turn % left.length].pop();
    if (name !== undefined) {
      if (AT_CONNECTING.has(name)) faults.push(parseFault(`drop:at=${at}`));
      const seconds = name === 'expire' ? '' : `,for=${AT_CONNECTING.has(name) ? RETURN_SECONDS : lasting}`;
      faults.push(parseFault(`${name}:at=${at}${seconds}${MILDER[name] ?? ''}`));
    }
    at += lasting + between(random, PAUSE_SECONDS);
  }
}

function between(random: Random, { least, most }: { readonly least: number; readonly most: number }): number {
  return least + Math.floor(random() * (most - least + 1));
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const order = [...list];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}
