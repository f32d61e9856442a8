/**
 * The ring alone: one producer, one consumer in a thread of its own, records that change nothing.
 *
 *   main thread: claim, fill, commit, publish every 1, 64, 1024 ══ ring ══► worker: discards, waits when empty
 *
 * The answer: the consumer's cursor has passed every record, and its histogram has each once.
 */
import { monoMs, sleep } from '../src/clock.js';
import { HISTOGRAM_WORDS, SHARD, ShardMemory } from '../src/memory/layout.js';
import { RECORD } from '../src/memory/record.js';
import { newCounters } from '../src/memory/counters.js';
import { RingWriter } from '../src/memory/ring.js';
import { ShardPool } from '../src/threads/shard-pool.js';
import { median, rowOf, type Bench, type Row } from './row.js';

const SLOTS = 16_384;
const EVERY = [1, 64, 1024] as const;

/** Million records a second. */
async function rate(records: number, every: number): Promise<number> {
  const memory = new ShardMemory({ rows: 1, bars: 1, slots: SLOTS, hasVolume: false });
  const pool = new ShardPool({
    memories: [memory],
    counters: newCounters(),
    workerUrl: new URL('./echo-worker.js', import.meta.url),
  });
  await pool.start();
  try {
    const ring = new RingWriter(memory);
    const start = monoMs();
    for (let k = 0; k < records; k++) {
      // A producer that reads memory may wait where the live line must not.
      while (!ring.hasFree(1)) ring.publish();
      const at = ring.claim();
      memory.i32[2 * at + RECORD.priceLow] = k;
      ring.commit();
      if (k % every === 0) ring.publish();
    }
    ring.publish();
    while (ring.free() < SLOTS) await sleep(0);
    const seconds = (monoMs() - start) / 1000;
    const counted = memory.i32
      .subarray(memory.histogram, memory.histogram + HISTOGRAM_WORDS)
      .reduce((a, b) => a + b, 0);
    if (memory.i32[SHARD.head] !== records || counted !== records)
      throw new Error(`ring: ${memory.i32[SHARD.head]} of ${records} records were read`);
    return records / seconds / 1e6;
  } finally {
    await pool.stop();
  }
}

export const ring: Bench = {
  name: 'ring',
  topology:
    'main: claim, fill, commit, publish every 1, 64, 1024 == SharedArrayBuffer ==> worker: a consumer that does nothing with them, Atomics.wait',
  async run({ smoke }) {
    const records = smoke ? 50_000 : 4_000_000;
    const rounds = smoke ? 1 : 5;
    const values = new Map<number, number[]>(EVERY.map((every) => [every, []]));
    for (let round = 0; round < rounds; round++)
      for (const every of EVERY) values.get(every)!.push(await rate(records, every));
    const each = values.get(1)!;
    return EVERY.map((every): Row =>
      rowOf({
        name: `ring, publish every ${every}`,
        unit: 'M records/s',
        values: values.get(every)!,
        moreIsBetter: true,
        ...(every === 1 || median(each) === 0 ? {} : { baseline: each }),
      }),
    );
  },
};
