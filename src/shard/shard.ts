/**
 * A shard: drains its ring into the fold. Knows no thread: `workers/shard.ts` repeats `step` in a worker, tests and
 * simulations call it themselves.
 */
import assert from 'node:assert';
import { bucketOf } from '../memory/histogram.js';
import { KIND, MAIN, PULSE, RECORD, SHARD, type ShardMemory } from '../memory/layout.js';
import { kindOf } from '../memory/record.js';
import { RowWriter, MAX_ACCUMULATED_TICKS } from './row-writer.js';
import { applyControl, applyPacket } from './bar-builder.js';
import { applyTicks } from './fast/tick-accumulator.js';

/** Records of a batch, at most, as its thread takes them: they are shown together. */
export const BATCH_RECORDS = 4096;
/** Arrivals in a batch at most: what one read of the socket delivers arrives together. */
const MAX_ARRIVALS = 256;

export class Shard {
  readonly memory: ShardMemory;
  readonly #writer: RowWriter;
  /** When what is in the batch arrived, and how many records each time. */
  readonly #receivedUs = new Int32Array(MAX_ARRIVALS);
  readonly #counts = new Int32Array(MAX_ARRIVALS);
  #arrivals = 0;

  /**
   * Takes over `memory` as it is: a shard that died is continued by a new one on the same memory. The batch that its
   * predecessor had at work is repeated, without what was shown of it.
   */
  constructor(memory: ShardMemory) {
    this.memory = memory;
    this.#writer = new RowWriter(memory);
    const { i32 } = memory;
    // First of all: a thread that dies before this line had no part in the record that is still marked as being at
    // work.
    Atomics.store(i32, SHARD.starts, i32[SHARD.starts] + 1);
    Atomics.notify(i32, SHARD.starts);
    // One before the last may have died farther on, by less than the ring holds: records beyond its reach are in no
    // row.
    const next = (i32[SHARD.working] + 1) | 0;
    if ((i32[SHARD.reach] - next) >>> 0 > memory.shape.slots) Atomics.store(i32, SHARD.reach, next);
    this.#writer.repeating = true;
    // END is the last record: once it is applied, all are.
    if (i32[SHARD.ended] === 1) Atomics.store(i32, SHARD.head, Atomics.load(i32, MAIN.tail));
    Atomics.store(i32, SHARD.busy, 0);
    // What its predecessor may have changed without saying so is looked at again.
    Atomics.store(i32, SHARD.changes, i32[SHARD.changes] + 1);
    Atomics.notify(i32, SHARD.changes);
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
   * Applies a batch of at most `limit` records (`MOST_RUN` at most), shows it and publishes the cursor once. A SEAL,
   * GAP or END is a batch of its own. `monoMs` gives monotonic real milliseconds; it is read once. Returns how many
   * records were done.
   */
  step(monoMs: () => number, limit: number): number {
    const { i32, f64 } = this.memory;
    const writer = this.#writer;
    assert(limit <= MAX_ACCUMULATED_TICKS, 'a batch is no longer than a run');
    const head = i32[SHARD.head];
    const ready = (Atomics.load(i32, MAIN.tail) - head) | 0;
    let most = ready < limit ? ready : limit;
    if (most === 0) return 0;
    if (Atomics.load(i32, MAIN.skipArmed) === 1) {
      const before = (i32[MAIN.skip] - head) | 0;
      if (before === 0) return this.#skip(head, monoMs());
      if (before > 0 && before < most) most = before;
    }
    if (writer.repeating) {
      const left = (i32[SHARD.reach] - head) | 0;
      writer.repeating = left > 0;
      if (left > 0 && left < most) most = left;
    }
    const count = this.#apply(head, most);
    // From here on a death is no record's fault.
    i32[SHARD.busy] = 0;
    writer.commit((head + count - 1) | 0);
    const now = monoMs();
    this.#measure(head, now);
    Atomics.store(i32, SHARD.head, (head + count) | 0);
    f64[PULSE.heartbeatMs] = now;
    return count;
  }

  /** Applies packets from `head` on, or the one record there that is none; `most` at most. Returns how many. */
  #apply(head: number, most: number): number {
    const m = this.memory;
    const { i32 } = m;
    const writer = this.#writer;
    this.#arrivals = 0;
    // In this order: a record that is not yet named must not pass for one at work.
    i32[SHARD.working] = head;
    i32[SHARD.busy] = 1;
    for (let done = 0; ;) {
      if (done === most || this.#arrivals === MAX_ARRIVALS) return done;
      const next = (head + done) | 0;
      const r = m.recordOf(next);
      const ticks = applyTicks(m, writer, next, most - done);
      if (ticks > 0) {
        this.#arrived(r, ticks);
        done += ticks;
        continue;
      }
      const isPacket = kindOf(i32[2 * r + RECORD.what]) === KIND.packet;
      if (!isPacket && done > 0) return done;
      i32[SHARD.working] = next;
      this.#arrived(r, 1);
      if (isPacket) applyPacket(m, writer, r, next);
      else {
        applyControl(m, writer, r);
        return 1;
      }
      done++;
    }
  }

  /** Notes that `count` records arrived together with the one at `r`. */
  #arrived(r: number, count: number): void {
    const { i32 } = this.memory;
    const receivedUs = this.#receivedUs;
    const counts = this.#counts;
    const last = this.#arrivals - 1;
    if (last >= 0 && receivedUs[last] === i32[2 * r + RECORD.receivedUs]) {
      counts[last] += count;
      return;
    }
    receivedUs[this.#arrivals] = i32[2 * r + RECORD.receivedUs];
    counts[this.#arrivals++] = count;
  }

  /** Counts how long ago what was just shown had arrived. */
  #measure(head: number, nowMs: number): void {
    const { i32, histogram, sealHistogram } = this.memory;
    const start = kindOf(this.memory.whatAt(head)) === KIND.packet ? histogram : sealHistogram;
    const receivedUs = this.#receivedUs;
    const counts = this.#counts;
    const nowUs = (nowMs * 1000) | 0;
    for (let k = 0; k < this.#arrivals; k++) {
      // Zero where no packet but time alone made a minute due. The difference is right over the wrap of either.
      if (receivedUs[k] !== 0) i32[start + bucketOf((nowUs - receivedUs[k]) | 0)] += counts[k];
    }
  }

  /**
   * Passes over a record that killed its threads. A step of its own, so that HEAD shows it at once and it is never
   * met again.
   */
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
