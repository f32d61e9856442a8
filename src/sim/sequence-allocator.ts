/**
 * Sequence numbers of the cash segment: one counter of about 700 a second (docs/protocol.md 7), of which our
 * instruments have a few. A number is a place in time, `frame x slotsPerFrame + slot + 1`, and each instrument
 * has one slot of every frame. So numbers rise over all packets, have gaps, and depend neither on subscriptions
 * nor on the other instruments.
 */

import type { Listing } from '../market/instrument.js';

/** Four frames of 175 slots make 700 numbers a second, as on the real exchange. */
export const FRAME_MS = 250;
const SLOTS = 175;

// With this multiplier no two of the 50 shipped instruments share a slot (test/sim/market.test.ts), so theirs
// never change.
const SPREAD = 0x5042bcaf;

export interface SequenceAllocator {
  /** 175, or a multiple of it if there are more instruments. */
  readonly slotsPerFrame: number;
  /** By listing. */
  readonly slotOf: readonly number[];
}

/** Gives every instrument a slot: the one of its token if free, else the next free one. */
export function sequenceAllocator(listings: readonly Listing[]): SequenceAllocator {
  const slotsPerFrame = SLOTS * Math.max(1, Math.ceil(listings.length / SLOTS));
  const taken = new Set<number>();
  const slotOf = listings.map(({ token }) => {
    let slot = (Math.imul(Number(token), SPREAD) >>> 0) % slotsPerFrame;
    while (taken.has(slot)) slot = (slot + 1) % slotsPerFrame;
    taken.add(slot);
    return slot;
  });
  return { slotsPerFrame, slotOf };
}
