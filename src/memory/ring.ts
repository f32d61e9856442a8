/**
 * The writing side of a shard's ring: single producer, single consumer, cursors monotonic and compared by subtraction.
 * A publish that finds no slot is a broken invariant: the router pauses the socket long before (`router.ts`).
 */
import assert from 'node:assert';
import { MAIN, RECORD, SHARD, type ShardMemory } from './layout.js';
import { whatOf } from './record.js';

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

  /** Slots that may be written before the consumer must move. Reads the consumer's cursor. */
  free(): number {
    this.#head = Atomics.load(this.memory.i32, SHARD.head);
    return this.memory.shape.slots - ((this.#tail - this.#head) | 0);
  }

  /**
   * Whether at least `slots` may be written. Asks for the consumer's cursor only when the one known is not enough: it
   * is asked for each packet.
   */
  hasFree(slots: number): boolean {
    return this.memory.shape.slots - ((this.#tail - this.#head) | 0) >= slots || this.free() >= slots;
  }

  /** Double index of the next record's slot, which the caller fills and then commits. */
  claim(): number {
    if (((this.#tail - this.#head) | 0) >= this.memory.shape.slots) {
      assert(this.free() > 0, 'ring overflow: a publish found no slot');
    }
    return this.memory.recordOf(this.#tail);
  }

  /** Cursor of the next record to be claimed. */
  get tail(): number {
    return this.#tail;
  }

  /**
   * Makes all records before `cursor`, for which there was room and which the caller has filled, part of the next
   * publish.
   */
  commitTo(cursor: number): void {
    this.#tail = cursor;
  }

  /** Makes the claimed record part of the next publish. */
  commit(): void {
    this.#tail = (this.#tail + 1) | 0;
  }

  /**
   * Writes a record that is no packet: SEAL (bar index in place of the row), GAP (start, end) or END (time);
   * `receivedUs` of the packet that caused it; 0 where there is none.
   */
  control(kind: number, row: number, timeMs: number, untilMs: number, receivedUs = 0): void {
    const at = this.claim();
    const { f64, i32 } = this.memory;
    i32[2 * at + RECORD.what] = whatOf(kind, 0, row);
    i32[2 * at + RECORD.receivedUs] = receivedUs;
    f64[at + RECORD.timeMs] = timeMs;
    f64[at + RECORD.untilMs] = untilMs;
    this.commit();
  }

  /** Takes together what is committed: the next `publishMarked` shows so much. */
  mark(): void {
    this.#marked = this.#tail;
  }

  /** Shows the consumer what was marked and wakes it. Cheap when there is nothing new. */
  publishMarked(): void {
    if (this.#marked === this.#published) return;
    this.#published = this.#marked;
    Atomics.store(this.memory.i32, MAIN.tail, this.#marked);
    Atomics.notify(this.memory.i32, MAIN.tail);
  }

  /** Shows every committed record to the consumer. */
  publish(): void {
    this.mark();
    this.publishMarked();
  }
}
