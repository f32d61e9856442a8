/**
 * Polling over real sockets, from a server that answers what a test says. Broken on purpose and caught: no pace, no
 * wait after a 403, a window in one piece.
 */
import type { SmartApiSession } from '../../../src/broker/angel/login.js';
import { CandlesRefused } from '../../../src/broker/refusals.js';
import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/clock.js';
import { feedEndpoint } from '../../../src/broker/angel/endpoint.js';
import { istMs } from '../../../src/market/session.js';
import { SmartApiCandlePoller, type SmartApiPollerOptions } from '../../../src/broker/angel/rest-candles.js';
import { answer, hostileServer, type HostileServer, type Login } from '../../feed/hostile-server.js';

const INSTRUMENT = { symbol: 'RELIANCE', exchange: 'NSE', token: '2885' };
const SESSION: SmartApiSession = {
  jwt: 'jwt.of.mine',
  feedToken: 'feed',
  apiKey: 'key-of-mine',
  clientCode: 'A1',
  validUntilMs: Infinity,
  clockAheadMs: undefined,
  secrets: ['jwt.of.mine', 'key-of-mine'],
};
const at = (time: string, date = '2026-11-23'): number => istMs(date, time);
const granted = (...times: string[]): Login =>
  answer({
    status: true,
    message: 'SUCCESS',
    errorcode: '',
    data: times.map((time) => [`2026-11-23T${time}:00+05:30`, 100, 101, 99, 100.5, 42]),
  });
const limited = answer('Access denied because of exceeding access rate', 403);

async function polling(
  answers: readonly Login[],
  test: (poller: SmartApiCandlePoller, server: HostileServer, said: string[]) => Promise<void>,
  more: Partial<SmartApiPollerOptions> = {},
): Promise<void> {
  const server = await hostileServer();
  server.loginAnswers = [...answers];
  const said: string[] = [];
  const waits = { limited: [30, 30], early: [30, 30], down: [30, 30] };
  const poller = new SmartApiCandlePoller({
    endpoint: feedEndpoint(server.url),
    session: SESSION,
    clock: new SystemClock(),
    signal: new AbortController().signal,
    waits,
    say: (sentence) => said.push(sentence),
    ...more,
  });
  try {
    await test(poller, server, said);
  } finally {
    await server.close();
  }
}

describe('polling', () => {
  it('asks as the documentation says, with the tokens of the log-in', () =>
    polling([granted('10:00', '10:01')], async (poller, server) => {
      const rows = await poller.candles(INSTRUMENT, at('10:00'), at('10:01'));
      expect(rows.map(({ timestampMs }) => timestampMs)).toEqual([at('10:00'), at('10:01')]);
      expect(server.calls).toEqual(['POST /rest/secure/angelbroking/historical/v1/getCandleData']);
      const [{ body, headers }] = server.logins;
      expect(JSON.parse(body)).toEqual({
        exchange: 'NSE',
        symboltoken: '2885',
        interval: 'ONE_MINUTE',
        fromdate: '2026-11-23 10:00',
        todate: '2026-11-23 10:02',
      });
      expect(headers).toMatchObject({
        authorization: 'Bearer jwt.of.mine',
        'x-privatekey': 'key-of-mine',
        'x-usertype': 'USER',
      });
    }));

  it('begins at most two requests in any second', () => {
    const times: number[] = [];
    const noted: Login = (request, body, response) => {
      times.push(performance.now());
      granted('10:00')(request, body, response);
    };
    return polling([noted], async (poller) => {
      for (let k = 0; k < 4; k++) await poller.candles(INSTRUMENT, at('10:00'), at('10:00'));
      const apart = times.slice(1).map((ms, k) => ms - times[k]);
      // A timer may fire a little early by another clock, and an answer a little late.
      expect(Math.min(...apart)).toBeGreaterThan(400);
      expect(times[3] - times[0]).toBeGreaterThan(1400);
    });
  });

  it('takes a long window a week at a time', () =>
    polling([granted()], async (poller, server) => {
      await poller.candles(INSTRUMENT, at('09:15', '2026-11-09'), at('15:29', '2026-11-23'));
      const asked = server.logins
        .map(({ body }) => JSON.parse(body) as { fromdate: string; todate: string })
        .map(({ fromdate, todate }) => [fromdate, todate]);
      expect(asked).toEqual([
        ['2026-11-09 09:15', '2026-11-16 09:15'],
        ['2026-11-16 09:15', '2026-11-23 09:15'],
        ['2026-11-23 09:15', '2026-11-23 15:30'],
      ]);
    }));

  it.each([
    ['a limit', limited],
    ['a fault', answer('<html>', 502)],
    [
      'a window that is not over',
      answer({ status: false, message: "To datetime can't be greater than current datetime" }, 400),
    ],
    ['a connection that breaks', (request) => void request.socket.destroy()],
  ])('waits and tries again after %s', (_, trouble) =>
    polling([trouble, trouble, granted('10:00')], async (poller) => {
      expect(await poller.candles(INSTRUMENT, at('10:00'), at('10:00'))).toHaveLength(1);
      expect(poller.requests).toBe(3);
    }),
  );

  it('waits longer after a limit than its pace asks', () => {
    const times: number[] = [];
    const noted =
      (then: Login): Login =>
      (request, body, response) => {
        times.push(performance.now());
        then(request, body, response);
      };
    return polling(
      [noted(limited), noted(granted('10:00'))],
      async (poller) => {
        await poller.candles(INSTRUMENT, at('10:00'), at('10:00'));
        expect(times[1] - times[0]).toBeGreaterThan(1000);
      },
      { waits: { limited: [1200], early: [], down: [] } },
    );
  });

  it.each([
    [
      limited,
      'refuses candles for their rate however long one waits: another program may poll with the same client code.',
    ],
    [answer('<html>', 502), 'did not give the candles of RELIANCE (HTTP 502), several times.'],
    [
      answer({ status: false, message: "To datetime can't be greater than current datetime" }, 400),
      'it is not 2026-11-23T10:01:00+05:30 yet',
    ],
  ])('gives up at last, with a sentence', (trouble, sentence) =>
    polling([trouble], async (poller, server) => {
      await expect(poller.candles(INSTRUMENT, at('10:00'), at('10:00'))).rejects.toMatchObject({
        code: 'CANDLES',
        exitCode: 3,
        message: expect.stringContaining(sentence) as string,
      });
      expect(server.calls).toHaveLength(3);
    }),
  );

  it('does not try again what is refused for good', () =>
    polling(
      [answer({ success: false, message: 'Invalid Token jwt.of.mine', errorCode: 'AG8001' })],
      async (poller, server) => {
        const refused = await poller
          .candles(INSTRUMENT, at('10:00'), at('10:00'))
          .catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(CandlesRefused);
        expect((refused as Error).message).toMatch(
          /^The broker refuses the candles of RELIANCE: Invalid Token \[secret\] \(AG8001\): a token or the API key is not accepted/,
        );
        expect(server.calls).toHaveLength(1);
      },
    ));

  it('counts rows that cannot be read, by symbol', () =>
    polling(
      [answer({ status: true, data: [['2026-11-23T10:00:00+05:30', 0, 0, 0, 0, 0]] })],
      async (poller) => {
        expect(await poller.candles(INSTRUMENT, at('10:00'), at('10:00'))).toEqual([]);
        expect([...poller.unreadable]).toEqual([['RELIANCE', 1]]);
      },
    ));

  it.each([
    ['while it waits', limited],
    ['while it asks', () => undefined],
  ])('ends at once at the signal, %s', (_, trouble) => {
    const abort = new AbortController();
    return polling(
      [trouble],
      async (poller, server) => {
        const ended = poller.candles(INSTRUMENT, at('10:00'), at('10:00')).catch((error: unknown) => error);
        while (server.logins.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        abort.abort();
        expect(await ended).toMatchObject({
          code: 'CANDLES',
          message: 'The polling of candles was interrupted; nothing of it is kept.',
        });
      },
      { signal: abort.signal, waits: { limited: [60_000], early: [], down: [] } },
    );
  });
});
