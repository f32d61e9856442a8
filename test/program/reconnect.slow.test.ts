/**
 * A connection that breaks during a run: the gap is in the data, the minutes around it are whole, the report has it.
 * The server is of the test's own, so the run has real time.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { duckdb, inFolder } from '../parquet/candles.js';
import { REPORTED, run, served } from './command.js';
import { ltpFrame, startServer } from './server.js';

/** 11:00:00 IST on a trading day. */
const ORIGIN_MS = Date.UTC(2026, 10, 23, 5, 30);
/** A new connection takes half a real second; 58 market seconds are ten times as much. */
const SPEED = 12;
const DROP_AT_SECOND = 62;

interface Report {
  readonly verdict: string;
  readonly gates: readonly { readonly id: string; readonly status: string; readonly remedy?: string }[];
  readonly disconnects: readonly { readonly cause: string; readonly code: number }[];
  readonly counters: { readonly applied: Record<string, number>; readonly gaps: number };
  readonly network: { readonly websocketHandshakes: number; readonly restCallsDuringRun: number };
}

const priceOf = (second: number): number => 140_000 + ((second * 7919) % 601) - 300;

it('a dropped connection is replaced, its minute is partial with its gap, the others are whole', async () => {
  let startedMs = 0;
  const server = await startServer({
    onSubscribe(socket, connection) {
      if (startedMs === 0) startedMs = performance.now();
      const secondNow = (): number => Math.floor(((performance.now() - startedMs) * SPEED) / 1000);
      let second = secondNow();
      // The cached packet: the last known state, which is old.
      const cached = Math.max(0, second - 1);
      socket.send(
        ltpFrame({
          token: '2885',
          sequence: cached + 1,
          timeMs: ORIGIN_MS + cached * 1000,
          pricePaise: priceOf(cached),
        }),
      );
      const timer = setInterval(() => {
        for (; second <= secondNow(); second++) {
          if (connection === 1 && second > DROP_AT_SECOND) return socket.terminate();
          socket.send(
            ltpFrame({
              token: '2885',
              sequence: second + 1,
              timeMs: ORIGIN_MS + second * 1000,
              pricePaise: priceOf(second),
            }),
          );
        }
      }, 5);
      socket.on('close', () => clearInterval(timer));
    },
  });
  try {
    await inFolder(async (folder) => {
      const { code, stderr } = await run(
        served(server.url, `2026-11-23T11:00:00@${SPEED}`, 1, 4, ...REPORTED),
        folder,
      );
      expect(stderr).toBe('');
      const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
      const gate = (id: string): string => report.gates.find((one) => one.id === id)!.status;
      expect(report.disconnects).toHaveLength(1);
      expect(report.disconnects[0]).toMatchObject({
        connection: 1,
        at: expect.stringMatching(/^2026-11-23T11:01:\d\d\+05:30$/) as string,
        cause: 'dropped',
        code: 1006,
        reason: '',
        sentence: expect.stringMatching(/without a close frame/) as string,
      });
      expect(gate('lossless')).toBe('pass');
      expect(gate('no-rest')).toBe('pass');
      expect(report.network).toMatchObject({ websocketHandshakes: 2, restCallsDuringRun: 0 });
      expect(report.counters.applied).toMatchObject({ seed: 2 });
      // A back-off of half a second takes six market seconds; more on a busy machine, where it can be 5 % of the run.
      expect(['warn', 'fail']).toContain(gate('connected'));
      expect(code).toBe(report.verdict === 'pass' ? 0 : 1);
      const out = join(folder, 'out');
      const rows = await duckdb(
        `SELECT strftime(c.timestamp, '%H:%M') AS minute, c.open, c.high, c.low, c.close, c.volume::INT AS volume, q.partial, q.gap_ms::INT AS gap FROM read_parquet('${out}/NSE_RELIANCE_1m_test.parquet') c JOIN read_parquet('${out}/quality/NSE_RELIANCE_1m_quality.parquet') q USING (timestamp) ORDER BY 1`,
      );
      expect(rows.map(({ minute, partial }) => [minute, partial])).toEqual(
        [
          ['11:00', true],
          ['11:01', true],
          ['11:02', false],
          ['11:03', false],
          ['11:04', true],
        ].slice(0, rows.length),
      );
      expect(rows[1]['gap']).toBeGreaterThan(0);
      expect(rows[1]['volume']).toBeLessThanOrEqual(60);
      for (const minute of [2, 3]) {
        const prices = Array.from({ length: 60 }, (_, index) => priceOf(minute * 60 + index));
        expect(rows[minute]).toMatchObject({
          open: prices[0] / 100,
          high: Math.max(...prices) / 100,
          low: Math.min(...prices) / 100,
          close: prices[59] / 100,
          volume: 60,
          gap: 0,
        });
      }
    });
  } finally {
    await server.close();
  }
});
