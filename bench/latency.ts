/**
 * Latency from a message to its candle, in an open loop: messages come when they are due, whether or not the engine has
 * finished the earlier ones. Latency counts from the due time, so that a stall shows in every message that it delayed
 * (no coordinated omission).
 *
 *   schedule ─► main: Intake ─► Router ══ ring ══► shard's thread     due-to-applied; of SEAL, due-to-sealed
 *            └► main: a bare record ══ ring ═════► echo thread        due-to-read (the same ring, no work)
 *
 * At 100,000 a second the main thread has 10 us a message. Messages of one turn of its loop are published together,
 * like one read of a socket.
 */
import { monoMs } from '../src/clock.js';
import { newCounters } from '../src/memory/counters.js';
import { bucketTop, percentiles } from '../src/memory/histogram.js';
import { HISTOGRAM_WORDS, ShardMemory } from '../src/memory/layout.js';
import { RECORD } from '../src/memory/record.js';
import { RingWriter } from '../src/memory/ring.js';
import { ShardPool } from '../src/threads/shard-pool.js';
import { frames } from './baselines.js';
import { engineAnswer, naiveAnswer, OPEN_MS, Singly, subscribed } from './market.js';
import { rowOf, type Bench, type Row } from './row.js';

/** Messages a real second, and market ms between two. At 12,000 a second a market minute is half a real second. */
const RATES = [
  { rate: 200, stepMs: 300 },
  { rate: 12_000, stepMs: 10 },
  { rate: 100_000, stepMs: 2 },
] as const;
/** The rate of the feed's ceiling, which has the target. */
const CEILING = 12_000;
/** Maximum p99, as a multiple of a bare echo's. */
const MAX_TIMES = 5;
const SLOTS = 16_384;
/** Real seconds of each round, the warm-up included. */
const SECONDS = 3;

/** Real ms that the main thread sleeps when nothing is due, as in a poll. Spinning would take one of two cores. */
const NAP_MS = 0.05;
const never = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps without giving the event loop its turn. */
export function nap(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Calls `send` for each message from `from` to `to` when it is due, and `flush` once a turn; resolves when all are
 * sent.
 */
export async function openLoop(
  from: number,
  to: number,
  rate: number,
  send: (k: number, dueMs: number) => void,
  flush: () => void,
): Promise<void> {
  const startMs = monoMs() + 50;
  for (let k = from; k < to;) {
    const dueBy = Math.min(to, from + Math.floor(((monoMs() - startMs) * rate) / 1000) + 1);
    if (k < dueBy) {
      for (; k < dueBy; k++) send(k, startMs + ((k - from) * 1000) / rate);
      flush();
    } else nap(NAP_MS);
    await turn();
  }
}

/** A histogram of shared memory, and how it was when the code had been compiled: threads are new in every round. */
export class Since {
  readonly #now: Int32Array;
  #before: Int32Array;

  constructor(memory: ShardMemory, start: number) {
    this.#now = memory.i32.subarray(start, start + HISTOGRAM_WORDS);
    this.#before = this.#now.slice();
  }

  begin(): void {
    this.#before = this.#now.slice();
  }

  percentile(percent: number): number {
    return percentiles([this.#counts], [percent])[0] ?? 0;
  }

  get #counts(): Int32Array {
    return this.#now.map((count, k) => count - this.#before[k]);
  }

  /** The histogram as text: for each power of two of microseconds its share and a bar. */
  drawing(): string {
    const counts = this.#counts;
    const total = Math.max(
      1,
      counts.reduce((a, b) => a + b, 0),
    );
    const upTo = new Map<number, number>();
    for (const [bucket, count] of counts.entries()) {
      const top = 2 ** Math.ceil(Math.log2(bucketTop(bucket) + 1));
      if (count > 0) upTo.set(top, (upTo.get(top) ?? 0) + count);
    }
    return [...upTo]
      .map(
        ([top, count]) =>
          `  ${`< ${top}`.padStart(9)} us  ${((100 * count) / total).toFixed(3).padStart(7)} %  ${'#'.repeat(Math.ceil((50 * count) / total))}`,
      )
      .join('\n');
  }
}

/** Of the messages, the part that comes before anything is counted. */
export const warmed = (count: number): number => Math.floor(count / 4);

interface Waits {
  readonly appliedP99: number;
  readonly sealedP99: number;
  readonly appliedP50: number;
  /** Histograms of due-to-applied and due-to-sealed. */
  readonly drawings: { readonly applied: string; readonly sealed: string };
}

/** Microseconds, of the whole engine with one shard. */
async function engineWaits(
  frames: Singly,
  tokens: readonly string[],
  rate: number,
  stepMs: number,
  expected: string,
): Promise<Waits> {
  const { engine, intake, arrival } = subscribed(tokens, 1, { slots: SLOTS });
  const pool = new ShardPool({ memories: engine.memories, counters: engine.counters });
  await pool.start();
  try {
    const { router } = engine;
    const send = (k: number, dueMs: number): void => {
      arrival.monoMs = dueMs;
      arrival.marketMs = OPEN_MS + k * stepMs;
      intake.batch(frames.at(k), arrival);
    };
    const [memory] = engine.memories;
    const applied = new Since(memory, memory.histogram);
    const sealed = new Since(memory, memory.sealHistogram);
    await openLoop(0, warmed(frames.count), rate, send, () => router.publish());
    while (!router.isDrained) await turn();
    applied.begin();
    sealed.begin();
    await openLoop(warmed(frames.count), frames.count, rate, send, () => router.publish());
    intake.end();
    router.publish();
    await pool.done;
    const answer = engineAnswer(engine);
    if (answer !== expected)
      throw new Error(`latency at ${rate}/s: ${answer} where a plain fold has ${expected}`);
    return {
      appliedP50: applied.percentile(50),
      appliedP99: applied.percentile(99),
      sealedP99: sealed.percentile(99),
      drawings: { applied: applied.drawing(), sealed: sealed.drawing() },
    };
  } finally {
    await pool.stop();
  }
}

/** The same of bare records: what the ring, the wake-up and the schedule take. */
async function echoP99(count: number, rate: number): Promise<number> {
  const memory = new ShardMemory({ rows: 1, bars: 1, slots: SLOTS, hasVolume: false });
  const pool = new ShardPool({
    memories: [memory],
    counters: newCounters(),
    workerUrl: new URL('./echo-worker.js', import.meta.url),
  });
  await pool.start();
  try {
    const ring = new RingWriter(memory);
    const send = (_k: number, dueMs: number): void => {
      const at = ring.claim();
      memory.i32[2 * at + RECORD.receivedUs] = (dueMs * 1000) | 0;
      ring.commit();
    };
    const echoed = new Since(memory, memory.histogram);
    await openLoop(0, warmed(count), rate, send, () => ring.publish());
    while (ring.free() < SLOTS) await turn();
    echoed.begin();
    await openLoop(warmed(count), count, rate, send, () => ring.publish());
    while (ring.free() < SLOTS) await turn();
    return echoed.percentile(99);
  } finally {
    await pool.stop();
  }
}

export const latency: Bench = {
  name: 'latency',
  topology:
    'schedule (open loop) -> main: Intake -> Router == ring ==> shard thread: due-to-applied, due-to-sealed; compared with a bare echo through the same ring',
  async run({ smoke, say }) {
    const rows: Row[] = [];
    for (const { rate, stepMs } of RATES) {
      const count = smoke ? Math.min(2000, Math.ceil(rate / 5)) : Math.ceil(rate * SECONDS);
      const { buf, tokens } = frames(count, 50, stepMs);
      const singly = new Singly(buf, count);
      const expected = naiveAnswer(buf, count, tokens);
      const waits: Waits[] = [];
      const echo: number[] = [];
      for (let round = 0; round < (smoke ? 1 : 3); round++) {
        waits.push(await engineWaits(singly, tokens, rate, stepMs, expected));
        echo.push(await echoP99(count, rate));
      }
      const { applied, sealed } = waits[waits.length - 1].drawings;
      say(`${rate}/s, the last round, due to applied:\n${applied}\n${rate}/s, due to sealed:\n${sealed}`);
      rows.push(
        rowOf({
          name: `${rate}/s, to applied, p50`,
          unit: 'us',
          values: waits.map(({ appliedP50 }) => appliedP50),
        }),
        rowOf({
          name: `${rate}/s, to applied, p99`,
          unit: 'us',
          values: waits.map(({ appliedP99 }) => appliedP99),
          baseline: echo,
          ...(rate === CEILING ? { target: 1 / MAX_TIMES } : {}),
        }),
        rowOf({
          name: `${rate}/s, to sealed, p99`,
          unit: 'us',
          values: waits.map(({ sealedP99 }) => sealedP99),
        }),
      );
    }
    return rows;
  },
};
