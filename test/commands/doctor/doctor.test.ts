/** `tickshard doctor` against the simulated broker and against servers that fail; more in doctor.slow.test.ts. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { accept, answer, hostileServer } from '../../feed/hostile-server.js';
import { inFolder } from '../../parquet/candles.js';
import { everythingIn, run, start } from '../../program/command.js';
import { env, examined, finds, type Behaviour } from './examined.js';

describe.concurrent('tickshard doctor', () => {
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

  it.each<[string, Behaviour, Record<string, [string, RegExp]>]>([
    [
      'a PIN that is refused',
      { login: answer({ status: false, message: 'Invalid totp', errorcode: 'AB1050' }) },
      { login: ['fail', /AB1050.*ANGEL_TOTP_SECRET/], clock: ['pass', /./], handshake: ['skip', /log-in/] },
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
  ])('names %s', finds);

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
});
