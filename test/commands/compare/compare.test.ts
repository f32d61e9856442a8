/** `compare` on real files: symbols that are missing, origins, and what is printed. */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { niftyFifty } from '../../../src/run/universe.js';
import { slow } from '../../tier.js';
import {
  candleOf,
  comparing,
  comparingJson,
  inFolders,
  minutes,
  ours,
  rest,
  TRADED,
  writeOurs,
  writeReference,
} from './folders.js';

describe('a symbol', () => {
  it('that is missing in the reference is named and fails', () =>
    inFolders(async (folders) => {
      for (const symbol of ['RELIANCE', 'TCS']) await writeOurs(folders.ours, ours(0, 3, symbol));
      await writeReference(folders.reference, rest(0, 3));
      const { code, json } = await comparingJson(folders);
      expect(json).toMatchObject({
        verdict: 'fail',
        reasons: ['the reference has nothing of TCS'],
        symbols: [{}, { symbol: 'TCS', referenceFound: false, compared: 0, missingReference: 4 }],
      });
      expect(code).toBe(1);
      expect((await comparing(folders, { symbols: ['RELIANCE'] })).code).toBe(0);
      await rm(join(folders.reference, 'NSE_RELIANCE_1m.parquet'));
      expect((await comparingJson(folders)).json.reasons).toStrictEqual([
        'nothing could be compared',
        'the reference has nothing of RELIANCE, TCS',
      ]);
    }));

  it('without a whole minute on both sides fails, even if another symbol passes', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 3));
      await writeOurs(
        folders.ours,
        minutes(0, 3).map((minute) => candleOf({ minute, symbol: 'TCS', partial: true })),
      );
      for (const symbol of ['RELIANCE', 'TCS']) await writeReference(folders.reference, rest(0, 3), symbol);
      const { code, json } = await comparingJson(folders);
      expect(json).toMatchObject({ verdict: 'fail', reasons: ['no minute is whole on both sides for TCS'] });
      expect(code).toBe(1);
    }));

  it('without a candle on a date is missing there, and a note says what to do', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, [...ours(0, 3), ...ours(1440, 1443)]);
      await writeOurs(folders.ours, ours(0, 3, 'TCS'));
      for (const symbol of ['RELIANCE', 'TCS'])
        await writeReference(folders.reference, [...rest(0, 9), ...rest(1440, 1449)], symbol);
      const { code, json } = await comparingJson(folders);
      expect(json).toMatchObject({
        spans: [{ date: '2026-11-23' }, { date: '2026-11-24' }],
        symbols: [
          { compared: 8, missingOurs: 0 },
          { compared: 4, missingOurs: 4 },
        ],
      });
      expect(json.notes).toStrictEqual([
        'No candle of ours on 2026-11-24 for TCS: if they were not subscribed that day, leave them out with --symbols.',
      ]);
      expect(code).toBe(1);
    }));
});

describe('tick sizes', () => {
  it("are looked for in the lists of our instruments' exchanges", () =>
    inFolders(async (folders) => {
      const gold = minutes(0, 3).map((minute) => {
        const { candle, quality } = candleOf({ minute, symbol: 'GOLD04DEC26FUT' });
        return { candle: { ...candle, exchange: 'MCX' }, quality };
      });
      for (const folder of [folders.ours, folders.reference]) {
        await writeOurs(folder, ours(0, 3));
        await writeOurs(folder, gold);
      }
      const asked: string[][] = [];
      const { json } = await comparingJson(folders, {
        tickSizes: (exchanges) => {
          asked.push([...exchanges]);
          return Promise.resolve((_, exchange) => (exchange === 'MCX' ? 1 : 0.05));
        },
      });
      expect(asked).toEqual([['MCX', 'NSE']]);
      expect(json.symbols).toMatchObject([
        { exchange: 'MCX', tickSizeRupees: 1, tickSizeKnown: true },
        { exchange: 'NSE', tickSizeRupees: 0.05 },
      ]);
    }));
});

describe('origins', () => {
  it('are printed first; a simulated and the live market cannot pass', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 3));
      await writeOurs(folders.reference, ours(0, 3), { ...TRADED, feed: 'live' });
      const { code, text } = await comparing(folders, { columns: 400 });
      expect(text).toContain('ours: 1 file, feed sim:1, mode quote, volume is traded quantity\n');
      expect(text).toContain('reference: 1 file, feed live, mode quote, volume is traded quantity\n');
      expect(text).toContain('ours are of feed sim:1, the reference of live, which are different markets');
      expect(code).toBe(1);
    }));

  it('a URL may be any market', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 3));
      await writeOurs(folders.reference, ours(0, 3), { ...TRADED, feed: 'url:127.0.0.1' });
      expect((await comparing(folders)).code).toBe(0);
    }));
});

describe('what is printed', () => {
  slow('fits 100 columns with the NIFTY 50, and nothing on disk is touched', () =>
    inFolders(async (folders) => {
      const listings = niftyFifty();
      for (const { symbol } of listings) {
        await writeOurs(folders.ours, [
          candleOf({ minute: 0, symbol, partial: true }),
          ...ours(1, 119, symbol),
        ]);
        await writeReference(
          folders.reference,
          rest(0, 150).map(({ minute }) => ({
            minute,
            ...(minute % 10 === 3
              ? { open: '100.05', high: '101.05', low: '99.4', close: '100', volume: '40' }
              : minute % 3 === 0
                ? { open: '107', high: '108.15', low: '91.3', close: '107.1', volume: '4001' }
                : {}),
          })),
          symbol,
          { time: 'naive' },
        );
      }
      const before = await contents(folders.root);
      const { code, text } = await comparing(folders, {
        tickSizeRupees: (symbol) => listings.find((one) => one.symbol === symbol)?.tickSizeRupees,
      });
      const lines = text.split('\n').filter((line) => !line.includes(folders.root));
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
      const table = lines.slice(
        0,
        lines.findIndex((line) => line.startsWith('The worst')),
      );
      for (const { symbol } of listings)
        expect(table.filter((line) => line.startsWith(`${symbol} `))).toHaveLength(1);
      expect(text).toContain('The worst 8 of 2350 differing minutes, ours / reference:');
      expect(text).toContain('The same holds for 49 more files.');
      expect(code).toBe(1);
      const { json } = await comparingJson(folders);
      expect(json.differences).toMatchObject({ total: 2350, listed: { length: 1000 } });
      expect(await contents(folders.root)).toStrictEqual(before);
    }),
  );

  it('has its keys in the same order for a pass and a failure', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 1));
      await writeReference(folders.reference, rest(0, 1));
      const keys = [
        'kind',
        'comparedAt',
        'timeframe',
        'verdict',
        'reasons',
        'ours',
        'reference',
        'spans',
        'symbols',
        'causes',
        'values',
        'excesses',
        'differences',
        'missing',
        'notes',
      ];
      const passed = (await comparingJson(folders)).json;
      await writeReference(folders.reference, rest(5, 6));
      const failed = (await comparingJson(folders)).json;
      for (const json of [passed, failed]) expect(Object.keys(json)).toStrictEqual(keys);
      expect(Object.keys(failed.symbols[0])).toStrictEqual(Object.keys(passed.symbols[0]));
      expect([passed.verdict, failed.verdict]).toStrictEqual(['pass', 'fail']);
    }));
});

/** Every file below `folder` with its digest. */
async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    await Promise.all(
      files.map(async (path) => [
        path,
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      ]),
    ),
  );
}
