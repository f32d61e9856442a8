/**
 * Thread entry of a shard: one task that repeats `Shard.step` and sleeps while the ring is empty. The sleep blocks
 * the thread, which has no other work.
 */
import '../src/memory/io-ledger.js';
import { monoMs } from '../src/clock.js';
import { LEDGER, watch } from '../src/memory/io-ledger.js';
import { MAIN, SHARD, ShardMemory } from '../src/memory/layout.js';
import { BATCH_RECORDS, Shard } from '../src/shard/shard.js';
import type { ShardTask } from '../src/threads/shard-messages.js';

/** Maximum sleep, real ms: how soon a shard notices a stop word set without a wake-up. */
const MAX_SLEEP_MS = 100;

/** Until END is applied or the stop word is set. */
export default function run(task: ShardTask): void {
  if (task.ledger !== undefined) watch([], new Int32Array(task.ledger, 0, LEDGER.words));
  const memory = new ShardMemory(task.shape, task.buffer);
  const shard = new Shard(memory);
  shard.beat(monoMs());
  while (!shard.ended && Atomics.load(memory.i32, MAIN.stop) === 0) {
    if (shard.step(monoMs, BATCH_RECORDS) > 0) {
      // A replay waits for room in the ring.
      Atomics.notify(memory.i32, SHARD.head);
      continue;
    }
    if (shard.tail !== memory.i32[SHARD.head]) continue;
    Atomics.wait(memory.i32, MAIN.tail, memory.i32[SHARD.head], MAX_SLEEP_MS);
    shard.beat(monoMs());
  }
}
