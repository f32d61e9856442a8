/** A shard thread that sleeps between small batches, so that a burst fills its ring. */
import '../../src/memory/io-ledger.js';
import { monoMs } from '../../src/clock.js';
import { MAIN, SHARD, ShardMemory } from '../../src/memory/layout.js';
import { Shard } from '../../src/shard/shard.js';
import type { ShardTask } from '../../src/threads/shard-messages.js';

export default function run(task: ShardTask): void {
  const memory = new ShardMemory(task.shape, task.buffer);
  const shard = new Shard(memory);
  while (!shard.ended && Atomics.load(memory.i32, MAIN.stop) === 0) {
    shard.step(monoMs, 256);
    Atomics.wait(memory.i32, SHARD.ended, 0, 12);
  }
}
