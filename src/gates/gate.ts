/** What a gate is, and the words that several of them need. */

export type GateId =
  | 'connected'
  | 'subscribed'
  | 'ticking'
  | 'fresh'
  | 'lag'
  | 'candles'
  | 'schema'
  | 'momentum'
  | 'no-rest'
  | 'output'
  | 'lossless'
  | 'performance'
  | 'duration';

export const STATUSES = ['pass', 'fail', 'warn', 'skip'] as const;
export type Status = (typeof STATUSES)[number];

/** Bounds of gate `performance`, for a run at speed 1. */
export const PERFORMANCE = { cpuPercent: 50, rssMb: 300, eventLoopDelayP99Ms: 50 } as const;

export interface Gate {
  readonly id: GateId;
  readonly status: Status;
  readonly observed: string;
  readonly expected: string;
  /** For a failure or a warning, its cause and what to do, one line. */
  readonly remedy?: string;
}

/** At most so many names in a sentence; the report has them all. */
const NAMES = 8;

/** Names for a sentence: the first few, and how many more. */
export function named(names: readonly string[]): string {
  const more = names.length - NAMES;
  return more > 0 ? `${names.slice(0, NAMES).join(', ')} and ${more} more` : names.join(', ');
}

/** Minutes as `m:ss`. */
export function clockText(minutes: number): string {
  const seconds = Math.max(0, Math.round(minutes * 60));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** `1 symbol`, `2 symbols`; irregular plurals are given. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** What each gate answers, in the words of those who asked. `N` and `all` depend on the run. */
export function titleOf(id: GateId, symbols: number): string {
  const whom = symbols === 1 ? '' : ' for all symbols';
  switch (id) {
    case 'connected':
      return 'WebSocket connected';
    case 'subscribed':
      return `Subscribed to ${symbols} symbol${symbols === 1 ? '' : 's'}`;
    case 'ticking':
      return `Ticks received${whom}`;
    case 'fresh':
      return 'Ticks fresh';
    case 'lag':
      return 'Feed on time';
    case 'candles':
      return `Candles finalized${whom}`;
    case 'schema':
      return 'Schema as existing files';
    case 'momentum':
      return 'Momentum evaluation executed (dry run)';
    case 'no-rest':
      return 'NO REST calls';
    case 'output':
      return 'Output saved';
    case 'lossless':
      return 'Nothing lost';
    case 'performance':
      return 'Performance';
    case 'duration':
      return 'Ran to its end';
  }
}
