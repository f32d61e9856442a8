/**
 * What a seed is: the market, the machine it meets, and the kinds of trouble that it has. Everything else follows
 * from it.
 */
import { istMs } from '../../src/market/session.js';
import { seededRandom, type Random } from '../../src/random.js';
import { DATE, INSTRUMENTS } from '../listed.js';
import type { NaiveInstrument, NaiveMode } from '../naive.js';

/** Trouble, by kind. Some are switched off in each run, so that others can be seen alone. */
export const TROUBLES = [
  // How connections end and do not begin.
  'close', 'drop', 'halfOpen', 'mute', 'shortMute', 'pongsLost', 'refuse401', 'refuse403', 'refuse429', 'refuse500', 'unreachable', 'noAnswer', 'loginFails', 'tokensExpire',
  // What the server sends in addition to or instead of what it should.
  'duplicate', 'reorder', 'late', 'oldCached', 'noCached', 'truncated', 'oversize', 'unknown', 'garbage', 'zeroPrice', 'zeroTime', 'volumeFalls', 'sequenceAnew', 'muteSymbol', 'text',
  'strayVolume', 'straySequence', 'counterRestarts',
  // Times.
  'strayFar', 'strayNear', 'strayAgreed', 'exchangeStep', 'wallJump', 'stall',
  // Our own machine.
  'flood', 'shardSleeps', 'shardDies', 'shardDiesIdle', 'writerDies', 'writerRefuses',
] as const; // prettier-ignore
export type Trouble = (typeof TROUBLES)[number];

/**
 * Trouble that makes the exchange's own time lie: the minute of a lost frame is then unknown.
 */
const LYING: readonly Trouble[] = ['strayNear', 'strayAgreed', 'exchangeStep'];

/** Trouble that has packets held for their time; and for their sequence: which of two holds one would be unknown. */
const HELD_FOR_TIME: readonly Trouble[] = ['strayFar', 'strayAgreed', 'exchangeStep', 'wallJump'];
const HELD_FOR_SEQUENCE: readonly Trouble[] = ['straySequence', 'counterRestarts', 'sequenceAnew'];
/** Clocks further apart have packets held for their time from the start. */
const MAX_AHEAD_MS = 10_000;

export interface Nature {
  readonly seed: number;
  readonly mode: NaiveMode;
  readonly shards: number;
  readonly slots: number;
  readonly graceMs: number;
  readonly instruments: readonly NaiveInstrument[];
  /** Whether frames carry no sequence, as those of indices. */
  readonly unnumbered: boolean;
  /** Trades a second, by instrument. */
  readonly rates: readonly number[];
  /** The exchange's true time at the start, epoch ms. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Ms by which the exchange's stamps are ahead of true time, and our market clock. */
  readonly exchangeAheadMs: number;
  readonly clockAheadMs: number;
  /** Real ms that the network takes, one way. */
  readonly latencyMs: number;
  readonly unattended: boolean;
  readonly troubles: readonly Trouble[];
  readonly meanTroubleMs: number;
  /** Whether the exchange's stamps tell the truth but for a constant. */
  readonly truthful: boolean;
}

/** Eight that differ in all that matters. */
const TRADED: readonly NaiveInstrument[] = [
  ...INSTRUMENTS,
  { symbol: 'TCS', exchangeType: 1, token: '11536' },
  { symbol: 'SBIN', exchangeType: 1, token: '3045' },
];

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)];
}

/** A whole number from `from` to `to`, both included. */
export function between(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

export function natureOf(seed: number): Nature {
  const random = seededRandom(seed, 1);
  const count = between(random, 1, TRADED.length);
  // One run in eight has no trouble at all: what it then says of minutes must be perfect. Many have one or two kinds:
  // what they do is not hidden by what others do.
  const kind = random();
  const share = pick(random, [0.1, 0.3, 0.6, 1]);
  const few = [pick(random, TROUBLES), pick(random, TROUBLES)];
  const many = TROUBLES.filter((trouble) => random() < (LYING.includes(trouble) ? share / 3 : share));
  const chosen = kind < 0.125 ? [] : kind < 0.45 ? TROUBLES.filter((trouble) => few.includes(trouble)) : many;
  const nature = {
    seed,
    mode: pick(random, [1, 2, 3] as const),
    shards: pick(random, [1, 2, 3, 4, 8]),
    slots: pick(random, [4096, 4096, 8192]),
    graceMs: pick(random, [0, 1000, 3000, 10_000]),
    instruments: TRADED.slice(0, count),
    unnumbered: random() < 0.2,
    rates: TRADED.slice(0, count).map(() => pick(random, [0.2, 1, 2, 4])),
    startMs: istMs(DATE, pick(random, ['11:00:00', '11:00:20', '09:14:10', '15:12:40', '15:27:20'])),
    durationMs: between(random, 60, 280) * 1000,
    exchangeAheadMs: pick(random, [0, 0, 700, -120_000, 180_000]),
    clockAheadMs: pick(random, [0, 0, -40, -150_000, 150_000]),
    latencyMs: between(random, 3, 150),
    unattended: random() < 0.3,
    meanTroubleMs: pick(random, [4000, 10_000, 30_000]),
  };
  const clocks = Math.abs(nature.exchangeAheadMs) + Math.abs(nature.clockAheadMs);
  const timeHeld = clocks > MAX_AHEAD_MS || chosen.some((trouble) => HELD_FOR_TIME.includes(trouble));
  const troubles = chosen.filter((trouble) => !timeHeld || !HELD_FOR_SEQUENCE.includes(trouble));
  return { ...nature, troubles, truthful: !troubles.some((trouble) => LYING.includes(trouble)) };
}
