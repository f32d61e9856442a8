/**
 * Sequence numbers of the cash segment: one counter of about 700 a second (habit `sequence`). A number is a place
 * in time, `frame x slotsPerFrame + slot + 1`; each instrument has one slot of every frame. So numbers rise over all
 * packets, have gaps, and depend on neither subscriptions nor other instruments.
 */

import type { Listing } from '../market/instrument.js';
import { HABITS } from './habits/catalogue.js';

export const FRAME_MS = 250;
const FRAMES_A_SECOND = 1000 / FRAME_MS;

// Of 700 numbers a second, no two of the 50 shipped instruments share a slot with this multiplier
// (test/sim/market.slow.test.ts), so theirs never change.
const SPREAD = 0x5042bcaf;

export interface SequenceAllocator {
  /** 175 of 700 numbers a second, or a multiple for more instruments. */
  readonly slotsPerFrame: number;
  /** By listing. */
  readonly slotOf: readonly number[];
}

/** Gives every instrument its token's slot if free, else the next free one. */
export function sequenceAllocator(
  listings: readonly Listing[],
  numbersASecond = HABITS.sequence.preset,
): SequenceAllocator {
  const slots = Math.ceil(numbersASecond / FRAMES_A_SECOND);
  const slotsPerFrame = slots * Math.max(1, Math.ceil(listings.length / slots));
  const taken = new Set<number>();
  const slotOf = listings.map(({ token }) => {
    let slot = (Math.imul(Number(token), SPREAD) >>> 0) % slotsPerFrame;
    while (taken.has(slot)) slot = (slot + 1) % slotsPerFrame;
    taken.add(slot);
    return slot;
  });
  return { slotsPerFrame, slotOf };
}
