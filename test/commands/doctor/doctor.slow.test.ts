/** `tickshard doctor` against servers that fail in each way. */
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { shipped } from '../../../src/paths.js';
import { accept, answer, bare, hostileServer, loggedIn, refuse, silent } from '../../feed/hostile-server.js';
import { inFolder } from '../../parquet/candles.js';
import { everythingIn, run, start } from '../../program/command.js';
import { atAnotherTime, env, examined, finds, serving, type Behaviour } from './examined.js';

describe.concurrent('tickshard doctor', () => {
  it('passes on the simulated broker, prints a line for each check, and leaves no file', async () => {
    await inFolder(async (folder) => {
      const simulator = start(['simulate', '--port', '0'], folder);
      let url = '';
      simulator.child.stdout!.on('data', (text: string) => (url = /^feed +(\S+)/m.exec(text)?.[1] ?? url));
      await simulator.saw(/npx tickshard/);
      const { code, stdout, stderr } = await run(['doctor', '--feed', url], folder);
      simulator.child.kill();
      expect(stderr).toBe('');
      expect(stdout).toMatch(
        /\[pass\] Node +2\d\.[\s\S]*\[pass\] Log-in +after[\s\S]*\[pass\] Feed answers pings[\s\S]*\[pass\] Feed serves RELIANCE[\s\S]*\[pass\] Feed closes in order/,
      );
      expect(stdout).not.toMatch(/\[fail\]/);
      expect(code).toBe(0);
      expect(everythingIn(folder)).toEqual([]);
    });
  });

  it.each<[string, Behaviour, Record<string, [string, RegExp]>]>([
    [
      'a clock 60 s ahead of the server',
      { login: atAnotherTime(-60_000, loggedIn()) },
      { login: ['pass', /./], clock: ['fail', /(59|60|61)\.\d s ahead.*NTP/] },
    ],
    [
      'a refusal that comes of the clock',
      { login: atAnotherTime(90_000, { status: false, message: 'Invalid totp', errorcode: 'AB1050' }) },
      { login: ['fail', /behind/], clock: ['fail', /NTP/] },
    ],
    [
      'a log-in that is down',
      { login: answer('<html>', 502) },
      { login: ['fail', /HTTP 502/], clock: ['skip', /answer/] },
    ],
    [
      'a handshake of 401',
      { handshake: refuse(401, { 'x-error-message': 'Invalid Token' }) },
      { handshake: ['fail', /Invalid Token/], pong: ['skip', /./], close: ['skip', /./] },
    ],
    ['a handshake of 429', { handshake: refuse(429) }, { handshake: ['fail', /three sockets/] }],
    [
      'a close right after the open',
      { handshake: accept({ then: ({ ws }) => ws!.close(1008, 'three already') }) },
      { handshake: ['pass', /./], close: ['fail', /1008.*three already.*client code/] },
    ],
  ])('names %s', finds);

  it('names a feed that is connected and mute, pongs that never come, and a server that keeps the connection', async () => {
    const deaf = await examined({ handshake: bare(() => undefined) });
    expect(deaf.checks['handshake'].status).toBe('pass');
    expect(deaf.checks['pong'].status).toBe('fail');
    expect(deaf.checks['packet'].status).toMatch(/fail|warn/);
    expect(deaf.checks['close'].status).toBe('warn');
  });

  it('names a handshake that is never answered', async () => {
    const never = await examined({ handshake: silent });
    expect(never.checks['handshake'].remedy).toMatch(/did not answer the handshake in time/);
  });

  it('warns of a password in place of the PIN', async () => {
    const { code, checks } = await examined({ env: { ...env, ANGEL_PIN: 'Pa55word' } });
    expect(checks['credentials'].status).toBe('warn');
    expect(code).toBe(0);
  });

  it.runIf(process.getuid?.() !== 0)('names a folder that cannot be written', async () => {
    await inFolder(async (folder) => {
      mkdirSync(join(folder, 'shut'));
      chmodSync(join(folder, 'shut'), 0o500);
      const { stdout } = await run(['doctor', '--feed', 'ws://127.0.0.1:9', '--out', 'shut/candles'], folder);
      expect(stdout).toMatch(/\[fail\] Folders can be written/);
    });
  });

  it('ends at once when it is interrupted during a handshake', async () => {
    await inFolder(async (folder) => {
      const server = await hostileServer();
      server.handshakes = [silent];
      const running = start(['doctor', '--feed', server.url], folder, env);
      await vi.waitFor(() => expect(server.peers).toHaveLength(1), { timeout: 20_000 });
      const from = performance.now();
      running.child.kill('SIGINT');
      expect((await running.ended).code).toBe(130);
      // The handshake itself would have gone on for ten seconds.
      expect(performance.now() - from).toBeLessThan(8000);
      await server.close();
    });
  });

  it('checks a private certificate as a run does', async () => {
    await inFolder(async (folder) => {
      const pathOf = (name: string): string => fileURLToPath(shipped(`test/vectors/tls/${name}.pem`));
      const server = await hostileServer(0, readFileSync(pathOf('good'), 'utf8'));
      server.handshakes = [serving];
      expect((await run(['doctor', '--feed', server.url, '--ca', pathOf('authority')], folder)).code).toBe(0);
      const unknown = await run(['doctor', '--feed', server.url], folder);
      expect(unknown.stdout).toMatch(/\[fail\] Log-in +no\n +.*not signed by anyone trusted here/);
      expect(unknown.code).toBe(1);
      await server.close();
    });
  });
});
