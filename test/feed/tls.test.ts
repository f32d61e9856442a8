/** Certificates and host names over real TLS: who is trusted, and that nothing is sent to anybody else. */
import { readCertificates } from '../../src/feed/certificates.js';
import type { Endpoint } from '../../src/broker/endpoint.js';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { EngineError, EXIT } from '../../src/errors.js';
import { feedEndpoint } from '../../src/broker/angel/endpoint.js';
import { shipped } from '../../src/paths.js';
import { inFolder } from '../parquet/candles.js';
import { hostileServer, type HostileServer } from './hostile-server.js';
import { listen, type Listening } from './listening.js';

const pathOf = (name: string): string => fileURLToPath(shipped(`test/vectors/tls/${name}.pem`));
const pem = (name: string): string => readFileSync(pathOf(name), 'utf8');
const authority = readCertificates(pathOf('authority'));

const servers: HostileServer[] = [];
let listening: Listening | undefined;
afterEach(async () => {
  await listening?.client.stop();
  listening = undefined;
  delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  for (const server of servers.splice(0)) await server.close();
});

async function serve(name: string): Promise<HostileServer> {
  const server = await hostileServer(0, pem(name));
  servers.push(server);
  return server;
}

async function failure(endpoint: Endpoint): Promise<EngineError> {
  listening = listen({ url: 'wss://127.0.0.1:1' }, { endpoint });
  const error: unknown = await listening.client.start().then(
    () => new Error('open'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(EngineError);
  expect((error as EngineError).exitCode).toBe(EXIT.noConnection);
  return error as EngineError;
}

describe('a server that proves who it is', () => {
  it('by an authority of --ca: logs in, connects, subscribes', async () => {
    const server = await serve('good');
    listening = listen(server, { endpoint: feedEndpoint(server.url, authority) });
    await listening.client.start();
    expect(server.logins).toHaveLength(1);
    expect(server.peers).toHaveLength(1);
  });

  it('by a host name as well as by an address', async () => {
    const server = await serve('good');
    listening = listen(server, { endpoint: feedEndpoint(`wss://localhost:${server.port}`, authority) });
    await listening.client.start();
    expect(server.peers).toHaveLength(1);
  });

  it('by a certificate that --ca names itself', async () => {
    const server = await serve('alone');
    await inFolder(async (folder) => {
      const path = join(folder, 'alone.pem');
      writeFileSync(path, /-----BEGIN CERTIFICATE-----[\s\S]*END CERTIFICATE-----/.exec(pem('alone'))![0]);
      listening = listen(server, { endpoint: feedEndpoint(server.url, readCertificates(path)) });
      await listening.client.start();
    });
    expect(server.peers).toHaveLength(1);
  });
});

const strangers: [string, string, string | undefined, RegExp][] = [
  ['an expired certificate', 'expired', authority, /expired.*clock/],
  ['one that is not valid yet', 'future', authority, /not valid yet.*clock/],
  ['one for another host', 'elsewhere', authority, /another host name/],
  ['one signed by somebody unknown', 'unknown', authority, /not signed by anyone trusted here/],
  ['one signed by itself', 'alone', authority, /not signed by anyone trusted here/],
  ['a private one without --ca', 'good', undefined, /not signed by anyone trusted here.*--ca/],
];

describe('a server that does not', () => {
  it.each(strangers)('%s: no log-in is sent', async (_what, name, ca, sentence) => {
    const server = await serve(name);
    const error = await failure(feedEndpoint(server.url, ca));
    expect(error).toMatchObject({ code: 'LOGIN' });
    expect(error.message).toMatch(sentence);
    expect(error.message).toMatch(/Nothing was sent/);
    expect(server.logins).toEqual([]);
  });

  it.each(strangers)('%s: no token is sent, and it is not asked again', async (_what, name, ca, sentence) => {
    const [login, feed] = [await serve('good'), await serve(name)];
    const endpoint = { ...feedEndpoint(feed.url, ca), loginUrl: feedEndpoint(login.url).loginUrl };
    // The log-in is trusted, the feed is not: of a private feed without --ca there is no log-in to be trusted.
    if (ca === undefined) return;
    const error = await failure(endpoint);
    expect(error).toMatchObject({ code: 'CONNECT' });
    expect(error.message).toMatch(sentence);
    expect(login.logins).toHaveLength(1);
    expect(feed.peers).toEqual([]);
    expect(listening!.heard.events).toEqual(['closed 1 certificate']);
  });

  it('NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment changes nothing, for the log-in and for the feed', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    const [login, feed] = [await serve('good'), await serve('unknown')];
    expect((await failure(feedEndpoint(feed.url, authority))).message).toMatch(
      /not signed by anyone trusted/,
    );
    expect(feed.logins).toEqual([]);
    expect(
      (await failure({ ...feedEndpoint(feed.url, authority), loginUrl: feedEndpoint(login.url).loginUrl }))
        .message,
    ).toMatch(/not signed by anyone trusted/);
    expect(feed.peers).toEqual([]);
  });

  it('plain HTTP where TLS is expected is no certificate fault', async () => {
    const server = await hostileServer();
    servers.push(server);
    const { message } = await failure(feedEndpoint(`wss://127.0.0.1:${server.port}`, authority));
    expect(message).toMatch(/could not reach|no connection/);
  });
});

describe('--ca FILE', () => {
  const refusal = (text: string | undefined): Promise<EngineError> =>
    inFolder((folder) => {
      const path = join(folder, 'ca.pem');
      if (text !== undefined) writeFileSync(path, text);
      try {
        readCertificates(path);
      } catch (error) {
        return Promise.resolve(error as EngineError);
      }
      throw new Error('accepted');
    });

  it.each([
    ['is absent', undefined, /cannot be read/],
    ['is empty', '', /no certificate in PEM form/],
    ['is something else', 'hello', /no certificate in PEM form/],
    [
      'is damaged',
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
      /certificate 1 of 1 is damaged/,
    ],
    ['holds a private key', pem('good'), /private key/],
  ])('%s', async (_what, text, sentence) => {
    const error = await refusal(text);
    expect(error).toMatchObject({ code: 'CONFIG', exitCode: EXIT.usage });
    expect(error.message).toMatch(sentence);
    expect(error.message).not.toContain('BEGIN PRIVATE');
  });

  it('over ws: has nothing to check', () => {
    expect(() => feedEndpoint('ws://127.0.0.1:1', authority)).toThrow(/--ca belongs to a wss: URL/);
  });
});
