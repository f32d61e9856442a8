/**
 * The whole program against the naive bar builder: Stage 2 on the simulated broker, for 1, 2 and 4 shards and all
 * modes. The naive builder shares no code with the program; DuckDB reads the files. One run has real time: its broker
 * is a process of its own, and a proxy records what is sent.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { naiveFold, type NaiveMode, type NaivePacket } from '../naive.js';
import { duckdb, inFolder } from '../parquet/candles.js';
import { niftyFifty } from '../../src/run/universe.js';
import { DENSE_ARGS } from '../dense.js';
import { longAfter, usual } from '../tier.js';
import { EARLY, start } from './command.js';
import { startProxy } from './proxy.js';
import { packetsIn, tapped } from './wire-tap.js';

/** Of the run in real time. */
const SPEED = 20;
/**
 * Real ms that the program may take to start. Its market clock is set ahead by this: a feed more than a market minute
 * ahead of the clock is believed only when three packets agree. A feed that is later than the clock does no harm.
 */
const BEGINS_WITHIN_MS = 9000;
const RUNS: [string, number][] = [
  ['snapquote', 4],
  ['ltp', 1],
  ['quote', 2],
  ['ltp', 2],
  ['ltp', 4],
  ['quote', 1],
  ['quote', 4],
  ['snapquote', 1],
  ['snapquote', 2],
];
const modes: Readonly<Record<string, NaiveMode>> = { ltp: 1, quote: 2, snapquote: 3 };

interface Report {
  readonly verdict: string;
  readonly counters: { readonly binary: number; readonly late: number };
  readonly gates: readonly { readonly id: string; readonly status: string }[];
}

const stage2 = (mode: string, shards: number, ...feed: readonly string[]): string[] => [
  '--ws-test-mode',
  '--stage',
  '2',
  '--duration',
  '2',
  '--mode',
  mode,
  '--shards',
  String(shards),
  '--out',
  'out',
  '--report',
  'report.json',
  ...feed,
];

/** Runs Stage 2 and compares its candles with the naive ones of `packets`, which are asked for after the run. */
async function expectNaive(
  args: readonly string[],
  mode: string,
  folder: string,
  packets: () => readonly NaivePacket[],
  env: Record<string, string> = {},
): Promise<Report> {
  const { code, stderr } = await start(args, folder, env).ended;
  expect(stderr).toBe('');
  const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
  // Latency on a loaded machine is not what this test checks.
  expect(report.gates.filter(({ id, status }) => status === 'fail' && id !== 'lag')).toEqual([]);
  expect(code).toBe(report.verdict === 'pass' ? 0 : 1);
  // Frames in flight when the program closed its socket are not part of the run.
  const naive = naiveFold(packets().slice(0, report.counters.binary), {
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
  return report;
}

describe('stage 2 equals the naive candles of the frames that were sent', () => {
  // For any number of shards a run is the same: stepped-more.slow.test.ts.
  it.each<[string, number]>(longAfter(1, RUNS))('%s with %i shards', async (mode, shards) => {
    await inFolder(async (folder) => {
      const args = stage2(
        mode,
        shards,
        '--feed',
        'sim',
        '--speed',
        'max',
        ...EARLY,
        ...DENSE_ARGS,
        '--seed',
        '3',
        '--no-journal',
      );
      const report = await expectNaive(args, mode, folder, () => packetsIn(folder), tapped());
      expect(packetsIn(folder).length).toBeGreaterThanOrEqual(report.counters.binary);
      expect(report.verdict).toBe('pass');
    });
  });

  usual('over a proxy from a broker that is a process of its own', async () => {
    await inFolder(async (folder) => {
      const args = ['simulate', '--port', '0', '--speed', String(SPEED), '--seed', '3', ...DENSE_ARGS];
      const simulator = start(args, folder);
      let printed = '';
      simulator.child.stdout!.on('data', (text: string) => (printed += text));
      await simulator.saw(/--market-clock/);
      const proxy = await startProxy(Number(/feed +ws:\/\/127\.0\.0\.1:(\d+)/.exec(printed)![1]), SPEED);
      try {
        const clock = `2026-11-23T11:0${(BEGINS_WITHIN_MS * SPEED) / 60_000}:00@${SPEED}`;
        const run = stage2('snapquote', 2, '--feed', proxy.url, '--market-clock', clock);
        await expectNaive(run, 'snapquote', folder, () => proxy.packets);
      } finally {
        await proxy.close();
        simulator.child.kill('SIGTERM');
        expect((await simulator.ended).code).toBe(0);
      }
    });
  });
});
