/**
 * The cash segment's sequence numbers: one counter for the whole segment, about 700 a second (docs/protocol.md 7), of which our names are
 * a few. A number is a place in time, `frame x lanes + lane + 1`, and each instrument owns one lane of every frame. So the counter
 * rises strictly over all packets, has gaps everywhere, and depends neither on who subscribed nor on which other names exist.
 */

import type { Listing } from '../market/instrument.js';

/** Real exchanges number 700 packets a second; four frames of 175 lanes do too. */
export const FRAME_MS = 250;
const LANES = 175;

// With it no two of the 50 shipped names want the same lane (test/sim/market.test.ts), so these keep their lanes in any company.
const SPREAD = 0x5042bcaf;

export interface SequenceAllocator {
  /** Lanes of a frame: 175, and a multiple of it where there are more instruments than that. */
  readonly lanes: number;
  /** Each instrument's lane, in the order of the listings. */
  readonly laneOf: readonly number[];
}

/** Gives every instrument a lane: by its token where that is free, else the next free one. */
export function sequenceAllocator(listings: readonly Listing[]): SequenceAllocator {
  const lanes = LANES * Math.max(1, Math.ceil(listings.length / LANES));
  const taken = new Set<number>();
  const laneOf = listings.map(({ token }) => {
    let lane = (Math.imul(Number(token), SPREAD) >>> 0) % lanes;
    while (taken.has(lane)) lane = (lane + 1) % lanes;
    taken.add(lane);
    return lane;
  });
  return { lanes, laneOf };
}
