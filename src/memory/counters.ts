/**
 * The main thread's counters, in shared memory for observers on other threads. Only main writes them. The shards
 * count rows (`shard-reader.ts`). "Unadmitted": rejected by the packet filter.
 */

export const COUNTER = {
  /** Binary messages of the socket. */
  binary: 0,
  /** Refused by decode: wrong length for the mode. */
  refusedLength: 1,
  /** Refused: unknown mode. */
  refusedMode: 2,
  decoded: 3,
  /** Decoded, then rejected: no such exchange type. */
  unadmittedExchange: 4,
  /** Not an instrument of this run. */
  unadmittedToken: 5,
  /** Not the subscribed mode. */
  unadmittedMode: 6,
  /** Price not above zero, above 2^53 - 1, or contradicted by its own packet. */
  unadmittedPrice: 7,
  /** Impossible, or so far ahead that no other frame agreed. */
  unadmittedTime: 8,
  /** Packets written into a ring. */
  routed: 9,
  /** Records skipped after three threads died at them. */
  poison: 10,
  textPong: 11,
  textError: 12,
  textOther: 13,
  seals: 14,
  /** Includes those at the run's start and end. */
  gaps: 15,
  pauses: 16,
  /** Real ms. */
  pausedMs: 17,
  /** Shard threads that died. */
  workerDeaths: 18,
  /** Held until others agreed with their time. */
  held: 19,
  /** Admitted with a price outside the packet's own day range. */
  outsideRange: 20,
  /** A sequence that its counter cannot have reached, and with which no others agreed. */
  unadmittedSequence: 21,
  /** Held until others agreed with their sequence. */
  heldSequence: 22,
} as const;

export type CounterName = keyof typeof COUNTER;

/** All zero. */
export function newCounters(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(Object.keys(COUNTER).length * 8));
}
