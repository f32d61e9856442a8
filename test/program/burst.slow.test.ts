/**
 * A burst through the smallest rings pauses the socket and loses nothing; Ctrl-C still ends the run. The server is
 * of the test's own, so the runs have real time; the expected candles are those of the frames that arrived.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { naiveFold } from '../naive.js';
import { duckdb, inFolder } from '../parquet/candles.js';
import { REPORTED, served, start } from './command.js';
import { ltpFrame, startServer } from './server.js';

const program = fileURLToPath(new URL('./tiny-rings.js', import.meta.url));
/** 11:00:00 IST on a trading day. */
const ORIGIN_MS = Date.UTC(2026, 10, 23, 5, 30);
const TOKENS = ['2885', '1594', '11536'];
const FRAMES = 300_000;

function frameOf(index: number): Buffer {
  // The frames span a hundred market seconds.
  return ltpFrame({
    token: TOKENS[index % 3],
    sequence: index + 1,
    timeMs: ORIGIN_MS + Math.floor((index * 100) / FRAMES) * 1000,
    pricePaise: 100_000 + ((index * 7919) % 5003),
  });
}

/** Sends everything as fast as the client reads. */
function flood(socket: WebSocket, from: number): void {
  for (let index = from; index < FRAMES; index++) {
    if (socket.bufferedAmount > 1_000_000) {
      setTimeout(() => flood(socket, index), 1);
      return;
    }
    socket.send(frameOf(index));
  }
}

const args = (url: string, duration: string): string[] =>
  served(
    url,
    '2026-11-23T11:00:00@10',
    1,
    duration,
    '--symbols',
    'RELIANCE,INFY,TCS',
    '--shards',
    '2',
    ...REPORTED,
  );

interface Report {
  readonly gates: readonly { readonly id: string; readonly status: string; readonly observed: string }[];
  readonly counters: {
    readonly binary: number;
    readonly pauses: number;
    readonly applied: { readonly total: number };
  };
}

describe('a burst of 300,000 frames through the smallest rings', () => {
  it('loses nothing and pauses the socket', async () => {
    const server = await startServer({ onSubscribe: (socket) => flood(socket, 0) });
    try {
      await inFolder(async (folder) => {
        const { code, stdout, stderr } = await start(args(server.url, '1'), folder, {}, program).ended;
        expect(stderr).toBe('');
        const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
        expect(report.counters.pauses).toBeGreaterThan(0);
        expect(report.gates.find(({ id }) => id === 'lossless')).toMatchObject({ status: 'pass' });
        expect(report.counters.applied.total).toBe(report.counters.binary);
        expect(stdout).toMatch(/Verdict/);
        expect([0, 1]).toContain(code);
        const packets = Array.from({ length: report.counters.binary }, (_, index) => ({
          bytes: frameOf(index),
          connection: 1,
          marketMsSinceSubscribe: 0,
          realMsSinceSubscribe: 0,
        }));
        const instruments = ['RELIANCE', 'INFY', 'TCS'].map((symbol, index) => ({
          symbol,
          exchangeType: 1,
          token: TOKENS[index],
        }));
        const naive = naiveFold(packets, { mode: 1, date: '2026-11-23', instruments });
        const rows = await duckdb(
          `SELECT symbol, open, high, low, close, volume::INT AS volume FROM read_parquet('${join(folder, 'out')}/NSE_*.parquet') ORDER BY symbol, timestamp`,
        );
        expect(rows).toEqual(
          ['INFY', 'RELIANCE', 'TCS'].flatMap((symbol) =>
            naive.candles
              .get(symbol)!
              .map(({ open, high, low, close, volume }) => ({ symbol, open, high, low, close, volume })),
          ),
        );
      });
    } finally {
      await server.close();
    }
  });

  it('still obeys Ctrl-C during the burst', async () => {
    const server = await startServer({ onSubscribe: (socket) => flood(socket, 0) });
    try {
      await inFolder(async (folder) => {
        const running = start(args(server.url, '15'), folder, {}, program);
        await running.saw(/sealed/);
        running.child.kill('SIGINT');
        const { code, stdout } = await running.ended;
        expect(code).toBe(130);
        expect(stdout).toMatch(/INTERRUPTED/);
        const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
        expect(report.gates.find(({ id }) => id === 'lossless')).toMatchObject({ status: 'pass' });
      });
    } finally {
      await server.close();
    }
  });
});
