/**
 * However a run ends, it sends the broker a close frame, and nothing starts again. The server is of the test's own, so
 * these runs have real time; each test waits for a condition, not for a time.
 */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { firstOf, slow } from '../tier.js';
import { served, start } from './command.js';
import { ltpFrame, startServer, type Scripted } from './server.js';

const ORIGIN_MS = Date.UTC(2026, 10, 23, 5, 30);
const args = (server: Scripted): string[] => served(server.url, '2026-11-23T11:00@1', 1, 15);
const ticking = (): Promise<Scripted> =>
  startServer({
    onSubscribe(socket) {
      let second = 0;
      const timer = setInterval(
        () =>
          socket.send(
            ltpFrame({
              token: '2885',
              sequence: ++second,
              timeMs: ORIGIN_MS + second * 1000,
              pricePaise: 140_000,
            }),
          ),
        50,
      );
      socket.on('close', () => clearInterval(timer));
    },
  });

/** Resolves once the run's log says that the feed is live. */
const live = (folder: string): Promise<void> =>
  vi.waitFor(
    () => expect(readFileSync(join(folder, 'logs/websocket_test.log'), 'utf8')).toContain('"to":"live"'),
    { timeout: 200_000, interval: 50 },
  );

/** Code to run on the program's main thread once the log says that the feed is live. */
function plant(folder: string, body: string): Record<string, string> {
  const path = join(folder, 'plant.mjs');
  writeFileSync(
    path,
    `import { existsSync, readFileSync } from 'node:fs';
     import { isMainThread } from 'node:worker_threads';
     if (isMainThread) {
       const timer = setInterval(() => {
         if (!existsSync('logs/websocket_test.log') || !readFileSync('logs/websocket_test.log', 'utf8').includes('"to":"live"')) return;
         clearInterval(timer);
         ${body}
       }, 20).unref();
     }`,
  );
  return { NODE_OPTIONS: `--import ${pathToFileURL(path).href}` };
}

describe.concurrent('an uncaught error', () => {
  it.each(
    firstOf(1, [
      ['thrown', `throw new Error('the sky fell, said jwt.of.test');`],
      ['an unhandled rejection', `Promise.reject(new TypeError('the sky fell, said jwt.of.test'));`],
      [
        'thrown twice',
        `setTimeout(() => { throw new Error('again'); }, 1); throw new Error('the sky fell, said jwt.of.test');`,
      ],
      ['no error at all', `throw 'the sky fell, said jwt.of.test';`],
    ]),
  )('%s: close frame, one sentence, the log has it, exit 1, no second connection', async (_what, body) => {
    await inFolder(async (folder) => {
      const server = await ticking();
      const { code, stdout, stderr } = await start(args(server), folder, plant(folder, body)).ended;
      await vi.waitFor(() => expect(server.closeCodes).toHaveLength(1));
      expect(server.closeCodes[0]).not.toBe(1006);
      expect(server.calls).toHaveLength(1);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^tickshard: A fault of tickshard ended the run; candles that were written are whole, there is no report\.\n.*the sky fell, said \[secret\]/,
      );
      const log = readFileSync(join(folder, 'logs/websocket_test.log'), 'utf8');
      expect(log).toMatch(/"level":60.*the sky fell/);
      expect(stdout + stderr + log).not.toContain('jwt.of.test');
      expect(existsSync(join(folder, 'data/test/reports/latest.json'))).toBe(false);
      await server.close();
    });
  });
});

describe.concurrent('a signal', () => {
  it.each(firstOf(1, ['SIGINT', 'SIGTERM', 'SIGHUP'] as const))(
    '%s: close frame, report, exit 130',
    async (signal) => {
      await inFolder(async (folder) => {
        const server = await ticking();
        const running = start(args(server), folder);
        await live(folder);
        running.child.kill(signal);
        const { code, stdout, stderr } = await running.ended;
        expect(server.closeCodes).toEqual([1000]);
        expect(code).toBe(130);
        expect(stdout).toMatch(/Interrupted: closing the feed[\s\S]*Verdict: INTERRUPTED/);
        expect(stderr).toBe('');
        expect(existsSync(join(folder, 'data/test/reports/latest.json'))).toBe(true);
        await server.close();
      });
    },
  );

  slow('SIGHUP of a terminal that is gone, with no reader of the output: the same', async () => {
    await inFolder(async (folder) => {
      const server = await ticking();
      const running = start(args(server), folder);
      await live(folder);
      running.child.stdout!.destroy();
      running.child.stderr!.destroy();
      running.child.kill('SIGHUP');
      expect((await running.ended).code).toBe(130);
      expect(server.closeCodes).toEqual([1000]);
      expect(existsSync(join(folder, 'data/test/reports/latest.json'))).toBe(true);
      await server.close();
    });
  });
});

describe('a log that cannot be written', () => {
  it.runIf(existsSync('/dev/full'))('is said once, and ends nothing', async () => {
    await inFolder(async (folder) => {
      mkdirSync(join(folder, 'logs'));
      symlinkSync('/dev/full', join(folder, 'logs/websocket_test.log'));
      const { code, stdout, stderr } = await start(
        ['--ws-test-mode', '--stage', '1', '--duration', '1', '--feed', 'sim', '--speed', 'max'],
        folder,
      ).ended;
      expect(stderr).toBe('');
      expect(stdout.match(/The log .* cannot be written \(ENOSPC.*; the run continues\./g)).toHaveLength(1);
      expect(stdout).toMatch(/Verdict: PASS/);
      expect(code).toBe(0);
    });
  });
});
