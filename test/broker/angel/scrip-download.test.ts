/** The download: what servers do to it. */
import { readCertificates } from '../../../src/feed/certificates.js';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/clock.js';
import { EngineError } from '../../../src/errors.js';
import { download, downloadUrl } from '../../../src/broker/angel/scrip-download.js';
import { shipped } from '../../../src/paths.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener, certificate?: string): Promise<string> {
  const pem =
    certificate === undefined ? '' : readFileSync(shipped(`test/vectors/tls/${certificate}.pem`), 'utf8');
  const server =
    certificate === undefined
      ? createServer(listener)
      : createSecureServer({ cert: pem, key: pem }, listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function fetched(
  url: string,
  options: { ca?: string; silenceMs?: number; largest?: number } = {},
): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of download(downloadUrl(url), {
    ca: options.ca,
    clock: new SystemClock(),
    ...options,
  }))
    parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

const text = 'x'.repeat(300_000);
const authority = (): string => readCertificates(new URL(shipped('test/vectors/tls/authority.pem')).pathname);

describe('a download', () => {
  it('gives the bytes, plain and compressed, over redirects and over TLS', async () => {
    expect(await fetched(await serve((_request, response) => response.end(text)))).toBe(text);
    const packed = await serve((request, response) => {
      expect(request.headers['accept-encoding']).toContain('gzip');
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(text));
    });
    expect(await fetched(packed)).toBe(text);
    expect(
      await fetched(await serve((_request, response) => response.writeHead(302, { location: packed }).end())),
    ).toBe(text);
    expect(
      await fetched(
        await serve((request, response) =>
          request.url === '/' ? response.writeHead(307, { location: '/there' }).end() : response.end(text),
        ),
      ),
    ).toBe(text);
    expect(
      await fetched(await serve((_request, response) => response.end(text), 'good'), { ca: authority() }),
    ).toBe(text);
  });

  it.each<[string, RequestListener, RegExp, { silenceMs?: number; largest?: number }]>([
    ['404', (_request, response) => void response.writeHead(404).end(), /answers HTTP 404/, {}],
    ['500', (_request, response) => void response.writeHead(500).end(), /answers HTTP 500/, {}],
    [
      'an end in the middle',
      (_request, response) =>
        void response.writeHead(200, { 'content-length': '1000000' }).write(text, () => response.destroy()),
      /broke off after 300000 bytes/,
      {},
    ],
    [
      'an end in the middle of packed bytes',
      (_request, response) =>
        void response
          .writeHead(200, { 'content-encoding': 'gzip' })
          .write(gzipSync(text).subarray(0, 100), () => response.destroy()),
      /broke off|could not be reached/,
      {},
    ],
    [
      'packed bytes that are none',
      (_request, response) =>
        void response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip at all'),
      /could not be reached|broke off/,
      {},
    ],
    [
      'an encoding that was not requested',
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'br' }).end('x'),
      /encoding that was not asked for/,
      {},
    ],
    ['silence before', () => undefined, /says nothing for 0\.2 s\./, { silenceMs: 200 }],
    [
      'silence in the middle',
      (_request, response) => void response.write(text),
      /says nothing for 0\.2 s after 300000 bytes/,
      { silenceMs: 200 },
    ],
    [
      'too much',
      (_request, response) => void response.end(text),
      /longer than 1000 bytes/,
      { largest: 1000 },
    ],
    [
      'a circle',
      (_request, response) => void response.writeHead(302, { location: '/again' }).end(),
      /more than 3 times/,
      {},
    ],
    [
      'a way out of encryption',
      (_request, response) => void response.writeHead(302, { location: 'http://example.com/' }).end(),
      /not encrypted/,
      {},
    ],
    [
      'a redirect to nowhere',
      (_request, response) => void response.writeHead(302, { location: 'http://[' }).end(),
      /not encrypted/,
      {},
    ],
    [
      'a redirect without an address',
      (_request, response) => void response.writeHead(302).end(),
      /answers HTTP 302/,
      {},
    ],
  ])('that meets %s fails with one sentence', async (_what, listener, sentence, options) => {
    const error: unknown = await fetched(await serve(listener), options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EngineError);
    expect((error as EngineError).exitCode).toBe(3);
    expect((error as EngineError).message).toMatch(sentence);
  });

  it('continues for as long as bytes come, however slowly', async () => {
    const url = await serve((_request, response) => {
      let left = 6;
      const timer = setInterval(() => {
        if (left-- > 0) return void response.write('x');
        clearInterval(timer);
        response.end();
      }, 100);
    });
    expect(await fetched(url, { silenceMs: 500 })).toBe('xxxxxx');
  });

  it.each(['good', 'expired', 'elsewhere', 'unknown'])(
    'trusts no %s certificate without its authority, whatever the environment says',
    async (name) => {
      process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
      try {
        await expect(
          fetched(
            await serve((_request, response) => response.end(text), name),
            name === 'good' ? {} : { ca: authority() },
          ),
        ).rejects.toThrow(/is not trusted: the server's certificate/);
      } finally {
        delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      }
    },
  );

  it('never leads from https: to http:, not even on this machine', async () => {
    const plain = await serve((_request, response) => response.end(text));
    await expect(
      fetched(
        await serve((_request, response) => response.writeHead(302, { location: plain }).end(), 'good'),
        { ca: authority() },
      ),
    ).rejects.toThrow(/not encrypted/);
  });

  it('says when no server is there', async () => {
    await expect(fetched('http://127.0.0.1:9/')).rejects.toThrow(
      /127\.0\.0\.1:9 could not be reached \(ECONNREFUSED\)/,
    );
  });

  it.each(['ftp://host/x', 'http://example.com/x', 'https://user:secret@host/x', 'nothing'])(
    'refuses %s',
    (url) => {
      expect(() => downloadUrl(url)).toThrow(EngineError);
      expect(() => downloadUrl(url)).not.toThrow(/secret/);
    },
  );
});
