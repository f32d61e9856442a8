/** `--dashboard` and `--metrics` through the whole program. */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { firstOf, slow } from '../tier.js';
import { everythingIn, run, simulated, withoutCalendarEnd } from './command.js';
import { startHeld } from './pause.js';

const ARGS = simulated(1, 2, '--no-journal');
const sockets: Socket[] = [];
let taken: Server | undefined;

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise<void>((resolve) => (taken === undefined ? resolve() : taken.close(() => resolve())));
  taken = undefined;
});

async function takenPort(): Promise<string> {
  taken = createServer();
  await new Promise<void>((resolve) => taken!.listen(0, '127.0.0.1', resolve));
  return String((taken.address() as AddressInfo).port);
}

/** Requests the events and never reads one. */
function neverRead(port: number): void {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(`GET /state HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
}

describe('a run that is watched', () => {
  it.each(firstOf(1, ['--dashboard', '--metrics']))(
    '%s at a port in use: one sentence, exit 2, nothing connected and nothing written',
    async (option) => {
      await inFolder(async (folder) => {
        const port = await takenPort();
        const { code, stdout, stderr } = await run([...ARGS, option, port], folder);
        expect([code, stderr]).toEqual([
          2,
          `tickshard: Port ${port} of ${option} cannot be had: another program listens there. Give another, or 0 for any that is free.\n`,
        ]);
        expect(stdout).toBe('');
        expect(everythingIn(folder)).toEqual([]);
      });
    },
  );

  it('passes whatever its viewers do: never read, request unknown paths, try to change something, break off', async () => {
    await inFolder(async (folder) => {
      // Held so that the run does not end before its viewers have done everything.
      const running = startHeld([...ARGS, '--dashboard', '0', '--metrics', '0'], folder, /^11:01 {2}/m);
      let text = '';
      running.child.stdout!.on('data', (more: string) => (text += more));
      await running.saw(/Metrics http:\S+/);
      const [page, metrics] = [/Page (http:\S+)\//, /Metrics (http:\S+)/].map(
        (pattern) => pattern.exec(text)![1],
      );
      const port = Number(new URL(page).port);
      for (let k = 0; k < 5; k++) neverRead(port);
      for (let k = 0; k < 20; k++) {
        await Promise.all([
          fetch(`${page}/nothing`),
          fetch(page, { method: 'POST', body: 'x'.repeat(100_000) }).catch(() => undefined),
          fetch(metrics).then((answer) => answer.text()),
          new Promise<void>((resolve) => {
            const socket = connect(port, '127.0.0.1', () => {
              socket.destroy();
              resolve();
            });
          }),
        ]);
      }
      await running.held();
      running.release();
      const { code, stdout, stderr } = await running.ended;
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/\[pass\] Nothing lost/);
      expect(stdout).toMatch(
        /\[pass\] NO REST calls +1 call before the run, 0 calls during it, 1 WebSocket handshake, 2 connections in all/,
      );
    });
  });

  slow('with --json prints only the report on standard output', async () => {
    await inFolder(async (folder) => {
      const { code, stdout, stderr } = await run([...ARGS, '--dashboard', '0', '--json', '--quiet'], folder);
      expect(code).toBe(0);
      expect((JSON.parse(stdout) as { verdict: string }).verdict).toBe('pass');
      expect(stderr).toMatch(/^Page http:\/\/127\.0\.0\.1:\d+\/\n/);
      expect(stderr).toMatch(/Verdict: PASS\n$/);
    });
  });

  slow('serves no page without --dashboard', async () => {
    await inFolder(async (folder) => {
      const { stdout } = await run(ARGS, folder);
      expect(stdout).not.toMatch(/http:|Metrics/);
    });
  });
});

describe('how much a run prints', () => {
  slow('--quiet: what is wrong, and the verdict', async () => {
    await inFolder(async (folder) => {
      const { code, stdout } = await run([...ARGS, '--quiet'], folder);
      expect(code).toBe(0);
      const lines = withoutCalendarEnd(stdout).trimEnd().split('\n');
      expect(lines.at(-1)).toBe('Verdict: PASS');
      for (const line of lines.slice(0, -1)) expect(line).toMatch(/^ {2}\[warn\] | {9}\S/);
    });
  });

  slow('--verbose: each event, and what was expected of each gate', async () => {
    await inFolder(async (folder) => {
      const { stdout } = await run([...ARGS, '--verbose', '--fault', 'drop:at=40'], folder);
      expect(stdout).toMatch(/^11:00:\d\d {2}connected and subscribed$/m);
      expect(stdout).toMatch(/^11:00:\d\d {2}connected again and subscribed, connection 2$/m);
      expect(stdout.match(/^ {9}Expected: /gm)).toHaveLength(14);
    });
  });
});
