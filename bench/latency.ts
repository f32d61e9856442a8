/**
 * How long a message waits until its candle knows it, in an open loop: messages come when they are due, whether or not the engine has done with those
 * before, and each is counted from the moment at which it was due, so that a stall shows in all that it delayed (no coordinated omission).
 *
 *   schedule ─► main: Intake ─► Router ══ ring ══► shard's thread: fold, histogram of due-to-applied; of SEAL, due-to-sealed
 *            └► main: a bare record ══ ring ═════► echo thread: histogram of due-to-read                    (the same ring, no work)
 *
 * At 100,000 a second the main thread has 10 us a message; what comes in one turn of its loop is published together, as one read of a socket is.
 */
import { monoMs } from '../src/clock.js';
import { newCounters } from '../src/shared/counters.js';
import { percentiles } from '../src/shared/histogram.js';
import { HISTOGRAM_WORDS, RECORD, ShardMemory } from '../src/shared/layout.js';
import { RingWriter } from '../src/shared/ring.js';
import { ShardPool } from '../src/shard/pool.js';
import { frames } from './baselines.js';
import { engineAnswer, messagesOf, naiveAnswer, OPEN_MS, subscribed } from './market.js';
import { rowOf, type Bench, type Row } from './row.js';

/** Messages a real second, and market ms from one to the next: at 12,000 a second a market minute is half a real second, so that seals come. */
const RATES = [
  { rate: 200, stepMs: 300 },
  { rate: 12_000, stepMs: 10 },
  { rate: 100_000, stepMs: 2 },
] as const;
/** The rate of the feed's ceiling, which has the target. */
const CEILING = 12_000;
/** Of a bare echo's p99, at most so many times as much. */
const MOST_TIMES = 5;
const SLOTS = 16_384;

/** Real ms for which the main thread sleeps when nothing is due, as in a poll for the socket: one that spins would leave the others one core of two. */
const NAP_MS = 0.05;
const never = new Int32Array(new SharedArrayBuffer(4));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Calls `send` for each message when it is due, and `flush` once a turn; resolves when all are sent. */
export async function openLoop(count: number, rate: number, send: (k: number, dueMs: number) => void, flush: () => void): Promise<void> {
  const startMs = monoMs() + 50;
  for (let k = 0; k < count; ) {
    const dueBy = Math.min(count, Math.floor(((monoMs() - startMs) * rate) / 1000) + 1);
    if (k < dueBy) {
      for (; k < dueBy; k++) send(k, startMs + (k * 1000) / rate);
      flush();
    } else Atomics.wait(never, 0, 0, NAP_MS);
    await turn();
  }
}

const histogramOf = (memory: ShardMemory, start: number): Int32Array => memory.i32.subarray(start, start + HISTOGRAM_WORDS);

interface Waits {
  readonly appliedP99: number;
  readonly sealedP99: number;
  readonly appliedP50: number;
}

/** Microseconds, of the whole engine with one shard. */
async function engineWaits(messages: readonly Buffer[], tokens: readonly string[], rate: number, stepMs: number, expected: string): Promise<Waits> {
  const { engine, intake, arrival } = subscribed(tokens, 1, SLOTS);
  const pool = new ShardPool({ memories: engine.memories, counters: engine.counters });
  await pool.start();
  try {
    const { router } = engine;
    const send = (k: number, dueMs: number): void => {
      arrival.monoMs = dueMs;
      arrival.marketMs = OPEN_MS + k * stepMs;
      intake.binary(messages[k], arrival);
    };
    await openLoop(messages.length, rate, send, () => router.publish());
    intake.end();
    router.publish();
    await pool.done;
    const answer = engineAnswer(engine);
    if (answer !== expected) throw new Error(`latency at ${rate}/s: ${answer} where a plain fold has ${expected}`);
    const [memory] = engine.memories;
    const [appliedP50, appliedP99] = percentiles([histogramOf(memory, memory.histogram)], [50, 99]);
    const [sealedP99] = percentiles([histogramOf(memory, memory.sealHistogram)], [99]);
    return { appliedP50: appliedP50 ?? 0, appliedP99: appliedP99 ?? 0, sealedP99: sealedP99 ?? 0 };
  } finally {
    await pool.stop();
  }
}

/** The same of bare records: what the ring, the wake-up and the schedule take. */
async function echoP99(count: number, rate: number): Promise<number> {
  const memory = new ShardMemory({ rows: 1, bars: 1, slots: SLOTS, traded: false });
  const pool = new ShardPool({ memories: [memory], counters: newCounters(), workerUrl: new URL('./echo-worker.js', import.meta.url) });
  await pool.start();
  try {
    const ring = new RingWriter(memory);
    const send = (_k: number, dueMs: number): void => {
      const at = ring.claim();
      memory.f64[at + RECORD.receivedMs] = dueMs;
      ring.commit();
    };
    await openLoop(count, rate, send, () => ring.publish());
    while (ring.free() < SLOTS) await turn();
    const [p99] = percentiles([histogramOf(memory, memory.histogram)], [99]);
    return p99 ?? 0;
  } finally {
    await pool.stop();
  }
}

export const latency: Bench = {
  name: 'latency',
  topology: 'schedule (open loop) -> main: Intake -> Router == ring ==> shard thread: due-to-applied, due-to-sealed; beside a bare echo through the same ring',
  async run({ smoke }) {
    const rows: Row[] = [];
    for (const { rate, stepMs } of RATES) {
      const count = smoke ? Math.min(2000, Math.ceil(rate / 5)) : Math.ceil(rate * 3);
      const { buf, tokens } = frames(count, 50, stepMs);
      const messages = messagesOf(buf, count);
      const expected = naiveAnswer(buf, count, tokens);
      const waits: Waits[] = [];
      const echo: number[] = [];
      for (let round = 0; round < (smoke ? 1 : 3); round++) {
        waits.push(await engineWaits(messages, tokens, rate, stepMs, expected));
        echo.push(await echoP99(count, rate));
      }
      rows.push(
        rowOf({ name: `${rate}/s, to applied, p50`, unit: 'us', values: waits.map(({ appliedP50 }) => appliedP50) }),
        rowOf({ name: `${rate}/s, to applied, p99`, unit: 'us', values: waits.map(({ appliedP99 }) => appliedP99), baseline: echo, ...(rate === CEILING ? { target: 1 / MOST_TIMES } : {}) }),
        rowOf({ name: `${rate}/s, to sealed, p99`, unit: 'us', values: waits.map(({ sealedP99 }) => sealedP99) }),
      );
    }
    return rows;
  },
};
