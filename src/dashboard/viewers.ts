/**
 * Pages that watch the run over server-sent events. Each receives the whole state, then changes. A viewer that does
 * not read delays no other: while its socket is full it is sent nothing, then the whole state again; if it stays full
 * it is disconnected.
 */
import type { ServerResponse } from 'node:http';
import type { DashboardState, DashboardChange } from './state.js';
import { answer, beginStream } from './local-server.js';

export const MAX_VIEWERS = 32;
/** Real ms for which a viewer's socket may stay full. */
export const MAX_FULL_MS = 10_000;
/** Real ms after which a browser reconnects. */
const RETRY_MS = 1000;

interface Viewer {
  readonly response: ServerResponse;
  /** True if it has the whole state, to which changes apply. */
  whole: boolean;
  /** Monotonic ms since which its socket is full; undefined if it is not. */
  fullSinceMs: number | undefined;
}

const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

export class Viewers {
  readonly #viewers = new Set<Viewer>();
  readonly #onCut: () => void;

  /** `onCut` is called when a viewer is disconnected because it does not read. */
  constructor(onCut: () => void = () => undefined) {
    this.#onCut = onCut;
  }

  get count(): number {
    return this.#viewers.size;
  }

  /** Answers 503 if there are MAX_VIEWERS. `state` is undefined before the first update. */
  join(response: ServerResponse, state: DashboardState | undefined): void {
    if (this.#viewers.size >= MAX_VIEWERS)
      return answer(
        response,
        503,
        'text/plain; charset=utf-8',
        `${MAX_VIEWERS} pages watch already; close one.\n`,
      );
    beginStream(response, 'text/event-stream; charset=utf-8');
    if (response.req.method === 'HEAD') return void response.end();
    const viewer: Viewer = { response, whole: false, fullSinceMs: undefined };
    this.#viewers.add(viewer);
    response.on('close', () => this.#viewers.delete(viewer));
    // No one is left to report it to.
    response.on('error', () => response.destroy());
    this.#write(viewer, `retry: ${RETRY_MS}\n\n`);
    if (state === undefined) this.#write(viewer, event('waiting', {}));
    else this.#whole(viewer, event('whole', state));
  }

  /** `state` makes the whole state, for viewers that need it. */
  send(change: DashboardChange, state: () => DashboardState, monoMs: number): void {
    if (this.#viewers.size === 0) return;
    const changed = event('change', change);
    let whole: string | undefined;
    for (const viewer of this.#viewers) {
      if (this.#isFull(viewer, monoMs)) continue;
      if (viewer.whole) this.#write(viewer, changed);
      else this.#whole(viewer, (whole ??= event('whole', state())));
    }
  }

  /** Ends every connection in order. */
  end(): void {
    for (const { response } of this.#viewers) response.end();
  }

  #isFull(viewer: Viewer, monoMs: number): boolean {
    if (!viewer.response.writableNeedDrain) {
      viewer.fullSinceMs = undefined;
      return false;
    }
    // It misses this change, so it needs the whole state.
    viewer.whole = false;
    viewer.fullSinceMs ??= monoMs;
    if (monoMs - viewer.fullSinceMs > MAX_FULL_MS) {
      viewer.response.destroy();
      this.#viewers.delete(viewer);
      this.#onCut();
    }
    return true;
  }

  #whole(viewer: Viewer, text: string): void {
    viewer.whole = true;
    this.#write(viewer, text);
  }

  #write({ response }: Viewer, text: string): void {
    response.write(text);
  }
}
