/** `--publish` of whole programs: runs and replays, servers that are gone, credentials, certificates. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nkeys } from '@nats-io/transport-node';
import { afterEach, describe, expect, it } from 'vitest';
import { readEvents } from '../../src/library/journal.js';
import { shipped } from '../../src/paths.js';
import type { PublishedCandle } from '../../src/publish/message.js';
import { inFolder } from '../parquet/candles.js';
import { everythingIn, run, start, type Ended } from '../program/command.js';
import { stepped } from '../program/stepped.js';
import { heldOf, Nats, natsServer, twice } from './nats.js';

const servers: Nats[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function started(...more: readonly string[]): Promise<Nats> {
  const server = await Nats.start(...more);
  servers.push(server);
  return server;
}

const journalIn = (folder: string): string =>
  join(
    folder,
    'journal',
    readdirSync(join(folder, 'journal')).find((name) => /Z-/.test(name))!,
  );

/** What the journal's candles are. */
async function ofJournal(folder: string): Promise<ReturnType<typeof heldOf>> {
  const events: PublishedCandle[] = [];
  for await (const event of readEvents(journalIn(folder)))
    if (event.type === 'candle' || event.type === 'revision') events.push(event);
  return heldOf(events);
}

interface Gate {
  readonly id: string;
  readonly status: string;
  readonly observed: string;
  readonly remedy?: string;
}
const gateIn = (folder: string): Gate =>
  (JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as { gates: Gate[] }).gates.find(
    ({ id }) => id === 'published',
  )!;

/** A stepped run whose connection drops, and whose packets come late. */
const ARGS = stepped(
  '--duration',
  '6',
  '--timeframes',
  '1m,5m',
  '--fault',
  'drop:at=70',
  '--fault',
  'late:at=150,for=20',
);

const publishRun = (
  folder: string,
  url: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> => run([...ARGS, '--publish', url], folder, env);

describe.skipIf(natsServer === undefined)('--publish', () => {
  it('publishes what the journal of the run holds, of a run and of its replays', () =>
    inFolder(async (folder) => {
      const server = await started();
      const { code, stdout, stderr } = await publishRun(folder, server.url);
      expect(code, stdout + stderr).toBe(0);
      const expected = await ofJournal(folder);
      const messages = await server.messages();
      expect(heldOf(messages.map(({ event }) => event))).toEqual(expected);
      expect(twice(messages)).toEqual([]);
      expect(gateIn(folder)).toMatchObject({ status: 'pass' });
      // A replay finds all of it there, and publishes it to another server again.
      const again = await run(
        ['replay', journalIn(folder), '--publish', server.url, '--out', 'again'],
        folder,
      );
      expect(again.code, again.stdout + again.stderr).toBe(0);
      expect(again.stdout).toMatch(/^published 0 acknowledged by .*, \d+ there before; nothing waits$/m);
      expect(await server.messages()).toHaveLength(messages.length);
      const empty = await started();
      const second = await run(
        ['replay', journalIn(folder), '--publish', empty.url, '--out', 'second'],
        folder,
      );
      expect(second.code, second.stdout + second.stderr).toBe(0);
      expect(heldOf((await empty.messages()).map(({ event }) => event))).toEqual(expected);
    }));

  it('fails the gate of a run whose servers are gone, and nothing else; a replay publishes it', () =>
    inFolder(async (folder) => {
      const server = await Nats.later();
      servers.push(server);
      const { code, stdout } = await publishRun(folder, server.url);
      expect(code).toBe(1);
      expect(stdout.match(/\[fail\]/g)).toHaveLength(1);
      expect(gateIn(folder)).toMatchObject({
        status: 'fail',
        observed: expect.stringMatching(/^0 acknowledged by .*; \d+ candles not yet, the oldest for /),
        remedy: expect.stringMatching(/connection refused\. When they work, `tickshard replay RUN --publish/),
      });
      await server.start();
      const again = await run(
        ['replay', journalIn(folder), '--publish', server.url, '--out', 'again'],
        folder,
      );
      expect(again.code, again.stdout + again.stderr).toBe(0);
      expect(heldOf((await server.messages()).map(({ event }) => event))).toEqual(await ofJournal(folder));
    }));

  it('publishes all of a run in whose midst the server is killed and loses its disk', () =>
    inFolder(async (folder) => {
      const server = await started();
      const args = stepped('--duration', '6').map((word) => (word === 'max' ? '60' : word));
      const running = start([...args, '--stream', '--publish', server.url], folder);
      await running.saw(/"type":"candle"/);
      await server.kill();
      server.wipe();
      await running.saw(/Nothing is published: /);
      await server.start();
      const { code, stderr } = await running.ended;
      expect(code, stderr).toBe(0);
      const messages = await server.messages();
      expect(heldOf(messages.map(({ event }) => event))).toEqual(await ofJournal(folder));
      expect(twice(messages)).toEqual([]);
    }));

  const decoder = new TextDecoder();
  it.each([
    ['a user', ['--user', 'collector', '--pass', 'planted-password'], { NATS_USER: 'collector', NATS_PASSWORD: 'planted-password' }],
    ['a token', ['--auth', 'planted-token'], { NATS_TOKEN: 'planted-token' }],
  ] as const)('logs in as %s from the environment, and shows no secret', (_what, options, env) =>
    inFolder(async (folder) => {
      const server = await started(...options);
      const good = await publishRun(folder, server.url, env);
      expect(good.code, good.stdout + good.stderr).toBe(0);
      const { NATS_TOKEN, NATS_USER, NATS_PASSWORD } = env as Readonly<Record<string, string>>;
      const credentials = { user: NATS_USER, pass: NATS_PASSWORD, token: NATS_TOKEN };
      const messages = await server.messages(Object.fromEntries(Object.entries(credentials).filter(([, value]) => value)));
      expect(heldOf(messages.map(({ event }) => event))).toEqual(await ofJournal(folder));
      const bad = await run(['replay', journalIn(folder), '--publish', server.url, '--out', 'bad'], folder, {
        ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, name === 'NATS_USER' ? value : `not-${value}`])),
      });
      expect(bad.code).toBe(1);
      expect(bad.stdout).toMatch(/refuses the credentials .*: check NATS_USER and NATS_PASSWORD/);
      const files = everythingIn(folder).map((name) => join(folder, name));
      const written = files.flatMap((path) => (/\.(json|html|log|parquet|wire)$/.test(path) ? [readFileSync(path, 'latin1')] : []));
      expect([good.stdout, good.stderr, bad.stdout, bad.stderr, ...written].filter((text) => text.includes('planted-'))).toEqual([]);
    })); // prettier-ignore

  it('logs in with an nkey from the environment', () =>
    inFolder(async (folder) => {
      const user = nkeys.createUser();
      const config = join(folder, 'nats.conf');
      writeFileSync(config, `authorization { users = [ { nkey: ${user.getPublicKey()} } ] }\n`);
      const server = await started('-c', config);
      const { code, stdout } = await publishRun(folder, server.url, {
        NATS_NKEY_SEED: decoder.decode(user.getSeed()),
      });
      expect(code, stdout).toBe(0);
      expect(gateIn(folder)).toMatchObject({ status: 'pass' });
    }));

  it('checks the certificate of tls:// servers, by --publish-ca too', () =>
    inFolder(async (folder) => {
      const pem = (name: string): string => fileURLToPath(shipped(`test/vectors/tls/${name}.pem`));
      const server = await started('--tls', '--tlscert', pem('good'), '--tlskey', pem('good'));
      const url = server.url.replace('nats://', 'tls://');
      const good = await run([...ARGS, '--publish', url, '--publish-ca', pem('authority')], folder);
      expect(good.code, good.stdout + good.stderr).toBe(0);
      const bad = await run(['replay', journalIn(folder), '--publish', url, '--out', 'bad'], folder, {
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
      });
      expect(bad.code).toBe(1);
      expect(bad.stdout).toMatch(/Problem: tls:\/\/127\.0\.0\.1:\d+ cannot be used: .*certificate/);
    }));

  it.each([
    [['--publish', 'nats://user:word@host'], {}, /takes no user, password or token: they come from the environment/],
    [['--publish', 'http://host'], {}, /--publish takes nats:\/\/HOST or tls:\/\/HOST/],
    [['--publish', 'nats://host:0'], {}, /each with a port from 1 to 65535/],
    [['--publish', 'nats://host', '--publish-ca', 'x.pem'], {}, /--publish-ca belongs to --publish tls:/],
    [['--publish', 'nats://host'], { NATS_USER: 'me' }, /NATS_USER and NATS_PASSWORD belong together/],
    [['--publish', 'nats://host'], { NATS_TOKEN: 'a', NATS_USER: 'b', NATS_PASSWORD: 'c' }, /only one can be set/],
    [['--publish', 'nats://host'], { NATS_NKEY_SEED: 'SUshort' }, /NATS_NKEY_SEED is not the seed of a user/],
  ] as const)('refuses %j %j', (args, env, sentence) =>
    inFolder(async (folder) => {
      const { code, stdout, stderr } = await run([...ARGS, ...args], folder, env);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(sentence);
      expect(stderr).not.toMatch(/word@|SUshort/);
      expect(everythingIn(folder)).toEqual([]);
    })); // prettier-ignore
});
