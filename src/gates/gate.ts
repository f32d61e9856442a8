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
