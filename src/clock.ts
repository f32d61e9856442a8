/**
 * The one place that reads time or sets a timer.
 *
 * Market time and monotonic real time are never mixed. Market time, in epoch ms of the feed's market, decides
 * grace, duration, calendar and freshness. Monotonic real time decides pings, back-off and time-outs, and
 * measures latency.
 */

/** Cancelling twice is harmless. */
export interface Timer {
  cancel(): void;
}

/** Milliseconds; market time may have fractions. */
export interface Clock {
  /** Market ms per real ms: 1 for a live feed. */
  readonly speed: number;
  /** Real monotonic ms, with the same origin in every thread. */
  monoMs(): number;
  /** Market time, epoch ms UTC. */
  marketMs(): number;
  /** Wall clock, epoch ms UTC: for records that people read, never for decisions. */
  wallMs(): number;
  /** Once, after `realMs`. */
  after(realMs: number, fire: () => void): Timer;
  /**
   * Every `realMs` until cancelled. `sendsNothing`: `fire` neither sends nor connects, so stepped time need not tell
   * the other process (src/stepped).
   */
  every(realMs: number, fire: () => void, sendsNothing?: 'sends nothing'): Timer;
}

/**
 * Offset from performance.now(), which counts from each thread's start, to hrtime, whose origin is the machine's.
 * Both cannot be read at once and a thread's first readings take a millisecond, so the closest of many pairs is used.
 */
function offsetOfThread(): number {
  let least = Infinity;
  let offset = 0;
  for (let k = 0; k < 100; k++) {
    const before = performance.now();
    const common = Number(process.hrtime.bigint()) / 1e6;
    const after = performance.now();
    if (after - before >= least) continue;
    least = after - before;
    offset = common - (before + after) / 2;
  }
  return offset;
}

const threadOffsetMs = offsetOfThread();

/** Real monotonic ms, with one origin for all threads. */
export function monoMs(): number {
  return performance.now() + threadOffsetMs;
}

/** For threads and retries without an injected clock. */
export function sleep(realMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, realMs);
  });
}

const EXPIRED = Symbol('expired');

/** The value of `promise`; after `realMs`, what `late` returns or throws. */
export async function within<T>(
  clock: Clock,
  realMs: number,
  promise: Promise<T>,
  late: () => T,
): Promise<T> {
  let timer: Timer | undefined;
  const expired = new Promise<typeof EXPIRED>(
    (resolve) => (timer = clock.after(realMs, () => resolve(EXPIRED))),
  );
  try {
    const first = await Promise.race([promise, expired]);
    return first === EXPIRED ? late() : first;
  } finally {
    timer?.cancel();
  }
}

/** Resolves after `realMs`, or when `signal` aborts. */
export function pause(realMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(realMs, done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}

/** The real clock: `speed` times as fast as real time. */
export class SystemClock implements Clock {
  readonly speed: number;
  readonly #originMs: number;
  readonly #anchorMonoMs: number;

  /** `originMs`: market time at the anchor, epoch ms. `anchorMonoMs`: the anchor, monotonic (default now). */
  constructor(options: { originMs?: number; speed?: number; anchorMonoMs?: number } = {}) {
    this.speed = options.speed ?? 1;
    this.#anchorMonoMs = options.anchorMonoMs ?? monoMs();
    this.#originMs = options.originMs ?? Date.now();
  }

  monoMs(): number {
    return monoMs();
  }

  marketMs(): number {
    return this.#originMs + (monoMs() - this.#anchorMonoMs) * this.speed;
  }

  wallMs(): number {
    return Date.now();
  }

  after(realMs: number, fire: () => void): Timer {
    const handle = setTimeout(fire, realMs);
    return { cancel: () => clearTimeout(handle) };
  }

  every(realMs: number, fire: () => void): Timer {
    const handle = setInterval(fire, realMs);
    return { cancel: () => clearInterval(handle) };
  }
}
