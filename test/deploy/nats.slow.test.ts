/**
 * deploy/nats/node.conf: the server's own check, and three servers of it on loopback that become one cluster, keep a
 * stream in three copies, and let each user do its own work only.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textOf, titled, tool } from './tools.js';

const server = tool('nats-server');
const PASSWORDS = { routes: 'r0utes', tickshard: 'pub1ish', reader: 'rea0d' } as const;
/** Addresses of this machine that no other run of this test has. */
const NET = `127.${100 + (process.pid % 100)}.${(process.pid >> 7) % 250}`;
/** Real ms without a word after which a question is given up. */
const ANSWER_MS = 1000;
const NODES = [1, 2, 3] as const;

/** sync_interval came with 2.10. */
function knowsSyncInterval(): boolean {
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(execFileSync(server!, ['--version'], { encoding: 'utf8' }))!;
  return Number(major) > 2 || Number(minor) >= 10;
}

/** The file as this machine's server can read it. */
function configuration(): string {
  const text = textOf('deploy/nats/node.conf');
  expect(text).toMatch(/^ {2}sync_interval: always$/m);
  return knowsSyncInterval() ? text : text.replace(/^ {2}sync_interval: always$/m, '');
}

function environmentOf(node: number, folder: string): Record<string, string> {
  const routes = NODES.map((one) => [
    `NATS_ROUTE_${one}`,
    `nats-route://routes:${PASSWORDS.routes}@${NET}.${one}:6222`,
  ]);
  return {
    NATS_NAME: `nats-${node}`,
    NATS_HOST: `${NET}.${node}`,
    NATS_MONITOR: `${NET}.${node}:8222`,
    NATS_STORE: join(folder, `store-${node}`),
    NATS_ROUTE_PASSWORD: PASSWORDS.routes,
    NATS_PUBLISH_PASSWORD: PASSWORDS.tickshard,
    NATS_READ_PASSWORD: PASSWORDS.reader,
    ...(Object.fromEntries(routes) as Record<string, string>),
  };
}

/** Sends lines of the protocol as a user; resolves to what the server says when it matches, or rejects. */
function talk(
  node: number,
  user: 'tickshard' | 'reader',
  lines: readonly string[],
  pattern: RegExp,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(4222, `${NET}.${node}`);
    const options = {
      user,
      pass: PASSWORDS[user],
      verbose: false,
      pedantic: false,
      lang: 'test',
      version: '1',
    };
    let said = '';
    socket.setEncoding('utf8');
    // A stream without a leader answers nothing: the caller asks again.
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(said)));
    socket.on('data', (more: string) => {
      said += more;
      if (!pattern.test(said)) return;
      socket.removeAllListeners('close').destroy();
      resolve(said);
    });
    socket.write(`${[`CONNECT ${JSON.stringify(options)}`, ...lines].join('\r\n')}\r\n`);
  });
}

/** A request, and its answer's text. */
async function ask(
  node: number,
  user: 'tickshard' | 'reader',
  subject: string,
  body: object | string,
): Promise<string> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const lines = ['SUB _INBOX.test 1', `PUB ${subject} _INBOX.test ${Buffer.byteLength(text)}`, text];
  const said = await talk(node, user, lines, /^MSG \S+ 1 +\d+\r\n[\s\S]+\r\n|-ERR/m);
  return said.slice(said.search(/MSG|-ERR/));
}

/** Repeats until the answer is right. */
async function until<T>(look: () => Promise<T>, right: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await look().catch(() => undefined);
    if (value !== undefined && right(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe.skipIf(server === undefined)(titled('three NATS servers', { 'nats-server': server }), () => {
  const folder = mkdtempSync(join(tmpdir(), 'tickshard-cluster-'));
  const file = join(folder, 'node.conf');
  const running: ChildProcess[] = [];

  const start = (node: number): ChildProcess =>
    spawn(server!, ['-c', file], {
      env: { ...process.env, ...environmentOf(node, folder) },
      stdio: 'ignore',
    });

  beforeAll(() => {
    writeFileSync(file, configuration());
  });

  afterAll(async () => {
    await Promise.all(
      running.map((one) => {
        const ended = new Promise((resolve) =>
          one.exitCode === null && one.signalCode === null ? one.once('exit', resolve) : resolve(0),
        );
        one.kill('SIGKILL');
        return ended;
      }),
    );
    rmSync(folder, { recursive: true });
  });

  it('pass `nats-server -t`', () => {
    const { status, stderr } = spawnSync(server!, ['-t', '-c', file], {
      encoding: 'utf8',
      env: { ...process.env, ...environmentOf(1, folder) },
    });
    expect([status, stderr]).toEqual([0, expect.stringContaining('is valid')]);
  });

  it('refuse to start without a password', () => {
    const env = environmentOf(1, folder);
    delete env['NATS_PUBLISH_PASSWORD'];
    const { status, stderr } = spawnSync(server!, ['-t', '-c', file], { encoding: 'utf8', env });
    expect([status, stderr]).toEqual([1, expect.stringContaining('NATS_PUBLISH_PASSWORD')]);
  });

  it('become one cluster and keep three copies of a candle', async () => {
    running.push(...NODES.map(start));
    const settings = { name: 'CANDLES', subjects: ['candle.*.*.*'], storage: 'file', num_replicas: 3 };
    await until(
      () =>
        ask(1, 'tickshard', '$JS.API.STREAM.CREATE.CANDLES', {
          ...settings,
          retention: 'limits',
          discard: 'old',
        }),
      (answer) => answer.includes('"num_replicas":3'),
    );
    const stored = await until(
      () => ask(1, 'tickshard', 'candle.NSE.2885.1m', 'first'),
      (answer) => answer.includes('"stream":"CANDLES"'),
    );
    expect(stored).toMatch(/"seq":\d/);
    // Not while a copy is still being made.
    await until(
      () => ask(1, 'tickshard', '$JS.API.STREAM.INFO.CANDLES', ''),
      (answer) => (answer.match(/"current":true/g) ?? []).length === 2,
    );
  });

  it('let a reader read, and nothing else', async () => {
    const info = await until(
      () => ask(1, 'reader', '$JS.API.STREAM.INFO.CANDLES', ''),
      (answer) => answer.includes('"messages":'),
    );
    expect(info).toMatch(/"messages":[1-9]/);
    for (const subject of [
      'candle.NSE.2885.1m',
      '$JS.API.STREAM.DELETE.CANDLES',
      '$JS.API.STREAM.PURGE.CANDLES',
    ])
      expect(await ask(1, 'reader', subject, 'x')).toMatch(/-ERR 'Permissions Violation for Publish/);
    await expect(talk(1, 'reader', ['SUB publisher.> 9', 'PING'], /-ERR[^\r]*/)).resolves.toMatch(
      /Permissions Violation for Subscription/,
    );
  });

  it('take candles when one of them is dead', async () => {
    const ended = new Promise((resolve) => running[2].once('exit', resolve));
    running[2].kill('SIGKILL');
    await ended;
    await until(
      () => ask(2, 'tickshard', 'candle.NSE.2885.1m', 'second'),
      (answer) => answer.includes('"stream":"CANDLES"'),
    );
  });
});
