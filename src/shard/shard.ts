/**
 * A shard: drains its ring into the fold. Knows no thread: `workers/shard.ts` repeats `step` in a worker, tests and simulations
 * call it themselves.
 */
import { bucketOf } from '../shared/histogram.js';
import { KIND, MAIN, PULSE, RECORD, SHARD, type ShardMemory } from '../shared/layout.js';
import { applyRecord } from './fold.js';

export class Shard {
  readonly memory: ShardMemory;

  /** Takes over `memory` as it is: a shard that died is continued by a new one on the same memory. */
  constructor(memory: ShardMemory) {
    this.memory = memory;
    // What its predecessor may have changed without saying so is looked at again.
    Atomics.store(memory.i32, SHARD.changes, memory.i32[SHARD.changes] + 1);
  }

  /** Whether END was applied. */
  get ended(): boolean {
    return this.memory.i32[SHARD.ended] === 1;
  }

  /** Where the ring is filled to: what to wait on when `step` returned 0. */
  get tail(): number {
    return Atomics.load(this.memory.i32, MAIN.tail);
  }

  /**
   * Applies up to `limit` records and publishes the cursor once. `monoMs` gives monotonic real milliseconds; it is read once.
   * Returns how many records were done.
   */
  step(monoMs: () => number, limit: number): number {
    const { i32, f64 } = this.memory;
    const head = i32[SHARD.head];
    const ready = (Atomics.load(i32, MAIN.tail) - head) | 0;
    const count = ready < limit ? ready : limit;
    if (count === 0) return 0;
    const skip = i32[MAIN.skipArmed] === 1 ? i32[MAIN.skip] : -1;
    const skipping = i32[MAIN.skipArmed] === 1;
    for (let k = 0; k < count; k++) {
      const cursor = (head + k) | 0;
      i32[SHARD.working] = cursor;
      if (skipping && cursor === skip) continue;
      applyRecord(this.memory, cursor);
    }
    const now = monoMs();
    for (let k = 0; k < count; k++) {
      const r = this.memory.recordOf((head + k) | 0);
      if (i32[2 * r + RECORD.kind] !== KIND.packet) continue;
      i32[this.memory.histogram + bucketOf((now - f64[r + RECORD.receivedMs]) * 1000)] += 1;
    }
    Atomics.store(i32, SHARD.head, (head + count) | 0);
    f64[PULSE.heartbeatMs] = now;
    return count;
  }

  /** Stamps the heartbeat of an idle shard. */
  beat(nowMs: number): void {
    this.memory.f64[PULSE.heartbeatMs] = nowMs;
  }
}
