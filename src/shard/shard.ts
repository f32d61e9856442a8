/**
 * Applies its ring's records to its rows, in batches. It knows no thread: `workers/shard.ts` repeats `step` in a
 * worker; tests and simulations call it themselves.
 */
import assert from 'node:assert';
import { bucketOf } from '../memory/histogram.js';
import { MAIN, PULSE, SHARD, type ShardMemory } from '../memory/layout.js';
import { KIND, RECORD, kindOf } from '../memory/record.js';
import { MAX_ACCUMULATED_TICKS } from './fast/tick-accumulators.js';
import { RowWriter } from './row-writer.js';
import { applyControl, applyPacket } from './bar-builder.js';
import { applyTicks } from './fast/apply-ticks.js';
import { applyVolumes } from './fast/apply-volumes.js';

/** Maximum. */
export const BATCH_RECORDS = 4096;
/** Maximum in a batch; the packets of one read share one. */
const MAX_ARRIVALS = 256;

export class Shard {
  readonly memory: ShardMemory;
  readonly #writer: RowWriter;
  /** Receive time, and records. */
  readonly #receivedUs = new Int32Array(MAX_ARRIVALS);
  readonly #counts = new Int32Array(MAX_ARRIVALS);
  #arrivals = 0;

  /** Takes over `memory`. After a dead shard, repeats the batch that it began, without what was committed. */
  constructor(memory: ShardMemory) {
    this.memory = memory;
    this.#writer = new RowWriter(memory);
    const { i32 } = memory;
    // First: a thread that dies before this line did not work on the record still marked as current.
    Atomics.store(i32, SHARD.starts, i32[SHARD.starts] + 1);
    Atomics.notify(i32, SHARD.starts);
    // An earlier thread may have died at a later record, less than a ring on: those from its reach on are in no row.
    const next = (i32[SHARD.working] + 1) | 0;
    if ((i32[SHARD.reach] - next) >>> 0 > memory.shape.slots) Atomics.store(i32, SHARD.reach, next);
    this.#writer.repeating = true;
    // END is the last record.
    if (i32[SHARD.ended] === 1) Atomics.store(i32, SHARD.head, Atomics.load(i32, MAIN.tail));
    Atomics.store(i32, SHARD.busy, 0);
    // The predecessor may have changed candles without a signal.
    Atomics.store(i32, SHARD.changes, i32[SHARD.changes] + 1);
    Atomics.notify(i32, SHARD.changes);
  }

  get ended(): boolean {
    return this.memory.i32[SHARD.ended] === 1;
  }

  /** The word to wait on when `step` returned 0. */
  get tail(): number {
    return Atomics.load(this.memory.i32, MAIN.tail);
  }

  /**
   * Applies and commits at most `limit` records (at most MAX_ACCUMULATED_TICKS). A SEAL, GAP or END is a batch of its
   * own. `monoMs`: monotonic real ms, read once. Returns the number of records; 0: the ring is empty.
   */
  step(monoMs: () => number, limit: number): number {
    const { i32, f64 } = this.memory;
    const writer = this.#writer;
    assert(limit <= MAX_ACCUMULATED_TICKS, 'a batch fits an accumulator');
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
    // From here on a death is not attributed to a record.
    i32[SHARD.busy] = 0;
    writer.commit((head + count - 1) | 0);
    // Read from there: a number that is passed on would be allocated for each batch.
    f64[PULSE.heartbeatMs] = monoMs();
    this.#measure(head);
    Atomics.store(i32, SHARD.head, (head + count) | 0);
    return count;
  }

  /** Applies at most `most` packets from `head` on, or one SEAL, GAP or END. Returns the number of records. */
  #apply(head: number, most: number): number {
    const m = this.memory;
    const { i32 } = m;
    const writer = this.#writer;
    this.#arrivals = 0;
    // In this order: `busy` never marks an earlier record.
    i32[SHARD.working] = head;
    i32[SHARD.busy] = 1;
    for (let done = 0; ;) {
      if (done === most || this.#arrivals === MAX_ARRIVALS) return done;
      const next = (head + done) | 0;
      const r = m.recordOf(next);
      const ticks = m.shape.hasVolume
        ? applyVolumes(m, writer, next, most - done)
        : applyTicks(m, writer, next, most - done);
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

  /** Adds the batch's latencies, up to the heartbeat, to the histogram. */
  #measure(head: number): void {
    const { f64, i32, histogram, sealHistogram } = this.memory;
    const start = kindOf(this.memory.whatAt(head)) === KIND.packet ? histogram : sealHistogram;
    const receivedUs = this.#receivedUs;
    const counts = this.#counts;
    const nowUs = (f64[PULSE.heartbeatMs] * 1000) | 0;
    for (let k = 0; k < this.#arrivals; k++) {
      // 0: time alone made a minute due. The difference is right across the wrap of either.
      if (receivedUs[k] !== 0) i32[start + bucketOf((nowUs - receivedUs[k]) | 0)] += counts[k];
    }
  }

  /** Skips a record that killed its threads, in a step of its own so that the head passes it at once. */
  #skip(cursor: number, nowMs: number): number {
    Atomics.store(this.memory.i32, SHARD.head, (cursor + 1) | 0);
    this.beat(nowMs);
    return 1;
  }

  beat(nowMs: number): void {
    this.memory.f64[PULSE.heartbeatMs] = nowMs;
  }
}
