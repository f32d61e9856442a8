/** A run that is stopped (SIGSTOP) for longer than a pong may take: it says so, and blames no one else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { sleep } from '../../src/clock.js';
import { inFolder } from '../parquet/candles.js';
import { JOURNALED, served, start } from './command.js';
import { ltpFrame, startServer } from './server.js';

const ORIGIN_MS = Date.UTC(2026, 10, 23, 5, 30);

it('a stopped process names its stall, keeps its connection if it can, and gate performance warns', () =>
  inFolder(async (folder) => {
    let second = 0;
    const server = await startServer({
      onSubscribe(socket) {
        const timer = setInterval(() => socket.send(ltpFrame({ token: '2885', sequence: ++second, timeMs: ORIGIN_MS + second * 1000, pricePaise: 140_000 })), 1000);
        socket.on('close', () => clearInterval(timer));
      },
    });
    const running = start(served(server.url, '2026-11-23T11:00@1', 1, 15, ...JOURNALED), folder);
    const log = (): string => readFileSync(join(folder, 'logs/websocket_test.log'), 'utf8');
    await vi.waitFor(() => expect(log()).toContain('"to":"live"'), { timeout: 60_000, interval: 50 });
    await sleep(1000);
    running.child.kill('SIGSTOP');
    await sleep(28_000);
    running.child.kill('SIGCONT');
    await running.saw(/This process stood still for \d+ s: it was stopped/);
    await sleep(4000);
    running.child.kill('SIGINT');
    const { stdout } = await running.ended;
    expect(stdout).not.toMatch(/No pong came|no packet came/);
    expect(stdout.match(/This process stood still for 2[78] s: it was stopped, its machine slept/g)).toHaveLength(1);
    expect(stdout).toMatch(/\[warn\] Performance +.*longest stall 2[78]\.\d\d s/);
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as { disconnects: unknown[] };
    expect(report.disconnects).toEqual([]);
    expect(log()).toContain('This process stood still');
  })); // prettier-ignore
