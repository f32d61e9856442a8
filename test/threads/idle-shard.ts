/** Thread entry that takes its memory over and then hangs until its thread is ended. */
import { SHARD, ShardMemory, type ShardShape } from '../../src/memory/layout.js';
import { Shard } from '../../src/shard/shard.js';

export default function run(task: { shape: ShardShape; buffer: SharedArrayBuffer }): void {
  const memory = new ShardMemory(task.shape, task.buffer);
  new Shard(memory);
  for (;;) Atomics.wait(memory.i32, SHARD.head, memory.i32[SHARD.head], 1000);
}
