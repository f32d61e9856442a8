/**
 * Untrusted clients of the simulated broker, byte by byte: fragmented messages, frames of every kind, unknown
 * requests, and ends of sockets.
 */
import { describe, expect, it } from 'vitest';
import { MODE } from '../../src/market/packet.js';
import type { SimulatedBroker } from '../../src/sim/broker.js';
import { about, HEADERS, headersOf, logIn, post, type Tokens } from './client.js';
import { RawClient, type Frame, type Reply } from './raw-client.js';
import { subscriptionOf, withMarket } from './transcript.js';

const RELIANCE = '2885';
const TCS = '11536';

function headOf(tokens: Tokens, clientCode = 'GUEST1'): string {
  const credentials = Object.entries(headersOf(tokens, clientCode)).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const lines = [
    'GET /smart-stream HTTP/1.1',
    'Host: x',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${Buffer.alloc(16, 7).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    ...credentials,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A client and the answer to its handshake. */
async function knock(broker: SimulatedBroker, tokens: Tokens): Promise<{ client: RawClient; reply: Reply }> {
  const client = new RawClient(broker.port);
  client.write(headOf(tokens));
  return { client, reply: await client.reply() };
}

async function refusalOf(broker: SimulatedBroker, tokens: Tokens): Promise<[number, string | undefined]> {
  const { client, reply } = await knock(broker, tokens);
  client.destroy();
  return [reply.status, /^x-error-message: (.*)$/im.exec(reply.head)?.[1]];
}

/** A client after its handshake. */
async function enter(broker: SimulatedBroker, tokens?: Tokens): Promise<RawClient> {
  const { client, reply } = await knock(broker, tokens ?? (await logIn(broker)));
  expect(reply.status).toBe(101);
  return client;
}

/** Runs a test with one client. */
const withGuest =
  (test: (client: RawClient, broker: SimulatedBroker) => Promise<void>): (() => Promise<void>) =>
  () =>
    withMarket(async (broker) => {
      const client = await enter(broker);
      await test(client, broker);
      client.destroy();
    });

const request = (
  tokens: readonly unknown[],
  members: object = {},
  { mode = 1, exchangeType = 1, action = 1 } = {},
): string => JSON.stringify({ action, params: { mode, tokenList: [{ exchangeType, tokens }] }, ...members });
const tokens = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, k) => String(100_000 + from + k));
const textsOf = (frames: readonly Frame[]): string[] =>
  frames.filter(({ opcode }) => opcode === 1).map(({ payload }) => payload.toString());
const packetsOf = (frames: readonly Frame[]): string[] =>
  frames.filter(({ opcode }) => opcode === 2).map(subscriptionOf);

/** The subscriptions of the next packets. */
async function flowing(client: RawClient, count: number): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let k = 0; k < count; k++) {
    const frame = await client.frame();
    expect(frame.opcode).toBe(2);
    seen.add(subscriptionOf(frame));
  }
  return seen;
}

/** The code that the server closes with; the connection ends after it. */
async function closeOf(client: RawClient): Promise<number> {
  let frame = await client.frame();
  while (frame.opcode !== 8) frame = await client.frame();
  await expect(client.frame()).rejects.toThrow(/ended the connection/);
  return frame.payload.readUInt16BE(0);
}

/** The broker sees an end a moment after the client. */
async function connectionsBecome(broker: SimulatedBroker, count: number): Promise<void> {
  while ((await about(broker)).connections !== count) await new Promise((resolve) => setTimeout(resolve, 5));
}

const e1001 = (correlationID: string): string =>
  JSON.stringify({ correlationID, errorCode: 'E1001', errorMessage: 'Invalid Request Payload.' });
const e1002 = (correlationID: string): string =>
  JSON.stringify({
    correlationID,
    errorCode: 'E1002',
    errorMessage: 'Invalid Request. Subscription Limit Exceeded',
  });

describe('a message', () => {
  it(
    'may come in fragments with a ping between',
    withGuest(async (client) => {
      const text = request([RELIANCE]);
      client.send(1, text.slice(0, 20), false);
      client.send(9, 'between');
      client.send(0, text.slice(20, 40), false);
      client.send(0, text.slice(40));
      expect((await client.frame()).payload.toString()).toBe('between');
      expect(subscriptionOf(await client.frame())).toBe('1 2885');
    }),
  );

  it(
    'may come byte by byte',
    withGuest(async (client) => {
      await client.trickle(1, request([RELIANCE], {}, { mode: MODE.snapquote }));
      expect(subscriptionOf(await client.frame())).toBe('3 2885');
    }),
  );

  it(
    'that is a ping of the protocol gets its payload back, none or the most there may be',
    withGuest(async (client) => {
      const payloads = [Buffer.alloc(0), Buffer.from([0]), Buffer.alloc(125, 0xff)];
      for (const payload of payloads) client.send(9, payload);
      expect(
        (await client.settled()).map(({ opcode, payload }) => [opcode, payload.toString('hex')]),
      ).toEqual(payloads.map((payload) => [10, payload.toString('hex')]));
    }),
  );

  it(
    'that is binary is no request and no heart-beat, whatever it says',
    withGuest(async (client) => {
      for (const text of ['ping', request([RELIANCE])]) client.send(2, text);
      const heard = await client.settled();
      expect([textsOf(heard), packetsOf(heard)]).toEqual([[e1001(''), e1001('')], []]);
    }),
  );
});

describe('silence', () => {
  it.each([
    ['an unknown exchange type', request([RELIANCE], {}, { exchangeType: 99 })],
    ['exchange type 0', request([RELIANCE], {}, { exchangeType: 0 })],
    ['an unknown token', request(['999999'])],
    ['a token of another exchange', request([RELIANCE], {}, { exchangeType: 3 })],
    ['no tokens', request([])],
    ['an empty list', JSON.stringify({ action: 1, params: { mode: 1, tokenList: [] } })],
    ['unsubscribing what was never subscribed', request([RELIANCE], {}, { action: 0 })],
  ])('meets %s: no error and no packet', async (_what, text) => {
    await withGuest(async (client, broker) => {
      client.send(1, text);
      expect(await client.settled()).toEqual([]);
      expect(await about(broker)).toMatchObject({ connections: 1, flowing: 0 });
    })();
  });

  it(
    'meets a repetition, which brings no packet twice',
    withGuest(async (client) => {
      const heard: Frame[] = [];
      for (let k = 0; k < 5; k++) {
        client.send(1, request([RELIANCE, RELIANCE]));
        heard.push(...(await client.settled()));
      }
      expect(textsOf(heard)).toEqual([]);
      const sequences = heard.map(({ payload }) => payload.readBigInt64LE(27));
      expect(sequences.length).toBeGreaterThan(0);
      expect(new Set(sequences).size).toBe(sequences.length);
    }),
  );
});

describe('an error', () => {
  it.each([
    ['no JSON', 'hello', ''],
    ['a ping in other letters', 'PING', ''],
    ['a mode that there is not', request([], { correlationID: 'x1' }, { mode: 9 }), 'x1'],
    ['tokens that are numbers', request([2885]), ''],
    ['no action', JSON.stringify({ correlationID: 'x2', params: { mode: 1, tokenList: [] } }), 'x2'],
  ])(
    'E1001 answers %s, under its correlation identifier or an empty one',
    async (_what, text, correlationID) => {
      await withGuest(async (client) => {
        client.send(1, text);
        expect(textsOf(await client.settled())).toEqual([e1001(correlationID)]);
      })();
    },
  );

  it(
    'E1002 answers what goes beyond 1,000 of (token, mode), identifier or not, and nothing of that request is taken',
    withGuest(async (client) => {
      client.send(1, request([RELIANCE]));
      client.send(1, request(tokens(499)));
      client.send(1, request(tokens(499), {}, { mode: MODE.quote }));
      expect(textsOf(await client.settled())).toEqual([]);
      client.send(1, request([TCS, '1594'], { correlationID: 'toomany' }, { mode: MODE.snapquote }));
      client.send(1, request([TCS, '1594'], {}, { mode: MODE.snapquote }));
      expect(textsOf(await client.settled())).toEqual([e1002('toomany'), e1002('')]);
      expect(await flowing(client, 20)).toEqual(new Set(['1 2885']));
      client.send(1, request([TCS], {}, { mode: MODE.snapquote }));
      const heard = await client.settled();
      expect([textsOf(heard), packetsOf(heard)]).toEqual([[], expect.arrayContaining(['3 11536'])]);
    }),
  );
});

describe('two clients of one client code', () => {
  it('have a quota and subscriptions each', () =>
    withMarket(async (broker) => {
      const session = await logIn(broker);
      const [one, other] = [await enter(broker, session), await enter(broker, session)];
      one.send(1, request([RELIANCE, ...tokens(500)]));
      one.send(1, request(tokens(499, 500)));
      other.send(1, request([RELIANCE, ...tokens(999, 5000)]));
      expect([textsOf(await one.settled()), textsOf(await other.settled())]).toEqual([[], []]);
      other.send(1, request([RELIANCE], {}, { action: 0 }));
      await other.settled();
      expect(await flowing(one, 10)).toEqual(new Set(['1 2885']));
      expect(await other.settled()).toEqual([]);
      for (const client of [one, other]) client.destroy();
    }));

  it('keep their open sockets through renewed tokens and a log-out, after which the old tokens open none', () =>
    withMarket(async (broker) => {
      const base = `http://127.0.0.1:${broker.port}/rest`;
      const first = await logIn(broker);
      const client = await enter(broker, first);
      client.send(1, request([RELIANCE]));
      await client.settled();
      const renewed = (
        await post(
          `${base}/auth/angelbroking/jwt/v1/generateTokens`,
          { refreshToken: first.refreshToken },
          { ...HEADERS, Authorization: `Bearer ${first.jwtToken}` },
        )
      ).json.data;
      expect(await flowing(client, 10)).toEqual(new Set(['1 2885']));
      expect(await refusalOf(broker, first)).toEqual([401, 'Invalid Header - Invalid Feed Token']);
      (await enter(broker, renewed)).destroy();
      await post(
        `${base}/secure/angelbroking/user/v1/logout`,
        { clientcode: 'GUEST1' },
        { ...HEADERS, Authorization: `Bearer ${renewed.jwtToken}` },
      );
      expect(await refusalOf(broker, renewed)).toEqual([401, 'Invalid Header - Invalid Client Code']);
      client.send(1, request([TCS]));
      expect(packetsOf(await client.settled())).toContain('1 11536');
      client.destroy();
    }));
});

describe('the end of a socket', () => {
  it.each([
    ['a close frame without a code', ''],
    ['a close frame with a code', '03e8'],
    ['a close frame with a code of its own', '0fa1'],
  ])('%s is answered in kind, and the connection ends', async (_what, hex) => {
    await withGuest(async (client, broker) => {
      client.send(8, Buffer.from(hex, 'hex'));
      const { opcode, payload } = await client.frame();
      expect([opcode, payload.toString('hex')]).toEqual([8, hex]);
      await expect(client.frame()).rejects.toThrow(/ended the connection/);
      await connectionsBecome(broker, 0);
    })();
  });

  it('comes upon what the protocol forbids, for that client only', () =>
    withMarket(async (broker) => {
      const stays = await enter(broker);
      stays.send(1, request([RELIANCE]));
      const unmasked = await enter(broker, await logIn(broker));
      unmasked.write(Buffer.from('8104' + Buffer.from('ping').toString('hex'), 'hex'));
      expect(await closeOf(unmasked)).toBe(1002);
      const long = await enter(broker, await logIn(broker));
      long.send(1, 'x'.repeat(60_000), false);
      long.send(0, 'x'.repeat(60_000));
      expect(await closeOf(long)).toBe(1009);
      expect(await flowing(stays, 10)).toEqual(new Set(['1 2885']));
      stays.destroy();
    }));

  it.each([
    ['half-closed', (client: RawClient): void => client.finish()],
    ['torn off', (client: RawClient): void => client.destroy()],
  ])('frees its place among the three when it is %s', async (_what, leave) => {
    await withMarket(async (broker) => {
      const session = await logIn(broker);
      const clients = [
        await enter(broker, session),
        await enter(broker, session),
        await enter(broker, session),
      ];
      clients[0].send(1, request([RELIANCE]));
      await clients[0].settled();
      expect(await refusalOf(broker, session)).toEqual([429, undefined]);
      leave(clients[0]);
      await connectionsBecome(broker, 2);
      expect(await about(broker)).toMatchObject({ flowing: 0 });
      clients.push(await enter(broker, session));
      expect(await refusalOf(broker, session)).toEqual([429, undefined]);
      for (const client of clients) client.destroy();
    });
  });
});
