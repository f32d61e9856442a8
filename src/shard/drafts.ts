/**
 * Drafts: what a batch of records makes of the shard's rows before others see it.
 *
 * A row has two slots, and its version says which is valid. The first record of a batch that concerns a row copies the valid slot into the idle
 * one, its draft; that record and the next change the draft; when the batch is over, one atomic store of the version shows it. A slot
 * names the last record that is in it. So a thread may die at any store: the next one begins the batch again, and passes over what a row that
 * was shown has already.
 *
 * A draft changes one bar beside the slot's own: the bar that was in the valid slot is copied home, where nobody reads it until the draft is
 * shown. A record that needs yet another bar has the row shown first (`renew`).
 */
import { MINUTE_MS } from '../market/session.js';
import { BAR, SHARD, SLOT, STATIC, type ShardMemory } from '../shared/layout.js';

export class Drafts {
  readonly memory: ShardMemory;
  /** Double index of each row's draft; 0 where there is none. */
  readonly slots: Int32Array;
  /** The time of ordinary ticks, by row: from and until when the minute at hand is, where it is unsealed and has a tick; else never. Epoch ms. */
  readonly fromMs: Float64Array;
  readonly untilMs: Float64Array;
  /** Whether records may be in their rows already: those that a thread before this one had begun. */
  repeating = false;
  /** Whether a tick of a sealed minute is in a draft: the writer must look again when it is shown. */
  late = false;
  readonly #rows: Int32Array;
  #count = 0;

  constructor(memory: ShardMemory) {
    this.memory = memory;
    const { rows } = memory.shape;
    this.slots = new Int32Array(rows);
    this.#rows = new Int32Array(rows);
    this.fromMs = new Float64Array(rows);
    this.untilMs = new Float64Array(rows);
  }

  /** Begins the row's draft. Returns its double index. */
  begin(row: number): number {
    const rows = this.#rows;
    rows[this.#count++] = row;
    return this.#copy(row);
  }

  /** Shows the row's draft, which holds its records up to `cursor`, and begins another. Returns its double index. */
  renew(row: number, cursor: number): number {
    this.#show(row, cursor);
    return this.#copy(row);
  }

  /** Shows all drafts, which hold all records up to `cursor`. */
  show(cursor: number): void {
    const rows = this.#rows;
    for (let k = 0; k < this.#count; k++) this.#show(rows[k], cursor);
    this.#count = 0;
    if (!this.late) return;
    this.late = false;
    const { i32 } = this.memory;
    Atomics.store(i32, SHARD.changes, i32[SHARD.changes] + 1);
  }

  /** Whether the row's record at `cursor`, and so all before it, is in draft `s` already. */
  has(s: number, cursor: number): boolean {
    const { f64, shape } = this.memory;
    // A row that never had a record has NaN, which equals nothing.
    return this.repeating && f64[s + SLOT.cursor] === f64[s + SLOT.cursor] && (f64[s + SLOT.cursor] - cursor) >>> 0 < shape.slots;
  }

  /** Looks at the bar at hand of draft `s`: which ticks are ordinary for it. */
  look(row: number, s: number): void {
    const m = this.memory;
    const f = m.f64;
    const { fromMs, untilMs } = this;
    const bar = f[s + SLOT.barIndex];
    if (this.repeating || bar < 0 || bar === m.shape.bars - 1 || bar <= m.i32[SHARD.sealed] || f[s + SLOT.bar + BAR.ticks] === 0) {
      untilMs[row] = 0;
      return;
    }
    fromMs[row] = f[m.staticOf(row) + STATIC.originMs] + bar * MINUTE_MS;
    untilMs[row] = fromMs[row] + MINUTE_MS;
  }

  /** No tick is ordinary until its row was looked at: minutes were sealed. */
  forget(): void {
    const { untilMs } = this;
    untilMs.fill(0);
  }

  #copy(row: number): number {
    const { f64, i32, versions } = this.memory;
    const { slots } = this;
    const valid = this.memory.slotOf(row, i32[versions + row] & 1);
    const draft = this.memory.slotOf(row, (i32[versions + row] + 1) & 1);
    f64.copyWithin(draft, valid, valid + SLOT.size);
    slots[row] = draft;
    return draft;
  }

  #show(row: number, cursor: number): void {
    const { f64, i32, versions } = this.memory;
    const { slots } = this;
    // A batch that is begun again may be shorter than it was.
    if (!this.has(slots[row], cursor)) f64[slots[row] + SLOT.cursor] = cursor;
    Atomics.store(i32, versions + row, (i32[versions + row] + 1) | 0);
    slots[row] = 0;
  }
}
