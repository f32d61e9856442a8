/**
 * The main thread's counters, in shared memory so that observers on other threads can read them. Only main writes them.
 * Counts of rows are in the shards' memory (`shard-reader.ts`). The report calls packets that the filter rejects
 * "unadmitted".
 */

export const COUNTER = {
  /** Binary messages delivered by the socket. */
  binary: 0,
  /** Refused by decode: length wrong for the mode. */
  refusedLength: 1,
  /** Refused by decode: unknown mode. */
  refusedMode: 2,
  decoded: 3,
  /** Decoded, then rejected: the exchange type does not exist. */
  unadmittedExchange: 4,
  /** Not an instrument of this run. */
  unadmittedToken: 5,
  /** Not the subscribed mode. */
  unadmittedMode: 6,
  /** Price not above zero, or above 2^53 - 1. */
  unadmittedPrice: 7,
  /** Time impossible, or so far ahead that no other frame agreed. */
  unadmittedTime: 8,
  /** Packets written into a ring. */
  routed: 9,
  /** Records skipped because three threads died at them. */
  poison: 10,
  textPong: 11,
  textError: 12,
  textOther: 13,
  /** SEAL decisions. */
  seals: 14,
  /** Gaps, including those at the run's start and end. */
  gaps: 15,
  /** Times that the socket was paused. */
  pauses: 16,
  /** Real milliseconds paused. */
  pausedMs: 17,
  /** Shard threads that died and were replaced. */
  workerDeaths: 18,
  /** Packets held until others agreed with their time. */
  held: 19,
} as const;

export type CounterName = keyof typeof COUNTER;

/** New counters, all zero. */
export function newCounters(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(Object.keys(COUNTER).length * 8));
}
