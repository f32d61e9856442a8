/**
 * No secret is ever printed. Secrets are planted in every field, the broker repeats them wherever it can, and
 * after runs that succeed or fail in each way, everything that the program left is searched for them.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Handshake, HostileServer, Login } from '../feed/hostile-server.js';
import { inFolder } from '../parquet/candles.js';
import { start } from '../program/command.js';
import {
  closeEcho,
  contentsOf,
  echoServer,
  ENV,
  found,
  granted,
  handshakeEcho,
  loginEcho,
  PLANTED,
  secretsOf,
  textEcho,
  tokens,
} from './echo.js';

/** The server is of the test's own, so the runs have real time: six seconds for those that run to their end. */
const SPEED = 10;
const ORIGIN = { originMs: Date.UTC(2026, 10, 23, 5, 30), speed: SPEED };
/** A run that is to be interrupted must not end before. */
const runFor = (minutes: number): string[] => [
  '--ws-test-mode',
  '--stage',
  '1',
  '--duration',
  String(minutes),
  '--market-clock',
  `2026-11-23T11:00@${SPEED}`,
];
const dotenv = Object.entries(ENV)
  .map(([name, value]) => `${name}=${value}`)
  .join('\n');

interface Case {
  readonly what: string;
  readonly login?: (server: () => HostileServer) => Login;
  readonly handshake?: (server: () => HostileServer) => Handshake;
  readonly args?: readonly string[];
  /** Contents of `.env`, instead of the environment. */
  readonly dotenv?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Sends this signal after this many answered handshakes or log-ins. */
  readonly interruptAfter?: number;
  /** Code planted in the program. */
  readonly plant?: string;
  readonly exit: number;
  /** Must be seen: proves that the case happened. */
  readonly sees: RegExp;
}

const quiet = (server: () => HostileServer): Handshake => textEcho(server, { errors: false, ...ORIGIN });

const cases: readonly Case[] = [
  { what: 'a run that passes', exit: 0, sees: /Verdict: PASS/ },
  { what: 'a run that passes, from .env', dotenv, exit: 0, sees: /Verdict: PASS/ },
  { what: 'a run that passes, --json', args: ['--json'], exit: 0, sees: /"verdict": "pass"/ },
  {
    what: 'error replies',
    handshake: (server) => textEcho(server, { errors: true, ...ORIGIN }),
    exit: 1,
    sees: /Verdict: FAIL/,
  },
  {
    what: 'a close frame with each of them',
    handshake: closeEcho,
    interruptAfter: 3,
    exit: 130,
    sees: /closed the connection with code 4000/,
  },
  {
    what: 'a log-in refused, first shape',
    login: (server) => loginEcho(server, 200, 'status'),
    exit: 3,
    sees: /refuses the log-in/,
  },
  {
    what: 'a log-in refused, second shape',
    login: (server) => loginEcho(server, 200, 'success'),
    exit: 3,
    sees: /refuses the log-in/,
  },
  {
    what: 'a log-in answered with 401',
    login: (server) => loginEcho(server, 401, 'status'),
    exit: 3,
    sees: /refuses the log-in/,
  },
  {
    what: 'a log-in answered with 400 and a page',
    login: (server) => loginEcho(server, 400, 'html'),
    exit: 3,
    sees: /HTTP 400 and no JSON/,
  },
  {
    what: 'a log-in answered with a redirect',
    login: (server) => loginEcho(server, 302, 'html'),
    exit: 3,
    sees: /HTTP 302 and no JSON/,
  },
  {
    what: 'a log-in answered with 403 for the rate',
    login: (server) => loginEcho(server, 403, 'html'),
    exit: 3,
    sees: /for its rate/,
  },
  {
    what: 'a log-in answered with 429',
    login: (server) => loginEcho(server, 429, 'html'),
    exit: 3,
    sees: /for its rate/,
  },
  {
    what: 'a log-in answered with 500',
    login: (server) => loginEcho(server, 500, 'html'),
    exit: 3,
    sees: /HTTP 500: try again later/,
  },
  {
    what: 'tokens that no header can carry',
    login: () => (_request, _body, response) =>
      void response.end(
        JSON.stringify({ status: true, data: { ...tokens, jwtToken: `${tokens.jwtToken}\n` } }),
      ),
    exit: 3,
    sees: /no header can carry/,
  },
  {
    what: 'a log-in without a token',
    login: () => (_request, _body, response) =>
      void response.end(JSON.stringify({ status: true, data: { ...tokens, feedToken: '' } })),
    exit: 3,
    sees: /without a feedToken/,
  },
  {
    what: 'a handshake refused with 401, twice',
    handshake: (server) => handshakeEcho(server, 401),
    exit: 3,
    sees: /401/,
  },
  {
    what: 'a handshake refused with 403',
    handshake: (server) => handshakeEcho(server, 403),
    exit: 3,
    sees: /403/,
  },
  {
    what: 'a handshake refused with 429',
    handshake: (server) => handshakeEcho(server, 429),
    interruptAfter: 1,
    exit: 130,
    sees: /Interrupted/,
  },
  {
    what: 'a handshake refused with 500',
    handshake: (server) => handshakeEcho(server, 500),
    interruptAfter: 2,
    exit: 130,
    sees: /Interrupted/,
  },
  {
    what: 'a handshake answered with 302',
    handshake: (server) => handshakeEcho(server, 302),
    interruptAfter: 2,
    exit: 130,
    sees: /something else/,
  },
  {
    what: 'a handshake that is no HTTP',
    handshake:
      () =>
      ({ socket }) =>
        void socket.end(`${PLANTED.pin} ${PLANTED.feedToken}\r\n\r\n`),
    interruptAfter: 1,
    exit: 130,
    sees: /Interrupted|something else/,
  },
  {
    what: 'a fault that has them in hand',
    plant: `throw new Error(${JSON.stringify(`fault with ${Object.values(PLANTED).join(' and ')}`)})`,
    exit: 1,
    sees: /A fault of tickshard[\s\S]*fault with \[secret\]/,
  },
  {
    what: 'credentials that are missing',
    env: { ANGEL_API_KEY: PLANTED.apiKey, ANGEL_PIN: PLANTED.pin },
    exit: 2,
    sees: /ANGEL_CLIENT_ID/,
  },
  {
    what: 'an invalid TOTP secret',
    env: { ...ENV, ANGEL_TOTP_SECRET: `${PLANTED.totpSecret}!` },
    exit: 2,
    sees: /not base32/,
  },
  {
    what: 'an API key that no header can carry',
    env: { ...ENV, ANGEL_API_KEY: `${PLANTED.apiKey}\u201d` },
    exit: 2,
    sees: /no header can carry/,
  },
  {
    what: 'a URL that holds them',
    args: ['--feed', `ws://${PLANTED.clientCode}:${PLANTED.pin}@127.0.0.1:9/?feedToken=${PLANTED.feedToken}`],
    exit: 2,
    sees: /without user, password or query/,
  },
  { what: 'the doctor, all well', args: ['doctor'], exit: 0, sees: /A run can start/ },
  { what: 'the doctor, --json', args: ['doctor', '--json'], exit: 0, sees: /"ok": true/ },
  {
    what: 'the doctor at a refusal',
    args: ['doctor'],
    login: (server) => loginEcho(server, 200, 'status'),
    exit: 1,
    sees: /\[fail\] Log-in/,
  },
  {
    what: 'the doctor at a refused handshake',
    args: ['doctor'],
    handshake: (server) => handshakeEcho(server, 401),
    exit: 1,
    sees: /\[fail\] Feed opens/,
  },
  {
    what: 'the doctor at error replies',
    args: ['doctor'],
    handshake: (server) => textEcho(server, { errors: true, ...ORIGIN }),
    exit: 1,
    sees: /the broker answered/,
  },
];

/** Command lines and names of the process and its threads, as other users of the machine see them. */
function titlesOf(pid: number): string {
  try {
    return ['cmdline', 'comm']
      .map((name) => readFileSync(`/proc/${pid}/${name}`, 'utf8').replaceAll('\0', ' '))
      .join('\n');
  } catch {
    return ''; // It has ended, or the system has no /proc.
  }
}

async function leftBy(
  one: Case,
  folder: string,
): Promise<{ texts: Record<string, string>; code: number | null; server: HostileServer }> {
  const server = await echoServer();
  const self = (): HostileServer => server;
  server.loginAnswers = [one.login?.(self) ?? granted];
  server.handshakes = [(one.handshake ?? quiet)(self)];
  if (one.dotenv !== undefined) writeFileSync(join(folder, '.env'), one.dotenv, { mode: 0o600 });
  if (one.plant !== undefined) {
    writeFileSync(
      join(folder, 'plant.mjs'),
      `import { isMainThread } from 'node:worker_threads'; import { existsSync, readFileSync } from 'node:fs';
      if (isMainThread) setInterval(() => { if (existsSync('logs/websocket_test.log') && readFileSync('logs/websocket_test.log', 'utf8').includes('"to":"live"')) { ${one.plant} } }, 20).unref();`,
    );
  }
  const env = {
    ...(one.dotenv === undefined ? (one.env ?? ENV) : {}),
    ...(one.plant === undefined
      ? {}
      : { NODE_OPTIONS: `--import ${pathToFileURL(join(folder, 'plant.mjs')).href}` }),
  };
  const doctor = one.args?.[0] === 'doctor';
  const feed = one.args?.includes('--feed') === true ? [] : ['--feed', server.url];
  const running = start(
    [...(doctor ? [] : runFor(one.interruptAfter === undefined ? 1 : 15)), ...(one.args ?? []), ...feed],
    folder,
    env,
  );
  let titles = '';
  let interrupted = false;
  const looking = setInterval(() => {
    titles += titlesOf(running.child.pid!);
    const asked = one.login === undefined ? server.peers.length : server.logins.length;
    if (interrupted || one.interruptAfter === undefined || asked < one.interruptAfter) return;
    interrupted = true;
    setTimeout(() => running.child.kill('SIGINT'), 200);
  }, 50);
  const { code, stdout, stderr } = await running.ended;
  clearInterval(looking);
  await server.close();
  // The user's own arguments are in the command line.
  const title = doctor || one.args?.includes('--feed') !== true ? titles : '';
  return {
    texts: { stdout, stderr, 'process title': title, ...contentsOf(folder, ['.env', 'plant.mjs']) },
    code,
    server,
  };
}

describe.concurrent('nothing secret is left by', () => {
  it.each(cases)('$what', async (one) => {
    await inFolder(async (folder) => {
      const { texts, code, server } = await leftBy(one, folder);
      expect(texts['stdout'] + texts['stderr']).toMatch(one.sees);
      expect(found(texts, secretsOf(server))).toEqual([]);
      expect(code).toBe(one.exit);
    });
  });
});

describe('the search', () => {
  it('finds each secret in each place, whatever the case of its letters', async () => {
    await inFolder((folder) => {
      const secrets = [...Object.values(PLANTED), '123456'];
      for (const [k, secret] of secrets.entries())
        writeFileSync(
          join(folder, `log${k}`),
          `{"level":30,"reason":"${k % 2 === 0 ? secret.toUpperCase() : secret.toLowerCase()}"}`,
        );
      const places = contentsOf(folder, []);
      expect(found(places, secrets).map((text) => text.split(': ')[1])).toEqual(
        expect.arrayContaining(secrets),
      );
      writeFileSync(join(folder, PLANTED.clientCode), '');
      expect(found(contentsOf(folder, []), secrets)).toContain(`names of files: ${PLANTED.clientCode}`);
      return Promise.resolve();
    });
  });

  it('takes no other number for the PIN', () => {
    expect(found({ a: '18357 83570 0.8357 x8357', b: '(8357)', c: 'pin:8357,' }, [PLANTED.pin])).toEqual([
      'b: 8357',
      'c: 8357',
    ]);
  });

  it.runIf(existsSync('/proc/self/cmdline'))('reads the title of a process', () => {
    expect(titlesOf(process.pid)).toContain('node');
  });
});
