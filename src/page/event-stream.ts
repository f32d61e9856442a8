/** The live page's connection to the run: server-sent events, reconnected while the page is open. */
import type { DashboardState, DashboardChange } from '../dashboard/state.js';
import { every, monoMs } from './time.js';

export interface EventStreamHandlers {
  /** The run has no state yet. */
  waiting(): void;
  whole(state: DashboardState): void;
  change(change: DashboardChange): void;
  /** The connection is lost, or nothing came for MAX_SILENCE_MS. */
  lost(): void;
}

/** Real ms between two attempts. */
const RETRY_MS = 1000;
/** Real ms without an event after which the connection is given up. */
const MAX_SILENCE_MS = 5000;

export class EventStream {
  readonly #handlers: EventStreamHandlers;
  #source: EventSource | undefined;
  #lastEventMs = 0;

  constructor(handlers: EventStreamHandlers) {
    this.#handlers = handlers;
    every(RETRY_MS, () => this.#check());
    this.#connect();
  }

  #connect(): void {
    this.#lastEventMs = monoMs();
    const source = new EventSource('/state');
    this.#source = source;
    const on = (name: string, handle: (data: unknown) => void): void =>
      source.addEventListener(name, (event) => {
        this.#lastEventMs = monoMs();
        handle(JSON.parse((event as MessageEvent<string>).data));
      });
    on('waiting', () => this.#handlers.waiting());
    on('whole', (data) => this.#handlers.whole(data as DashboardState));
    on('change', (data) => this.#handlers.change(data as DashboardChange));
    // The browser reconnects by itself, but not after an answer that is no event stream.
    source.addEventListener('error', () => this.#lose());
  }

  #lose(): void {
    this.#source?.close();
    this.#source = undefined;
    this.#handlers.lost();
  }

  #check(): void {
    if (this.#source === undefined) this.#connect();
    else if (monoMs() - this.#lastEventMs > MAX_SILENCE_MS) this.#lose();
  }
}
