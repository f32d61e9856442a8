/**
 * A shard: drains its ring into the fold. Knows no thread: `workers/shard.ts` repeats `step` in a worker, tests and simulations
 * call it themselves.
 */
import { bucketOf } from '../shared/histogram.js';
import { KIND, MAIN, PULSE, RECORD, SHARD, type ShardMemory } from '../shared/layout.js';
import { applyRecord } from './fold.js';

export class Shard {
  readonly memory: ShardMemory;

  /**
   * Takes over `memory` as it is: a shard that died is continued by a new one on the same memory. What its predecessor had finished
   * of an unpublished batch is published, so that only the record that was at work is repeated.
   */
  constructor(memory: ShardMemory) {
    this.memory = memory;
    const { i32 } = memory;
    // First of all: a thread that dies before this line had no part in the record that is still marked as being at work.
    Atomics.store(i32, SHARD.starts, i32[SHARD.starts] + 1);
    Atomics.notify(i32, SHARD.starts);
    // HEAD never goes back: main may have written over what lies behind it.
    // After END nothing is applied any more, so END itself, once applied, is done.
    const done = (i32[SHARD.working] + i32[SHARD.ended]) | 0;
    if (i32[SHARD.busy] === 1 && ((done - i32[SHARD.head]) | 0) > 0) Atomics.store(i32, SHARD.head, done);
    Atomics.store(i32, SHARD.busy, 0);
    // What its predecessor may have changed without saying so is looked at again.
    Atomics.store(i32, SHARD.changes, i32[SHARD.changes] + 1);
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
    let count = ready < limit ? ready : limit;
    if (count === 0) return 0;
    if (Atomics.load(i32, MAIN.skipArmed) === 1) {
      const before = (i32[MAIN.skip] - head) | 0;
      if (before === 0) return this.#skip(head, monoMs());
      if (before > 0 && before < count) count = before;
    }
    for (let k = 0; k < count; k++) {
      const cursor = (head + k) | 0;
      // In this order: a record that is not yet named must not pass for one at work.
      i32[SHARD.working] = cursor;
      i32[SHARD.busy] = 1;
      applyRecord(this.memory, cursor);
    }
    const now = monoMs();
    const { histogram, sealHistogram } = this.memory;
    let receivedMs = NaN;
    let bucket = 0;
    for (let k = 0; k < count; k++) {
      const r = this.memory.recordOf((head + k) | 0);
      const kind = i32[2 * r + RECORD.kind];
      if (kind !== KIND.packet && kind !== KIND.seal) continue;
      // What one read of the socket delivered arrived at one moment.
      if (f64[r + RECORD.receivedMs] !== receivedMs) {
        receivedMs = f64[r + RECORD.receivedMs];
        bucket = bucketOf((now - receivedMs) * 1000);
      }
      // NaN, which equals nothing, where no packet but time alone made a minute due.
      if (receivedMs === receivedMs) i32[(kind === KIND.packet ? histogram : sealHistogram) + bucket] += 1;
    }
    Atomics.store(i32, SHARD.head, (head + count) | 0);
    i32[SHARD.busy] = 0;
    f64[PULSE.heartbeatMs] = now;
    return count;
  }

  /** Passes over a record that killed its threads. A step of its own, so that HEAD shows it at once and it is never met again. */
  #skip(cursor: number, nowMs: number): number {
    Atomics.store(this.memory.i32, SHARD.head, (cursor + 1) | 0);
    this.beat(nowMs);
    return 1;
  }

  /** Stamps the heartbeat of an idle shard. */
  beat(nowMs: number): void {
    this.memory.f64[PULSE.heartbeatMs] = nowMs;
  }
}
