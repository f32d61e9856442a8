/**
 * Those who watch the page, over server-sent events: each is given the whole picture first and then what changes. One that does not
 * read keeps nothing but its own connection waiting: while its socket is full it is sent nothing, then the whole again; when it stays
 * full it is cut off.
 */
import type { ServerResponse } from 'node:http';
import type { DashboardState, DashboardChange } from './state.js';
import { answer, begin } from './local-server.js';

/** Viewers at a time. */
export const MOST_VIEWERS = 32;
/** Real ms for which a viewer's socket may stay full. */
export const FULL_MS = 10_000;
/** How soon a browser tries again when the connection is lost, real ms. */
const RETRY_MS = 1000;

interface Viewer {
  readonly response: ServerResponse;
  /** Whether it has the whole picture, so that changes mean something to it. */
  whole: boolean;
  /** Since when its socket is full, monotonic ms; undefined when it is not. */
  fullSinceMs: number | undefined;
}

const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

export class Viewers {
  readonly #viewers = new Set<Viewer>();
  readonly #onCut: () => void;

  /** `onCut` is told when a viewer is cut off. */
  constructor(onCut: () => void = () => undefined) {
    this.#onCut = onCut;
  }

  get count(): number {
    return this.#viewers.size;
  }

  /** Takes a viewer in; `picture` is undefined before the first look. */
  join(response: ServerResponse, picture: DashboardState | undefined): void {
    if (this.#viewers.size >= MOST_VIEWERS)
      return answer(
        response,
        503,
        'text/plain; charset=utf-8',
        `${MOST_VIEWERS} pages watch already; close one.\n`,
      );
    begin(response, 'text/event-stream; charset=utf-8');
    if (response.req.method === 'HEAD') return void response.end();
    const viewer: Viewer = { response, whole: false, fullSinceMs: undefined };
    this.#viewers.add(viewer);
    response.on('close', () => this.#viewers.delete(viewer));
    // A connection that breaks is closed; there is nobody to tell.
    response.on('error', () => response.destroy());
    this.#write(viewer, `retry: ${RETRY_MS}\n\n`);
    if (picture === undefined) this.#write(viewer, event('waiting', {}));
    else this.#whole(viewer, event('whole', picture));
  }

  /** Tells what changed. `picture` makes the whole, for those who need it. */
  tell(change: DashboardChange, picture: () => DashboardState, monoMs: number): void {
    if (this.#viewers.size === 0) return;
    const changed = event('change', change);
    let whole: string | undefined;
    for (const viewer of this.#viewers) {
      if (this.#isFull(viewer, monoMs)) continue;
      if (viewer.whole) this.#write(viewer, changed);
      else this.#whole(viewer, (whole ??= event('whole', picture())));
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
    // What it misses now it is given whole later.
    viewer.whole = false;
    viewer.fullSinceMs ??= monoMs;
    if (monoMs - viewer.fullSinceMs > FULL_MS) {
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
