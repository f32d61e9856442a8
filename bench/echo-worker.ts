/** Thread entry: a consumer of the ring that only records the latency of each record, to measure the ring alone. */
import '../src/memory/io-ledger.js';
import { monoMs } from '../src/clock.js';
import { bucketOf } from '../src/memory/histogram.js';
import { MAIN, SHARD, ShardMemory } from '../src/memory/layout.js';
import { RECORD } from '../src/memory/record.js';
import { BATCH_RECORDS } from '../src/shard/shard.js';
import type { ShardTask } from '../src/threads/shard-messages.js';

/** Longest sleep, as the shard's. */
const SLEEP_MS = 100;

export default function run(task: ShardTask): void {
  const memory = new ShardMemory(task.shape, task.buffer);
  const { i32, histogram } = memory;
  Atomics.store(i32, SHARD.starts, i32[SHARD.starts] + 1);
  Atomics.notify(i32, SHARD.starts);
  while (Atomics.load(i32, MAIN.stop) === 0) {
    const head = i32[SHARD.head];
    const ready = Math.min(BATCH_RECORDS, (Atomics.load(i32, MAIN.tail) - head) | 0);
    if (ready === 0) {
      Atomics.wait(i32, MAIN.tail, head, SLEEP_MS);
      continue;
    }
    const nowUs = (monoMs() * 1000) | 0;
    for (let k = 0; k < ready; k++)
      i32[histogram + bucketOf((nowUs - i32[2 * memory.recordOf((head + k) | 0) + RECORD.receivedUs]) | 0)] +=
        1;
    Atomics.store(i32, SHARD.head, (head + ready) | 0);
  }
}
