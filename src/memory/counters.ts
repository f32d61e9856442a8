/**
 * The main thread's counters: an enum with a sentence each, in shared memory, so that an observer reads them without
 * asking. Main writes all of them; the rows' counts are in the shards' memory (`shard-reader.ts`).
 */

export const COUNTER = {
  /** Binary messages delivered by the socket. */
  binary: 0,
  /** Refused by decode: wrong length for the mode. */
  refusedLength: 1,
  /** Refused by decode: unknown mode. */
  refusedMode: 2,
  decoded: 3,
  /** Decoded, but of an exchange type that does not exist. */
  unadmittedExchange: 4,
  /** Decoded, but no instrument of this run. */
  unadmittedToken: 5,
  /** Decoded, but not the subscribed mode. */
  unadmittedMode: 6,
  /** Price not above zero, or beyond 2^53 - 1. */
  unadmittedPrice: 7,
  /** A time that is impossible, or that dragged market time alone. */
  unadmittedTime: 8,
  /** Packets written into a ring. */
  routed: 9,
  /** Records skipped after three deaths of a worker at them. */
  poison: 10,
  textPong: 11,
  textError: 12,
  textOther: 13,
  /** SEAL decisions. */
  seals: 14,
  /** Spans without sight, the start and the end of the run included. */
  gaps: 15,
  /** Times that the socket was paused because a ring was nearly full. */
  pauses: 16,
  /** Real milliseconds paused. */
  pausedMs: 17,
  /** Worker threads that died and were replaced. */
  workerDeaths: 18,
  /** Frames kept until others agree with their time. */
  held: 19,
} as const;

export type CounterName = keyof typeof COUNTER;

/** Fresh counters, all zero. */
export function newCounters(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(Object.keys(COUNTER).length * 8));
}
