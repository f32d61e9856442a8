/** An event of a run, as the event log keeps it and the page shows it. Plain data. */

export type EventKind =
  | 'connected'
  | 'disconnected'
  | 'gap'
  | 'refused'
  | 'unused'
  | 'broker'
  | 'gate'
  | 'worker'
  | 'paused'
  | 'signal';

export interface RunEvent {
  /** Rises; an event that goes on keeps its own. */
  readonly id: number;
  readonly atMs: number;
  readonly kind: EventKind;
  readonly level: 'info' | 'warn' | 'bad';
  readonly text: string;
}

/** Events that are kept, the newest. */
export const EVENTS_KEPT = 500;
