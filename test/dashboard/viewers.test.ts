/** The server for people and programs of this machine, and those who watch: real sockets. */
import { connect, type Socket } from 'node:net';
import { get, request, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { answer, LocalServer, refusal } from '../../src/dashboard/local-server.js';
import { FULL_MS, MOST_VIEWERS, Viewers } from '../../src/dashboard/viewers.js';
import type { DashboardState, DashboardChange } from '../../src/dashboard/state.js';

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
  picture: () => DashboardState | undefined = () => undefined,
  failures: string[] = [],
): Promise<LocalServer> {
  const server = new LocalServer({
    port: 0,
    option: '--dashboard',
    onFailure: (sentence) => failures.push(sentence),
    routes: {
      '/': (_, response) => answer(response, 200, 'text/plain', 'hello'),
      '/events': (_, response) => {
        joined.push(response);
        viewers.join(response, picture());
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
  get(`${server.url}/events`, (response) => {
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

const picture = { run: { runId: 'one' } } as unknown as DashboardState;
const change = (size = 1): DashboardChange =>
  ({ now: { note: 'x'.repeat(size) } }) as unknown as DashboardChange;
const until = async (reached: () => boolean): Promise<void> => {
  while (!reached()) await new Promise((resolve) => setImmediate(resolve));
};

describe('the local server', () => {
  it('answers this machine by its names, with headers that let nothing else in', async () => {
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

  it('lets a link from elsewhere open the page, and its own page load', () => {
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

  it('says what there is where there is nothing, also of names that every object has', async () => {
    const server = await serve(new Viewers());
    for (const path of ['/nothing', '/../package.json', '/__proto__', '/constructor', '/toString'])
      expect(await ask(server, path)).toMatchObject({ status: 404, body: 'There are: / /events /broken\n' });
    expect(await ask(server, '/?x=1')).toMatchObject({ status: 200, body: 'hello' });
    expect(await ask(server, '/', { method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '5' },
    });
  });

  it('answers 500 where an answer fails, says so to the log, and goes on', async () => {
    const failures: string[] = [];
    const server = await serve(new Viewers(), undefined, failures);
    expect(await ask(server, '/broken')).toMatchObject({
      status: 500,
      body: 'This could not be answered; the log says why.\n',
    });
    expect(failures).toEqual(['--dashboard could not answer /broken: broken on purpose']);
    expect((await ask(server, '/')).status).toBe(200);
  });

  it('says in one sentence that a port is taken', async () => {
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

describe('those who watch', () => {
  it('are given the whole first, and then what changes', async () => {
    const viewers = new Viewers();
    const server = await serve(viewers, () => picture);
    const one = watch(server);
    await one.saw(/event: whole\ndata: \{"run":\{"runId":"one"\}\}\n\n/);
    viewers.tell(change(), () => picture, 0);
    const text = await one.saw(/event: change\n/);
    expect(text.match(/event: whole/g)).toHaveLength(1);
  });

  it('wait for a run that has not looked yet, and are given the whole when it does', async () => {
    const viewers = new Viewers();
    const one = watch(await serve(viewers));
    await one.saw(/event: waiting/);
    viewers.tell(change(), () => picture, 0);
    expect(await one.saw(/event: whole/)).not.toMatch(/event: change/);
  });

  it('are so many at most, and those who left are forgotten', async () => {
    const viewers = new Viewers();
    const server = await serve(viewers, () => picture);
    const all = Array.from({ length: MOST_VIEWERS }, () => watch(server));
    await Promise.all(all.map(({ saw }) => saw(/event: whole/)));
    expect((await ask(server, '/events')).status).toBe(503);
    sockets[0].destroy();
    await until(() => viewers.count < MOST_VIEWERS);
    await watch(server).saw(/event: whole/);
  });

  it('are cut off when they stop reading, and stall neither the others nor whoever tells', async () => {
    let cut = 0;
    const viewers = new Viewers(() => cut++);
    const server = await serve(viewers, () => picture);
    const reader = watch(server);
    await reader.saw(/event: whole/);
    const mute = connect(Number(new URL(server.url).port), '127.0.0.1');
    sockets.push(mute);
    mute.write(`GET /events HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\n\r\n`);
    mute.pause();
    await until(() => viewers.count === 2);
    let [ms, told, kept] = [0, 0, 0];
    while (cut === 0 && told < 400) {
      viewers.tell(change(200_000), () => picture, ms);
      ms += 400;
      told++;
      kept = Math.max(kept, joined[1].writableLength);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(cut).toBe(1);
    // Full for so long, and a socket's buffers before that.
    expect(told).toBeGreaterThan(FULL_MS / 400);
    expect(viewers.count).toBe(1);
    viewers.tell({ now: 'last' } as unknown as DashboardChange, () => picture, ms);
    await reader.saw(/"now":"last"/);
    // What it did not take was not kept for it.
    expect(kept).toBeLessThan(500_000);
  });

  it('that were slow for a while are given the whole again', async () => {
    const viewers = new Viewers();
    const server = await serve(viewers, () => picture);
    const slow = connect(Number(new URL(server.url).port), '127.0.0.1');
    sockets.push(slow);
    let text = '';
    slow.setEncoding('utf8').on('data', (more: string) => (text += more));
    slow.write(`GET /events HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\n\r\n`);
    await until(() => text.includes('event: whole'));
    slow.pause();
    for (let told = 0; told < 100; told++) {
      viewers.tell(change(200_000), () => picture, 0);
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    slow.resume();
    await until(() => {
      viewers.tell(change(), () => picture, 0);
      return (text.match(/event: whole/g) ?? []).length === 2;
    });
    expect(viewers.count).toBe(1);
  });

  it('are told when it ends', async () => {
    const viewers = new Viewers();
    const one = watch(await serve(viewers, () => picture));
    await one.saw(/event: whole/);
    viewers.end();
    await one.closed;
  });
});
