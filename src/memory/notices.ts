/**
 * What the main thread knows and no shard does, in shared memory for candle streams on other threads: connections,
 * instruments that went stale, and the run's verdict. Only main writes it. A reader that sleeps costs nothing: it
 * finds the newest connections, and each instrument as it is now.
 */

/** How a connection or an attempt ended (feed/disconnects.ts). The memory holds the index. */
export const END_CAUSES = [
  'network',
  'certificate',
  'handshake-timeout',
  'unauthorized',
  'forbidden',
  'rate-limited',
  'server-error',
  'unexpected-answer',
  'closed',
  'dropped',
  'protocol',
  'flood',
  'pong-overdue',
  'mute',
] as const;
export type EndCause = (typeof END_CAUSES)[number];

export const RUN_VERDICTS = ['pass', 'fail', 'interrupted'] as const;
export type RunVerdict = (typeof RUN_VERDICTS)[number];

/** A change of the connection, at market time `marketMs`, epoch ms. Connections are numbered from 1. */
export type ConnectionNotice =
  | { readonly state: 'opened'; readonly marketMs: number; readonly connection: number }
  | {
      readonly state: 'ended';
      readonly marketMs: number;
      readonly connection: number;
      readonly cause: EndCause;
    }
  /** `delayMs`: real ms until the next attempt. */
  | {
      readonly state: 'waiting';
      readonly marketMs: number;
      readonly connection: number;
      readonly delayMs: number;
    };

/** The memory holds the index. */
const VERDICTS = [undefined, null, ...RUN_VERDICTS] as const;
const STATES = ['opened', 'ended', 'waiting'] as const;
/** Connection notices that are kept: the newest. */
const CAPACITY = 256;
/** 32-bit indexes. */
const WORD = { changes: 0, connections: 1, verdict: 2, size: 16 } as const;
/** A connection notice, in doubles. `detail`: index of the cause, or the delay. */
const NOTICE = { marketMs: 0, state: 1, connection: 2, detail: 3, size: 4 } as const;
/** Of an instrument, in doubles: since when it is stale, epoch ms, 0 if it is not; when that changed. */
const STALE = { sinceMs: 0, changedMs: 1, size: 2 } as const;
const LISTED = (WORD.size * 4) / 8;
const STALES = LISTED + CAPACITY * NOTICE.size;

/** Bytes for a number of instruments. */
const bytesOf = (instruments: number): number => (STALES + instruments * STALE.size) * 8;

export interface StaleSince {
  readonly sinceMs: number;
  readonly changedMs: number;
}

export class Notices {
  readonly instruments: number;
  readonly buffer: SharedArrayBuffer;
  readonly #i32: Int32Array;
  readonly #f64: Float64Array;

  /** Allocates, or views `buffer`. */
  constructor(instruments: number, buffer = new SharedArrayBuffer(bytesOf(instruments))) {
    this.instruments = instruments;
    this.buffer = buffer;
    this.#i32 = new Int32Array(buffer);
    this.#f64 = new Float64Array(buffer);
  }

  /** Grows, and notifies, with each change. */
  get counter(): { readonly i32: Int32Array; readonly index: number } {
    return { i32: this.#i32, index: WORD.changes };
  }

  addConnection(notice: ConnectionNotice): void {
    const count = this.#i32[WORD.connections];
    const at = LISTED + (count % CAPACITY) * NOTICE.size;
    this.#f64[at + NOTICE.marketMs] = Math.round(notice.marketMs);
    this.#f64[at + NOTICE.state] = STATES.indexOf(notice.state);
    this.#f64[at + NOTICE.connection] = notice.connection;
    this.#f64[at + NOTICE.detail] =
      notice.state === 'ended'
        ? END_CAUSES.indexOf(notice.cause)
        : notice.state === 'waiting'
          ? notice.delayMs
          : 0;
    Atomics.store(this.#i32, WORD.connections, count + 1);
    this.#changed();
  }

  /**
   * The instrument is stale since `sinceMs`, epoch ms; 0: it ticks. As long as it is stale, the first time stays.
   */
  setStale(instrument: number, sinceMs: number, nowMs: number): void {
    const at = STALES + instrument * STALE.size;
    if (this.#f64[at + STALE.sinceMs] > 0 === sinceMs > 0) return;
    this.#f64[at + STALE.changedMs] = nowMs;
    this.#f64[at + STALE.sinceMs] = sinceMs;
    this.#changed();
  }

  /** The run is over; null: without a verdict. */
  conclude(verdict: RunVerdict | null): void {
    Atomics.store(this.#i32, WORD.verdict, VERDICTS.indexOf(verdict));
    this.#changed();
  }

  #changed(): void {
    Atomics.add(this.#i32, WORD.changes, 1);
    Atomics.notify(this.#i32, WORD.changes);
  }

  /** Of the run, null if it ended without one; undefined until then. */
  get verdict(): RunVerdict | null | undefined {
    return VERDICTS[Atomics.load(this.#i32, WORD.verdict)];
  }

  /** The notices from number `from` on, those that are kept, and the number of the next one. */
  connectionsFrom(from: number): { readonly notices: ConnectionNotice[]; readonly next: number } {
    const next = Atomics.load(this.#i32, WORD.connections);
    const first = Math.max(from, next - CAPACITY + 1);
    const notices = Array.from({ length: Math.max(0, next - first) }, (_, k) => this.#noticeAt(first + k));
    // Main may have replaced the first ones meanwhile.
    const kept = Atomics.load(this.#i32, WORD.connections) - CAPACITY + 1;
    return { notices: notices.slice(Math.max(0, kept - first)), next };
  }

  #noticeAt(k: number): ConnectionNotice {
    const at = LISTED + (k % CAPACITY) * NOTICE.size;
    const detail = this.#f64[at + NOTICE.detail];
    const about = {
      marketMs: this.#f64[at + NOTICE.marketMs],
      connection: this.#f64[at + NOTICE.connection],
    };
    const state = STATES[this.#f64[at + NOTICE.state]];
    if (state === 'ended') return { state, ...about, cause: END_CAUSES[detail] };
    return state === 'waiting' ? { state, ...about, delayMs: detail } : { state, ...about };
  }

  staleness(instrument: number): StaleSince {
    const at = STALES + instrument * STALE.size;
    return { sinceMs: this.#f64[at + STALE.sinceMs], changedMs: this.#f64[at + STALE.changedMs] };
  }
}
