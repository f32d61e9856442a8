/** `tickshard doctor` against the simulated broker and against servers that fail in each way. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import {
  clockCheck,
  coresCheck,
  diskCheck,
  marketCheck,
  nodeCheck,
} from '../../../src/commands/doctor/machine.js';
import { istMs } from '../../../src/market/session.js';
import { shipped } from '../../../src/paths.js';
import { shippedCalendar } from '../../../src/run/universe.js';
import {
  accept,
  answer,
  bare,
  hostileServer,
  loggedIn,
  refuse,
  silent,
  type Handshake,
  type HostileServer,
  type Login,
} from '../../feed/hostile-server.js';
import { CREDENTIALS, SECRETS } from '../../feed/secrets.js';
import { inFolder } from '../../parquet/candles.js';
import { everythingIn, run, start } from '../../program/command.js';
import { ltpFrame } from '../../program/server.js';

const env = {
  ANGEL_API_KEY: CREDENTIALS.apiKey,
  ANGEL_CLIENT_ID: CREDENTIALS.clientCode,
  ANGEL_PIN: CREDENTIALS.pin,
  ANGEL_TOTP_SECRET: CREDENTIALS.totpSecret,
};
const frame = ltpFrame({
  token: '2885',
  sequence: 1,
  timeMs: istMs('2026-11-23', '15:29'),
  pricePaise: 140_000,
});
const serving = accept({ onRequest: (peer) => peer.ws!.send(frame) });

/** Answers a log-in at a time that differs from ours by `ms`. */
const atAnotherTime =
  (ms: number, body: object): Login =>
  (request, text, response) =>
    answer(body, 200, { date: new Date(Date.now() + ms).toUTCString() })(request, text, response);

interface Check {
  readonly id: string;
  readonly status: string;
  readonly observed: string;
  readonly remedy?: string;
}

/** Runs the doctor on a server that behaves so, and returns its checks by name. */
async function examined(options: {
  login?: Login;
  handshake?: Handshake;
  env?: Record<string, string>;
}): Promise<{ code: number | null; checks: Record<string, Check>; server: HostileServer }> {
  const server = await hostileServer();
  server.loginAnswers = [options.login ?? answer(loggedIn())];
  server.handshakes = [options.handshake ?? serving];
  return inFolder(async (folder) => {
    const { code, stdout, stderr } = await run(
      ['doctor', '--feed', server.url, '--json'],
      folder,
      options.env ?? env,
    );
    await server.close();
    expect(everythingIn(folder)).toEqual([]);
    // A port may happen to hold the digits of the PIN.
    for (const secret of SECRETS)
      expect((stdout + stderr).replace(/127\.0\.0\.1:\d+/g, '')).not.toContain(secret);
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    return { code, checks: Object.fromEntries(checks.map((check) => [check.id, check])), server };
  });
}

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

  it('starts a simulated broker for --feed sim, checks it and stops it, and reads no credentials', async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, '.env'), 'ANGEL_PIN=\n');
      const { code, stdout, stderr } = await run(['doctor', '--feed', 'sim'], folder, env);
      expect(stderr).toBe('');
      expect(stdout).toMatch(/^tickshard doctor, feed sim\n/);
      expect(stdout).toMatch(/\[pass\] Market +simulated, from 2026-11-23T11:00:00\+05:30, open until /);
      expect(stdout).toMatch(
        /\[skip\] Instrument file +the simulated market has the tokens that were shipped/,
      );
      expect(stdout).toMatch(/\[pass\] Credentials +the simulated broker's demo account; yours are not read/);
      expect(stdout).toMatch(/\[skip\] This machine's clock +the simulated broker has market time/);
      for (const title of [
        'Log-in',
        'Feed opens',
        'Feed answers pings',
        'Feed serves RELIANCE',
        'Feed closes in order',
      ])
        expect(stdout).toMatch(new RegExp(`\\[pass\\] ${title} +\\S`));
      expect(stdout).not.toMatch(/\[fail\]/);
      expect(code).toBe(0);
      expect(everythingIn(folder)).toEqual(['.env']);
    });
  });

  it('logs in once, opens one socket, and closes it with a close frame', async () => {
    const { code, checks, server } = await examined({});
    expect(code).toBe(0);
    expect(checks['packet'].observed).toMatch(/exchange time 2026-11-23T15:29:00\+05:30/);
    expect(server.logins).toHaveLength(1);
    expect(server.mostOpen).toBe(1);
    expect(server.peers[0].closeCode).toBe(1000);
  });

  it.each<[string, { login?: Login; handshake?: Handshake }, Record<string, [string, RegExp]>]>([
    [
      'a PIN that is refused',
      { login: answer({ status: false, message: 'Invalid totp', errorcode: 'AB1050' }) },
      { login: ['fail', /AB1050.*ANGEL_TOTP_SECRET/], clock: ['pass', /./], handshake: ['skip', /log-in/] },
    ],
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
    [
      'E1002 to the request',
      {
        handshake: accept({
          onRequest: ({ ws }) =>
            ws!.send(
              '{"correlationID":"doctor0","errorCode":"E1002","errorMessage":"Invalid Request. Subscription Limit Exceeded"}',
            ),
        }),
      },
      { packet: ['fail', /E1002/] },
    ],
  ])('names %s', async (_what, how, expected) => {
    const { code, checks } = await examined(how);
    for (const [id, [status, text]] of Object.entries(expected)) {
      expect(checks[id].status).toBe(status);
      expect(`${checks[id].observed} ${checks[id].remedy ?? ''}`).toMatch(text);
    }
    expect(code).toBe(1);
  });

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

  it.each<[string, Record<string, string>, RegExp]>([
    ['missing', { ANGEL_API_KEY: 'KeyOfTheTest' }, /ANGEL_CLIENT_ID, ANGEL_PIN, ANGEL_TOTP_SECRET/],
    ['no base32', { ...env, ANGEL_TOTP_SECRET: '123456' }, /not base32.*not the six digits/],
  ])('names credentials that are %s, and asks no server', async (_what, given, sentence) => {
    const { code, checks, server } = await examined({ env: given });
    expect(checks['credentials']).toMatchObject({
      status: 'fail',
      remedy: expect.stringMatching(sentence) as string,
    });
    expect(checks['login'].status).toBe('skip');
    expect(server.calls).toEqual([]);
    expect(code).toBe(1);
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

  it('names a folder that is a file', async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, 'taken'), '');
      const { code, stdout } = await run(
        ['doctor', '--feed', 'ws://127.0.0.1:9', '--out', 'taken/candles'],
        folder,
      );
      expect(stdout).toMatch(/\[fail\] Folders can be written +no\n +.*taken is a file/);
      expect(code).toBe(1);
      expect(everythingIn(folder)).toEqual(['taken']);
    });
  });

  it('closes the socket when it is interrupted', async () => {
    await inFolder(async (folder) => {
      const server = await hostileServer();
      server.handshakes = [accept({ textPong: false, protocolPong: false })];
      const running = start(['doctor', '--feed', server.url], folder, env);
      await vi.waitFor(() => expect(server.peers[0]?.texts.length).toBeGreaterThan(1), { timeout: 20_000 });
      running.child.kill('SIGINT');
      expect((await running.ended).code).toBe(130);
      expect(server.peers[0].closeCode).toBe(1000);
      await server.close();
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

describe('the checks of the machine', () => {
  it.each([
    ['20.19.0', 'pass'],
    ['20.18.3', 'fail'],
    ['18.20.0', 'fail'],
    ['22.1.0', 'pass'],
    ['23.11.0', 'warn'],
    ['24.0.0', 'pass'],
    ['26.10.0', 'pass'],
    ['27.0.0', 'warn'],
  ])('Node %s: %s', (version, status) => expect(nodeCheck(version, 'linux x64').status).toBe(status));

  it.each([
    [0, 'pass'],
    [1999, 'pass'],
    [-2000, 'warn'],
    [14_999, 'warn'],
    [-15_000, 'fail'],
  ])('a clock %i ms ahead: %s', (aheadMs, status) => expect(clockCheck(aheadMs).status).toBe(status));

  it.each([
    [100 * 2 ** 20, 'fail'],
    [500 * 2 ** 20, 'warn'],
    [5 * 2 ** 30, 'pass'],
  ])('%i bytes free: %s', (free, status) => expect(diskCheck(free, '/data').status).toBe(status));

  it('one core is a warning', () =>
    expect([coresCheck(1).status, coresCheck(2).status]).toEqual(['warn', 'pass']));

  it.each([
    ['2026-11-23', '11:00', /^open until 2026-11-23T15:15/],
    ['2026-11-24', '11:00', /^shut .*holiday.*opens 2026-11-25T09:15/],
    ['2026-11-23', '08:00', /^shut .*opens 2026-11-23T09:15/],
    ['2026-11-21', '11:00', /^shut .*Saturday.*opens 2026-11-23T09:15/],
  ])('the market on %s at %s', (date, time, observed) => {
    const check = marketCheck(shippedCalendar(), istMs(date, time));
    expect(check.observed).toMatch(observed);
    expect(check.status).toBe('pass');
  });

  it('warns of hours that are assumed', () =>
    expect(marketCheck(shippedCalendar(), istMs('2031-01-06', '11:00')).status).toBe('warn'));
});
