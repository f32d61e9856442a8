/** A day from before its opening to its print, of which days.slow.test.ts has the last hour. */
import { expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { run } from './command.js';
import { comparedWithTruth, reportIn, shadow, sourcesOf } from './days.js';

it('a whole day since the closing auction: 360 minutes and a print', () =>
  inFolder(async (folder) => {
    const { code, stdout } = await run(shadow('2026-11-23T08:00', '--wait-open', '--warm-up'), folder);
    expect(stdout).toContain('until the close at 15:35, from 2026-11-23T09:15:00+05:30');
    expect(stdout).toMatch(/Warm-up: 3\d\d candles of 1 symbol, until 20\d\d-\d\d-\d\d 15:29, by 1 request/);
    expect(stdout).toContain('one-minute candles in rupees, the last 30 of 361');
    expect(code).toBe(0);
    const report = reportIn(folder);
    expect(report).toMatchObject({
      verdict: 'pass',
      mode: 'snapquote',
      market: { date: '2026-11-23', dayCandles: 361 },
      options: { shadow: true, untilClose: true, durationMin: null, warmUp: true },
      symbols: [{ whole: 361, partial: 0 }],
    });
    // The day before is in the history, so the rule evaluates from the first minute. It skips the auction's candle.
    expect(report.momentum.evaluations).toBe(361);
    const rows = await sourcesOf(folder);
    expect([rows.length, rows[0].minute, rows.at(-2)!.minute, rows.at(-1)!.minute]).toEqual([
      361,
      '09:15',
      '15:14',
      '15:29',
    ]);
    expect(rows.filter(({ source }) => source === 'auction')).toEqual([
      { minute: '15:29', source: 'auction', flat: true },
    ]);
    const comparison = await comparedWithTruth(folder, '2026-11-23');
    expect(comparison).toMatchObject({
      verdict: 'pass',
      symbols: [
        {
          compared: 361,
          comparedOn: { '2026-11-23': 361 },
          missingOurs: 0,
          missingReference: 0,
          partial: 0,
          unexplained: 0,
        },
      ],
    });
    const gate = await run(['cutover', '--runs', 'data/test/reports', '--days', '1'], folder);
    expect(gate.stdout).toMatch(/\[fail\] The live feed +0 of 1 day of the live feed/);
    expect(gate.stdout.match(/\[pass\]/g)).toHaveLength(7);
    expect(gate.stdout).toContain('Verdict: NOT YET. 1 of 8 requirements is not met; go on polling.');
    expect(gate.code).toBe(1);
  }));
