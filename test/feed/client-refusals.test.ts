/** What ends the client, what it says then, and that no secret is ever part of it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError, EXIT } from '../../src/errors.js';
import { FakeClock } from './fake-clock.js';
import {
  accept,
  answer,
  hostileServer,
  loggedIn,
  refuse,
  says,
  silent,
  type HostileServer,
} from './hostile-server.js';
import { listen, pass, until, type Listening } from './listening.js';
import { SECRETS, TOKENS } from './secrets.js';

let server: HostileServer;
let clock: FakeClock;
let listening: Listening | undefined;
beforeEach(async () => {
  server = await hostileServer();
  clock = new FakeClock();
});
afterEach(async () => {
  await listening?.client.stop();
  expect(clock.pending).toBe(0);
  await server.close();
});

const REASON = 'Invalid Header - Invalid Feed Token';
const unauthorized = refuse(401, { 'x-error-message': REASON });
const dropsAtOnce = accept({ onRequest: ({ ws }) => ws!.terminate() });

async function failure(starting: Promise<void>): Promise<EngineError> {
  const error: unknown = await starting.then(
    () => new Error('open'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(EngineError);
  expect((error as EngineError).exitCode).toBe(EXIT.noConnection);
  return error as EngineError;
}

describe('401', () => {
  it('once: one fresh log-in with new tokens, at once', async () => {
    server.handshakes = [unauthorized, accept()];
    server.loginAnswers = [
      answer(loggedIn()),
      answer(loggedIn({ jwtToken: 'second-jwt', feedToken: 'second-feed' })),
    ];
    listening = listen(server, { clock });
    await listening.client.start();
    expect(listening.heard.events).toEqual(['closed 1 unauthorized', 'opened 2', 'subscribed 2']);
    expect(listening.heard.ends[0].reason).toBe(REASON);
    expect(server.peers[1].request.headers).toMatchObject({
      authorization: 'second-jwt',
      'x-feed-token': 'second-feed',
    });
    expect(server.logins).toHaveLength(2);
  });

  it('twice in a row at the start: ends it, with the words of the server', async () => {
    server.handshakes = [unauthorized];
    listening = listen(server, { clock });
    const error = await failure(listening.client.start());
    expect(error.code).toBe('CONNECT');
    expect(error.message).toContain(REASON);
    expect(server.logins).toHaveLength(2);
    expect(server.peers).toHaveLength(2);
    expect(listening.heard.failures).toEqual([]);
  });

  it('twice in a row later: ends it through `failed`, once', async () => {
    server.handshakes = [dropsAtOnce, unauthorized];
    listening = listen(server, { clock });
    await listening.client.start();
    await until(() => listening!.heard.ends.length === 1, 'the drop');
    clock.advance(clock.nextOnceMs!);
    await until(() => listening!.heard.failures.length === 1, 'the failure');
    expect(listening.heard.failures[0]).toMatchObject({ code: 'CONNECT', exitCode: EXIT.noConnection });
    expect(listening.heard.events.at(-1)).toBe('failed CONNECT');
    expect(clock.pending).toBe(0);
    clock.advance(600_000);
    expect(server.peers).toHaveLength(3);
  });

  it('every hour: one fresh log-in each, without an end', async () => {
    server.handshakes = [
      dropsAtOnce,
      unauthorized,
      dropsAtOnce,
      unauthorized,
      dropsAtOnce,
      unauthorized,
      accept(),
    ];
    listening = listen(server, { clock });
    await listening.client.start();
    for (const subscribed of [3, 5, 7]) {
      await until(
        () => clock.nextOnceMs !== undefined && listening!.heard.ends.at(-1)!.cause === 'dropped',
        'the wait',
      );
      clock.advance(clock.nextOnceMs!);
      await until(() => listening!.heard.events.includes(`subscribed ${subscribed}`), 'the return');
    }
    expect(server.logins).toHaveLength(4);
  });

  it('with a log-in that fails for the moment, once open: tried again until it works', async () => {
    server.handshakes = [dropsAtOnce, unauthorized, accept()];
    server.loginAnswers = [answer(loggedIn()), answer('oops', 502), answer('oops', 502), answer(loggedIn())];
    listening = listen(server, { clock });
    await listening.client.start();
    await until(() => listening!.heard.ends.length === 1, 'the drop');
    clock.advance(clock.nextOnceMs!);
    for (const logins of [2, 3]) {
      await until(
        () => server.logins.length === logins && (clock.nextOnceMs ?? Infinity) < 15_000,
        'the wait',
      );
      clock.advance(clock.nextOnceMs!);
    }
    await until(() => listening!.heard.events.includes('subscribed 3'), 'the return');
  });
});

describe('the rate of log-ins', () => {
  it('exceeded by the fresh one: no log-in within a minute', async () => {
    server.handshakes = [dropsAtOnce, unauthorized, accept()];
    server.loginAnswers = [
      answer(loggedIn()),
      answer('Access denied because of exceeding access rate', 403),
      answer('', 429),
      answer(loggedIn()),
    ];
    listening = listen(server, { clock });
    await listening.client.start();
    await until(() => listening!.heard.ends.length === 1, 'the drop');
    clock.advance(clock.nextOnceMs!);
    for (const logins of [2, 3]) {
      await until(() => server.logins.length === logins && (clock.nextOnceMs ?? 0) >= 60_000, 'the wait');
      clock.advance(clock.nextOnceMs!);
    }
    await until(() => listening!.heard.events.includes('subscribed 3'), 'the return');
  });
});

describe('a start that cannot succeed', () => {
  it('a refused log-in ends it at once', async () => {
    server.loginAnswers = [
      answer({ status: false, message: 'Invalid totp', errorcode: 'AB1050', data: null }),
    ];
    listening = listen(server, { clock });
    const error = await failure(listening.client.start());
    expect(error.code).toBe('LOGIN');
    expect(error.message).toContain('Invalid totp');
    expect(server.peers).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('credentials that cannot be used are a matter of configuration', async () => {
    listening = listen(server, {
      clock,
      credentials: { apiKey: 'k', clientCode: 'c', pin: '1', totpSecret: '123456' },
    });
    await expect(listening.client.start()).rejects.toMatchObject({ code: 'CONFIG', exitCode: EXIT.usage });
    expect(server.logins).toEqual([]);
  });

  it('nothing opens in time: ends it with the last cause', async () => {
    server.handshakes = [refuse(503)];
    listening = listen(server, { clock, firstOpenWithinMs: 20_000 });
    const starting = failure(listening.client.start());
    await until(() => listening!.heard.ends.length === 1, 'the refusal');
    clock.advance(20_000);
    const error = await starting;
    expect(error.code).toBe('CONNECT');
    expect(error.message).toContain('503');
    expect(clock.pending).toBe(0);
  });

  it('a handshake on its way when the time is over is dropped', async () => {
    server.handshakes = [silent];
    listening = listen(server, { clock, firstOpenWithinMs: 5_000 });
    const starting = failure(listening.client.start());
    await until(() => server.peers.length === 1, 'the handshake');
    clock.advance(5_000);
    expect((await starting).code).toBe('CONNECT');
    expect(clock.pending).toBe(0);
    await until(() => server.open === 0, 'no socket');
  });

  it('a log-in on its way when the time is over is dropped', async () => {
    server.loginAnswers = [() => undefined];
    listening = listen(server, { clock, firstOpenWithinMs: 5_000 });
    const starting = failure(listening.client.start());
    await until(() => server.logins.length === 1, 'the request');
    clock.advance(5_000);
    expect((await starting).code).toBe('CONNECT');
    await until(() => clock.pending === 0, 'no timer');
  });

  it('429 at the first handshake: a minute passes, then one more try, and the second 429 ends it', async () => {
    server.handshakes = [refuse(429)];
    listening = listen(server, { clock });
    const starting = failure(listening.client.start());
    await until(() => listening!.heard.ends.length === 1, 'the refusal');
    clock.advance(60_000);
    await pass(30);
    expect(server.peers).toHaveLength(1);
    clock.advance(clock.nextOnceMs!);
    expect((await starting).message).toMatch(/limit.*429.*three sockets/);
    expect(server.peers).toHaveLength(2);
    expect(server.logins).toHaveLength(1);
  });

  it('429 at the first handshake from the sockets of a crashed program: the next try opens', async () => {
    server.handshakes = [refuse(429), accept()];
    listening = listen(server, { clock });
    const starting = listening.client.start();
    await until(() => listening!.heard.ends.length === 1, 'the refusal');
    clock.advance(clock.nextOnceMs!);
    await starting;
  });

  it.each([
    ['in the header', refuse(403, { 'x-error-message': 'Exceeding rate limit' }), 'rate-limited'],
    ['in the body', refuse(403, {}, 'Access denied because of exceeding access rate'), 'rate-limited'],
    [
      'nowhere: access denied',
      refuse(403, { 'x-error-message': 'Not allowed' }, 'Access denied for this corporate account'),
      'forbidden',
    ],
    [
      'in a body that is cut off',
      refuse(403, { 'Content-Length': '9000' }, 'Access denied because of exceeding access rate'),
      'rate-limited',
    ],
  ])('403 tells the rate %s', async (_where, handshake, cause) => {
    server.handshakes = [handshake, accept()];
    listening = listen(server, { clock });
    const starting = listening.client.start();
    if (cause === 'forbidden') {
      expect((await failure(starting)).message).toMatch(/403 Not allowed.*access/);
      expect(server.peers).toHaveLength(1);
      return;
    }
    await until(() => listening!.heard.ends.length === 1, 'the refusal');
    expect(listening.heard.ends[0].cause).toBe(cause);
    clock.advance(59_000);
    await pass(30);
    expect(server.peers).toHaveLength(1);
    clock.advance(clock.nextOnceMs!);
    await starting;
  });

  it('403 with a body that never ends is still a 403', async () => {
    server.handshakes = [says('HTTP/1.1 403 Forbidden\r\nContent-Length: 9000\r\n\r\nno')];
    listening = listen(server, { clock });
    const starting = failure(listening.client.start());
    await until(() => server.peers.length === 1, 'the handshake');
    await pass(30);
    clock.advance(10_000);
    expect((await starting).message).toMatch(/403/);
  });
});

describe('tokens that say when they expire', () => {
  const token = (expiresMs: number): string =>
    `eyJhbGciOiJIUzUxMiJ9.${Buffer.from(JSON.stringify({ exp: expiresMs / 1000 })).toString('base64url')}.s`;

  it.each([
    ['the JWT', { jwtToken: 'early', feedToken: 'late' }],
    ['the feed token', { jwtToken: 'late', feedToken: 'early' }],
  ])(
    '%s has expired when the connection drops: a fresh log-in comes first',
    async (_which, { jwtToken, feedToken }) => {
      const times = { early: clock.wallMs() + 5, late: clock.wallMs() + 3_600_000 } as const;
      const at = (when: string): string => token(times[when as keyof typeof times]);
      server.loginAnswers = [
        answer(loggedIn({ jwtToken: at(jwtToken), feedToken: at(feedToken) })),
        answer(loggedIn({ jwtToken: 'new-jwt', feedToken: 'new-feed' })),
      ];
      server.handshakes = [accept({ onRequest: (peer) => peer.number === 1 && peer.ws!.terminate() })];
      listening = listen(server, { clock });
      await listening.client.start();
      await until(() => listening!.heard.ends.length === 1, 'the drop');
      clock.advance(clock.nextOnceMs!);
      await until(() => listening!.heard.events.includes('subscribed 2'), 'the return');
      expect(server.logins).toHaveLength(2);
      expect(server.peers[1].request.headers).toMatchObject({
        authorization: 'new-jwt',
        'x-feed-token': 'new-feed',
      });
    },
  );
});

describe('no secret is seen', () => {
  /** What the client has shown to the server, and what it knows besides. */
  const all = SECRETS.join(' ');
  const everything = ({ heard }: Listening, ...errors: EngineError[]): string =>
    JSON.stringify([
      heard.log,
      heard.ends,
      heard.texts,
      heard.failures.map(({ message }) => message),
      errors.map(({ message, stack }) => [message, stack]),
    ]);

  it('in log, ends and errors, though the server repeats all of them wherever it can', async () => {
    server.handshakes = [
      accept({ onRequest: ({ ws }) => ws!.close(1008, `${TOKENS.feed} ${TOKENS.jwt}`.slice(0, 120)) }),
      refuse(503, { 'x-error-message': all }),
      refuse(404, { 'x-error-message': `${'x'.repeat(100)}${TOKENS.jwt}` }),
      accept({
        onRequest: ({ ws }) => {
          ws!.send(JSON.stringify({ correlationID: all, errorCode: TOKENS.feed, errorMessage: all }));
          // Cut short where error replies are, in the middle of a token.
          ws!.send(JSON.stringify({ errorCode: 'E1', errorMessage: 'x'.repeat(240) + TOKENS.jwt }));
          setTimeout(() => ws!.terminate(), 20);
        },
      }),
      refuse(401, { 'x-error-message': all }),
    ];
    listening = listen(server);
    await listening.client.start();
    await until(() => listening!.heard.failures.length === 1, 'the end', 10_000);
    expect(listening.heard.ends.map(({ cause }) => cause)).toEqual([
      'closed',
      'server-error',
      'unexpected-answer',
      'dropped',
      'unauthorized',
      'unauthorized',
    ]);
    expect(listening.heard.log.length).toBeGreaterThan(10);
    const said = everything(listening);
    for (const secret of SECRETS) expect(said).not.toContain(secret);
    expect(said).not.toContain(TOKENS.jwt.slice(0, 20));
    expect(said).not.toContain('smart-stream');
    expect(said).not.toContain('authorization');
    expect(listening.heard.ends[0].reason).toContain('[secret]');
    expect(listening.heard.failures[0].message).toContain('[secret]');
  });

  it('nor the tokens of an earlier log-in', async () => {
    server.handshakes = [unauthorized, refuse(401, { 'x-error-message': `old ${TOKENS.jwt}` })];
    server.loginAnswers = [
      answer(loggedIn()),
      answer(loggedIn({ jwtToken: 'second-jwt', feedToken: 'second-feed' })),
    ];
    listening = listen(server);
    const error = await failure(listening.client.start());
    expect(everything(listening, error)).not.toContain(TOKENS.jwt);
  });

  it('nor control characters', async () => {
    server.handshakes = [refuse(500, { 'x-error-message': 'a\u009b31m b' }), accept()];
    listening = listen(server);
    await listening.client.start();
    expect(listening.heard.ends[0].reason).toMatch(/^HTTP 500 a.*b$/);
    expect(everything(listening)).not.toMatch(/[\u0080-\u009f]/);
  });
});

describe('an unattended start', () => {
  it('tries a log-in that the network or the broker failed again, and says so each time', async () => {
    const server = await hostileServer();
    server.loginAnswers = [answer('<html>', 503), answer('<html>', 503), answer(loggedIn())];
    const { client, heard } = listen(server, { unattended: true });
    await client.start();
    expect(heard.events.filter((text) => text.startsWith('retrying'))).toHaveLength(2);
    expect(heard.events[0]).toMatch(/^retrying: The broker's log-in answers HTTP 503/);
    expect(heard.log.some((line) => line.includes('HTTP 503'))).toBe(true);
    await client.stop();
    await server.close();
  });
});
