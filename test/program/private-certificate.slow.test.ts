/**
 * The whole program against a server with a private certificate, as of a company's proxy. Only `--ca` lets it connect.
 * The server is of the test's own, so these runs have real time.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { shipped } from '../../src/paths.js';
import { hostileServer, type HostileServer } from '../feed/hostile-server.js';
import { inFolder } from '../parquet/candles.js';
import { firstOf } from '../tier.js';
import { everythingIn, run, start } from './command.js';

const pathOf = (name: string): string => fileURLToPath(shipped(`test/vectors/tls/${name}.pem`));
const serve = (): Promise<HostileServer> => hostileServer(0, readFileSync(pathOf('good'), 'utf8'));
const args = (url: string): string[] => [
  '--ws-test-mode',
  '--stage',
  '1',
  '--duration',
  '5',
  '--feed',
  url,
  '--market-clock',
  '2026-11-23T11:00@1',
];

describe.concurrent('a run on a server with a private certificate', () => {
  it('connects and subscribes with --ca', async () => {
    await inFolder(async (folder) => {
      const server = await serve();
      const running = start([...args(server.url), '--ca', pathOf('authority')], folder);
      await vi.waitFor(() => expect(server.peers[0]?.texts[0]).toContain('"2885"'), { timeout: 200_000 });
      running.child.kill('SIGINT');
      expect((await running.ended).code).toBe(130);
      await server.close();
    });
  });

  it.each(
    firstOf(1, [
      ['without it', [], {}, /not signed by anyone trusted here.*--ca FILE/],
      ['with a file that is not there', ['--ca', 'nowhere.pem'], {}, /--ca nowhere\.pem cannot be read/],
      [
        'when Node is set to check nothing',
        [],
        { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
        /not signed by anyone trusted here/,
      ],
    ]),
  )('says what is wrong %s, and sends nothing', async (_what, options, env, sentence) => {
    await inFolder(async (folder) => {
      const server = await serve();
      const { code, stderr } = await run([...args(server.url), ...options], folder, env);
      expect(stderr).toMatch(sentence);
      expect([2, 3]).toContain(code);
      expect(server.logins).toEqual([]);
      expect(server.peers).toEqual([]);
      await server.close();
    });
  });

  it.each(
    firstOf(1, [
      ['no PEM', 'hello', /holds no certificate in PEM form/],
      [
        'a private key with it',
        `-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
        /holds a private key/,
      ],
      [
        'a damaged one',
        '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
        /certificate 1 of 1 is damaged/,
      ],
    ]),
  )('refuses a file with %s before anything is written', async (_what, text, sentence) => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, 'ca.pem'), text);
      const { code, stderr } = await run([...args('wss://127.0.0.1:9'), '--ca', 'ca.pem'], folder);
      expect(stderr).toMatch(sentence);
      expect(code).toBe(2);
      expect(everythingIn(folder)).toEqual(['ca.pem']);
    });
  });
});
