/**
 * The whole program against the naive bar builder: Stage 2 on the simulated broker through a recording proxy, for 1, 2
 * and 4 shards and all modes. The naive builder shares no code with the program; DuckDB reads the files.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { naiveFold, type NaiveMode } from '../naive.js';
import { duckdb, inFolder } from '../parquet/candles.js';
import { niftyFifty } from '../../src/run/universe.js';
import { run, start } from './command.js';
import { startProxy } from './proxy.js';

const SPEED = 60;
/**
 * Real ms that the program may take to start. Its market clock is set ahead by this: a feed more than a market minute
 * ahead of the clock is believed only when three packets agree, and at this speed a market minute is one real second.
 * A feed that is later than the clock does no harm.
 */
const BEGINS_WITHIN_MS = 3000;
const modes: Readonly<Record<string, NaiveMode>> = { ltp: 1, quote: 2, snapquote: 3 };

interface Report {
  readonly verdict: string;
  readonly counters: { readonly binary: number; readonly late: number };
  readonly gates: readonly {
    readonly id: string;
    readonly status: string;
    readonly observed: string;
    readonly remedy?: string;
  }[];
}

describe('stage 2 equals the naive candles of the frames that were sent', () => {
  it.each(
    ['ltp', 'quote', 'snapquote'].flatMap((mode) =>
      [1, 2, 4].map((shards): [string, number] => [mode, shards]),
    ),
  )('%s with %i shards', async (mode, shards) => {
    await inFolder(async (folder) => {
      const simulator = start(['simulate', '--port', '0', '--speed', String(SPEED), '--seed', '3'], folder);
      let printed = '';
      simulator.child.stdout!.on('data', (text: string) => (printed += text));
      await simulator.saw(/--market-clock/);
      const proxy = await startProxy(Number(/feed +ws:\/\/127\.0\.0\.1:(\d+)/.exec(printed)![1]), SPEED);
      try {
        const clock = ['--market-clock', `2026-11-23T11:0${(BEGINS_WITHIN_MS * SPEED) / 60_000}:00@${SPEED}`];
        const { code, stderr } = await run(
          [
            '--ws-test-mode',
            '--stage',
            '2',
            '--duration',
            '2',
            '--feed',
            proxy.url,
            ...clock,
            '--mode',
            mode,
            '--shards',
            String(shards),
            '--out',
            'out',
            '--report',
            'report.json',
          ],
          folder,
        );
        expect(stderr).toBe('');
        const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
        // Latency on a loaded machine is not what this test checks.
        const failed = report.gates.filter(({ id, status }) => status === 'fail' && id !== 'lag');
        expect(failed).toEqual([]);
        expect(code).toBe(report.verdict === 'pass' ? 0 : 1);
        // Frames in flight when the program closed its socket are not part of the run.
        const naive = naiveFold(proxy.packets.slice(0, report.counters.binary), {
          mode: modes[mode],
          date: '2026-11-23',
          instruments: niftyFifty(),
        });
        const rows = await duckdb(
          `SELECT symbol, epoch_ms(timestamp)::DOUBLE AS ms, open, high, low, close, volume::DOUBLE AS volume FROM read_parquet('${join(folder, 'out')}/NSE_*.parquet') ORDER BY symbol, timestamp`,
        );
        const expected = [...naive.candles].flatMap(([symbol, candles]) =>
          candles.map(({ minuteMs, open, high, low, close, volume }) => ({
            symbol,
            ms: minuteMs,
            open,
            high,
            low,
            close,
            volume,
          })),
        );
        expected.sort((a, b) => (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.ms - b.ms));
        expect(rows.length).toBeGreaterThan(50 * 2);
        expect(rows).toEqual(expected);
        expect(report.counters.late).toBe(0);
      } finally {
        await proxy.close();
        simulator.child.kill('SIGTERM');
        expect((await simulator.ended).code).toBe(0);
      }
    });
  });
});
