/**
 * `tickshard cutover` as a user runs it, over invented reports of the live feed. Simulated days: days.slow.test.ts.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { everythingIn, run } from '../program/command.js';
import { firstOf } from '../tier.js';

const DATES = ['2026-11-16', '2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20'];
const SYMBOLS = ['RELIANCE', 'M&M'];

/** The members of a run's report that a cut-over looks at. */
const report = (date: string, more: object = {}): object => ({
  version: '0.1.0', runId: `${date.replaceAll('-', '')}T034500Z-1`, feed: 'live', mode: 'snapquote', volumeKind: 'traded', verdict: 'pass', market: { date, dayCandles: 361 }, options: { shadow: true, untilClose: true }, gates: [{ id: 'fresh', status: 'pass' }], disconnects: [],
  symbols: SYMBOLS.map((symbol) => ({ symbol, whole: 360, partial: 1, late: 2 })), ...more,
}); // prettier-ignore

const compared = (date: string, more: object = {}): object => ({
  kind: 'comparison', comparedAt: `${date}T16:00:00+05:30`, verdict: 'pass', reasons: [], spans: [{ date }], ours: { feeds: ['live'] }, values: { compared: 3600, explained: 300, unexplained: 1 },
  symbols: SYMBOLS.map((symbol) => ({ symbol, comparedOn: { [date]: 360 }, volumeCompared: true, unexplained: 0 })), ...more,
}); // prettier-ignore

function write(folder: string, name: string, value: unknown): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
}

describe.concurrent('cutover', () => {
  it('says yes after five good days, from one folder or several, and writes nothing', () =>
    inFolder(async (folder) => {
      for (const date of DATES) {
        write(join(folder, 'reports'), `${date}.json`, report(date));
        write(join(folder, 'comparisons'), `${date}.json`, compared(date));
      }
      write(join(folder, 'reports'), 'latest.json', report(DATES[4]));
      const before = everythingIn(folder);
      const { code, stdout, stderr } = await run(['cutover', '--runs', 'reports', 'comparisons'], folder);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout.match(/\[pass\]/g)).toHaveLength(8);
      expect(stdout).toMatch(/^day +feed +run +symbols +whole/);
      expect(stdout).toMatch(/2026-11-16 {2}live {2}pass +2 +99\.7 % +0 +4 +99\.7 % +300 +1 +pass\n/);
      expect(stdout).toContain(
        'Verdict: PASS. For these 2 symbols candles of the feed may replace polled ones: 5 days, 2026-11-16 to 2026-11-20.',
      );
      expect(stdout).not.toContain('Note:');
      const json = await run(['cutover', '--json', '--runs', 'reports', '--runs', 'comparisons'], folder);
      expect(JSON.parse(json.stdout)).toMatchObject({
        kind: 'cutover',
        may: true,
        symbols: ['M&M', 'RELIANCE'],
        days: { length: 5 },
        requirements: { length: 8 },
        notes: [],
      });
      expect(everythingIn(folder)).toEqual(before);
    }));

  it('says what is missing, and what it could not read', () =>
    inFolder(async (folder) => {
      for (const date of DATES.slice(1))
        write(
          folder,
          `${date}.json`,
          report(
            date,
            date === DATES[2] ? { verdict: 'fail', gates: [{ id: 'fresh', status: 'fail' }] } : {},
          ),
        );
      for (const date of DATES.slice(2)) write(folder, `c-${date}.json`, compared(date));
      write(folder, 'torn.json', '{"runId": ');
      write(folder, 'package.json', { name: 'x' });
      write(
        folder,
        'stage.json',
        report('2026-11-20', { runId: 'stage', options: { shadow: false }, verdict: 'fail' }),
      );
      const { code, stdout } = await run(['cutover', '--runs', '.'], folder);
      expect(code).toBe(1);
      expect(stdout).toMatch(/\[fail\] Whole days in shadow +4 of 5\n +1 more day of `tickshard shadow/);
      expect(stdout).toMatch(/\[fail\] Each day passed its gates +2026-11-18: fail \(fresh\)/);
      expect(stdout).toMatch(/\[fail\] Compared with polled ones +2026-11-17: not compared/);
      expect(stdout).toContain('Note: torn.json cannot be read');
      expect(stdout).toContain(
        'Note: 1 file is neither a report that says its market date nor a comparison.',
      );
      expect(stdout).toContain('Note: 1 run of a stage or a part of a day does not count.');
      expect(stdout).toContain('Verdict: NOT YET. 5 of 8 requirements are not met; go on polling.');
    }));

  it.each<[string, readonly string[], RegExp]>(
    firstOf(1, [
      [
        'a folder that is not there',
        ['--runs', 'nowhere'],
        /^tickshard: --runs: nowhere cannot be read \(ENOENT/,
      ],
      [
        'a folder without reports',
        ['--runs', '.'],
        /^tickshard: \. holds no report of a run and no comparison/,
      ],
      ['a symbol that can be none', ['--runs', '.', '--symbols', '../x'], /is no trading symbol/],
    ]),
  )('refuses %s', (_what, args, sentence) =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await run(['cutover', ...args], folder);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(sentence);
      expect(stderr.trimEnd()).not.toContain('\n');
    }),
  );
});
