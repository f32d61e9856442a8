/**
 * How a shard's thread waits for records: the comparison that decided for `Atomics.wait` in one running task.
 *
 *   schedule (12,000/s) ─► main: Intake ─► Router ══ ring ══► one running task: blocks, awaits, or spins first
 *                                                        └──► a task for each wake-up, one at a time
 *
 * All publish once per turn of the event loop; the product's way is measured with one publish per message too.
 */
import { Piscina } from 'piscina';
import type { Engine } from '../src/ingest/engine.js';
import { ShardPool } from '../src/threads/shard-pool.js';
import { frames } from './baselines.js';
import { openLoop, Since, turn, warmed } from './latency.js';
import { engineAnswer, naiveAnswer, OPEN_MS, Singly, subscribed } from './market.js';
import { rowOf, type Bench } from './row.js';
import type { Waiting } from './waking-worker.js';

const RATE = 12_000;
const STEP_MS = 10;
const SECONDS = 1.5;
const workerUrl = new URL('./waking-worker.js', import.meta.url);

const WAYS: readonly { readonly name: string; readonly waiting: Waiting; readonly each: boolean }[] = [
  { name: 'running task, Atomics.wait', waiting: 'wait', each: false },
  { name: 'running task, Atomics.wait, each message shown', waiting: 'wait', each: true },
  { name: 'running task, waitAsync', waiting: 'waitAsync', each: false },
  { name: 'running task, 50 us of spinning, then Atomics.wait', waiting: 'spin', each: false },
  { name: 'a task a wake-up', waiting: 'drain', each: false },
];

interface Figures {
  readonly p50: number;
  readonly p99: number;
  /** Of all threads, percent of a core. */
  readonly cpu: number;
}

/** The shard's thread, started in one of the ways. */
interface Consumer {
  start(): Promise<void>;
  /** Publishes what the router wrote, and wakes the thread. */
  show(): void;
  /** Resolves when END is applied. */
  done(): Promise<void>;
  stop(): Promise<void>;
}

/** One task that runs for the whole time and waits by itself. */
function runningTask({ router, memories, counters }: Engine, waiting: Waiting): Consumer {
  const pool = new ShardPool({ memories, counters, workerUrl, extra: waiting });
  return {
    start: () => pool.start(),
    show: () => router.publish(),
    done: () => pool.done,
    stop: () => pool.stop(),
  };
}

/** A task for each wake-up, one at a time. */
function taskPerWakeUp({ router, memories: [memory] }: Engine): Consumer {
  const task = { shape: memory.shape, buffer: memory.buffer, ledger: undefined, extra: 'drain' };
  const threads = new Piscina({
    filename: workerUrl.href,
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: Infinity,
    recordTiming: false,
  });
  let running: Promise<void> | undefined;
  const show = (): void => {
    router.publish();
    if (running !== undefined) return;
    running = (threads.run(task) as Promise<void>).then(() => {
      running = undefined;
      if (!router.isDrained) show();
    });
  };
  return {
    start: () => Promise.resolve(),
    show,
    // The last task ends shortly after its last record; a pool that is destroyed earlier would reject it.
    done: async () => {
      do await running;
      while (running !== undefined || !router.isDrained);
    },
    stop: () => threads.destroy(),
  };
}

async function figures(
  singly: Singly,
  tokens: readonly string[],
  expected: string,
  { waiting, each }: (typeof WAYS)[number],
): Promise<Figures> {
  const { engine, intake, arrival } = subscribed(tokens, 1);
  const { router, memories } = engine;
  const consumer = waiting === 'drain' ? taskPerWakeUp(engine) : runningTask(engine, waiting);
  const show = (): void => consumer.show();
  try {
    await consumer.start();
    const applied = new Since(memories[0], memories[0].histogram);
    const send = (k: number, dueMs: number): void => {
      arrival.monoMs = dueMs;
      arrival.marketMs = OPEN_MS + k * STEP_MS;
      intake.batch(singly.at(k), arrival);
      if (each) show();
    };
    await openLoop(0, warmed(singly.count), RATE, send, show);
    while (!router.isDrained) await turn();
    applied.begin();
    const cpuBefore = process.cpuUsage();
    await openLoop(warmed(singly.count), singly.count, RATE, send, show);
    const cpu = process.cpuUsage(cpuBefore);
    intake.end();
    show();
    await consumer.done();
    const answer = engineAnswer(engine);
    if (answer !== expected)
      throw new Error(`waking, ${waiting}: ${answer} where a plain fold has ${expected}`);
    return {
      p50: applied.percentile(50),
      p99: applied.percentile(99),
      cpu: (cpu.user + cpu.system) / 1e4 / ((singly.count - warmed(singly.count)) / RATE),
    };
  } finally {
    await consumer.stop();
  }
}

export const waking: Bench = {
  name: 'waking',
  topology:
    'schedule (12,000/s) -> main -> Router == ring ==> shard thread: a task that runs on and waits (three ways), or a task a wake-up',
  async run({ smoke }) {
    const count = smoke ? 2000 : RATE * SECONDS;
    const { buf, tokens } = frames(count, 50, STEP_MS);
    const singly = new Singly(buf, count);
    const expected = naiveAnswer(buf, count, tokens);
    const found = WAYS.map((): Figures[] => []);
    for (let round = 0; round < (smoke ? 1 : 3); round++)
      for (const [k, way] of WAYS.entries()) found[k].push(await figures(singly, tokens, expected, way));
    return WAYS.flatMap(({ name }, k) => {
      const against = (of: (one: Figures) => number): object =>
        k === 0 ? {} : { baseline: found[0].map(of) };
      return [
        rowOf({
          name: `${name}, p50`,
          unit: 'us',
          values: found[k].map(({ p50 }) => p50),
          ...against(({ p50 }) => p50),
        }),
        rowOf({
          name: `${name}, p99`,
          unit: 'us',
          values: found[k].map(({ p99 }) => p99),
          ...against(({ p99 }) => p99),
        }),
        rowOf({
          name: `${name}, CPU`,
          unit: '% of a core',
          values: found[k].map(({ cpu }) => cpu),
          ...against(({ cpu }) => cpu),
        }),
      ];
    });
  },
};
