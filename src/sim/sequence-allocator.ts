/**
 * The cash segment's sequence numbers: one counter for the whole segment, about 700 a second (docs/protocol.md 7), of which our names are
 * a few. A number is a place in time, `frame x slotsPerFrame + slot + 1`, and each instrument owns one slot of every frame. So the counter
 * rises strictly over all packets, has gaps everywhere, and depends neither on who subscribed nor on which other names exist.
 */

import type { Listing } from '../market/instrument.js';

/** Real exchanges number 700 packets a second; four frames of 175 slotsPerFrame do too. */
export const FRAME_MS = 250;
const SLOTS = 175;

// With it no two of the 50 shipped names want the same slot (test/sim/market.test.ts), so these keep their slotsPerFrame in any company.
const SPREAD = 0x5042bcaf;

export interface SequenceAllocator {
  /** Slots of a frame: 175, and a multiple of it where there are more instruments than that. */
  readonly slotsPerFrame: number;
  /** Each instrument's slot, in the order of the listings. */
  readonly slotOf: readonly number[];
}

/** Gives every instrument a slot: by its token where that is free, else the next free one. */
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
