import { describe, expect, it } from 'vitest';
import { RowCursor } from '../../src/candles/row-cursor.js';

/** Reads bars from the first to look at up to `last`, all with volume and settled unless the lists say otherwise. */
function read(
  cursor: RowCursor,
  last: number,
  {
    changes = 0,
    gapBar = Infinity,
    idle = [],
    unsettled = [],
  }: { changes?: number; gapBar?: number; idle?: number[]; unsettled?: number[] } = {},
): number {
  const from = cursor.begin(changes, gapBar);
  for (let bar = from; bar <= last; bar++)
    cursor.see(bar, idle.includes(bar) ? 0 : 5, !unsettled.includes(bar));
  cursor.end();
  return from;
}

describe('RowCursor', () => {
  it('looks at the last bar with volume again, and at those after it', () => {
    const cursor = new RowCursor();
    expect(read(cursor, 3)).toBe(0);
    expect(read(cursor, 5, { idle: [4, 5] })).toBe(3);
    expect(read(cursor, 6)).toBe(3);
    expect(read(cursor, 7)).toBe(6);
  });

  it('looks at a bar until its slack is known', () => {
    const cursor = new RowCursor();
    read(cursor, 5, { unsettled: [2, 5] });
    expect(read(cursor, 6, { unsettled: [5] })).toBe(2);
    expect(read(cursor, 8)).toBe(5);
    expect(read(cursor, 8)).toBe(8);
  });

  it('looks at all bars when the row counts a change, and from a gap on', () => {
    const cursor = new RowCursor();
    read(cursor, 9);
    expect(read(cursor, 9, { gapBar: 4 })).toBe(4);
    expect(read(cursor, 9, { changes: 1 })).toBe(0);
    expect(read(cursor, 9, { changes: 1 })).toBe(9);
  });

  it('looks at the same bars again after a read that was left early', () => {
    const cursor = new RowCursor();
    read(cursor, 2);
    expect(cursor.begin(1, Infinity)).toBe(0);
    expect(cursor.begin(1, Infinity)).toBe(0);
  });
});
