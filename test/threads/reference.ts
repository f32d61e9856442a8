/**
 * What readers may see of a shard's memory when its thread has died: exactly what was there before the record at work, or exactly what
 * is there after it, field by field. An engine beside the one that crashes has the same records and goes on one at a time, without dying.
 */
import { BAR, FIRST, GAP, SHARD, SLOT, type ShardMemory } from '../../src/shared/layout.js';
import type { Engine } from '../../src/shard/engine.js';
import { Shard } from '../../src/shard/shard.js';

/** Everything that is valid: rows with the bars behind them, first-sealed candles, gaps, how far is sealed, whether it ended. */
function visible(m: ShardMemory): number[][] {
  const { rows, bars } = m.shape;
  const from = (at: number, size: number): number[] => [...m.f64.subarray(at, at + size)];
  const sealed = m.i32[SHARD.sealed];
  const state = [[sealed, m.i32[SHARD.ended]], from(m.gaps, m.i32[SHARD.gaps] * GAP.size)];
  for (let row = 0; row < rows; row++) {
    const slot = m.slotOf(row, m.i32[m.versions + row] & 1);
    state.push(from(slot, SLOT.size));
    const held = m.f64[slot + SLOT.barIndex];
    // The copy at home of the bar that is held is nobody's business yet.
    for (let bar = 0; bar < bars; bar++) if (bar !== held) state.push(from(m.barOf(row, bar), BAR.size));
    for (let bar = 0; bar <= sealed; bar++) state.push(from(m.firstOf(row, bar), FIRST.size));
  }
  return state;
}

/** A field that differs, or undefined. NaN equals itself here. */
function difference(a: number[][], b: number[][]): string | undefined {
  if (a.length !== b.length) return `${a.length} and ${b.length} parts`;
  for (const [part, values] of a.entries()) {
    if (values.length !== b[part].length) return `part ${part}: ${values.length} and ${b[part].length} fields`;
    const field = values.findIndex((value, k) => !Object.is(value, b[part][k]));
    if (field >= 0) return `part ${part}, field ${field}: ${values[field]} and ${b[part][field]}`;
  }
  return undefined;
}

export class Reference {
  readonly #shards: { shard: Shard; before: number[][]; after: number[][]; done: number }[];

  /** `engine`: told every step, nothing applied yet, with rings that hold it all. */
  constructor(engine: Engine) {
    engine.router.publish();
    this.#shards = engine.memories.map((memory) => ({ shard: new Shard(memory), before: visible(memory), after: visible(memory), done: -1 }));
  }

  /** What in `memory`, whose thread died at `cursor`, is of neither moment; undefined when all is well. Cursors only rise. */
  fault(shard: number, memory: ShardMemory, cursor: number): string | undefined {
    const own = this.#shards[shard];
    while (own.done < cursor) {
      if (own.done === cursor - 1) own.before = visible(own.shard.memory);
      own.shard.step(() => 0, 1);
      if (++own.done === cursor) own.after = visible(own.shard.memory);
    }
    const state = visible(memory);
    const fromBefore = difference(state, own.before);
    const fromAfter = difference(state, own.after);
    if (fromBefore === undefined || fromAfter === undefined) return undefined;
    return `record ${cursor} of shard ${shard}: not before (${fromBefore}), not after (${fromAfter})`;
  }
}
