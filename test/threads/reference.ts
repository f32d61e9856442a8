/**
 * What readers may see of a shard's memory when its thread has died. Each row must equal its state after some record of
 * the current batch, or before it, field by field; all rows must include every record of committed batches. A second
 * engine applies the same records one at a time, without dying.
 */
import { GAP, SHARD, SLOT, type ShardMemory } from '../../src/memory/layout.js';
import { BAR, AS_SEALED } from '../../src/memory/bar.js';
import { KIND, kindOf, rowOf } from '../../src/memory/record.js';
import { readStoredAsSealed } from '../../src/memory/shard-reader.js';
import { readStoredBar } from '../../src/memory/stored-bar.js';
import type { Engine } from '../../src/ingest/engine.js';
import { Shard } from '../../src/shard/shard.js';
import { DOUBT } from '../../src/shard/volume-doubt.js';

/** The valid state of the shard itself: last sealed bar, whether it ended, gaps. */
const ofShard = (m: ShardMemory): Float64Array =>
  Float64Array.of(
    m.i32[SHARD.sealed],
    m.i32[SHARD.ended],
    ...m.f64.subarray(m.gaps, m.gaps + m.i32[SHARD.gaps] * GAP.size),
  );

/** What is valid of a row: its slot, its other bars, its as-sealed candles. */
function ofRow(m: ShardMemory, row: number): Float64Array {
  const { bars } = m.shape;
  const slot = m.slotOf(row, m.i32[m.versions + row] & 1);
  const state = new Float64Array(SLOT.size + bars * (BAR.size + AS_SEALED.size));
  state.set(m.f64.subarray(slot, slot + SLOT.size));
  // The cursor names the end of a batch, and batches differ here.
  state[SLOT.cursor] = 0;
  // Without a doubt these fields say nothing, and batches differ here too.
  if (state[SLOT.doubt] === DOUBT.none) state.fill(0, SLOT.doubtVolume, SLOT.doubtSlackAfter + 1);
  for (let bar = 0; bar < bars; bar++) {
    if (!m.hasBar(row, bar)) continue;
    // The table's copy of the loaded bar is not read before the commit.
    if (bar !== state[SLOT.barIndex]) readStoredBar(m, row, bar, state, SLOT.size + bar * BAR.size);
    const sealed = SLOT.size + bars * BAR.size + bar * AS_SEALED.size;
    if (bar <= m.i32[SHARD.sealed])
      readStoredAsSealed(m, row, bar, state.subarray(sealed, sealed + AS_SEALED.size));
  }
  return state;
}

const visible = (m: ShardMemory): Float64Array[] => [
  ofShard(m),
  ...Array.from({ length: m.shape.rows }, (_, row) => ofRow(m, row)),
];

const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
const same = (a: Float64Array, b: Float64Array): boolean => bytesOf(a).equals(bytesOf(b));

/** The reference of one shard: each part's state after each record, as far back as a batch may begin. */
class Moments {
  readonly #shard: Shard;
  /** By part: its states, and after which record each began; ascending. */
  readonly #parts: { since: number; state: Float64Array }[][];
  #done = 0;

  constructor(memory: ShardMemory) {
    this.#shard = new Shard(memory);
    this.#parts = visible(memory).map((state) => [{ since: -1, state }]);
  }

  /** Applies records until the one at `cursor` is applied. */
  goTo(cursor: number): void {
    const { memory } = this.#shard;
    for (; this.#done <= cursor; this.#done++) {
      const what = memory.whatAt(this.#done);
      const isPacket = kindOf(what) === KIND.packet;
      this.#shard.step(() => 0, 1);
      if (isPacket) this.#note(1 + rowOf(what), ofRow(memory, rowOf(what)));
      else for (const [part, state] of visible(memory).entries()) this.#note(part, state);
    }
  }

  #note(part: number, state: Float64Array): void {
    this.#parts[part].push({ since: this.#done, state });
  }

  /** Whether the part equalled `state` after some record from `head - 1` on. Drops earlier states. */
  knows(part: number, state: Float64Array, head: number): boolean {
    const moments = this.#parts[part];
    while (moments.length > 1 && moments[1].since < head) moments.shift();
    return moments.some((moment) => same(moment.state, state));
  }
}

export class Reference {
  readonly #shards: readonly Moments[];

  /** `engine` has all steps in its rings, and nothing is applied yet. */
  constructor(engine: Engine) {
    engine.router.publish();
    this.#shards = engine.memories.map((memory) => new Moments(memory));
  }

  /**
   * What in `memory`, whose thread died at `cursor`, is of no moment of the batch at work; undefined when all is
   * right.
   */
  fault(shard: number, memory: ShardMemory, cursor: number): string | undefined {
    const head = memory.i32[SHARD.head];
    const moments = this.#shards[shard];
    moments.goTo(Math.max(cursor, head - 1));
    const torn = visible(memory).findIndex((state, part) => !moments.knows(part, state, head));
    return torn < 0
      ? undefined
      : `record ${cursor} of shard ${shard}, batch from ${head}: part ${torn} is of no moment`;
  }
}
