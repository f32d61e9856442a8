import { describe, expect, it } from 'vitest';
import {
  GAP,
  GAP_CAPACITY,
  HISTOGRAM_WORDS,
  MAIN,
  POLLED,
  PULSE,
  SHARD,
  ShardMemory,
  SLOT,
  STATIC,
} from '../../src/memory/layout.js';
import { BAR, AS_SEALED, STORED, STORED_SEALED } from '../../src/memory/bar.js';
import {
  CONTROL,
  KIND,
  PACKET,
  PLAIN_RECORD_SHIFT,
  RECORD,
  VOLUME_RECORD_SHIFT,
  WIDE_FROM,
  flagsOf,
  kindOf,
  ROW_AT,
  rowOf,
  whatOf,
} from '../../src/memory/record.js';

describe('the layout', () => {
  const shape = { rows: 3, bars: 5, slots: 8, hasVolume: true };
  const m = new ShardMemory(shape);

  it('gives no byte to two regions, and no cache line to two writers', () => {
    const region = (name: string, start: number, bytes: number) => ({ name, start, end: start + bytes });
    const words = (name: string, table: Readonly<Record<string, number>>, size: number) =>
      Object.entries(table).map(([key, at]) => region(`${name}.${key}`, at * size, size));
    const regions = [
      ...words('MAIN', MAIN, 4),
      ...words('SHARD', SHARD, 4),
      ...words('PULSE', PULSE, 8),
      region('histogram', m.histogram * 4, HISTOGRAM_WORDS * 4),
      region('gaps', m.gaps * 8, GAP_CAPACITY * GAP.size * 8),
      region('versions', m.versions * 4, shape.rows * 4),
      ...[0, 1, 2].flatMap((row) => [
        region(`static ${row}`, m.staticOf(row) * 8, STATIC.size * 8),
        region(`slot ${row}.0`, m.slotOf(row, 0) * 8, SLOT.size * 8),
        region(`slot ${row}.1`, m.slotOf(row, 1) * 8, SLOT.size * 8),
        ...[0, 1, 2, 3, 4].flatMap((bar) => [
          region(`bar ${row}.${bar}`, m.storedOf(row, bar) * 4, STORED.size * 4),
          region(`first ${row}.${bar}`, m.sealedOf(row, bar) * 4, STORED_SEALED.size * 4),
          region(`wide ${row}.${bar}`, m.wideBarOf(row, bar) * 8, (BAR.size + AS_SEALED.size) * 8),
          region(`polled ${row}.${bar}`, m.polledOf(row, bar) * 8, POLLED.size * 8),
        ]),
      ]),
      ...[0, 1, 2, 3, 4, 5, 6, 7].map((cursor) =>
        region(`record ${cursor}`, m.recordOf(cursor) * 8, RECORD.size * 4),
      ),
      ...[0, 1, 2, 3, 4, 5, 6, 7].map((cursor) =>
        region(`high words ${cursor}`, m.wideOf(m.recordOf(cursor)) * 4, (RECORD.size - WIDE_FROM) * 4),
      ),
      region('packet at work', m.packet * 8, PACKET.size * 8),
    ].sort((a, b) => a.start - b.start);
    for (const [k, one] of regions.entries()) {
      expect(Number.isInteger(one.start), one.name).toBe(true);
      if (k > 0)
        expect(one.start, `${regions[k - 1].name} and ${one.name}`).toBeGreaterThanOrEqual(
          regions[k - 1].end,
        );
    }
    expect(regions.at(-1)!.end).toBeLessThanOrEqual(m.buffer.byteLength);
    const line = (at: number): number => Math.floor(at / 64);
    const mainLines = new Set(Object.values(MAIN).map((word) => line(word * 4)));
    expect(Object.values(SHARD).some((word) => mainLines.has(line(word * 4)))).toBe(false);
    expect(mainLines.has(line(PULSE.heartbeatMs * 8))).toBe(false);
  });

  it('names each field once', () => {
    for (const table of [BAR, AS_SEALED, STORED, STORED_SEALED, GAP, STATIC, SLOT, MAIN, SHARD, POLLED]) {
      const offsets = Object.values(table as Record<string, number>);
      expect(new Set(offsets).size).toBe(offsets.length);
    }
    // In a record the words of a packet and the doubles of a control share their places; what only one has does not
    // overlap.
    const words = [
      'what',
      'receivedUs',
      'connection',
      'time',
      'priceLow',
      'priceHigh',
      'sequenceLow',
      'sequenceHigh',
    ] as const;
    expect(words.map((word) => RECORD[word])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(RECORD.sizeWithoutVolume).toBe(words.length);
    expect([1 << PLAIN_RECORD_SHIFT, 1 << VOLUME_RECORD_SHIFT]).toEqual([
      RECORD.sizeWithoutVolume,
      RECORD.size,
    ]);
    expect(2 * Math.min(CONTROL.timeMs, CONTROL.untilMs)).toBeGreaterThan(RECORD.receivedUs);
    const volumeWords = Object.entries(RECORD).filter(([name, at]) => at >= WIDE_FROM && !/size/.test(name));
    expect(new Set(volumeWords.map(([, at]) => at)).size).toBe(volumeWords.length);
    expect(Math.ceil((Math.max(PACKET.row, PACKET.connection, PACKET.flags) + 1) / 2)).toBeLessThanOrEqual(
      PACKET.timeMs,
    );
  });

  it('takes kind, flags and row out of one word as they were put into it', () => {
    for (const kind of Object.values(KIND)) {
      for (const flags of [0, 1, 5, 15]) {
        for (const row of [0, 1, 999, 0x7ffffe]) {
          const what = whatOf(kind, flags, row);
          expect([
            kindOf(what),
            flagsOf(what),
            rowOf(what),
            what >> ROW_AT,
            (what & ((1 << ROW_AT) - 1)) === kind,
          ]).toEqual([kind, flags, row, row, flags === 0]);
        }
      }
    }
  });

  it('views memory of its own shape only', () => {
    m.i32[SHARD.sealed] = 2;
    expect(new ShardMemory(shape, m.buffer).i32[SHARD.sealed]).toBe(2);
    expect(() => new ShardMemory({ ...shape, rows: 4 }, m.buffer)).toThrow('another shape');
    expect(() => new ShardMemory({ ...shape, slots: 12 })).toThrow('power of two');
  });

  it('takes at most 110 bytes for a minute of an instrument', () => {
    expect((STORED.size + STORED_SEALED.size) * 4).toBeLessThanOrEqual(110);
  });

  it('gives each row its own bars', () => {
    const rowBars = [
      { first: 0, minutes: 2, auction: -1 },
      { first: 1, minutes: 3, auction: 6 },
      { first: 7, minutes: 1, auction: -1 },
    ];
    const own = new ShardMemory({ ...shape, bars: 8, rowBars });
    const has = rowBars.map((_, row) => [...Array(8).keys()].filter((bar) => own.hasBar(row, bar)));
    expect(has).toEqual([[0, 1], [1, 2, 3, 6], [7]]);
    expect(has.flatMap((bars, row) => bars.map((bar) => own.placeOf(row, bar)))).toEqual([
      0, 1, 2, 3, 4, 5, 6,
    ]);
    expect(own.barCount).toBe(7);
  });

  it('may have no row: more shards than instruments is no fault', () => {
    expect(() => new ShardMemory({ ...shape, rows: 0 })).not.toThrow();
  });
});
