/**
 * Thread entry of a shard: one long task that repeats `Shard.step` and sleeps when the ring is empty. The sleep
 * blocks, for a bounded time: nothing else runs in this thread.
 */
import '../src/memory/io-ledger.js';
import { monoMs } from '../src/clock.js';
import { LEDGER, watch } from '../src/memory/io-ledger.js';
import { MAIN, SHARD, ShardMemory } from '../src/memory/layout.js';
import { BATCH_RECORDS, Shard } from '../src/shard/shard.js';
import type { ShardTask } from '../src/threads/shard-messages.js';

/** Longest sleep, real ms: a stop whose notify is lost is noticed after it. */
const SLEEP_MS = 100;

/** Runs until END was applied or the stop word is set. */
export default function run(task: ShardTask): void {
  if (task.ledger !== undefined) watch([], new Int32Array(task.ledger, 0, LEDGER.words));
  const memory = new ShardMemory(task.shape, task.buffer);
  const shard = new Shard(memory);
  shard.beat(monoMs());
  while (!shard.ended && Atomics.load(memory.i32, MAIN.stop) === 0) {
    if (shard.step(monoMs, BATCH_RECORDS) > 0) continue;
    if (shard.tail !== memory.i32[SHARD.head]) continue;
    Atomics.wait(memory.i32, MAIN.tail, memory.i32[SHARD.head], SLEEP_MS);
    shard.beat(monoMs());
  }
}
