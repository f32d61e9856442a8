/** What the feed's machine promises about time and about ends, held against what it did. Real ms throughout. */
import type { ConnectionEnd } from '../../src/feed/disconnects.js';
import { must } from './violation.js';

/**
 * A mute feed is replaced within a minute, a dropped one within half a minute; without a pong it may stand for little
 * longer than it is watched.
 */
const MUTE_MS = 60_000;
const DROPPED_MS = 30_000;
const PONGLESS_MS = 40_000;

export class Promises {
  readonly #attempts = new Set<number>();
  readonly #reported = new Set<number>();
  /** The last packet, or since when one can be expected; and the same of pongs. */
  #heardMs = 0;
  #pongedMs = 0;
  /** The end that a new connection must soon follow, and how long our thread had been away by then. */
  #lost: { readonly atMs: number; readonly stalledMs: number; readonly withinMs: number } | undefined;

  heard(nowMs: number): void {
    this.#heardMs = nowMs;
  }

  ponged(nowMs: number): void {
    this.#pongedMs = nowMs;
  }

  /** Nothing could arrive until now. */
  excused(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#pongedMs = nowMs;
  }

  /** A log-in failed: what follows takes as long as it takes. */
  excuseDelay(): void {
    this.#lost = undefined;
  }

  /** A connection is asked for. `stalledMs`: how long our thread was away in all. */
  attempted(connection: number, nowMs: number, stalledMs: number): void {
    must('connection', !this.#attempts.has(connection), () => `connection ${connection} for the second time`);
    this.#attempts.add(connection);
    if (this.#lost === undefined) return;
    const tookMs = nowMs - this.#lost.atMs - (stalledMs - this.#lost.stalledMs);
    must(
      'connection',
      tookMs <= this.#lost.withinMs,
      () => `the next connection came ${Math.round(tookMs)} ms after the feed was lost`,
    );
    this.#lost = undefined;
  }

  reported(end: ConnectionEnd, nowMs: number, stalledMs: number): void {
    must(
      'connection',
      !this.#reported.has(end.connection),
      () => `the end of connection ${end.connection} was reported twice`,
    );
    must(
      'connection',
      this.#attempts.has(end.connection),
      () => `the end of connection ${end.connection} was reported, which never was`,
    );
    this.#reported.add(end.connection);
    if (end.cause === 'rate-limited' || end.cause === 'forbidden') this.#lost = undefined;
    else if (end.cause === 'mute')
      this.#lost = { atMs: Math.min(nowMs, this.#heardMs), stalledMs, withinMs: MUTE_MS };
    else this.#lost = { atMs: nowMs, stalledMs, withinMs: DROPPED_MS };
  }

  /** Of a connection that is open and stays so for now. */
  check(connection: number, nowMs: number): void {
    const pongMs = nowMs - this.#pongedMs;
    must(
      'connection',
      pongMs <= PONGLESS_MS,
      () => `connection ${connection} has given no pong for ${Math.round(pongMs)} ms and is still there`,
    );
    const quietMs = nowMs - this.#heardMs;
    must(
      'connection',
      quietMs <= MUTE_MS,
      () => `connection ${connection} has been mute for ${Math.round(quietMs)} ms and is still there`,
    );
  }

  /** Each attempt that ended was reported, but for `closedByUs`. */
  conclude(closedByUs: number | undefined): void {
    for (const connection of this.#attempts) {
      must(
        'connection',
        this.#reported.has(connection) || connection === closedByUs,
        () => `the end of connection ${connection} was never reported`,
      );
    }
  }
}
