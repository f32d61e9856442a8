/**
 * Stepped time of two processes: a run and its simulator take turns over their channel, and time stands still until
 * both are quiet.
 *
 *   run                                                simulator
 *   quiet: nothing of its own is outstanding
 *   next event is the simulator's ── turn(T, fires) ──► moves to T, fires its timer, becomes quiet
 *   next event is a timer of its own ── turn(T) ──────► moves to T, becomes quiet
 *                                   ◄── turned(due) ── its next event, and what it sent on each connection
 *   reads until all of it has arrived, becomes quiet
 *
 * Each turn tells how many bytes its process has sent on each connection so far, and whether it closed its side. Only
 * when the other process has read as many bytes, or has seen the close, is nothing in flight. A close settles a
 * connection whatever was sent before: what a drop or a reset destroyed is not waited for.
 *
 * Both clocks show the same time whenever bytes arrive, so neither handles them early or late.
 */

/** One process's side of a connection. */
export interface SentBytes {
  /** The run's local port: both processes see it. */
  readonly port: number;
  /** Bytes handed to the socket, those that wait in it included. */
  readonly sent: number;
  /** It will send no more: ended, dropped or reset. */
  readonly closed: boolean;
}

export interface Turn {
  readonly nowMs: number;
  /** The simulator's next timer is due: it fires. */
  readonly fires: boolean;
  readonly sent: readonly SentBytes[];
}

export interface Turned {
  /** The simulator's next event, epoch ms; null without one. */
  readonly dueMs: number | null;
  /** Of the connections that the turn named. */
  readonly sent: readonly SentBytes[];
}
