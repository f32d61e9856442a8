/**
 * A quarter of a million packets in a burst are not a flood: all are applied, while the socket is paused as needed.
 * Twenty thousand messages that are not packets are a flood: the run reports it and continues on a new connection. The
 * server is of the test's own, so the runs have real time.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { inFolder } from '../parquet/candles.js';
import { REPORTED, served, start } from './command.js';
import { ltpFrame, startServer } from './server.js';

const PACKETS = 250_000;
/** 11:00:00 IST on a trading day. */
const ORIGIN_MS = Date.UTC(2026, 10, 23, 5, 30);
const TOKENS = ['2885', '1594', '11536'];

/** Sends everything, then a ping: its pong proves that the client has read all of it. */
function pour(socket: WebSocket, from: number): void {
  for (let index = from; index < PACKETS; index++) {
    if (socket.bufferedAmount > 1_000_000) {
      setTimeout(() => pour(socket, index), 1);
      return;
    }
    socket.send(
      ltpFrame({
        token: TOKENS[index % 3],
        sequence: index + 1,
        timeMs: ORIGIN_MS + Math.floor((index * 50) / PACKETS) * 1000,
        pricePaise: 100_000 + ((index * 7919) % 5003),
      }),
    );
  }
  socket.ping('all');
}

interface Report {
  readonly gates: readonly { readonly id: string; readonly status: string }[];
  readonly counters: {
    readonly binary: number;
    readonly pauses: number;
    readonly applied: { readonly total: number };
  };
  readonly performance: { readonly rssMb: number };
  readonly disconnects: readonly {
    readonly connection: number;
    readonly cause: string;
    readonly sentence: string;
  }[];
}

describe('a burst of 250,000 packets', () => {
  it('is received whole, on one connection, in bounded memory', async () => {
    let read: () => void;
    const allRead = new Promise<void>((resolve) => (read = resolve));
    const server = await startServer({
      onSubscribe: (socket) => {
        socket.on('pong', (data: Buffer) => data.toString() === 'all' && read());
        pour(socket, 0);
      },
    });
    try {
      await inFolder(async (folder) => {
        const running = start(
          served(
            server.url,
            '2026-11-23T11:00:00@1',
            1,
            15,
            '--symbols',
            'RELIANCE,INFY,TCS',
            '--shards',
            '2',
            ...REPORTED,
          ),
          folder,
        );
        await Promise.race([allRead, running.ended]);
        running.child.kill('SIGINT');
        const { code, stderr } = await running.ended;
        expect(stderr).toBe('');
        expect(code).toBe(130);
        const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
        expect(report.counters.binary).toBe(PACKETS);
        expect(report.counters.applied.total).toBe(PACKETS);
        expect(report.gates.find(({ id }) => id === 'lossless')).toMatchObject({ status: 'pass' });
        expect(report.disconnects).toEqual([]);
        expect(report.performance.rssMb).toBeLessThan(400);
      });
    } finally {
      await server.close();
    }
  });
});

describe('a flood of messages that are no packets', () => {
  it('ends the connection, is in log and report, and the run continues on the next', async () => {
    const server = await startServer({
      onSubscribe: (socket, connection) => {
        socket.send(ltpFrame({ token: '2885', sequence: 1, timeMs: ORIGIN_MS, pricePaise: 100_000 }));
        if (connection === 1)
          for (let message = 0; message < 20_000; message++) socket.send(Buffer.from([message & 0xff]));
      },
    });
    try {
      await inFolder(async (folder) => {
        const { code, stdout } = await start(
          served(server.url, '2026-11-23T11:00:00@10', 1, 1, ...REPORTED),
          folder,
        ).ended;
        expect([0, 1]).toContain(code);
        const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
        expect(report.disconnects).toEqual([
          expect.objectContaining({
            connection: 1,
            cause: 'flood',
            sentence: expect.stringMatching(/^The server sent thousands of messages that are no packets/),
          }),
        ]);
        expect(report.gates.find(({ id }) => id === 'lossless')).toMatchObject({ status: 'pass' });
        expect(report.counters.binary).toBeLessThan(17_000);
        expect(stdout).toMatch(/messages that are no packets/);
        const log = readFileSync(join(folder, 'logs', 'websocket_test.log'), 'utf8');
        expect(log.match(/"cause":"flood"/g)).toHaveLength(1);
      });
    } finally {
      await server.close();
    }
  });
});
