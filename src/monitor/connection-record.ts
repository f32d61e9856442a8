/** Records connections: how many, how they ended, how long there was none. Notes each change for candle streams. */
import type { Clock } from '../clock.js';
import { END_CAUSES, type Notices } from '../memory/notices.js';
import type { Disconnect, NotedDisconnect } from '../gates/facts.js';

interface Moment {
  readonly monoMs: number;
  readonly marketMs: number;
}

export class ConnectionRecord {
  readonly disconnects: NotedDisconnect[] = [];
  readonly #clock: Clock;
  readonly #notices: Notices | undefined;
  #connections = 0;
  #firstOpenMs: number | undefined;
  #lostAtMs: number | undefined;
  #endedAtMs: number | undefined;
  #lostMs = 0;
  #connected = false;

  constructor(clock: Clock, notices?: Notices) {
    this.#clock = clock;
    this.#notices = notices;
  }

  /** `at` for another time than now, as in a replay. */
  opened(at: Moment = this.#now()): void {
    const now = at.monoMs;
    this.#connections++;
    this.#connected = true;
    this.#firstOpenMs ??= now;
    if (this.#lostAtMs !== undefined) this.#lostMs += now - this.#lostAtMs;
    this.#lostAtMs = undefined;
    const { marketMs } = at;
    this.#notices?.addConnection({ state: 'opened', marketMs, connection: this.#connections });
  }

  /** A connection, or an attempt at one, ended, and not because the run closed it. */
  closed(disconnect: Disconnect, at: Moment = this.#now()): void {
    this.disconnects.push({ ...disconnect, atMs: at.marketMs });
    if (this.#connected) this.#lostAtMs = at.monoMs;
    this.#connected = false;
    const cause = END_CAUSES.find((one) => one === disconnect.cause) ?? 'network';
    const { connection } = disconnect;
    this.#notices?.addConnection({ state: 'ended', marketMs: at.marketMs, connection, cause });
  }

  /** The feed waits for `delayMs`, real, before the next attempt. */
  waiting(delayMs: number): void {
    const { marketMs } = this.#now();
    this.#notices?.addConnection({ state: 'waiting', marketMs, connection: this.#connections, delayMs });
  }

  #now(): Moment {
    return { monoMs: this.#clock.monoMs(), marketMs: this.#clock.marketMs() };
  }

  /** The run closes the feed: time after this counts as neither open nor disconnected. */
  end(at: { readonly monoMs: number } = { monoMs: this.#clock.monoMs() }): void {
    this.#endedAtMs ??= at.monoMs;
  }

  get connected(): boolean {
    return this.#connected;
  }

  get connections(): number {
    return this.#connections;
  }

  /** Real ms since the first open, and those of them without a connection. */
  figures(): { openForMs: number; disconnectedMs: number } {
    if (this.#firstOpenMs === undefined) return { openForMs: 0, disconnectedMs: 0 };
    const now = this.#endedAtMs ?? this.#clock.monoMs();
    return {
      openForMs: now - this.#firstOpenMs,
      disconnectedMs: this.#lostMs + (this.#lostAtMs === undefined ? 0 : now - this.#lostAtMs),
    };
  }
}
