/** The server for people and programs of this machine, and those who watch: real sockets. */
import { connect, type Socket } from 'node:net';
import { get, request, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { answer, LocalServer, refusal } from '../../src/dashboard/local-server.js';
import { MAX_FULL_MS, MAX_VIEWERS, Viewers } from '../../src/dashboard/viewers.js';
import type { DashboardState, DashboardChange } from '../../src/dashboard/state.js';
import { slow } from '../tier.js';

const servers: LocalServer[] = [];
const sockets: Socket[] = [];
/** Those that were let in, in order. */
const joined: ServerResponse[] = [];

afterEach(async () => {
  joined.length = 0;
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(
  viewers: Viewers,
  state: () => DashboardState | undefined = () => undefined,
  failures: string[] = [],
): Promise<LocalServer> {
  const server = new LocalServer({
    port: 0,
    option: '--dashboard',
    onFailure: (sentence) => failures.push(sentence),
    routes: {
      '/': (_, response) => answer(response, 200, 'text/plain', 'hello'),
      '/state': (_, response) => {
        joined.push(response);
        viewers.join(response, state());
      },
      '/broken': () => {
        throw new Error('broken on purpose');
      },
    },
  });
  await server.start();
  servers.push(server);
  return server;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(
  server: LocalServer,
  path: string,
  options: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(`${server.url}${path}`, options, (response) => {
      let body = '';
      response
        .setEncoding('utf8')
        .on('data', (text: string) => (body += text))
        .on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    })
      .on('error', reject)
      .end();
  });
}

/** Watches; resolves when the text so far matches. */
function watch(server: LocalServer): {
  readonly saw: (pattern: RegExp) => Promise<string>;
  readonly closed: Promise<void>;
} {
  let text = '';
  let look = (): void => undefined;
  let over: () => void;
  const closed = new Promise<void>((resolve) => (over = resolve));
  get(`${server.url}/state`, (response) => {
    sockets.push(response.socket);
    response
      .setEncoding('utf8')
      .on('data', (more: string) => {
        text += more;
        look();
      })
      .on('close', () => over())
      .on('error', () => over());
  }).on('error', () => over());
  const saw = (pattern: RegExp): Promise<string> =>
    new Promise((resolve) => {
      look = () => void (pattern.test(text) && resolve(text));
      look();
    });
  return { saw, closed };
}

const state = { run: { runId: 'one' } } as unknown as DashboardState;
const change = (size = 1): DashboardChange =>
  ({ now: { note: 'x'.repeat(size) } }) as unknown as DashboardChange;
const until = async (reached: () => boolean): Promise<void> => {
  while (!reached()) await new Promise((resolve) => setImmediate(resolve));
};

describe('the local server', () => {
  it('answers to the names of this machine, with headers that allow nothing else', async () => {
    const server = await serve(new Viewers());
    const port = new URL(server.url).port;
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`])
      expect((await ask(server, '/', { headers: { host } })).status, host).toBe(200);
    const { headers } = await ask(server, '/');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it.each([
    ['another name, as a rebound one has', { host: 'evil.example:8475' }],
    ['no port', { host: '127.0.0.1' }],
    ['another port', { host: '127.0.0.1:1' }],
    ['an origin elsewhere', { origin: 'https://evil.example' }],
    ['an opaque origin', { origin: 'null' }],
    ['a page elsewhere that loads it', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    [
      'another port of this machine that loads it',
      { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' },
    ],
  ])('refuses %s', async (_, headers) => {
    const server = await serve(new Viewers());
    expect(await ask(server, '/', { headers })).toMatchObject({ status: 403 });
  });

  it('allows a link on another site to open the page, and the page to load its parts', () => {
    const host = '127.0.0.1:5';
    expect(
      refusal(
        { method: 'GET', headers: { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' } },
        5,
      ),
    ).toBeUndefined();
    expect(
      refusal(
        {
          method: 'GET',
          headers: {
            host,
            origin: 'http://127.0.0.1:5',
            'sec-fetch-site': 'same-origin',
            'sec-fetch-mode': 'cors',
          },
        },
        5,
      ),
    ).toBeUndefined();
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('changes nothing: %s is refused', async (method) => {
    const server = await serve(new Viewers());
    expect(await ask(server, '/', { method })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    });
  });

  it('lists its paths for an unknown path, also for names that every object has', async () => {
    const server = await serve(new Viewers());
    for (const path of ['/nothing', '/../package.json', '/__proto__', '/constructor', '/toString'])
      expect(await ask(server, path)).toMatchObject({ status: 404, body: 'There are: / /state /broken\n' });
    expect(await ask(server, '/?x=1')).toMatchObject({ status: 200, body: 'hello' });
    expect(await ask(server, '/', { method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '5' },
    });
  });

  it('answers 500 if an answer fails, reports it to the log, and continues', async () => {
    const failures: string[] = [];
    const server = await serve(new Viewers(), undefined, failures);
    expect(await ask(server, '/broken')).toMatchObject({
      status: 500,
      body: 'This could not be answered; the log says why.\n',
    });
    expect(failures).toEqual(['--dashboard could not answer /broken: broken on purpose']);
    expect((await ask(server, '/')).status).toBe(200);
  });

  it('reports a taken port in one sentence', async () => {
    const server = await serve(new Viewers());
    const port = Number(new URL(server.url).port);
    await expect(
      new LocalServer({ port, option: '--metrics', routes: {}, onFailure: () => undefined }).start(),
    ).rejects.toMatchObject({
      code: 'CONFIG',
      exitCode: 2,
      message: `Port ${port} of --metrics cannot be had: another program listens there. Give another, or 0 for any that is free.`,
    });
  });
});

describe('viewers', () => {
  it('receive the whole state first, and then changes', async () => {
    const viewers = new Viewers();
    const server = await serve(viewers, () => state);
    const one = watch(server);
    await one.saw(/event: whole\ndata: \{"run":\{"runId":"one"\}\}\n\n/);
    viewers.send(change(), () => state, 0);
    const text = await one.saw(/event: change\n/);
    expect(text.match(/event: whole/g)).toHaveLength(1);
  });

  it('wait for a run without a state, and receive the whole when there is one', async () => {
    const viewers = new Viewers();
    const one = watch(await serve(viewers));
    await one.saw(/event: waiting/);
    viewers.send(change(), () => state, 0);
    expect(await one.saw(/event: whole/)).not.toMatch(/event: change/);
  });

  it('are limited in number, and those that left are forgotten', async () => {
    const viewers = new Viewers();
    const server = await serve(viewers, () => state);
    const all = Array.from({ length: MAX_VIEWERS }, () => watch(server));
    await Promise.all(all.map(({ saw }) => saw(/event: whole/)));
    expect((await ask(server, '/state')).status).toBe(503);
    sockets[0].destroy();
    await until(() => viewers.count < MAX_VIEWERS);
    await watch(server).saw(/event: whole/);
  });

  slow('are disconnected when they stop reading, and delay neither the others nor the sender', async () => {
    let cut = 0;
    const viewers = new Viewers(() => cut++);
    const server = await serve(viewers, () => state);
    const reader = watch(server);
    await reader.saw(/event: whole/);
    const mute = connect(Number(new URL(server.url).port), '127.0.0.1');
    sockets.push(mute);
    mute.write(`GET /state HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\n\r\n`);
    mute.pause();
    await until(() => viewers.count === 2);
    let [ms, told, kept] = [0, 0, 0];
    while (cut === 0 && told < 400) {
      viewers.send(change(200_000), () => state, ms);
      ms += 400;
      told++;
      kept = Math.max(kept, joined[1].writableLength);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(cut).toBe(1);
    // Full for so long, and a socket's buffers before that.
    expect(told).toBeGreaterThan(MAX_FULL_MS / 400);
    expect(viewers.count).toBe(1);
    viewers.send({ now: 'last' } as unknown as DashboardChange, () => state, ms);
    await reader.saw(/"now":"last"/);
    // What it did not take was not kept for it.
    expect(kept).toBeLessThan(500_000);
  });

  it('that were slow for a while receive the whole state again', async () => {
    const viewers = new Viewers();
    const server = await serve(viewers, () => state);
    const slow = connect(Number(new URL(server.url).port), '127.0.0.1');
    sockets.push(slow);
    let text = '';
    slow.setEncoding('utf8').on('data', (more: string) => (text += more));
    slow.write(`GET /state HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\n\r\n`);
    await until(() => text.includes('event: whole'));
    slow.pause();
    for (let told = 0; told < 100; told++) {
      viewers.send(change(200_000), () => state, 0);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    slow.resume();
    await until(() => {
      viewers.send(change(), () => state, 0);
      return (text.match(/event: whole/g) ?? []).length === 2;
    });
    expect(viewers.count).toBe(1);
  });

  it('are disconnected when the run ends', async () => {
    const viewers = new Viewers();
    const one = watch(await serve(viewers, () => state));
    await one.saw(/event: whole/);
    viewers.end();
    await one.closed;
  });
});
