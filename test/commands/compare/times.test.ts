/** A reference whose times are those of another zone. */
import { describe, expect, it } from 'vitest';
import type { CandleWithQuality } from '../../../src/candles/candle.js';
import {
  candleOf,
  comparingJson,
  inFolders,
  minutes,
  writeOurs,
  writeReference,
  type Row,
} from './folders.js';

const ours = (from: number, to: number): CandleWithQuality[] =>
  minutes(from, to).map((minute) => candleOf({ minute }));
const rest = (from: number, to: number): Row[] => minutes(from, to).map((minute) => ({ minute }));

describe('times of another zone', () => {
  it.each([
    [-330, /5 h 30 min earlier than ours, as of UTC/],
    [330, /5 h 30 min ahead of ours/],
  ])('names times that are %i minutes off, and fails all the same', (off, note) =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 9));
      await writeReference(folders.reference, rest(off, off + 200));
      const { code, json } = await comparingJson(folders);
      expect(json).toMatchObject({ verdict: 'fail', notes: [expect.stringMatching(note)] });
      expect(code).toBe(1);
    }),
  );

  it('says nothing of a time zone for candles that are missing', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 9));
      await writeReference(folders.reference, rest(20, 90));
      expect((await comparingJson(folders)).json).toMatchObject({ verdict: 'fail', notes: [] });
    }));
});
