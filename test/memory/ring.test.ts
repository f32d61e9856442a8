import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAIN, SHARD, ShardMemory, STATIC } from '../../src/memory/layout.js';
import { KIND, CONTROL, whatOf } from '../../src/memory/record.js';
import { readRow } from '../../src/memory/shard-reader.js';
import { readCandles } from '../../src/candles/read-candles.js';
import { RingWriter } from '../../src/memory/ring.js';
import { Shard } from '../../src/shard/shard.js';
import { holds, seedsOf } from '../volume.js';
import { at, instrumentsOf } from '../shard/drive.js';

/** Memory of a ring whose cursors begin at `cursor`: they are int32 and wrap. */
function memoryAt(slots: number, cursor: number): ShardMemory {
  const memory = new ShardMemory({ rows: 1, bars: 4, slots, hasVolume: true });
  memory.i32[MAIN.tail] = memory.i32[SHARD.head] = cursor;
  return memory;
}

/** Takes up to `limit` published records, as a consumer does, and returns what `timeMs` held. */
function take(memory: ShardMemory, limit: number): number[] {
  const { i32, f64 } = memory;
  const head = i32[SHARD.head];
  const count = Math.min((Atomics.load(i32, MAIN.tail) - head) | 0, limit);
  expect(count).toBeLessThanOrEqual(memory.shape.slots);
  const taken = Array.from(
    { length: count },
    (_, k) => f64[memory.recordOf((head + k) | 0) + CONTROL.timeMs],
  );
  Atomics.store(i32, SHARD.head, (head + count) | 0);
  return taken;
}

const command = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), count: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant('publish' as const), count: fc.constant(0) }),
  fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 20 }) }),
);

describe('the ring', () => {
  it.each(seedsOf(7))(
    'is an array: all that is published comes once, in order, also where cursors wrap (seed %i)',
    (seed) =>
      holds(
        'ring commands',
        seed,
        fc.property(
          fc.constantFrom(1, 2, 16, 64),
          fc.constantFrom(0, 0x7fffffff - 5, -3, -0x80000000),
          fc.array(command, { minLength: 20, maxLength: 300, size: 'max' }),
          (slots, cursor, commands) => {
            const memory = memoryAt(slots, cursor);
            const ring = new RingWriter(memory);
            const committed: number[] = [];
            const published: number[] = [];
            let written = 0;
            let inside = 0;
            for (const { kind, count } of commands) {
              if (kind === 'write') {
                for (let k = 0; k < count && inside < slots; k++, inside++) {
                  expect(ring.hasFree(slots - inside)).toBe(true);
                  expect(ring.hasFree(slots - inside + 1)).toBe(false);
                  ring.control(KIND.gap, 0, ++written, 0);
                  committed.push(written);
                }
              } else if (kind === 'publish') {
                ring.publish();
                published.push(...committed.splice(0));
              } else {
                const taken = take(memory, count);
                expect(taken).toEqual(published.splice(0, taken.length));
                if (taken.length < count) expect(published).toEqual([]);
                inside -= taken.length;
              }
              // Not after a take: what is free is then found out by asking whether enough is.
              if (kind !== 'take') expect(ring.free()).toBe(slots - inside);
            }
          },
        ),
      ),
  );

  it('refuses to be overwritten: a publish that finds no slot is a broken invariant', () => {
    const ring = new RingWriter(memoryAt(4, 0));
    for (let k = 0; k < 4; k++) ring.control(KIND.gap, 0, k, 0);
    expect(() => ring.claim()).toThrow('ring overflow');
  });

  it('is continued by a new writer where the old one was', () => {
    const memory = memoryAt(8, -2);
    const ring = new RingWriter(memory);
    ring.control(KIND.gap, 0, 1, 0);
    ring.publish();
    const other = new RingWriter(memory);
    other.control(KIND.gap, 0, 2, 0);
    other.publish();
    expect(take(memory, 8)).toEqual([1, 2]);
  });
});

describe('a shard', () => {
  it('leaves HEAD where its predecessor showed it, and moves it over END when that was applied', () => {
    const memory = memoryAt(16, 100);
    // It died between showing HEAD and saying that it was done; or with two records of the batch applied.
    for (const working of [99, 102]) {
      memory.i32[SHARD.busy] = 1;
      memory.i32[SHARD.working] = working;
      new Shard(memory);
      expect(memory.i32[SHARD.head]).toBe(100);
      expect(memory.i32[SHARD.busy]).toBe(0);
    }
    memory.i32[MAIN.tail] = 101;
    memory.i32[SHARD.ended] = 1;
    new Shard(memory);
    expect(memory.i32[SHARD.head]).toBe(101);
  });

  it.each([0x7fffffff - 100, -100])(
    'counts on over the wrap of its cursor at %i, also when it is replaced there',
    (cursor) => {
      const memory = memoryAt(16, cursor);
      const statics = memory.staticOf(0);
      memory.f64[statics + STATIC.originMs] = memory.f64[statics + STATIC.openMs] = at('11:00');
      memory.f64[statics + STATIC.closeMs] = at('11:03');
      const ring = new RingWriter(memory);
      for (let k = 0; k < 240; k++) {
        const r = ring.claim();
        memory.i32.set([whatOf(KIND.packet, 0, 0), 0, 1, k * 700, 1000 + k, 0, 0, 0], 2 * r);
        ring.commit();
        if (k % 8 !== 7) continue;
        ring.publish();
        const shard = new Shard(memory);
        while (shard.step(() => 0, 3) > 0);
      }
      expect(readRow(memory, 0).ticks).toBe(240);
      const [instrument] = instrumentsOf([{ symbol: 'X', exchangeType: 1, token: '1' }]);
      const ticks = readCandles(memory, { instrument, shard: 0, row: 0 }, true).map(
        (one) => one.quality.ticks,
      );
      expect(ticks).toEqual([86, 86, 68]);
    },
  );
});
