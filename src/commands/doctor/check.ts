/** The doctor's checks. */

export type CheckId =
  | 'node'
  | 'cores'
  | 'folders'
  | 'disk'
  | 'market'
  | 'instruments'
  | 'credentials'
  | 'login'
  | 'clock'
  | 'handshake'
  | 'pong'
  | 'packet'
  | 'close';

/** In check order. */
export const TITLES: Readonly<Record<CheckId, string>> = {
  node: 'Node',
  cores: 'Cores',
  folders: 'Folders can be written',
  disk: 'Disk',
  market: 'Market',
  instruments: 'Instrument file',
  credentials: 'Credentials',
  login: 'Log-in',
  clock: "This machine's clock",
  handshake: 'Feed opens',
  pong: 'Feed answers pings',
  packet: 'Feed serves RELIANCE',
  close: 'Feed closes in order',
};

export interface Check {
  readonly id: CheckId;
  /** `warn`: a run may still work; `skip`: not checked, for a reason that another check names. */
  readonly status: 'pass' | 'fail' | 'warn' | 'skip';
  readonly observed: string;
  /** For failures and warnings. */
  readonly remedy?: string;
}

export const passed = (id: CheckId, observed: string): Check => ({ id, status: 'pass', observed });
export const failed = (id: CheckId, observed: string, remedy: string): Check => ({
  id,
  status: 'fail',
  observed,
  remedy,
});
export const warned = (id: CheckId, observed: string, remedy: string): Check => ({
  id,
  status: 'warn',
  observed,
  remedy,
});
export const skipped = (id: CheckId, observed: string): Check => ({ id, status: 'skip', observed });
