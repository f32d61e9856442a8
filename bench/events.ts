/**
 * From the seal of a minute to its candles as events in another thread, next to a bare message between the same two
 * threads, in turns.
 *
 *   main: frames ─► Router ══ ring ══► shard (same thread): SEAL ── notify ──► CandleStream: first and last candle
 *   main: postMessage ───────────────────────────────────────────────────────► message handler of that thread
 *
 * No files are written meanwhile. What a writer at work costs is in bench `seal`.
 */
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { monoMs, sleep } from '../src/clock.js';
import { SHARD } from '../src/memory/layout.js';
import { BATCH_RECORDS, Shard } from '../src/shard/shard.js';
import { frames } from './baselines.js';
import type { EventsTask } from './events-worker.js';
import { turn } from './latency.js';
import { OPEN_MS, Singly, subscribed } from './market.js';
import { rowOf, type Bench } from './row.js';

const SYMBOLS = 50;
/** Each symbol ticks some twenty times a minute, so that each has a candle of each. */
const STEP_MS = 60;
const FRAMES_A_MINUTE = 60_000 / STEP_MS;
/** The thread is to sleep before each measurement. */
const IDLE_MS = 3;
/** A candle's event may take at most twice a message's time. */
const TARGET = 0.5;

interface Figures {
  readonly first: number[];
  readonly last: number[];
  readonly message: number[];
}

const percentile = (values: readonly number[], percent: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor((values.length * percent) / 100))];

/** Real microseconds, one a minute. */
async function figures(minutes: number): Promise<Figures> {
  const count = (minutes + 1) * FRAMES_A_MINUTE;
  const { buf, tokens } = frames(count, SYMBOLS, STEP_MS);
  const singly = new Singly(buf, count);
  const { engine, intake, arrival } = subscribed(tokens, 1);
  const [memory] = engine.memories;
  const shard = new Shard(memory);
  const task: EventsTask = {
    shape: memory.shape,
    buffer: memory.buffer,
    places: engine.places,
    times: new SharedArrayBuffer(24),
    counts: new SharedArrayBuffer(8),
  };
  const at = new Float64Array(task.times);
  const done = new Int32Array(task.counts);
  const worker = new Worker(new URL('./events-worker.js', import.meta.url), { workerData: task });
  await once(worker, 'message');
  const found: Figures = { first: [], last: [], message: [] };
  const reached = async (index: number, value: number): Promise<void> => {
    while (Atomics.load(done, index) < value) await turn();
  };
  for (let k = 0; k < count; k++) {
    arrival.marketMs = OPEN_MS + k * STEP_MS;
    arrival.monoMs = arrival.marketMs;
    intake.batch(singly.at(k), arrival);
    engine.router.publish();
    const sealed = memory.i32[SHARD.sealed];
    const beganMs = monoMs();
    while (shard.step(monoMs, BATCH_RECORDS) > 0);
    if (memory.i32[SHARD.sealed] === sealed) continue;
    const minute = memory.i32[SHARD.sealed] + 1;
    await reached(0, minute);
    found.first.push(1000 * (at[0] - beganMs));
    found.last.push(1000 * (at[1] - beganMs));
    await sleep(IDLE_MS);
    const sentMs = monoMs();
    worker.postMessage(minute);
    await reached(1, minute);
    found.message.push(1000 * (at[2] - sentMs));
    await sleep(IDLE_MS);
  }
  intake.end();
  engine.router.publish();
  while (shard.step(monoMs, BATCH_RECORDS) > 0);
  await once(worker, 'exit');
  if (found.first.length !== minutes)
    throw new Error(`events: ${found.first.length} minutes where ${minutes} ended`);
  return found;
}

export const events: Bench = {
  name: 'events',
  topology: 'SEAL of 50 symbols -> notify -> CandleStream in another thread; compared with a message to it',
  async run({ smoke }) {
    const rounds: Figures[] = [];
    for (let round = 0; round < (smoke ? 1 : 3); round++) rounds.push(await figures(smoke ? 3 : 300));
    return ([50, 99] as const).flatMap((percent) =>
      (['first', 'last'] as const).map((which) =>
        rowOf({
          name: `${which} candle of a minute, p${percent}`,
          unit: 'us',
          values: rounds.map((found) => percentile(found[which], percent)),
          baseline: rounds.map(({ message }) => percentile(message, percent)),
          ...(which === 'first' && percent === 99 ? { target: TARGET } : {}),
        }),
      ),
    );
  },
};
