/** How `compare` classes the minutes of real files, and what each class does to the verdict. */
import { RULES } from '../../../src/candles/rules.js';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  candleOf,
  comparing,
  comparingJson,
  inFolders,
  ours,
  rest,
  TRADED,
  writeOurs,
  writeReference,
} from './folders.js';

const AUCTION = 374;

describe('the classes', () => {
  it('are exact, within a tick of the symbol and different, for each field', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 3));
      await writeOurs(folders.ours, ours(0, 3, 'TCS'));
      const rows = [
        { minute: 0, close: '100.10' },
        { minute: 1, close: '100.11' },
        { minute: 2, volume: '43' },
        { minute: 3, open: '99.99' },
      ];
      await writeReference(folders.reference, rows);
      await writeReference(folders.reference, rows, 'TCS');
      const { code, json } = await comparingJson(folders, {
        tickSizeRupees: (symbol) => (symbol === 'TCS' ? 0.1 : 0.05),
      });
      const classes = {
        open: { exact: 3, withinTick: 1, different: 0 },
        high: { exact: 4, withinTick: 0, different: 0 },
        volume: { exact: 3, withinTick: 0, different: 1 },
      };
      expect(json.symbols).toMatchObject([
        { symbol: 'RELIANCE', ...classes, close: { exact: 2, withinTick: 1, different: 1 } },
        { symbol: 'TCS', ...classes, close: { exact: 2, withinTick: 2, different: 0 } },
      ]);
      expect(json.differences).toMatchObject({
        total: 8,
        listed: [
          {
            symbol: 'RELIANCE',
            timestamp: '2026-11-23T09:16:00+05:30',
            fields: [{ field: 'close', agreement: 'different', ours: 100.05, reference: 100.11, ticks: 1.2 }],
          },
          {},
          {},
          {},
          {},
          {},
          {},
          {},
        ],
      });
      const { text } = await comparing(folders, { symbols: ['RELIANCE-EQ'] });
      expect(text).toContain('2026-11-23 09:16 RELIANCE: close 100.05 / 100.11 (1.2 ticks) [unexplained]');
      expect(text).toContain('Causes of 4 differences: 1 boundary, 3 unexplained');
      expect(text).toContain('2026-11-23 09:17 RELIANCE: volume 42 / 43');
      expect(text.replaceAll('\n', ' ')).toContain(
        'Verdict: FAIL. Ours cannot stand in for the reference as it is: 2 differences that nothing explains, 10 % of the values where 0.1 % may be (RELIANCE).',
      );
      expect(code).toBe(1);
    }));

  it('within a tick everywhere is a pass, and the verdict says how many minutes and what it does not cover', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, [candleOf({ minute: 0, partial: true }), ...ours(1, 3)]);
      await writeReference(
        folders.reference,
        rest(0, 3).map((row) => ({ ...row, close: '100.1' })),
      );
      const { code, text } = await comparing(folders, { tickSizeRupees: () => undefined });
      expect(text.replaceAll('\n', ' ')).toContain(
        'Verdict: PASS. In 3 minutes of 1 symbol, all prices are exact but 3, which are within one tick, all volumes are exact and no candle of ours is missing. This says nothing of other dates, hours and symbols; nor of the 1 minute that was partial or unseen; nor of the live feed',
      );
      expect(text).toContain('The tick size of RELIANCE is not known: 0.05 is taken.');
      expect(code).toBe(0);
    }));

  it('with tick volume on our side volume is not compared, and it is no pass', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 3), {
        feed: 'live',
        mode: 'ltp',
        volumeKind: 'tick',
        rules: RULES,
      });
      await writeReference(folders.reference, rest(0, 3));
      const { code, json } = await comparingJson(folders);
      expect(json).toMatchObject({
        verdict: 'prices-agree',
        ours: { feeds: ['live'], modes: ['ltp'], volumeKinds: ['tick'] },
        symbols: [{ volumeCompared: false, compared: 4, volume: { exact: 0, withinTick: 0, different: 0 } }],
      });
      const { text } = await comparing(folders);
      expect(text.replaceAll('\n', ' ')).toContain('Verdict: PRICES AGREE, which is no pass.');
      expect(text).not.toContain('nor of the live feed');
      expect(code).toBe(1);
      await writeReference(
        folders.reference,
        rest(0, 3).map((row) => ({ ...row, low: '1' })),
      );
      expect((await comparingJson(folders)).json.verdict).toBe('fail');
    }));

  it('candles of ours that follow different rules are no evidence', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 3, 'RELIANCE'));
      await writeOurs(folders.ours, ours(0, 3, 'TCS'), { ...TRADED, rules: 1 });
      for (const symbol of ['RELIANCE', 'TCS']) await writeReference(folders.reference, rest(0, 3), symbol);
      const { code, json } = await comparingJson(folders);
      expect(code).toBe(1);
      expect(JSON.stringify(json)).toContain(`ours follow rules 1 and ${RULES}, which never count together`);
    }));

  it('with tick volume in the reference the same holds for that symbol', () =>
    inFolders(async (folders) => {
      for (const symbol of ['RELIANCE', 'TCS']) await writeOurs(folders.ours, ours(0, 3, symbol));
      await writeOurs(folders.reference, ours(0, 3), {
        feed: 'sim:1',
        mode: 'ltp',
        volumeKind: 'tick',
        rules: RULES,
      });
      await writeReference(folders.reference, rest(0, 3), 'TCS');
      const { code, json } = await comparingJson(folders);
      expect(json).toMatchObject({
        verdict: 'prices-agree',
        symbols: [
          { symbol: 'RELIANCE', volumeCompared: false },
          { symbol: 'TCS', volumeCompared: true },
        ],
      });
      expect(code).toBe(1);
    }));

  it('partial minutes of either side are counted but not judged', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, [
        candleOf({ minute: 0, partial: true, close: 99.6 }),
        candleOf({ minute: 1, partial: true }),
        ...ours(2, 5),
      ]);
      await writeOurs(folders.reference, [...ours(0, 4), candleOf({ minute: 5, partial: true, volume: 3 })]);
      const { code, json } = await comparingJson(folders);
      expect(json.symbols[0]).toMatchObject({
        compared: 3,
        partial: 3,
        partialExact: 1,
        missingOurs: 0,
        missingReference: 0,
      });
      expect(code).toBe(0);
    }));

  it('a candle without its quality row counts as partial', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 3));
      await writeReference(folders.reference, rest(0, 3));
      await rm(join(folders.ours, 'quality'), { recursive: true });
      const { code, json } = await comparingJson(folders);
      expect(json).toMatchObject({
        verdict: 'fail',
        reasons: ['nothing could be compared', 'no minute is whole on both sides for RELIANCE'],
        symbols: [{ partial: 4, partialExact: 4 }],
        notes: [expect.stringContaining('4 candles without a row in the quality file count as partial')],
      });
      expect(code).toBe(1);
    }));

  it('a minute missing on a side fails and is named; a hole between runs is unseen', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, [
        ...ours(0, 1),
        ...ours(3, 5),
        candleOf({ minute: 20, partial: true }),
        ...ours(21, 25),
      ]);
      await writeReference(
        folders.reference,
        rest(0, 60).filter(({ minute }) => minute !== 22),
      );
      const { code, json } = await comparingJson(folders);
      expect(json.symbols[0]).toMatchObject({
        compared: 9,
        missingOurs: 1,
        missingReference: 1,
        unseenOurs: 14,
        partial: 1,
      });
      const { text } = await comparing(folders);
      expect(text).toContain('Missing in ours: RELIANCE 2026-11-23 09:17\n');
      expect(text).toContain('Missing in the reference: RELIANCE 2026-11-23 09:37\n');
      expect(code).toBe(1);
      await writeOurs(folders.ours, [candleOf({ minute: 2 })]);
      await writeReference(folders.reference, rest(0, 60));
      expect((await comparing(folders)).code).toBe(0);
    }));

  it('the auction is compared with the label of 15:28', () =>
    inFolders(async (folders) => {
      const print = candleOf({ minute: AUCTION, source: 'auction' });
      const flat = { ...print, candle: { ...print.candle, open: 101, high: 101, low: 101, close: 101 } };
      await writeOurs(folders.ours, [...ours(355, 359), flat]);
      await writeReference(folders.reference, [
        ...rest(300, 359),
        { minute: AUCTION - 1, open: '101', low: '101', close: '101' },
      ]);
      const { code, text } = await comparing(folders);
      expect(text.replaceAll('\n ', '')).toContain(
        '1 closing auction that the reference labels a minute earlier than ours is compared all the same.',
      );
      expect(code).toBe(0);
      await writeReference(folders.reference, [
        ...rest(300, 359),
        { minute: AUCTION - 1, open: '101', low: '101', close: '102' },
      ]);
      const other = await comparing(folders);
      expect(other.text).toContain(
        '2026-11-23 15:29 RELIANCE (reference 15:28): close 101.00 / 102.00 (20 ticks) [auction]',
      );
      expect(other.code).toBe(1);
    }));
});
