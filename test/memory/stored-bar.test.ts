/** Bars and sealed candles are read back from the table as they were stored, whatever their numbers. */
import { describe, expect, it } from 'vitest';
import { SLOT, STATIC, ShardMemory } from '../../src/memory/layout.js';
import { AS_SEALED, BAR } from '../../src/memory/bar.js';
import {
  hasStoredSnapshot,
  hasStoredTicks,
  readStoredBar,
  storeAsSealed,
  storeBar,
  storedLate,
  storedRevision,
} from '../../src/memory/stored-bar.js';
import { readStoredAsSealed } from '../../src/memory/shard-reader.js';
import { seededRandom } from '../../src/random.js';

const SEED = 20_261_130;
const ORIGIN = 1_800_000_000_000;
const MINUTE = 3;
const AUCTION = 6;
const m = new ShardMemory({
  rows: 2,
  bars: 8,
  slots: 8,
  hasVolume: true,
  rowBars: [
    { first: 0, minutes: 5, auction: AUCTION },
    { first: 2, minutes: 6, auction: -1 },
  ],
});
for (const row of [0, 1]) {
  m.f64[m.staticOf(row) + STATIC.originMs] = ORIGIN;
  m.f64[m.staticOf(row) + STATIC.auctionFromMs] = ORIGIN + 400_000;
}
const slot = m.slotOf(0, 0);
const random = seededRandom(SEED, 11);
const upTo = (most: number): number => Math.floor(random() * (most + 1));

/** What the words can hold, by field. */
function narrow(bar: number): Float64Array {
  const startMs = bar === AUCTION ? ORIGIN + 400_000 : ORIGIN + bar * 60_000;
  const fields = new Float64Array(BAR.size);
  for (let k = 0; k < BAR.size; k++) fields[k] = upTo(0xffff_ffff);
  for (const k of [
    BAR.ticks,
    BAR.priceChanges,
    BAR.openConnection,
    BAR.closeConnection,
    BAR.late,
    BAR.revision,
  ])
    fields[k] = upTo(0xffff);
  fields[BAR.openSequenceHigh] = fields[BAR.closeSequenceHigh] = 0;
  fields[BAR.coveredSeconds] = upTo(60);
  fields[BAR.longestSilenceMs] = upTo(60_000);
  fields[BAR.slackFrom] = upTo(4095);
  fields[BAR.hasSnapshot] = upTo(1);
  fields[BAR.marks] = upTo(15);
  fields[BAR.openTime] = upTo(3) === 0 ? 0 : startMs + upTo(1_048_574);
  fields[BAR.closeTime] = startMs + upTo(1_048_574);
  fields[BAR.lastSeenAt] = upTo(3) === 0 ? 0 : startMs + upTo(59_999);
  fields.fill(0, BAR.edgeHigh, BAR.nearLowFrom + 1);
  const edge = bar === AUCTION ? 2 : upTo(2);
  if (edge === 2) return fields;
  fields[BAR.ticks] = 1 + upTo(0xfffe);
  fields[BAR.low] = 0x7fff + upTo(0x7fff_ffff);
  fields[edge === 0 ? BAR.edgeHighFrom : BAR.edgeLowFrom] = bar;
  if (edge === 0) fields[BAR.edgeHigh] = fields[BAR.high] + 1 + upTo(0x7ffe);
  else fields[BAR.edgeLow] = fields[BAR.low] - 1 - upTo(0x7ffd);
  return fields;
}

/** Stores `fields` as the bar of row 0, and reads it back. */
function through(bar: number, fields: Float64Array): Float64Array {
  m.f64[slot + SLOT.barIndex] = bar;
  m.f64.set(fields, slot + SLOT.bar);
  storeBar(m, 0, slot);
  const back = new Float64Array(BAR.size + 1).fill(-1);
  readStoredBar(m, 0, bar, back, 1);
  return back.subarray(1);
}

describe('a bar in the table', () => {
  it('is read back to the bit, and touches no wide memory, if its numbers fit', () => {
    for (let k = 0; k < 300; k++) {
      const bar = k % 2 === 0 ? MINUTE : AUCTION;
      const fields = narrow(bar);
      expect(through(bar, fields)).toEqual(fields);
    }
    expect(m.f64.subarray(m.wideBars).every((value) => value === 0)).toBe(true);
  });

  it.each(Object.entries(BAR).filter(([name]) => !/^size|^hasSnapshot|^marks|^edge|^near/.test(name)))(
    'is read back if %s exceeds its word, and after that if it fits again',
    (_, field) => {
      for (const value of [2 ** 32, 2 ** 53 - 1, 65_536 + upTo(100) + 2 ** 33, -1, 0.5]) {
        const fields = narrow(MINUTE);
        fields[field] = value;
        expect(through(MINUTE, fields)).toEqual(fields);
        if (fields[BAR.ticks] >= 1) expect(hasStoredTicks(m, 0, MINUTE)).toBe(true);
        expect(hasStoredSnapshot(m, 0, MINUTE)).toBe(fields[BAR.hasSnapshot] === 1);
        expect([storedLate(m, 0, MINUTE), storedRevision(m, 0, MINUTE)]).toEqual([
          fields[BAR.late],
          fields[BAR.revision],
        ]);
      }
      const fields = narrow(MINUTE);
      expect(through(MINUTE, fields)).toEqual(fields);
    },
  );

  it('has an edge of both sides, two of one side, one of an earlier minute, or one without a tick', () => {
    const edge = (high: number, low: number, ticks: number): Float64Array => {
      const fields = narrow(MINUTE);
      fields.set([70_000, 60_000], BAR.high);
      fields.set([high, low, high === 0 ? 0 : MINUTE, low === 0 ? 0 : MINUTE], BAR.edgeHigh);
      fields[BAR.ticks] = ticks;
      return fields;
    };
    const earlier = edge(70_005, 0, 1);
    earlier[BAR.edgeHighFrom] = MINUTE - 1;
    const two = edge(70_005, 0, 1);
    two.set([70_003, 0, MINUTE, 0], BAR.nearHigh);
    const low = edge(0, 59_995, 1);
    low.set([0, 59_997, 0, MINUTE], BAR.nearHigh);
    for (const fields of [edge(70_005, 59_995, 1), edge(70_005, 0, 0), edge(0, 59_995, 0), earlier, two, low])
      expect(through(MINUTE, fields)).toEqual(fields);
  });

  it('drops an edge that the bar has come to', () => {
    const fields = narrow(MINUTE);
    fields[BAR.ticks] = 1;
    fields.set([fields[BAR.high] - 1, 0, MINUTE, 0], BAR.edgeHigh);
    const without = Float64Array.from(fields).fill(0, BAR.edgeHigh);
    expect(through(MINUTE, fields)).toEqual(without);
  });

  it('has each field that a bar has', () => {
    const fields = Float64Array.from({ length: BAR.size }, (_, k) => 1 + k);
    for (const k of [BAR.openTime, BAR.closeTime, BAR.lastSeenAt]) fields[k] = ORIGIN + MINUTE * 60_000 + k;
    fields[BAR.openSequenceHigh] = fields[BAR.closeSequenceHigh] = 0;
    fields[BAR.hasSnapshot] = 1;
    fields[BAR.marks] = 3;
    expect(through(MINUTE, fields)).toEqual(fields);
  });
});

describe('a candle as sealed', () => {
  const through = (candle: Float64Array): Float64Array => {
    storeAsSealed(m, 0, MINUTE, candle);
    const back = new Float64Array(AS_SEALED.size);
    expect(readStoredAsSealed(m, 0, MINUTE, back)).toBe(true);
    return back;
  };
  const some = (): Float64Array => {
    const candle = Float64Array.from({ length: AS_SEALED.size }, () => upTo(0xffff_fffe));
    candle[AS_SEALED.ticks] = 1 + upTo(0xfffe);
    candle[AS_SEALED.hasSnapshot] = upTo(1);
    candle[AS_SEALED.coveredSeconds] = upTo(60);
    return candle;
  };

  it('does not exist before', () => {
    expect(readStoredAsSealed(m, 1, 4, new Float64Array(AS_SEALED.size))).toBe(false);
  });

  it('is read back to the bit', () => {
    for (let k = 0; k < 200; k++) {
      const candle = some();
      expect(through(candle)).toEqual(candle);
    }
    const candle = some();
    candle[AS_SEALED.volSlack] = -1;
    expect(through(candle)).toEqual(candle);
  });

  it.each(Object.entries(AS_SEALED).filter(([name]) => !['size', 'hasSnapshot'].includes(name)))(
    'is read back if %s exceeds its word',
    (_, field) => {
      for (const value of [2 ** 32, 2 ** 53 - 1, 1234.5]) {
        const candle = some();
        candle[field] = value;
        expect(through(candle)).toEqual(candle);
      }
    },
  );
});
