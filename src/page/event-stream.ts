/** The live page's line to the run: server-sent events, begun again for as long as the page is open. */
import type { DashboardState, DashboardChange } from '../dashboard/state.js';
import { every, monoMs } from './time.js';

export interface EventStreamHandlers {
  /** The run has not looked yet. */
  waiting(): void;
  whole(picture: DashboardState): void;
  change(change: DashboardChange): void;
  /** Nothing comes: the connection is lost, or it is mute. */
  lost(): void;
}

/** Real ms between two attempts, and of silence after which a connection is no good. */
const RETRY_MS = 1000;
const MUTE_MS = 5000;

export class EventStream {
  readonly #handlers: EventStreamHandlers;
  #source: EventSource | undefined;
  #heardAtMs = 0;

  constructor(handlers: EventStreamHandlers) {
    this.#handlers = handlers;
    every(RETRY_MS, () => this.#look());
    this.#connect();
  }

  #connect(): void {
    this.#heardAtMs = monoMs();
    const source = new EventSource('/events');
    this.#source = source;
    const on = (name: string, handle: (data: unknown) => void): void =>
      source.addEventListener(name, (event) => {
        this.#heardAtMs = monoMs();
        handle(JSON.parse((event as MessageEvent<string>).data));
      });
    on('waiting', () => this.#handlers.waiting());
    on('whole', (data) => this.#handlers.whole(data as DashboardState));
    on('change', (data) => this.#handlers.change(data as DashboardChange));
    // The browser would try again by itself, but not after an answer that is none.
    source.addEventListener('error', () => this.#lose());
  }

  #lose(): void {
    this.#source?.close();
    this.#source = undefined;
    this.#handlers.lost();
  }

  #look(): void {
    if (this.#source === undefined) this.#connect();
    else if (monoMs() - this.#heardAtMs > MUTE_MS) this.#lose();
  }
}
