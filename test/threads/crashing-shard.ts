/** Thread entry of the crash tests: `workers/shard.ts` over the instrumented shard, dying where its plan says. */
import { monoMs } from '../../src/clock.js';
import { MAIN, SHARD, ShardMemory, type ShardShape } from '../../src/memory/layout.js';
import type * as ShardModule from '../../src/shard/shard.js';
import { arm, type CrashPlan } from './hook.js';

const compiled = new URL('../../src/shard/shard.crashing.js', import.meta.url).href;
const { Shard } = (await import(compiled)) as typeof ShardModule;

const BATCH = 64;

export default function run(task: {
  shape: ShardShape;
  buffer: SharedArrayBuffer;
  shard: number;
  extra: CrashPlan;
}): void {
  const memory = new ShardMemory(task.shape, task.buffer);
  const { idleDeaths } = task.extra;
  arm(task.extra, { shard: task.shard, memory });
  const shard = new Shard(memory);
  shard.beat(monoMs());
  while (!shard.ended && Atomics.load(memory.i32, MAIN.stop) === 0) {
    if (shard.step(monoMs, BATCH) > 0) continue;
    if (Atomics.load(idleDeaths, 0) > 0 && Atomics.sub(idleDeaths, 0, 1) > 0) process.exit();
    Atomics.wait(memory.i32, MAIN.tail, memory.i32[SHARD.head], 20);
    shard.beat(monoMs());
  }
}
