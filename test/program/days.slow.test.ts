/**
 * Days of `tickshard shadow`: with and without the closing auction, a holiday, and a date that the calendar does not
 * cover. The candles of a day are compared with the true ones, which the simulated broker serves over REST. A whole
 * day: days.long.test.ts.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { everythingIn, run } from './command.js';
import { comparedWithTruth, reportIn, shadow, sourcesOf } from './days.js';
import { startHeld } from './pause.js';

describe.concurrent('a day', () => {
  it('since the closing auction: the last four minutes and a print', () =>
    inFolder(async (folder) => {
      const { code, stdout } = await run(shadow('2026-11-23T15:11', '--warm-up'), folder);
      expect(stdout).toContain('until the close at 15:35, from 2026-11-23T15:11:00+05:30');
      expect(stdout).toMatch(/Warm-up: 3\d\d candles of 1 symbol, until 2026-11-23 15:\d\d, by 1 request/);
      expect(stdout).toContain('one-minute candles in rupees\n');
      expect(code).toBe(0);
      const report = reportIn(folder);
      expect(report).toMatchObject({ verdict: 'pass', mode: 'snapquote', market: { date: '2026-11-23', dayCandles: 361 }, options: { shadow: true, untilClose: true, durationMin: null, warmUp: true }, symbols: [{ whole: 4, partial: 1 }] });
      expect(report.momentum.evaluations).toBe(4);
      const rows = await sourcesOf(folder);
      expect([rows.length, rows[0].minute, rows.at(-2)!.minute, rows.at(-1)!.minute]).toEqual([5, '15:11', '15:14', '15:29']);
      expect(rows.filter(({ source }) => source === 'auction')).toEqual([{ minute: '15:29', source: 'auction', flat: true }]);
      const comparison = await comparedWithTruth(folder, '2026-11-23');
      expect(comparison).toMatchObject({ verdict: 'pass', symbols: [{ compared: 4, comparedOn: { '2026-11-23': 4 }, missingReference: 0, unexplained: 0 }] });
      const gate = await run(['cutover', '--runs', 'data/test/reports', '--days', '1'], folder);
      expect(gate.stdout).toMatch(/\[fail\] The live feed +0 of 1 day of the live feed/);
      expect(gate.stdout).toMatch(/\[fail\] Candles seen whole +2026-11-23: 1\.1 % at least/);
      expect(gate.stdout.match(/\[pass\]/g)).toHaveLength(5);
      expect(gate.stdout).toContain('Verdict: NOT YET. 3 of 8 requirements are not met; go on polling.');
      expect(gate.code).toBe(1);
    })); // prettier-ignore

  it('before it, of 375 minutes: the last five', () =>
    inFolder(async (folder) => {
      const { code, stdout } = await run(shadow('2026-07-31T15:25', '--warm-up'), folder);
      expect(stdout).toContain('until the close at 15:30, from 2026-07-31T15:25:00+05:30');
      expect(stdout).toMatch(/Warm-up: 3\d\d candles of 1 symbol, until 2026-07-31 15:2\d, by 1 request/);
      expect(code).toBe(0);
      // The run's first minute is partial: it connects within it.
      expect(reportIn(folder)).toMatchObject({ verdict: 'pass', market: { date: '2026-07-31', dayCandles: 375 }, symbols: [{ whole: 4 }], momentum: { evaluations: 4 } });
      const rows = await sourcesOf(folder);
      expect([rows.at(-5)!.minute, rows.at(-2)!.minute, rows.at(-1)!.minute]).toEqual(['15:25', '15:28', '15:29']);
      expect(rows.filter(({ source }) => source === 'auction')).toEqual([]);
      expect(await comparedWithTruth(folder, '2026-07-31')).toMatchObject({ verdict: 'pass', symbols: [{ compared: 4, comparedOn: { '2026-07-31': 4 }, missingReference: 0, unexplained: 0 }] });
    })); // prettier-ignore

  it('that is a holiday ends before it connects, and says when the market opens', () =>
    inFolder(async (folder) => {
      const { code, stderr, stdout } = await run(shadow('2026-11-24T10:00'), folder);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(
        /^tickshard: The market is shut at 2026-11-24T10:00:00\+05:30 \(holiday: [^)]+\); it opens 2026-11-25T09:15:00\+05:30/,
      );
      expect(everythingIn(folder)).toEqual([]);
    }));

  it('that the calendar does not cover uses the last known hours, with a warning', () =>
    inFolder(async (folder) => {
      const { code, stdout } = await run(shadow('2027-06-01T15:13'), folder);
      expect(code).toBe(0);
      expect(stdout).toContain("Warning: the session's hours are assumed: the session data covers 2010-10-18 to 2026-12-31.");
      expect(reportIn(folder).gates.find(({ id }) => id === 'candles')).toMatchObject({ status: 'warn' });
      // The run waits for the auction's print although it began minutes before the close.
      expect(stdout).toMatch(/15:29 .* auction\n/);
    })); // prettier-ignore
});

describe('a shadow run', () => {
  it('that is killed continues to the close with --resume, and not as a stage run', () =>
    inFolder(async (folder) => {
      const args = shadow('2026-07-31T15:24');
      const running = startHeld(args, folder, /^15:26 {2}\d+ candles sealed/m);
      await running.held();
      running.child.kill('SIGKILL');
      await running.ended;
      const stage = await run(['--ws-test-mode', '--stage', '1', '--duration', '15', '--mode', 'snapquote', '--feed', 'sim', '--speed', 'max', '--at', '2026-07-31T15:24', '--resume', '--resume-after', '5'], folder);
      expect(stage.stderr).toMatch(/There is nothing to resume in data\/test\/journal: \S+ was a shadow run;/);
      const { code, stdout } = await run([...args, '--resume', '--resume-after', '5'], folder);
      expect(stdout).toMatch(/Resuming run [\w-]+: \d+ frames from its journal/);
      expect(stdout).toMatch(/15:2\d [\s\S]*15:29 [\s\S]*Ran to its end/);
      expect(code).toBe(0);
      expect(reportIn(folder)).toMatchObject({ options: { shadow: true, untilClose: true } });
      expect(reportIn(folder).gates.find(({ id }) => id === 'lossless')).toMatchObject({ status: 'pass' });
    })); // prettier-ignore

  it('of some minutes ends by its duration', () =>
    inFolder(async (folder) => {
      mkdirSync(join(folder, 'x'));
      const { code, stdout } = await run(['shadow', '--ws-test-mode', '--duration', '16', '--stage', '1', '--feed', 'sim', '--speed', 'max'], folder);
      expect(stdout).toMatch(/tickshard, shadow: RELIANCE, mode snapquote[\s\S]*16 minutes from 2026-11-23T11:00:00/);
      expect(code).toBe(0);
      expect(reportIn(folder)).toMatchObject({ options: { shadow: true, untilClose: false, durationMin: 16 } });
    })); // prettier-ignore
});
