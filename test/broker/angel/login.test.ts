/** The log-in against servers that refuse, lie, stall and repeat what they were sent. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/clock.js';
import { EngineError, EXIT } from '../../../src/errors.js';
import { feedEndpoint } from '../../../src/broker/angel/endpoint.js';
import {
  logIn,
  readCredentials,
  type SmartApiCredentials,
  type SmartApiSession,
} from '../../../src/broker/angel/login.js';
import { totp } from '../../../src/broker/angel/totp.js';
import { FakeClock } from '../../feed/fake-clock.js';
import {
  answer,
  hostileServer,
  loggedIn,
  type HostileServer,
  type Login,
} from '../../feed/hostile-server.js';
import { until } from '../../feed/listening.js';
import { CREDENTIALS, SECRETS, TOKENS } from '../../feed/secrets.js';

let server: HostileServer;
beforeEach(async () => {
  server = await hostileServer();
});
afterEach(() => server.close());

const never = new AbortController().signal;
const clock = new SystemClock();

function attempt(login: Login, credentials: SmartApiCredentials = CREDENTIALS): Promise<SmartApiSession> {
  server.loginAnswers = [login];
  return logIn(feedEndpoint(server.url), credentials, clock, never);
}

async function refusal(login: Login): Promise<EngineError> {
  const error: unknown = await attempt(login).then(
    () => new Error('logged in'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(EngineError);
  const { message, code, exitCode } = error as EngineError;
  expect(code).toBe('LOGIN');
  expect(exitCode).toBe(EXIT.noConnection);
  expect(message).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  expect(message.length).toBeLessThan(400);
  for (const secret of SECRETS) expect(message).not.toContain(secret);
  return error as EngineError;
}

describe('a log-in that works', () => {
  it('sends what the documentation asks for, once', async () => {
    const fake = new FakeClock();
    const session = await logIn(feedEndpoint(server.url), CREDENTIALS, fake, never);
    expect(session).toMatchObject({
      jwt: TOKENS.jwt,
      feedToken: TOKENS.feed,
      apiKey: CREDENTIALS.apiKey,
      clientCode: CREDENTIALS.clientCode,
    });
    expect(Object.isFrozen(session)).toBe(true);
    expect(server.calls).toEqual(['POST /rest/auth/angelbroking/user/v1/loginByPassword']);
    const [{ body, headers }] = server.logins;
    expect(JSON.parse(body)).toEqual({
      clientcode: CREDENTIALS.clientCode,
      password: CREDENTIALS.pin,
      totp: totp(CREDENTIALS.totpSecret, fake.wallMs()),
    });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      accept: 'application/json',
      'x-usertype': 'USER',
      'x-sourceid': 'WEB',
      'x-privatekey': CREDENTIALS.apiKey,
    });
    expect(Object.keys(headers)).toEqual(
      expect.arrayContaining(['x-clientlocalip', 'x-clientpublicip', 'x-macaddress']),
    );
    expect(fake.pending).toBe(0);
  });

  it.each(['Bearer ', 'bearer  '])('takes %j off the token', async (prefix) => {
    expect((await attempt(answer(loggedIn({ jwtToken: prefix + TOKENS.jwt })))).jwt).toBe(TOKENS.jwt);
  });
});

describe('a one-time password of the last second of its step', () => {
  const refused = answer({ status: false, message: 'Invalid totp', errorcode: 'AB1050', data: null });
  /** `beforeEndMs` before the end of a step. */
  const clockAt = (beforeEndMs: number): FakeClock => new FakeClock(1_795_000_020_000 - beforeEndMs);
  const sentPasswords = (): unknown[] =>
    server.logins.map(({ body }) => (JSON.parse(body) as { totp: string }).totp);

  it('that is refused is followed by one of the next step', async () => {
    server.loginAnswers = [refused, answer(loggedIn())];
    const fake = clockAt(900);
    const session = logIn(feedEndpoint(server.url), CREDENTIALS, fake, never);
    await until(() => fake.nextOnceMs === 900, 'the wait for the next step');
    fake.advance(900);
    expect((await session).jwt).toBe(TOKENS.jwt);
    expect(sentPasswords()).toEqual([
      totp(CREDENTIALS.totpSecret, 1_795_000_019_100),
      totp(CREDENTIALS.totpSecret, 1_795_000_020_000),
    ]);
    expect(fake.pending).toBe(0);
  });

  it('is tried once more only', async () => {
    server.loginAnswers = [refused, refused, answer(loggedIn())];
    const fake = clockAt(900);
    const session = logIn(feedEndpoint(server.url), CREDENTIALS, fake, never).catch(String);
    await until(() => fake.nextOnceMs === 900, 'the wait for the next step');
    fake.advance(900);
    expect(await session).toMatch(/Invalid totp/);
    expect(server.logins).toHaveLength(2);
  });

  it('is not tried again earlier in the step, nor for another refusal, nor after an interruption', async () => {
    server.loginAnswers = [refused];
    expect(await logIn(feedEndpoint(server.url), CREDENTIALS, clockAt(1100), never).catch(String)).toMatch(
      /Invalid totp/,
    );
    server.loginAnswers = [answer({ status: false, message: 'Invalid credentials', errorcode: 'AB1007' })];
    expect(await logIn(feedEndpoint(server.url), CREDENTIALS, clockAt(900), never).catch(String)).toMatch(
      /Invalid credentials/,
    );
    server.loginAnswers = [refused];
    const abort = new AbortController();
    const fake = clockAt(900);
    const session = logIn(feedEndpoint(server.url), CREDENTIALS, fake, abort.signal).catch(String);
    await until(() => fake.nextOnceMs === 900, 'the wait for the next step');
    abort.abort();
    expect(await session).toMatch(/log-in/);
    expect(server.logins).toHaveLength(3);
  });
});

describe('the broker refuses', () => {
  it.each([
    [
      'the first shape',
      { status: false, message: 'Invalid totp', errorcode: 'AB1050', data: null },
      'Invalid totp',
      'AB1050',
    ],
    [
      'the second shape',
      { success: false, message: 'Invalid Token', errorCode: 'AG8001', data: '' },
      'Invalid Token',
      'AG8001',
    ],
    [
      'an address that is not registered',
      { success: false, message: 'Unregistered IP', errorCode: 'AG7002' },
      'Unregistered IP',
      'AG7002',
    ],
  ])('in %s', async (_name, body, message, code) => {
    const error = await refusal(answer(body));
    expect(error.message).toContain(message);
    expect(error.message).toContain(code);
    expect(error.retryable).toBe(false);
  });

  it('with a status and JSON', async () => {
    expect(
      (await refusal(answer({ success: false, message: 'Bad key', errorCode: 'AG8004' }, 401))).message,
    ).toContain('Bad key');
  });

  it.each([
    ['control characters', 'a\u0000\u001b[31mb\r\nc', /a .*b c/],
    ['a very long message', 'x'.repeat(50_000), /x{100}/],
  ])('with %s', async (_name, message, pattern) => {
    expect((await refusal(answer({ status: false, message, errorcode: 'E' }))).message).toMatch(pattern);
  });

  it('repeating what it was sent', async () => {
    const echo: Login = (request, body, response) => {
      const { totp: oneTime } = JSON.parse(body) as { totp: string };
      const message = `no: ${CREDENTIALS.pin} ${oneTime} ${String(request.headers['x-privatekey'])} ${CREDENTIALS.clientCode}`;
      answer({ status: false, message, errorcode: CREDENTIALS.pin })(request, body, response);
    };
    const { message } = await refusal(echo);
    expect(message).toContain('[secret] [secret] [secret] [secret]');
    expect(message).not.toMatch(/\b\d{6}\b/);
  });

  it('with tokens next to the failure', async () => {
    await refusal(
      answer({
        status: false,
        message: `not ${TOKENS.jwt} nor ${TOKENS.feed}`,
        errorcode: 'E',
        data: { jwtToken: TOKENS.jwt, feedToken: TOKENS.feed, refreshToken: TOKENS.refresh },
      }),
    );
  });
});

describe('something else answers', () => {
  it.each<[string, Login, RegExp, boolean]>([
    ['403 for the rate', answer('Access denied because of exceeding access rate', 403), /rate/, true],
    ['429', answer('', 429), /rate/, true],
    ['403 with other words', answer('Too many requests', 403), /rate/, true],
    [
      'AB1019 with HTTP 200',
      answer({ status: false, message: 'Access denied', errorcode: 'AB1019' }),
      /rate/,
      true,
    ],
    ['AB1021 with HTTP 200', answer({ success: false, message: '', errorCode: 'AB1021' }), /rate/, true],
    ['words of a rate with HTTP 200', answer({ status: false, message: 'Too many requests' }), /rate/, true],
    ['500', answer('<html>oops</html>', 500), /500/, true],
    ['503 with JSON', answer({ status: false, message: 'down' }, 503), /503/, true],
    ['403 with a page', answer('<html>Forbidden</html>', 403), /403/, false],
    ['a page', answer('<!doctype html><title>Portal</title>', 200), /JSON/, false],
    ['nothing', answer('', 200), /JSON/, false],
    ['half a JSON', answer('{"status":true,"data":{', 200), /JSON/, false],
    ['no jwtToken', answer(loggedIn({ jwtToken: '' })), /jwtToken/, false],
    ['no feedToken', answer(loggedIn({ feedToken: null })), /feedToken/, false],
    ['no data', answer({ status: true, data: null }), /jwtToken/, false],
    ['data that are a text', answer({ status: true, data: 'tokens' }), /jwtToken/, false],
    ['tokens that are numbers', answer(loggedIn({ jwtToken: 1, feedToken: 2 })), /jwtToken/, false],
    ['a token with a line end', answer(loggedIn({ jwtToken: 'a\r\nx-admin: yes' })), /header/, false],
    ['a list', answer([1, 2, 3]), /refuses/, false],
    ['null', answer('null', 200), /JSON/, false],
  ])('%s', async (_name, login, pattern, retryable) => {
    const error = await refusal(login);
    expect(error.message).toMatch(pattern);
    expect(error.retryable).toBe(retryable);
  });

  it('a redirect, which is not followed', async () => {
    const other = await hostileServer();
    await refusal(answer('', 307, { location: `http://127.0.0.1:${other.port}/` }));
    expect(other.calls).toEqual([]);
    await other.close();
  });

  it('an answer without an end, which is not read to the end', async () => {
    let sent = 0;
    const endless: Login = (_request, _body, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const part = Buffer.alloc(65_536, 0x20);
      const more = (): void => {
        while (!response.destroyed && sent < 1e9) {
          sent += part.length;
          if (!response.write(part)) return void response.once('drain', more);
        }
      };
      more();
    };
    await refusal(endless);
    expect(sent).toBeLessThan(64e6);
  });
});

describe('no answer', () => {
  it('connection refused', async () => {
    const { url } = server;
    await server.close();
    const error: unknown = await logIn(feedEndpoint(url), CREDENTIALS, clock, never).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'LOGIN', retryable: true });
    expect((error as EngineError).message).toContain('ECONNREFUSED');
    server = await hostileServer();
  });

  it('a reset in the middle', async () => {
    expect((await refusal((request) => void request.socket.resetAndDestroy())).retryable).toBe(true);
  });

  it.each<[string, Login]>([
    ['no byte', () => undefined],
    ['half an answer', (_request, _body, response) => void response.writeHead(200).write('{')],
  ])('%s within the time', async (_name, login) => {
    const fake = new FakeClock();
    server.loginAnswers = [login];
    const outcome = logIn(feedEndpoint(server.url), CREDENTIALS, fake, never).catch(
      (thrown: unknown) => thrown,
    );
    await until(() => server.logins.length === 1, 'the request');
    fake.advance(15_000);
    expect(await outcome).toMatchObject({
      code: 'LOGIN',
      retryable: true,
      message: expect.stringContaining('15 s'),
    });
    expect(fake.pending).toBe(0);
  });

  it('an abort ends it at once, without a timer', async () => {
    const fake = new FakeClock();
    const abort = new AbortController();
    server.loginAnswers = [() => undefined];
    const outcome = logIn(feedEndpoint(server.url), CREDENTIALS, fake, abort.signal).catch(
      (thrown: unknown) => thrown,
    );
    await until(() => server.logins.length === 1, 'the request');
    abort.abort();
    expect(await outcome).toBeInstanceOf(EngineError);
    expect(fake.pending).toBe(0);
  });
});

describe('credentials', () => {
  const env = {
    ANGEL_API_KEY: ' k ',
    ANGEL_CLIENT_ID: 'C1',
    ANGEL_PIN: '0001',
    ANGEL_TOTP_SECRET: 'JBSWY3DPEHPK3PXP',
  };

  it('are read under the names that users have', () => {
    expect(readCredentials(env)).toEqual({
      apiKey: 'k',
      clientCode: 'C1',
      pin: '0001',
      totpSecret: 'JBSWY3DPEHPK3PXP',
    });
  });

  it.each([
    [{ ...env, ANGEL_PIN: undefined }, ['ANGEL_PIN']],
    [{ ...env, ANGEL_PIN: '  ', ANGEL_API_KEY: '' }, ['ANGEL_API_KEY', 'ANGEL_PIN']],
    [{}, ['ANGEL_API_KEY', 'ANGEL_CLIENT_ID', 'ANGEL_PIN', 'ANGEL_TOTP_SECRET']],
  ])('are named when they are missing', (given, names) => {
    let error: unknown;
    try {
      readCredentials(given);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'CONFIG', exitCode: EXIT.usage });
    for (const name of Object.keys(env))
      expect((error as EngineError).message.includes(name)).toBe(names.includes(name));
  });

  it.each([
    ['ANGEL_API_KEY', '\u201cabc\u201d'],
    ['ANGEL_CLIENT_ID', 'A\u200b1'],
    ['ANGEL_API_KEY', 'a\nb'],
  ])('that no header can carry are refused by name: %s', (name, value) => {
    let error: unknown;
    try {
      readCredentials({ ...env, [name]: value });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'CONFIG' });
    expect((error as EngineError).message).toContain(name);
    expect((error as EngineError).message).not.toContain(value);
  });
});
