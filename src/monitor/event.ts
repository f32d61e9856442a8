/** An event of a run for the log and the page. Plain data. */
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

export const EVENT_LEVELS = ['info', 'warn', 'bad'] as const;
export type EventLevel = (typeof EVENT_LEVELS)[number];

export interface RunEvent {
  /** Ascending. An event that continues keeps its id and changes its text. */
  readonly id: number;
  readonly atMs: number;
  readonly kind: EventKind;
  readonly level: EventLevel;
  readonly text: string;
}

/** The newest are kept. */
export const MAX_EVENTS = 500;
