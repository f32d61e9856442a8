/**
 * The one place that reads time or sets a timer.
 *
 * Two kinds of time exist and are never mixed. Market time decides grace, duration, calendar and freshness: epoch milliseconds of
 * the market the feed belongs to. Monotonic real time decides pings, back-off and time-outs, and measures latency.
 */

/** A timer that can be cancelled once; cancelling twice is harmless. */
export interface Timer {
  cancel(): void;
}

/** Source of time for everything. Units are milliseconds throughout; market time may be fractional. */
export interface Clock {
  /** Market milliseconds that pass in one real millisecond: 1 for a live feed. */
  readonly speed: number;
  /** Real monotonic milliseconds; the origin is the machine's, the same in every thread. */
  monoMs(): number;
  /** Market time now, epoch milliseconds UTC. */
  marketMs(): number;
  /** The machine's wall clock, epoch milliseconds UTC. For records that people read, never for decisions. */
  wallMs(): number;
  /** Calls `fire` once after `realMs` real milliseconds. */
  after(realMs: number, fire: () => void): Timer;
  /** Calls `fire` every `realMs` real milliseconds until cancelled. */
  every(realMs: number, fire: () => void): Timer;
}

/**
 * performance.now() counts from each thread's own start; hrtime has one origin for all threads of a machine. The two cannot be read at
 * once, and the first readings of a thread take a millisecond: the closest pair of many is kept.
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

/** Real monotonic milliseconds with one origin for every thread of the process. */
export function monoMs(): number {
  return performance.now() + threadOffsetMs;
}

/** Resolves after `realMs` real milliseconds. For threads and retries that have no injected clock. */
export function sleep(realMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, realMs);
  });
}

const EXPIRED = Symbol('expired');

/** What `promise` resolves to; what `late` returns, or throws, when that takes longer than `realMs`. */
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

/** The real clock: market time is `originMs` at the anchor and runs `speed` times as fast as real time. */
export class SystemClock implements Clock {
  readonly speed: number;
  readonly #originMs: number;
  readonly #anchorMonoMs: number;

  /** `originMs`: market time (epoch ms) at the anchor; `anchorMonoMs`: the monotonic instant of the anchor (default now). */
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
