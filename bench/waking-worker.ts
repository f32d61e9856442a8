/** Thread entry of bench `waking`: a shard that waits for records in one way or another. */
import '../src/memory/io-ledger.js';
import { monoMs } from '../src/clock.js';
import { MAIN, SHARD, ShardMemory } from '../src/memory/layout.js';
import { BATCH_RECORDS, Shard } from '../src/shard/shard.js';
import type { ShardTask } from '../src/threads/shard-messages.js';

/**
 * `wait` blocks the thread, as the product does. `waitAsync` lets the thread's event loop run. `spin` polls for a while
 * before it blocks. `drain` applies the available records and ends its task.
 */
export type Waiting = 'wait' | 'waitAsync' | 'spin' | 'drain';

const SLEEP_MS = 100;
/** How long `spin` looks on before it blocks, real ms: about what a wake-up costs. */
const SPIN_MS = 0.05;

/** Shards of a thread that is asked again and again to drain the same memory. */
const known = new Map<SharedArrayBuffer, Shard>();

export default async function run(task: ShardTask & { readonly extra: Waiting }): Promise<void> {
  const { extra: waiting, shape, buffer } = task;
  const shard = known.get(buffer) ?? new Shard(new ShardMemory(shape, buffer));
  known.set(buffer, shard);
  const { i32 } = shard.memory;
  while (!shard.ended && Atomics.load(i32, MAIN.stop) === 0) {
    if (shard.step(monoMs, BATCH_RECORDS) > 0) continue;
    if (waiting === 'drain') return;
    if (waiting === 'spin') {
      const untilMs = monoMs() + SPIN_MS;
      while (shard.tail === i32[SHARD.head] && monoMs() < untilMs);
    }
    const head = i32[SHARD.head];
    if (shard.tail !== head) continue;
    if (waiting === 'waitAsync') await Atomics.waitAsync(i32, MAIN.tail, head, SLEEP_MS).value;
    else Atomics.wait(i32, MAIN.tail, head, SLEEP_MS);
  }
}
