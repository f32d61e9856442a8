/** `compare --timeframe` on real files. The longer candles of ours are rolled up by the test. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CandleWithQuality } from '../../../src/candles/candle.js';
import { istMs } from '../../../src/market/session.js';
import { minutesOf, TIMEFRAMES, type Timeframe } from '../../../src/market/timeframe.js';
import { run } from '../../program/command.js';
import {
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
import { rolledUp } from './roll-up.js';

const LONGER = TIMEFRAMES.filter((name) => name !== '1m');
const openMs = (): number => istMs('2026-11-23', '09:15');

/** Three hours of ours in which nothing moves, rolled up. */
const longer = (timeframe: Timeframe): CandleWithQuality[] => rolledUp(ours(0, 179), timeframe, openMs);

/** The reference's rows of three hours: the same candles, whose volume is that of their minutes. */
function same(timeframe: Timeframe) {
  const length = Math.min(180, minutesOf(timeframe));
  return minutes(0, 180 / length - 1).map((k) => ({ minute: k * length, volume: String(42 * length) }));
}

describe('compare --timeframe', () => {
  it.each(LONGER)('%s reads our files and theirs of that name, and says so everywhere', (timeframe) =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 3));
      await writeOurs(folders.ours, longer(timeframe), TRADED, timeframe);
      await writeReference(folders.reference, rest(5, 8));
      await writeReference(folders.reference, same(timeframe), 'RELIANCE', { timeframe });
      const html = join(folders.root, 'page.html');
      const { code, json } = await comparingJson(folders, { timeframe, html });
      expect(json).toMatchObject({ timeframe, verdict: 'pass', reasons: [], symbols: [{ compared: longer(timeframe).length, missingOurs: 0, missingReference: 0 }] });
      expect(code).toBe(0);
      expect(await readFile(html, 'utf8')).toContain(`<dt>Timeframe</dt><dd>${timeframe}</dd>`);
      const { text } = await comparing(folders, { timeframe, columns: 400 });
      const last = { '3m': '12:12', '5m': '12:10', '15m': '12:00', '30m': '11:45', '1h': '11:15', '1m': '', '1d': '' }[timeframe];
      expect(text).toContain(timeframe === '1d' ? 'Candles    of 1d, labelled 2026-11-23 IST' : `Candles    of ${timeframe}, labelled 2026-11-23 09:15 to ${last} IST`);
      expect(text).toMatch(new RegExp(`Verdict: PASS. In \\d+ candles? of ${timeframe} of 1 symbol, `));
      expect(text).toContain('nor of other timeframes');
      expect(text).not.toMatch(/\bminutes?\b/);
    })); // prettier-ignore

  it('reads the files of another run', () =>
    inFolders(async (folders) => {
      for (const folder of [folders.ours, folders.reference])
        await writeOurs(folder, longer('5m'), TRADED, '5m');
      expect(await comparingJson(folders, { timeframe: '5m' })).toMatchObject({
        code: 0,
        json: { timeframe: '5m', symbols: [{ compared: 36 }] },
      });
    }));

  it.each([
    ['5m', ['5m', 'FIVE_MINUTE', '5min', 5], ['1m', 'ONE_MINUTE', '15m', 1, '5h']],
    ['1h', ['1h', 'ONE_HOUR', '60m', 60, 'hour'], ['1m', '30m', 'ONE_DAY', 1]],
    ['1d', ['1d', 'ONE_DAY', 'day', 'D'], ['1m', '1h', 1, 'hour']],
  ] as const)('%s takes JSON lines of that interval', (timeframe, taken, left) =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, longer(timeframe), TRADED, timeframe);
      const path = join(folders.root, 'raw.jsonl');
      for (const [intervals, code] of [[taken, 0], [left, 1]] as const)
        for (const interval of intervals) {
          const lines = longer(timeframe).map(({ candle }) => ({ ...candle, interval, timestamp: candle.timestampMs }));
          await writeFile(path, lines.map((line) => JSON.stringify({ ...line, timestamp: new Date(line.timestampMs).toISOString() })).join('\n'));
          const compared = await comparingJson(folders, { reference: path, timeframe });
          expect(compared.code, String(interval)).toBe(code);
        }
    })); // prettier-ignore

  it("joins a day's label of midnight with ours, and no other", () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, longer('1d'), TRADED, '1d');
      const at = (minute: number) => [{ minute, volume: String(42 * 180) }];
      const manner = { timeframe: '1d' } as const;
      for (const [minute, code] of [[0, 0], [-555, 0], [-225, 1], [375, 1]] as const) {
        await writeReference(folders.reference, at(minute), 'RELIANCE', manner);
        expect((await comparing(folders, { timeframe: '1d' })).code, String(minute)).toBe(code);
      }
    })); // prettier-ignore

  it('fails for a difference that nothing explains, and names the candle', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, longer('15m'), TRADED, '15m');
      const rows = same('15m').map((row, k) => (k === 2 ? { ...row, close: '103' } : row));
      await writeReference(folders.reference, rows, 'RELIANCE', { timeframe: '15m' });
      const { code, text } = await comparing(folders, { timeframe: '15m' });
      expect(text).toContain('Differing candles, ours / reference:\n  2026-11-23 09:45 RELIANCE: close');
      expect(text).toContain('[unexplained]');
      expect(code).toBe(1);
    }));

  it('says in one sentence that ours has no such candles, and which timeframes there are', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 3));
      const command = ['compare', '--ours', folders.ours, '--reference', folders.reference, '--timeframe'];
      expect(await run([...command, '5m'], folders.root)).toMatchObject({ code: 2, stdout: '', stderr: `tickshard: ${folders.ours} has no NSE_{SYMBOL}_5m_test.parquet: it is the folder that a run had as --out, with --timeframes 5m.\n` });
      expect(await run([...command, '10m'], folders.root)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^tickshard: --timeframe takes 1m, 3m, 5m, 15m, 30m, 1h or 1d[^\n]*\n$/) as string });
    })); // prettier-ignore

  it('gives a report that no cut-over takes', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, longer('5m'), TRADED, '5m');
      await writeReference(folders.reference, same('5m'), 'RELIANCE', { timeframe: '5m' });
      const report = join(folders.root, 'compare.json');
      expect((await comparing(folders, { timeframe: '5m', report })).code).toBe(0);
      expect(await run(['cutover', '--runs', report], folders.root)).toMatchObject({
        code: 2,
        stdout: '',
        stderr: `tickshard: ${report} is a comparison of 5m candles, and a cut-over goes by those of 1m: keep it out of --runs.\n`,
      });
    }));
});
