/**
 * The writing side of a shard's ring: single producer, single consumer. Cursors are monotonic int32, compared by
 * subtraction.
 *
 *   head ──► records that the shard reads ──► published ──► marked ──► tail ──► free slots ──► head + slots
 *
 * A claim without a free slot is a broken invariant: the router pauses the socket long before (`ingest/router.ts`).
 */
import assert from 'node:assert';
import { MAIN, SHARD, type ShardMemory } from './layout.js';
import { CONTROL, RECORD, whatOf } from './record.js';

export class RingWriter {
  readonly memory: ShardMemory;
  #tail: number;
  #published: number;
  #marked: number;
  #head: number;

  constructor(memory: ShardMemory) {
    this.memory = memory;
    this.#tail = Atomics.load(memory.i32, MAIN.tail);
    this.#published = this.#tail;
    this.#marked = this.#tail;
    this.#head = Atomics.load(memory.i32, SHARD.head);
  }

  /** Free slots. Loads the consumer's cursor. */
  free(): number {
    this.#head = Atomics.load(this.memory.i32, SHARD.head);
    return this.memory.shape.slots - ((this.#tail - this.#head) | 0);
  }

  /** Resolves when the consumer has taken records since `free` was asked, or after `maxMs` real ms. It must notify. */
  async progress(maxMs: number): Promise<void> {
    await Atomics.waitAsync(this.memory.i32, SHARD.head, this.#head, maxMs).value;
  }

  /**
   * True if `slots` are free. Called for each packet, so it loads the consumer's cursor only if the known one is not
   * enough.
   */
  hasFree(slots: number): boolean {
    return this.memory.shape.slots - ((this.#tail - this.#head) | 0) >= slots || this.free() >= slots;
  }

  /** Double index of the next record's slot, for the caller to fill before `commit`. Asserts that one is free. */
  claim(): number {
    if (((this.#tail - this.#head) | 0) >= this.memory.shape.slots) {
      assert(this.free() > 0, 'ring overflow: a publish found no slot');
    }
    return this.memory.recordOf(this.#tail);
  }

  get tail(): number {
    return this.#tail;
  }

  /** Commits records before `cursor`, which the caller has checked for room and filled. */
  commitTo(cursor: number): void {
    this.#tail = cursor;
  }

  /** Adds the claimed record to the next publish. */
  commit(): void {
    this.#tail = (this.#tail + 1) | 0;
  }

  /**
   * Writes a SEAL (`row` is the bar index), GAP (start, end) or END (time). `receivedUs`: of the packet that caused
   * it; 0: none.
   */
  control(kind: number, row: number, timeMs: number, untilMs: number, receivedUs = 0): void {
    const at = this.claim();
    const { f64, i32 } = this.memory;
    i32[2 * at + RECORD.what] = whatOf(kind, 0, row);
    i32[2 * at + RECORD.receivedUs] = receivedUs;
    f64[at + CONTROL.timeMs] = timeMs;
    f64[at + CONTROL.untilMs] = untilMs;
    this.commit();
  }

  mark(): void {
    this.#marked = this.#tail;
  }

  /** Shows the consumer what was marked, and wakes it. Cheap if nothing is new. */
  publishMarked(): void {
    if (this.#marked === this.#published) return;
    this.#published = this.#marked;
    Atomics.store(this.memory.i32, MAIN.tail, this.#marked);
    Atomics.notify(this.memory.i32, MAIN.tail);
  }

  /** Shows the consumer every committed record. */
  publish(): void {
    this.mark();
    this.publishMarked();
  }
}
