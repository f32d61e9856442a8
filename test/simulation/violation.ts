/** What must hold after every run, and what is thrown when it does not. */

export const INVARIANTS = {
  shards:
    'The same calls give the same candles, quality rows and first-sealed candles for 1, 2, 4 and 8 shards, however their steps are interleaved.',
  naive: 'Candles, quality and counts equal a naive fold of the admitted frames.',
  conservation:
    'Each message is accounted for exactly once, and no ring ever holds more than it has room for.',
  throws: 'Nothing throws, whatever bytes arrive and whatever happens when.',
  killed:
    'A shard that is killed at any store and replaced loses nothing and does nothing twice, and no reader sees half a record meanwhile.',
  sink: 'Whatever the sink refused and whenever the writer died: per minute it holds what was sealed, sorted, once, and in the end the last of it.',
  connection:
    'One connection at a time, never stuck; a mute feed is replaced within 60 s, a dropped one within 30 s; each end is reported once.',
  partial:
    'A minute in which something was not seen is partial with a gap, and no minute that was seen whole is.',
  sealed: 'A sealed candle changes only with `late` and `revision`, and a candle as first sealed never.',
  marketTime: 'Frames of a wrong time do not drag market time, unless three agree.',
} as const;

export type Invariant = keyof typeof INVARIANTS;

export class Violation extends Error {
  readonly invariant: Invariant;

  constructor(invariant: Invariant, what: string) {
    super(what);
    this.invariant = invariant;
  }
}

/** Throws a Violation unless `holds`. */
export function must(invariant: Invariant, holds: boolean, what: () => string): void {
  if (!holds) throw new Violation(invariant, what());
}

/** Time of day in India. */
export function clockOf(ms: number): string {
  return new Date(ms + 19_800_000).toISOString().slice(11, 23);
}
