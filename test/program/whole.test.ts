/** The whole program on the simulated broker: the files that it writes, and gates that really fail. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { duckdb, inFolder } from '../parquet/candles.js';
import { slow } from '../tier.js';
import { everythingIn, run, start } from './command.js';
import { planted, startHeld } from './pause.js';

const sim = ['--ws-test-mode', '--stage', '1', '--feed', 'sim', '--speed', 'max'];

interface Report {
  readonly verdict: string;
  readonly gates: readonly {
    readonly id: string;
    readonly status: string;
    readonly observed: string;
    readonly remedy?: string;
  }[];
  readonly symbols: readonly { readonly candles: number; readonly session: Record<string, unknown> }[];
  readonly counters: { readonly applied: Record<string, number>; readonly late: number };
  readonly files: readonly { readonly path: string; readonly rows: number; readonly sha256: string }[];
  readonly momentum: {
    readonly evaluations: number;
    readonly signals: readonly unknown[];
    readonly differences: readonly string[];
  };
  readonly network: {
    readonly connections: readonly { readonly purpose: string }[];
    readonly restCallsDuringRun: number;
  };
}

const reportIn = (folder: string, path = 'data/test/reports/latest.json'): Report =>
  JSON.parse(readFileSync(join(folder, path), 'utf8')) as Report;
const statusOf = (report: Report, id: string): string => report.gates.find((gate) => gate.id === id)!.status;

describe('a stage run', () => {
  it('writes candles, quality, report and log where it says, and merges when it is run again', async () => {
    await inFolder(async (folder) => {
      const first = await run([...sim, '--duration', '3'], folder);
      expect(first.stderr).toBe('');
      expect(first.code).toBe(0);
      expect(first.stdout).toMatch(/WebSocket connected[\s\S]*NO REST calls[\s\S]*Verdict: PASS/);
      expect(first.stdout).toMatch(/RELIANCE, one-minute candles[\s\S]*11:01 .*\d\.\d\d/);
      expect(first.stdout).not.toMatch(/\u001b/);
      const left = everythingIn(folder);
      expect(left.filter((path) => path.endsWith('.parquet'))).toEqual([
        'data/test/sim/websocket_candles/NSE_RELIANCE_1m_test.parquet',
        'data/test/sim/websocket_candles/quality/NSE_RELIANCE_1m_quality.parquet',
      ]);
      expect(left.filter((path) => path.endsWith('.json'))).toHaveLength(2);
      expect(left.filter((path) => path.includes('.writing') || path.includes('.probe'))).toEqual([]);
      const report = reportIn(folder);
      expect(report.momentum.evaluations).toBe(2);
      expect(report.network.connections.map(({ purpose }) => purpose)).toEqual(['log-in', 'feed']);
      const log = readFileSync(join(folder, 'logs/websocket_test.log'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const samples = log.filter(({ msg }) => msg === 'sample tick');
      expect(samples).toHaveLength(5);
      expect(samples[0]).toMatchObject({ symbol: 'RELIANCE' });
      expect(samples[0]['price']).toBeGreaterThan(0);

      const second = await run([...sim, '--duration', '3'], folder);
      expect(second.code).toBe(0);
      const parquet = join(folder, 'data/test/sim/websocket_candles/NSE_RELIANCE_1m_test.parquet');
      const rows = await duckdb(
        `SELECT count(*)::INT AS rows, count(DISTINCT timestamp)::INT AS minutes FROM '${parquet}'`,
      );
      expect(rows[0]['rows']).toBe(rows[0]['minutes']);
      const columns = await duckdb(`DESCRIBE SELECT * FROM '${parquet}'`);
      expect(
        columns.map((column) => `${String(column['column_name'])} ${String(column['column_type'])}`),
      ).toEqual([
        'symbol VARCHAR',
        'exchange VARCHAR',
        'timestamp TIMESTAMP WITH TIME ZONE',
        'open DOUBLE',
        'high DOUBLE',
        'low DOUBLE',
        'close DOUBLE',
        'volume BIGINT',
      ]);
    });
  });

  slow('continues to its verdict and report when no one reads its output', async () => {
    await inFolder(async (folder) => {
      const running = start([...sim, '--duration', '2'], folder);
      await running.saw(/tickshard, stage 1/);
      running.child.stdout!.destroy();
      expect((await running.ended).code).toBe(0);
      expect(reportIn(folder).verdict).toBe('pass');
    });
  });

  slow('prints its verdict also when the report cannot be written', async () => {
    await inFolder(async (folder) => {
      const args = [...sim, '--duration', '2', '--report', 'mine/report.json'];
      const running = startHeld(args, folder, /sealed/);
      await running.held();
      mkdirSync(join(folder, 'mine/report.json'));
      running.release();
      const { code, stdout } = await running.ended;
      expect(stdout).toMatch(/Verdict: PASS[\s\S]*report .* cannot be written/);
      expect(code).toBe(1);
    });
  });

  it('with --json and --report prints the report alone and writes that file only', async () => {
    await inFolder(async (folder) => {
      const { code, stdout, stderr } = await run(
        [
          ...sim,
          '--duration',
          '2',
          '--json',
          '--report',
          'mine/report.json',
          '--out',
          'out',
          '--mode',
          'snapquote',
        ],
        folder,
      );
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual(reportIn(folder, 'mine/report.json'));
      expect(stderr).toMatch(/Verdict: PASS/);
      expect(everythingIn(folder).filter((path) => path.endsWith('.json'))).toEqual(['mine/report.json']);
      const report = reportIn(folder, 'mine/report.json');
      expect(report.counters.applied['noTrade']).toBeGreaterThan(0);
      expect(report.symbols[0].session['covers']).toMatch(/exchange/);
    });
  });

  slow('reads its own candles as history, for the schema gate and for momentum', async () => {
    await inFolder(async (folder) => {
      const first = await run(
        [...sim, '--duration', '2', '--out', 'past', '--at', '2026-11-23T10:30'],
        folder,
      );
      expect(first.code).toBe(0);
      const second = await run([...sim, '--duration', '2', '--out', 'out', '--history', 'past'], folder);
      expect(second.code).toBe(0);
      const report = reportIn(folder);
      expect(statusOf(report, 'schema')).toBe('pass');
      // Two candles of history are fewer than twenty.
      expect(statusOf(report, 'momentum')).toBe('warn');
    });
  });

  slow(
    'without twenty candles reports insufficient history, and with the simulator’s history evaluates',
    async () => {
      await inFolder(async (folder) => {
        mkdirSync(join(folder, 'empty'));
        const { code, stdout } = await run([...sim, '--duration', '2', '--history', 'empty'], folder);
        expect(code).toBe(0);
        expect(stdout).toMatch(/\[warn\] Momentum[\s\S]*Twenty whole candles/);
        expect(statusOf(reportIn(folder), 'schema')).toBe('skip');
      });
    },
  );
});

/** Code that misbehaves inside the program, not inside the simulated broker, once a whole candle is on disk. */
const misbehaving = (body: string): Record<string, string> => planted(/^11:02 {2}/m, body);

describe('a gate that really fails', () => {
  it('no-rest, when something calls the broker during the run', async () => {
    await inFolder(async (folder) => {
      const env = misbehaving(`fetch('http://127.0.0.1:65001/candles').catch(() => undefined);`);
      const { code, stdout } = await run([...sim, '--duration', '4'], folder, env);
      expect(stdout).toMatch(/\[fail\] NO REST calls[\s\S]*GET 127\.0\.0\.1:65001\/candles/);
      expect(stdout).toMatch(/Verdict: FAIL/);
      expect(code).toBe(1);
    });
  });

  slow('no-rest, when something opens a bare socket', async () => {
    await inFolder(async (folder) => {
      const env = misbehaving(
        `new (process.getBuiltinModule('node:net').Socket)().on('error', () => undefined).connect(65001, '127.0.0.1');`,
      );
      const { code, stdout } = await run([...sim, '--duration', '4'], folder, env);
      expect(stdout).toMatch(/\[fail\] NO REST calls[\s\S]*65001/);
      expect(code).toBe(1);
    });
  });

  slow('output, when something writes outside the folders of the run', async () => {
    await inFolder(async (folder) => {
      const env = misbehaving(`process.getBuiltinModule('node:fs').writeFileSync('elsewhere.txt', 'x');`);
      const { code, stdout } = await run([...sim, '--duration', '4'], folder, env);
      expect(stdout).toMatch(/\[fail\] Output saved[\s\S]*elsewhere\.txt/);
      expect(code).toBe(1);
    });
  });
});
