/** Records connections: how many, how they ended, how long there was none. */
import type { Clock } from '../clock.js';
import type { Disconnect, NotedDisconnect } from '../gates/facts.js';

export class ConnectionRecord {
  readonly disconnects: NotedDisconnect[] = [];
  readonly #clock: Clock;
  #connections = 0;
  #firstOpenMs: number | undefined;
  #lostAtMs: number | undefined;
  #endedAtMs: number | undefined;
  #lostMs = 0;
  #connected = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `at` for another time than now, as in a replay. */
  opened(at: { readonly monoMs: number } = { monoMs: this.#clock.monoMs() }): void {
    const now = at.monoMs;
    this.#connections++;
    this.#connected = true;
    this.#firstOpenMs ??= now;
    if (this.#lostAtMs !== undefined) this.#lostMs += now - this.#lostAtMs;
    this.#lostAtMs = undefined;
  }

  /** A connection, or an attempt at one, ended, and not because the run closed it. */
  closed(
    disconnect: Disconnect,
    at: { readonly monoMs: number; readonly marketMs: number } = {
      monoMs: this.#clock.monoMs(),
      marketMs: this.#clock.marketMs(),
    },
  ): void {
    this.disconnects.push({ ...disconnect, atMs: at.marketMs });
    if (this.#connected) this.#lostAtMs = at.monoMs;
    this.#connected = false;
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
