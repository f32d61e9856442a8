/** Faults at the handshake. */
import { describe, expect, it } from 'vitest';
import { about, Client, handshake, headersOf, logIn, raw, until, type Tokens } from '../client.js';
import { withFaults } from './scene.js';

const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const requestOf = ({ feedToken }: Tokens): string =>
  `GET /smart-stream?clientCode=GUEST1&feedToken=${feedToken} HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`;

describe('refusals', () => {
  it.each([
    ['refuse-401', 401, 'Invalid Header - Invalid Auth token', ''],
    ['refuse-401:reason=client', 401, 'Invalid Header - Invalid Client Code', ''],
    ['refuse-401:reason=key', 401, 'Invalid Header - Invalid API Key', ''],
    ['refuse-401:reason=feed', 401, 'Invalid Header - Invalid Feed Token', ''],
    ['refuse-403', 403, undefined, 'Access denied'],
    ['refuse-403-rate', 403, undefined, 'Access denied because of exceeding access rate'],
    ['refuse-429', 429, undefined, ''],
    ['refuse-500', 500, undefined, ''],
  ])('%s refuses one handshake with good credentials', (text, status, why, body) =>
    withFaults([text, text.includes(':') ? `${text},at=50` : `${text}:at=50`], async (scene) => {
      const { broker } = scene;
      const tokens = await logIn(broker);
      expect(await handshake(broker.feedUrl, headersOf(tokens))).toStrictEqual({ status, why });
      expect(await handshake(broker.feedUrl, headersOf(tokens))).toBe('open');
      await scene.to(50);
      expect(await raw(broker, requestOf(tokens))).toMatch(
        new RegExp(`^HTTP/1.1 ${status} [A-Z][^]*Content-Length: ${body.length}\r\n\r\n${body}$`),
      );
      expect(await handshake(broker.feedUrl, headersOf(tokens))).toBe('open');
      expect((await scene.strikes()).map(({ strikes }) => strikes)).toStrictEqual([1, 1]);
    }),
  );

  it('as often as they say, and within their time', () =>
    withFaults(
      ['refuse-500:at=10,for=10,times=3', 'refuse-401:at=5,for=30,reason=key,times=100'],
      async (scene) => {
        const { broker } = scene;
        const tokens = await logIn(broker);
        const statuses = async (count: number): Promise<unknown[]> => {
          const seen: unknown[] = [];
          for (let k = 0; k < count; k++) {
            const answer = await handshake(broker.feedUrl, headersOf(tokens));
            seen.push(answer === 'open' ? answer : answer.status);
          }
          return seen;
        };
        await scene.to(4.999);
        expect(await statuses(1)).toStrictEqual(['open']);
        await scene.to(5);
        expect(await statuses(1)).toStrictEqual([401]);
        await scene.to(10);
        expect(await statuses(2)).toStrictEqual([500, 500]);
        await scene.to(20);
        expect(await statuses(2)).toStrictEqual([401, 401]);
        await scene.to(35);
        expect(await statuses(1)).toStrictEqual(['open']);
        expect((await scene.strikes()).map(({ strikes }) => strikes)).toStrictEqual([2, 3]);
      },
    ));

  it('leave who is connected, and bad credentials, as they are', () =>
    withFaults(['refuse-429:at=10,times=2'], async (scene) => {
      const { broker } = scene;
      const client = await Client.open(broker);
      await scene.to(15, client);
      expect(await handshake(broker.feedUrl.replace('smart-stream', 'else'), {})).toMatchObject({
        status: 404,
      });
      expect(await handshake(broker.feedUrl, {})).toMatchObject({ status: 429 });
      expect(await handshake(broker.feedUrl, {})).toMatchObject({ status: 429 });
      expect(await handshake(broker.feedUrl, {})).toStrictEqual({
        status: 401,
        why: 'Invalid Header - Invalid Client Code',
      });
      expect(client.closed).toBeUndefined();
    }));
});

describe('slow-handshake', () => {
  it('answers late, once, whatever the answer', () =>
    withFaults(['slow-handshake:by=0.4,times=2'], async ({ broker, strikes }) => {
      const tokens = await logIn(broker);
      const timed = async (headers: Record<string, string>): Promise<{ answer: unknown; ms: number }> => {
        const began = performance.now();
        return { answer: await handshake(broker.feedUrl, headers), ms: performance.now() - began };
      };
      const slow = [await timed(headersOf(tokens)), await timed({})];
      expect(slow.map(({ answer }) => answer)).toStrictEqual([
        'open',
        { status: 401, why: 'Invalid Header - Invalid Client Code' },
      ]);
      // Timers may fire a millisecond early.
      for (const { ms } of slow) expect(ms).toBeGreaterThan(395);
      expect(await handshake(broker.feedUrl, headersOf(tokens))).toBe('open');
      expect((await strikes())[0].strikes).toBe(2);
    }));

  it('holds nothing back when the client leaves, or when the broker ends', async () => {
    let client: Client | undefined;
    const began = performance.now();
    await withFaults(['slow-handshake:by=600,times=2'], async ({ broker, strikes }) => {
      const headers = headersOf(await logIn(broker));
      const gone = new Client(broker.feedUrl, headers);
      gone.socket.on('error', () => undefined);
      client = new Client(broker.feedUrl, headers);
      client.socket.on('error', () => undefined);
      for (let struck = 0; struck < 2;) struck = (await strikes())[0].strikes;
      gone.socket.terminate();
      await until(() => gone.closed !== undefined);
      expect(await about(broker)).toMatchObject({ connections: 0 });
    });
    await until(() => client?.closed !== undefined);
    // Real time: it takes a second or two.
    expect(performance.now() - began).toBeLessThan(60_000);
  });
});
