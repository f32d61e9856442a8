/** The WebSocket side of the simulated broker, by plain `ws` clients on the loopback. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FIELD } from '../../src/market/packet.js';
import { about, Client, handshake, headersOf, logIn, raw, until, withBroker } from './client.js';
import { HandClock } from './hand-clock.js';
import { at, marketAt, sentUntil } from './world.js';

const RELIANCE = '2885';
const TCS = '11536';

describe('handshake', () => {
  it('takes the header form, Bearer or not, the Java subset and the query form, on both paths', () =>
    withBroker(async (broker) => {
      const tokens = await logIn(broker);
      const full = headersOf(tokens);
      const { feedToken } = tokens;
      const root = broker.feedUrl.replace('/smart-stream', '/');
      const query = new URLSearchParams({ clientCode: 'GUEST1', feedToken, apiKey: 'guestkey' }).toString();
      expect(await handshake(broker.feedUrl, full)).toBe('open');
      expect(await handshake(root, full)).toBe('open');
      expect(await handshake(broker.feedUrl, { ...full, Authorization: `Bearer ${tokens.jwtToken}` })).toBe(
        'open',
      );
      expect(
        await handshake(broker.feedUrl, {
          'x-client-code': 'GUEST1',
          'x-feed-token': feedToken,
          'x-client-lib': 'JAVA',
        }),
      ).toBe('open');
      expect(await handshake(`${broker.feedUrl}?${query}`, {})).toBe('open');
    }));

  it('says which credential is wrong', () =>
    withBroker(async (broker) => {
      const tokens = await logIn(broker);
      const full = headersOf(tokens);
      const other = await logIn(broker, 'GUEST2');
      const why = async (headers: Record<string, string>, query = ''): Promise<unknown> =>
        await handshake(`${broker.feedUrl}${query}`, headers);
      const refused = (what: string): unknown => ({ status: 401, why: `Invalid Header - Invalid ${what}` });
      expect(await why({})).toStrictEqual(refused('Client Code'));
      expect(await why({ ...full, 'x-client-code': 'NOBODY' })).toStrictEqual(refused('Client Code'));
      expect(await why({ ...full, 'x-feed-token': other.feedToken })).toStrictEqual(refused('Feed Token'));
      expect(await why({ 'x-client-code': 'GUEST1' })).toStrictEqual(refused('Feed Token'));
      expect(await why({ ...full, Authorization: tokens.feedToken })).toStrictEqual(refused('Auth token'));
      expect(await why({ ...full, Authorization: other.jwtToken })).toStrictEqual(refused('Auth token'));
      expect(await why({ ...full, 'x-api-key': 'another' })).toStrictEqual(refused('API Key'));
      expect(await why({}, `?clientCode=GUEST1&feedToken=${tokens.feedToken}&apiKey=x`)).toStrictEqual(
        refused('API Key'),
      );
      expect(await why({}, `?clientCode=GUEST1&feedToken=x`)).toStrictEqual(refused('Feed Token'));
      expect(await handshake(broker.feedUrl.replace('smart-stream', 'else'), full)).toMatchObject({
        status: 404,
      });
    }));

  it('refuses the fourth socket of a client code until one of the three is gone', () =>
    withBroker(async (broker) => {
      const tokens = await logIn(broker);
      const open = [
        await Client.open(broker, 'GUEST1', tokens),
        await Client.open(broker, 'GUEST1', tokens),
        await Client.open(broker, 'GUEST1', await logIn(broker)),
      ];
      expect(await handshake(broker.feedUrl, headersOf(tokens))).toStrictEqual({
        status: 429,
        why: undefined,
      });
      expect(await handshake(broker.feedUrl, headersOf(await logIn(broker, 'GUEST2'), 'GUEST2'))).toBe(
        'open',
      );
      for (let round = 0; round < 2; round++) {
        await open[0].close();
        expect(await handshake(broker.feedUrl, headersOf(tokens))).toBe('open');
        open[0] = await Client.open(broker, 'GUEST1', tokens);
        expect(await handshake(broker.feedUrl, headersOf(tokens))).toMatchObject({ status: 429 });
      }
      for (const client of open) await client.close();
      for (let socket = 0; socket < 3; socket++) await Client.open(broker, 'GUEST1', tokens);
      expect(await handshake(broker.feedUrl, headersOf(tokens))).toMatchObject({ status: 429 });
    }));

  it('offers no compression and outlives a bad upgrade', () =>
    withBroker(async (broker) => {
      const client = await Client.open(broker);
      expect(client.socket.extensions).toBe('');
      const { feedToken } = await logIn(broker, 'GUEST2');
      const head = (more: string): string =>
        `GET /smart-stream?clientCode=GUEST2&feedToken=${feedToken} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${more}\r\n`;
      expect(await raw(broker, head('Sec-WebSocket-Version: 13\r\n'))).toContain('400');
      await client.settled();
    }));
});

describe('heart-beat', () => {
  it('answers text with text and protocol pings with pongs', () =>
    withBroker(async (broker) => {
      const client = await Client.open(broker);
      const pong = once(client.socket, 'pong') as Promise<[Buffer]>;
      client.socket.ping('hello');
      expect((await pong)[0].toString()).toBe('hello');
      client.send('ping');
      await until(() => client.texts.length > 0);
      expect(client.texts).toStrictEqual(['pong']);
    }));

  it('drops a client without one, and not those with one of either kind', () => {
    const clock = new HandClock(at('11:00'));
    clock.hold();
    return withBroker(
      async (broker) => {
        const [silent, texting, pinging] = await Promise.all(
          ['A1', 'B2', 'C3'].map((code) => Client.open(broker, code)),
        );
        for (let step = 0; step < 6; step++) {
          clock.hold(100);
          // A request is no heartbeat.
          silent.ask(1, 1, [RELIANCE]);
          const pong = once(pinging.socket, 'pong');
          pinging.socket.ping();
          await Promise.all([pong, texting.settled()]);
        }
        await until(() => silent.closed !== undefined);
        expect(silent.closed?.code).toBe(1006);
        expect([texting.closed, pinging.closed]).toStrictEqual([undefined, undefined]);
      },
      { clock, limits: { heartbeatMs: 500 } },
    );
  });
});

describe('subscriptions', () => {
  it('bring the cached packet at once, then what the market sends, one message a packet', () =>
    withBroker(
      async (broker) => {
        const client = await Client.open(broker);
        client.ask(1, 3, [RELIANCE]);
        await until(() => client.frames.length >= 100);
        expect(client.texts).toStrictEqual([]);
        const market = marketAt('10:59');
        const sent = sentUntil(market, at('11:10')).filter(({ symbol }) => symbol === 'RELIANCE');
        const first = sent.findIndex(({ hex }) => hex === client.frames[0].toString('hex'));
        expect(first).toBeGreaterThan(0);
        expect(client.frames.slice(0, 100).map((frame) => frame.toString('hex'))).toStrictEqual(
          sent.slice(first, first + 100).map(({ hex }) => hex),
        );
      },
      { speed: 30 },
    ));

  it('are apart by mode, and every mode shows the same market', () =>
    withBroker(
      async (broker) => {
        const client = await Client.open(broker);
        for (const mode of [1, 2, 3]) client.ask(1, mode, [RELIANCE]);
        await until(() => client.frames.length >= 60);
        expect(new Set(client.frames.map(({ length }) => length))).toStrictEqual(new Set([51, 123, 379]));
        const bySequence = new Map<number, string[]>();
        for (const packet of client.packets()) {
          const sequence = packet.number(FIELD.sequence);
          bySequence.set(sequence, [
            ...(bySequence.get(sequence) ?? []),
            `${packet.number(FIELD.price)} ${packet.number(FIELD.exchangeMs)}`,
          ]);
        }
        for (const seen of [...bySequence.values()].slice(1, -1))
          expect([seen.length, new Set(seen).size]).toStrictEqual([3, 1]);
        client.ask(0, 1, [RELIANCE]);
        client.ask(0, 2, [TCS, RELIANCE]);
        await client.settled();
        client.frames.length = 0;
        await until(() => client.frames.length >= 5);
        expect(new Set(client.heard().map(({ mode }) => mode))).toStrictEqual(new Set([3]));
        expect(client.texts).toStrictEqual(['pong']);
      },
      { speed: 10 },
    ));

  it('bring the cached packet of the last session while the market is shut', () =>
    withBroker(
      async (broker) => {
        const client = await Client.open(broker);
        client.ask(1, 3, [RELIANCE, TCS]);
        await client.settled();
        expect(client.heard().map(({ token }) => token)).toStrictEqual([RELIANCE, TCS]);
        const [packet] = client.packets();
        expect(packet.number(FIELD.exchangeMs)).toBeGreaterThan(at('15:29'));
        expect(packet.number(FIELD.lastTradeSeconds) * 1000).toBeLessThan(at('15:30'));
        expect([packet.totalBuyQuantity, packet.totalSellQuantity]).toStrictEqual([0, 0]);
      },
      { market: marketAt('12:00', { date: '2026-11-24' }) },
    ));

  it('are silent of what is unknown, tolerate digits in a string, and ignore repetition', () =>
    withBroker(async (broker) => {
      const client = await Client.open(broker);
      client.ask(1, 1, ['424242']);
      client.ask(1, 1, [RELIANCE], 0);
      client.ask(1, 1, [RELIANCE], 99);
      client.ask(1, 1, [RELIANCE], 3);
      client.ask(0, 1, [TCS]);
      await client.settled();
      expect(client.frames).toStrictEqual([]);
      client.ask(1, 1, [RELIANCE, RELIANCE], '1');
      client.ask(1, 1, [RELIANCE]);
      await client.settled();
      const first = client.heard()[0];
      expect(client.heard().filter(({ sequence }) => sequence === first.sequence)).toStrictEqual([
        { token: RELIANCE, mode: 1, sequence: first.sequence },
      ]);
      expect(client.texts).toStrictEqual(['pong', 'pong']);
    }));

  it('end with their connection', () =>
    withBroker(
      async (broker) => {
        const [gone, stays] = [await Client.open(broker, 'A1'), await Client.open(broker, 'B2')];
        for (const client of [gone, stays]) client.ask(1, 1, [RELIANCE]);
        await Promise.all([gone.settled(), stays.settled()]);
        expect(await about(broker)).toMatchObject({ connections: 2, flowing: 2 });
        gone.socket.terminate();
        await until(() => stays.frames.length > 50);
        expect(await about(broker)).toMatchObject({ connections: 1, flowing: 1 });
      },
      { speed: 30 },
    ));
});

describe('errors', () => {
  const error = (errorCode: string, errorMessage: string, correlationID = 'abcde12345'): string =>
    JSON.stringify({ correlationID, errorCode, errorMessage });
  const E1001 = error('E1001', 'Invalid Request Payload.');
  const E1002 = error('E1002', 'Invalid Request. Subscription Limit Exceeded');

  it('E1001 answers what is no request, and leaves the rest as it is', () =>
    withBroker(
      async (broker) => {
        const client = await Client.open(broker);
        client.ask(1, 1, [TCS]);
        const good = { mode: 1, tokenList: [{ exchangeType: 1, tokens: [RELIANCE] }] };
        const bad: unknown[] = [
          { correlationID: 'abcde12345', action: 2, params: good },
          { correlationID: 'abcde12345', action: '1', params: good },
          { correlationID: 'abcde12345', params: good },
          { correlationID: 'abcde12345', action: 1 },
          { correlationID: 'abcde12345', action: 1, params: { ...good, mode: 4 } },
          { correlationID: 'abcde12345', action: 1, params: { ...good, mode: 0 } },
          { correlationID: 'abcde12345', action: 1, params: { mode: 1 } },
          { correlationID: 'abcde12345', action: 1, params: { mode: 1, tokenList: [null] } },
          {
            correlationID: 'abcde12345',
            action: 1,
            params: { mode: 1, tokenList: [{ exchangeType: 1, tokens: RELIANCE }] },
          },
          {
            correlationID: 'abcde12345',
            action: 1,
            params: { mode: 1, tokenList: [{ exchangeType: 1, tokens: [2885] }] },
          },
          {
            correlationID: 'abcde12345',
            action: 1,
            params: { mode: 1, tokenList: [{ exchangeType: 1, tokens: [RELIANCE, '1'.repeat(26)] }] },
          },
          {
            correlationID: 'abcde12345',
            action: 1,
            params: { mode: 1, tokenList: [{ exchangeType: 'nse_cm', tokens: [RELIANCE] }] },
          },
        ];
        for (const message of bad) client.send(message);
        await until(() => client.texts.length === bad.length);
        expect(client.texts).toStrictEqual(bad.map(() => E1001));
        client.texts.length = 0;
        const nameless: (string | Buffer)[] = [
          '',
          '{',
          '[]',
          'null',
          'hello',
          '{"correlationID":5,"action":1}',
          JSON.stringify({ action: 3, params: good }),
          Buffer.from([1, 2]),
        ];
        for (const message of nameless) client.socket.send(message);
        await until(() => client.texts.length === nameless.length);
        expect(client.texts).toStrictEqual(
          nameless.map(() => error('E1001', 'Invalid Request Payload.', '')),
        );
        await until(() => client.frames.length > 3);
        expect(new Set(client.heard().map(({ token }) => token))).toStrictEqual(new Set([TCS]));
      },
      { speed: 10 },
    ));

  it('E1002 refuses a whole request beyond 1000 (token, mode), and the earlier ones go on', () =>
    withBroker(
      async (broker) => {
        const client = await Client.open(broker);
        const tokens = (from: number, count: number): string[] =>
          Array.from({ length: count }, (_, i) => String(100_000 + from + i));
        client.ask(1, 1, tokens(0, 500));
        client.ask(1, 2, tokens(0, 498));
        client.ask(1, 1, [RELIANCE]);
        client.ask(1, 3, tokens(0, 5000), 99); // An exchange type that does not exist costs nothing.
        client.ask(1, 1, [...tokens(0, 500), RELIANCE]); // Nor do repetitions.
        await client.settled();
        expect(client.texts).toStrictEqual(['pong']);
        client.ask(1, 3, [TCS, RELIANCE]);
        await until(() => client.texts.length === 2);
        expect(client.texts[1]).toBe(E1002);
        client.ask(1, 3, [TCS]);
        await client.settled();
        expect(client.texts.length).toBe(3);
        client.ask(1, 3, [RELIANCE]);
        await until(() => client.texts.length === 4);
        client.ask(0, 1, tokens(0, 1));
        client.ask(1, 3, [RELIANCE]);
        await client.settled();
        expect(client.texts.slice(2)).toStrictEqual(['pong', E1002, 'pong']);
        client.frames.length = 0;
        await until(() => new Set(client.heard().map(({ token, mode }) => `${token} ${mode}`)).size === 3);
      },
      { speed: 10 },
    ));
});
