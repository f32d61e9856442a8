/**
 * The client against servers that drop, refuse and talk nonsense: it comes back, with one socket, and says why it was
 * away.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FeedClientOptions } from '../../src/feed/client.js';
import type { EndCause } from '../../src/feed/disconnects.js';
import { seededRandom } from '../../src/random.js';
import { slow } from '../tier.js';
import { FakeClock } from './fake-clock.js';
import {
  accept,
  bare,
  drips,
  hostileServer,
  refuse,
  reset,
  says,
  silent,
  stubborn,
  type Handshake,
  type HostileServer,
} from './hostile-server.js';
import { listen, pass, until, type Listening } from './listening.js';
import { CREDENTIALS, TOKENS } from './secrets.js';

let server: HostileServer;
let listening: Listening | undefined;
beforeEach(async () => {
  server = await hostileServer();
});
afterEach(async () => {
  await listening?.client.stop();
  listening = undefined;
  await server.close();
});

async function started(options: Partial<FeedClientOptions> = {}): Promise<Listening> {
  listening = listen(server, options);
  await listening.client.start();
  return listening;
}

const frame = (opcode: number, payload: Buffer, first = 0x80): Buffer => {
  const length =
    payload.length < 126
      ? Buffer.from([payload.length])
      : Buffer.from([127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (payload.length >>> shift) & 0xff)]);
  return Buffer.concat([Buffer.from([first | opcode]), length, payload]);
};

describe('opening', () => {
  it('shows the four headers, nothing in the URL, and subscribes once', async () => {
    const { heard } = await started();
    const [{ request, texts }] = server.peers;
    expect(request.url).toBe('/smart-stream');
    expect(request.headers).toMatchObject({
      authorization: TOKENS.jwt,
      'x-api-key': CREDENTIALS.apiKey,
      'x-client-code': CREDENTIALS.clientCode,
      'x-feed-token': TOKENS.feed,
    });
    expect(request.headers['sec-websocket-extensions']).toBeUndefined();
    await until(() => texts.length > 0, 'a subscribe request');
    expect(texts).toHaveLength(1);
    const { correlationID, ...rest } = JSON.parse(texts[0]);
    expect(correlationID).toMatch(/^[A-Za-z0-9]{1,10}$/);
    expect(rest).toEqual({
      action: 1,
      params: { mode: 1, tokenList: [{ exchangeType: 1, tokens: ['2885'] }] },
    });
    expect(heard.events).toEqual(['opened 1', 'subscribed 1']);
    expect(server.logins).toHaveLength(1);
  });

  it('hands on packets, pongs, error replies and other texts, each as what it is', async () => {
    const error =
      '{"correlationID":"a","errorCode":"E1002","errorMessage":"Invalid Request. Subscription Limit Exceeded"}';
    server.handshakes = [
      accept({
        then: ({ ws }) => {
          ws!.send(Buffer.from([1, 2, 3]));
          ws!.send('pong');
          ws!.send(error);
          ws!.send(Buffer.from(error));
          ws!.send('hello');
          ws!.send('x'.repeat(60_000));
        },
      }),
    ];
    const { heard } = await started();
    await until(() => heard.texts.length === 4, 'four texts');
    expect(heard.texts.map(({ kind }) => kind)).toEqual(['pong', 'error', 'other', 'other']);
    expect(heard.binary.map(({ bytes }) => bytes.length)).toEqual([3, error.length]);
    expect(heard.ends).toEqual([]);
  });

  it('asks for a thousand in two messages, repeated ones once, and refuses more before anything is sent', async () => {
    const many = (count: number) =>
      Array.from(
        { length: count },
        (_, index) => ({ mode: 1, exchangeType: 1, token: String(1000 + index) }) as const,
      );
    await started({ subscriptions: [...many(1000), ...many(10)] });
    const { texts } = server.peers[0];
    await until(() => texts.length === 2, 'two requests');
    const asked = texts.flatMap((text) =>
      JSON.parse(text).params.tokenList.flatMap((list: { tokens: string[] }) => list.tokens),
    );
    expect(new Set(asked).size).toBe(1000);
    expect(asked).toHaveLength(1000);
    expect(() => listen(server, { subscriptions: many(1001) })).toThrow(
      expect.objectContaining({ code: 'USAGE' }),
    );
    expect(server.peers).toHaveLength(1);
  });
});

describe('a connection that ends', () => {
  const big = frame(2, Buffer.alloc(65_537));
  const endings: [string, Handshake, EndCause, number | undefined, RegExp][] = [
    ['a close frame, 1000', accept({ then: ({ ws }) => ws!.close(1000, 'bye') }), 'closed', 1000, /^bye$/],
    ['a close frame, 1001', accept({ then: ({ ws }) => ws!.close(1001) }), 'closed', 1001, /^$/],
    [
      'a close frame, 1008',
      accept({ then: ({ ws }) => ws!.close(1008, 'limit\u0007\u001b[2J') }),
      'closed',
      1008,
      /^limit \[2J$/,
    ],
    [
      'a close frame, 4001',
      accept({ then: ({ ws }) => ws!.close(4001, 'x'.repeat(123)) }),
      'closed',
      4001,
      /^x{123}$/,
    ],
    ['a close frame without a code', accept({ then: ({ ws }) => ws!.close() }), 'closed', 1005, /^$/],
    ['a FIN without a close frame', bare((socket) => void socket.end()), 'dropped', 1006, /^$/],
    ['a reset', bare((socket) => void setTimeout(() => socket.resetAndDestroy(), 10)), 'dropped', 1006, /^$/],
    [
      'a message too large',
      bare((socket) => void socket.write(big)),
      'protocol',
      undefined,
      /WS_ERR_UNSUPPORTED_MESSAGE_LENGTH/,
    ],
    [
      'a text that is not UTF-8',
      bare((socket) => void socket.write(frame(1, Buffer.from([0xff, 0xfe])))),
      'protocol',
      undefined,
      /WS_ERR_INVALID_UTF8/,
    ],
    [
      'reserved bits',
      bare((socket) => void socket.write(frame(2, Buffer.alloc(4), 0xf0))),
      'protocol',
      undefined,
      /WS_ERR/,
    ],
    [
      'bytes that are no frames',
      bare((socket) => void socket.write(Buffer.alloc(500, 0xff))),
      'protocol',
      undefined,
      /WS_ERR/,
    ],
    [
      'an HTTP answer in the stream',
      bare((socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
      'protocol',
      undefined,
      /WS_ERR/,
    ],
    [
      'half a frame, then a FIN',
      bare((socket) => void socket.end(frame(2, Buffer.alloc(51)).subarray(0, 20))),
      'dropped',
      1006,
      /^$/,
    ],
    [
      'a close frame with an impossible code',
      bare((socket) => void socket.write(frame(8, Buffer.from([0x03, 0xec])))),
      'protocol',
      undefined,
      /WS_ERR_INVALID_CLOSE_CODE/,
    ],
  ];

  it.each(endings)(
    '%s: comes back soon, subscribes again, and tells the cause',
    async (_name, ending, cause, code, reason) => {
      server.handshakes = [ending, accept()];
      const { heard } = await started();
      await until(() => heard.events.includes('subscribed 2'), 'the next connection', 4000);
      expect(heard.events).toEqual([
        'opened 1',
        'subscribed 1',
        `closed 1 ${cause}`,
        'opened 2',
        'subscribed 2',
      ]);
      const [end] = heard.ends;
      expect(end).toMatchObject({ connection: 1, cause, code });
      expect(end.reason).toMatch(reason);
      expect(end.sentence).toMatch(/^[^\u0000-\u001f]{20,300}$/);
      expect(end.livedMs).toBeGreaterThan(0);
      await until(() => server.peers[1].texts.length === 1, 'the subscription');
      expect(server.logins).toHaveLength(1);
      expect(server.mostOpen).toBe(1);
    },
  );

  it.each<[string, Buffer, object]>([
    [
      'a close frame',
      frame(8, Buffer.concat([Buffer.from([0x03, 0xe9]), Buffer.from('going')])),
      { cause: 'closed', code: 1001, reason: 'going' },
    ],
    ['a message too large', big, { cause: 'protocol' }],
    ['nonsense', Buffer.alloc(500, 0xff), { cause: 'protocol' }],
  ])('a server that sends %s and then keeps the connection is not waited for', async (_name, bytes, end) => {
    server.handshakes = [stubborn((socket) => void socket.write(bytes)), accept()];
    // A watchdog would notice too, half a minute later and without the cause.
    const { heard } = await started();
    await until(() => heard.events.includes('subscribed 2'), 'the next connection', 4000);
    expect(heard.ends).toEqual([expect.objectContaining(end)]);
  });

  it('never replays: what is asked on the tenth open is what was asked on the first', async () => {
    server.handshakes = [
      ...Array.from({ length: 9 }, () => accept({ onRequest: ({ ws }) => ws!.terminate() })),
      accept(),
    ];
    await started({
      subscriptions: [
        { mode: 1, exchangeType: 1, token: '2885' },
        { mode: 3, exchangeType: 2, token: '54786' },
      ],
    });
    await until(
      () => server.peers.length === 10 && server.peers[9].texts.length === 2,
      'the tenth connection',
    );
    const asked = server.peers.map(({ texts }) => texts.map((text) => JSON.parse(text).params));
    expect(asked[9]).toHaveLength(2);
    expect(asked[9]).toEqual(expect.arrayContaining(asked[0]));
    const identities = server.peers.flatMap(({ texts }) =>
      texts.map((text) => JSON.parse(text).correlationID as string),
    );
    expect(new Set(identities).size).toBe(identities.length);
  });
});

describe('a handshake that fails', () => {
  const endings: [string, Handshake, EndCause, RegExp][] = [
    ['no answer', silent, 'handshake-timeout', /^$/],
    ['an answer that drips for ever', drips(20), 'handshake-timeout', /^$/],
    ['a reset', reset, 'network', /ECONNRESET/],
    ['a FIN', ({ socket }) => void socket.end(), 'network', /ECONNRESET/],
    ['no HTTP', says('\u0000\u0001garbage\r\n\r\n'), 'unexpected-answer', /./],
    [
      'a wrong proof',
      says(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n',
      ),
      'unexpected-answer',
      /Accept/,
    ],
    ['compression that was not requested', compressed, 'unexpected-answer', /extension/i],
    ['200', refuse(200, { 'Content-Type': 'text/html' }, '<html>'), 'unexpected-answer', /200/],
    ['302', refuse(302, { Location: 'http://127.0.0.1:1/' }), 'unexpected-answer', /302/],
    [
      'a header that HTTP does not know',
      refuse(500, { 'x-error-message': 'Not\u0001allowed' }),
      'unexpected-answer',
      /HPE/,
    ],
    ['404', refuse(404), 'unexpected-answer', /404/],
    ['500', refuse(500), 'server-error', /500/],
    ['503', refuse(503), 'server-error', /503/],
  ];

  function compressed(peer: Parameters<Handshake>[0]): void {
    bare(() => undefined)({
      ...peer,
      socket: Object.create(peer.socket, {
        write: {
          value: (text: string) =>
            peer.socket.write(
              text.replace('\r\n\r\n', '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n'),
            ),
        },
      }),
    });
  }

  it.each(endings)('%s: tries again, and tells the cause', async (_name, ending, cause, reason) => {
    server.handshakes = [ending, ending, accept()];
    const { heard } = await started({ handshakeWithinMs: 150 });
    expect(heard.events).toEqual([`closed 1 ${cause}`, `closed 2 ${cause}`, 'opened 3', 'subscribed 3']);
    expect(heard.ends[0]).toMatchObject({ code: undefined, livedMs: 0 });
    expect(heard.ends[0].reason).toMatch(reason);
    expect(server.mostOpen).toBe(1);
    expect(server.logins).toHaveLength(1);
  });

  it('a server that is gone: tries without end, and is there when the server is', async () => {
    const { heard } = await started();
    const { port } = server;
    await server.close();
    await until(() => heard.ends.length >= 6, 'six ends');
    expect(
      heard.ends.slice(1).every(({ cause, reason }) => cause === 'network' && reason === 'ECONNREFUSED'),
    ).toBe(true);
    server = await hostileServer(port);
    await until(
      () => server.peers.length === 1 && heard.events.at(-1)!.startsWith('subscribed'),
      'the return',
    );
  });

  it('429: no retry within a minute, however often', async () => {
    const clock = new FakeClock();
    server.handshakes = [
      accept({ then: ({ ws }) => ws!.terminate() }),
      refuse(429),
      refuse(403, { 'x-error-message': 'exceeding access rate' }),
      accept(),
    ];
    const { heard } = await started({ clock });
    await until(() => heard.ends.length === 1, 'the drop');
    clock.advance(clock.nextOnceMs!);
    for (const [ends, cause] of [
      [2, 'rate-limited'],
      [3, 'rate-limited'],
    ] as const) {
      await until(() => heard.ends.length === ends, cause);
      expect(heard.ends.at(-1)).toMatchObject({ cause });
      clock.advance(59_999);
      await pass(30);
      expect(server.peers).toHaveLength(ends);
      clock.advance(clock.nextOnceMs!);
    }
    await until(() => heard.events.includes('subscribed 4'), 'the return');
  });
});

describe('a storm', () => {
  slow(
    'of two hundred drops of every kind: never two sockets, always back, never a second log-in',
    async () => {
      const random = seededRandom(20_261_123);
      const kinds: Handshake[] = [
        accept({ then: ({ ws }) => ws!.terminate() }),
        accept({ onRequest: ({ ws }) => ws!.close(1001, 'away') }),
        accept({ onRequest: ({ socket }) => void socket.resetAndDestroy() }),
        bare((socket) => void socket.end()),
        bare((socket) => void socket.end(Buffer.alloc(300, 0xff))),
        refuse(503),
        reset,
      ];
      const drops = 200;
      server.handshakes = [
        ...Array.from({ length: drops }, () => kinds[Math.floor(random() * kinds.length)]),
        accept(),
      ];
      const { heard } = await started({ random: () => 0 });
      await until(() => heard.events.at(-1) === `subscribed ${drops + 1}`, 'the end of the storm', 20_000);
      expect(server.mostOpen).toBe(1);
      expect(server.open).toBe(1);
      expect(server.peers).toHaveLength(drops + 1);
      expect(server.logins).toHaveLength(1);
      expect(heard.ends.map(({ connection }) => connection)).toEqual(
        Array.from({ length: drops }, (_, index) => index + 1),
      );
      expect(heard.failures).toEqual([]);
    },
  );
});
