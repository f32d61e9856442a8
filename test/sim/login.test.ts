/** The log-in REST and the control routes, over HTTP. */
import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/clock.js';
import { startBroker } from '../../src/sim/broker.js';
import { DEMO_ACCOUNT } from '../../src/sim/demo-account.js';
import { MAX_BODY_BYTES } from '../../src/sim/rest.js';
import { totp } from '../../src/broker/angel/totp.js';
import { totpHolds } from '../../src/sim/totp.js';
import { HEADERS, logIn, post, raw, withBroker } from './client.js';
import { HandClock } from './hand-clock.js';
import { at, marketAt } from './world.js';

const GUEST = { clientcode: 'A123', password: '1234', totp: '000000' };
const demoHeaders = { ...HEADERS, 'X-PrivateKey': DEMO_ACCOUNT.apiKey };
const demo = (totp: string, password: string = DEMO_ACCOUNT.pin): Record<string, string> => ({
  clientcode: DEMO_ACCOUNT.clientCode,
  password,
  totp,
});
const expiryOf = (token: string): number =>
  (JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()) as { exp: number }).exp;

describe('TOTP', () => {
  // RFC 6238, appendix B, SHA-1, cut to six digits. The secret is the ASCII text 12345678901234567890.
  it.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1234567890, '005924'],
    [20000000000, '353130'],
  ])('is the published one at %i s', (seconds, digits) => {
    expect(totp('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', seconds * 1000)).toBe(digits);
  });

  it('holds one step before and after', () => {
    const holds = [-60, -30, 0, 30, 60].map((off) =>
      totpHolds('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', '081804', (1111111109 + off) * 1000),
    );
    expect(holds).toStrictEqual([false, true, true, true, false]);
  });
});

describe('log-in', () => {
  it('gives three tokens whose end can be read, and the state back', () =>
    withBroker(async (broker) => {
      const { status, json } = await post(broker.loginUrl, { ...GUEST, state: 'mine' });
      expect(status).toBe(200);
      expect(json).toStrictEqual({
        status: true,
        message: 'SUCCESS',
        errorcode: '',
        data: {
          jwtToken: expect.any(String),
          refreshToken: expect.any(String),
          feedToken: expect.any(String),
          state: 'mine',
        },
      });
      const { jwtToken, refreshToken, feedToken } = json.data;
      expect(new Set([jwtToken, refreshToken, feedToken]).size).toBe(3);
      for (const token of [jwtToken, refreshToken, feedToken]) {
        expect(token).toMatch(/^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]+$/);
        expect(expiryOf(token) - Date.now() / 1000).toBeGreaterThan(27 * 3600);
      }
      expect(broker.loginUrl).toBe(
        `http://127.0.0.1:${broker.port}/rest/auth/angelbroking/user/v1/loginByPassword`,
      );
    }));

  it('checks the demo account strictly', () => {
    const clock = new HandClock(at('11:00'));
    clock.hold();
    return withBroker(
      async (broker) => {
        const now = totp(DEMO_ACCOUNT.totpSecret, Date.now());
        const wrong = now === '111111' ? '222222' : '111111';
        const asked = [
          await post(broker.loginUrl, demo(now), demoHeaders),
          await post(broker.loginUrl, demo(wrong), demoHeaders),
          await post(broker.loginUrl, demo(now, '0000'), demoHeaders),
        ];
        expect(asked.map(({ status }) => status)).toStrictEqual([200, 200, 200]);
        expect(asked[0].json.status).toBe(true);
        expect(asked[1].json).toStrictEqual({
          status: false,
          message: 'Invalid totp',
          errorcode: 'AB1050',
          data: null,
        });
        expect(asked[2].json).toStrictEqual({
          status: false,
          message: 'Invalid credentials',
          errorcode: 'AB1007',
          data: null,
        });
        clock.hold(1100);
        const { json } = await post(broker.loginUrl, demo(now), HEADERS);
        expect(json).toStrictEqual({
          success: false,
          message: 'Invalid API Key',
          errorCode: 'AG8004',
          data: '',
        });
      },
      { clock },
    );
  });

  it.each([
    [{ ...GUEST, totp: '12345' }, 'AB1050'],
    [{ ...GUEST, totp: 123456 }, 'AB1050'],
    [{ ...GUEST, password: '' }, 'AB1007'],
    [{ ...GUEST, clientcode: 7 }, 'AB1007'],
    [{}, 'AB1007'],
    [[], 'AB1007'],
    ['null', 'AB1007'],
  ])('refuses %j with %s', (body, errorcode) =>
    withBroker(async (broker) => {
      expect(await post(broker.loginUrl, body)).toMatchObject({
        status: 200,
        json: { status: false, errorcode, data: null },
      });
    }),
  );

  it('wants the API key, and looks at no other documented header but a wrong user type', () =>
    withBroker(async (broker) => {
      const without = (name: string): Record<string, string> =>
        Object.fromEntries(Object.entries(HEADERS).filter(([key]) => key !== name));
      for (const name of [
        'X-UserType',
        'X-SourceID',
        'X-ClientLocalIP',
        'X-ClientPublicIP',
        'X-MACAddress',
      ]) {
        const { json } = await post(
          broker.loginUrl,
          { ...GUEST, clientcode: name.replaceAll('-', '') },
          without(name),
        );
        expect(json, name).toMatchObject({ status: true });
      }
      expect((await post(broker.loginUrl, GUEST, without('X-PrivateKey'))).json).toMatchObject({
        success: false,
        errorCode: 'AG8004',
      });
      expect((await post(broker.loginUrl, GUEST, { ...HEADERS, 'X-UserType': 'ADMIN' })).json).toMatchObject({
        status: false,
        errorcode: 'AB1005',
      });
    }));

  it('refuses the fourth within a second, of that client only', () => {
    const clock = new HandClock(at('11:00'));
    clock.hold();
    return withBroker(
      async (broker) => {
        const statuses: number[] = [];
        for (let i = 0; i < 4; i++) statuses.push((await post(broker.loginUrl, GUEST)).status);
        expect(statuses).toStrictEqual([200, 200, 200, 403]);
        expect((await post(broker.loginUrl, GUEST)).text).toContain('exceeding access rate');
        expect((await post(broker.loginUrl, { ...GUEST, clientcode: 'OTHER' })).status).toBe(200);
        clock.hold(1100);
        expect((await post(broker.loginUrl, GUEST)).status).toBe(200);
      },
      { clock },
    );
  });

  it('renews tokens once by their refresh token, and logs out', () =>
    withBroker(async (broker) => {
      const base = `http://127.0.0.1:${broker.port}`;
      const renewUrl = `${base}/rest/auth/angelbroking/jwt/v1/generateTokens`;
      const logoutUrl = `${base}/rest/secure/angelbroking/user/v1/logout`;
      const first = await logIn(broker);
      const bearer = (jwt: string): Record<string, string> => ({
        ...HEADERS,
        Authorization: `Bearer ${jwt}`,
      });
      expect(
        (await post(renewUrl, { refreshToken: first.feedToken }, bearer(first.jwtToken))).json,
      ).toMatchObject({ status: false, errorcode: 'AB8050' });
      const { json } = await post(renewUrl, { refreshToken: first.refreshToken }, bearer(first.jwtToken));
      expect(Object.keys(json.data)).toStrictEqual(['jwtToken', 'refreshToken', 'feedToken']);
      expect(json.data.feedToken).not.toBe(first.feedToken);
      for (const headers of [bearer(first.jwtToken), HEADERS]) {
        expect((await post(renewUrl, { refreshToken: first.refreshToken }, headers)).json).toMatchObject({
          success: false,
          errorCode: 'AG8001',
        });
      }
      expect((await post(logoutUrl, { clientcode: 'SOMEONE' }, bearer(json.data.jwtToken))).json.status).toBe(
        false,
      );
      expect((await post(logoutUrl, { clientcode: 'GUEST1' }, bearer(json.data.jwtToken))).json.status).toBe(
        true,
      );
      expect(
        (await post(logoutUrl, { clientcode: 'GUEST1' }, bearer(json.data.jwtToken))).json,
      ).toMatchObject({ success: false, errorCode: 'AG8001' });
    }));
});

describe('HTTP', () => {
  it('refuses what there is not, and what is too much', () =>
    withBroker(async (broker) => {
      const base = `http://127.0.0.1:${broker.port}`;
      expect((await fetch(`${base}/nothing`)).status).toBe(404);
      expect((await fetch(`${base}/constructor`)).status).toBe(404);
      const get = await fetch(broker.loginUrl);
      expect([get.status, get.headers.get('allow'), get.headers.get('content-type')]).toStrictEqual([
        405,
        'POST',
        'application/json',
      ]);
      expect((await post(broker.controlUrl, {})).status).toBe(405);
      expect((await post(broker.loginUrl, '{"clientcode":')).status).toBe(400);
      expect((await post(broker.loginUrl, 'x'.repeat(MAX_BODY_BYTES + 1))).status).toBe(413);
      expect((await post(broker.loginUrl, JSON.stringify(GUEST).padEnd(MAX_BODY_BYTES))).json.status).toBe(
        true,
      );
      expect(await raw(broker, 'GET http://[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toContain(
        '404',
      );
      expect(await raw(broker, 'nonsense\r\n\r\n')).toContain('400');
    }));

  it('outlives a client that leaves in the middle of its request', () =>
    withBroker(async (broker) => {
      const cut = new AbortController();
      const slow = fetch(broker.loginUrl, {
        method: 'POST',
        headers: HEADERS,
        signal: cut.signal,
        duplex: 'half',
        body: new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode('{')),
        }),
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
      cut.abort();
      await expect(slow).rejects.toThrow();
      expect((await post(broker.loginUrl, GUEST)).json.status).toBe(true);
    }));

  it('reports a port that is taken or invalid', () =>
    withBroker(async (broker) => {
      const market = marketAt('11:00');
      const clock = new SystemClock({ originMs: market.startMs });
      await expect(startBroker({ port: broker.port, market, clock })).rejects.toMatchObject({
        code: 'SIMULATOR',
        message: expect.stringContaining('in use'),
      });
      for (const port of [-1, 65_536, 1.5, Number.NaN])
        await expect(startBroker({ port, market, clock })).rejects.toMatchObject({ code: 'SIMULATOR' });
    }));
});

describe('control', () => {
  it('tells what the market is and what truly happened', () =>
    withBroker(
      async (broker) => {
        const get = async <T>(path: string): Promise<T> =>
          (await fetch(`${broker.controlUrl}${path}`)).json() as T;
        const about = await get<{ marketMs: number; symbols: { symbol: string; token: string }[] }>('');
        expect(about).toMatchObject({
          startedAt: '2026-11-23T09:20:00+05:30',
          speed: 240,
          seed: 7,
          connections: 0,
        });
        expect(about.marketMs).toBeGreaterThanOrEqual(at('09:20'));
        expect(about.symbols.map(({ symbol, token }) => [symbol, token])).toStrictEqual([
          ['RELIANCE', '2885'],
          ['TCS', '11536'],
          ['M&M', '2031'],
        ]);
        let candles: { timestamp: string; close: number; volume: number }[] = [];
        while (candles.length < 7) candles = await get('/candles?symbol=M%26M');
        const trueCandles = marketAt('10:00').candles(2).slice(0, candles.length);
        expect(candles.slice(0, 7).map(({ volume, close }) => [volume, close])).toStrictEqual(
          trueCandles.slice(0, 7).map(({ volume, close }) => [volume, close]),
        );
        expect(Object.keys(candles[0])).toStrictEqual([
          'timestamp',
          'open',
          'high',
          'low',
          'close',
          'volume',
        ]);
        expect(candles[0].timestamp).toBe('2026-11-23T09:15:00+05:30');
        expect(await get('/history?symbol=RELIANCE&kind=tick')).toHaveLength(35);
        expect((await fetch(`${broker.controlUrl}/candles?symbol=NONE`)).status).toBe(404);
        expect((await fetch(`${broker.controlUrl}/history?symbol=TCS`)).status).toBe(400);
      },
      { market: marketAt('09:20'), speed: 240 },
    ));
});
