/**
 * What lies between the socket and the WebSocket library (`src/feed/frame-tap.ts`): with it and without it, a client
 * hears the same, in the same order.
 */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { FrameTap, type FrameTapOptions } from '../../src/feed/frame-tap.js';
import { bounds, expectSame, frame, testConversations, url, wire } from './conversations.js';

describe('an inlet', () => {
  testConversations(6);

  it('changes nothing of a handshake that comes in pieces of a byte, with what follows it or announced by another answer', async () => {
    const packets = Buffer.concat(Array.from({ length: 10 }, (_, k) => frame(2, Buffer.alloc(51, k))));
    wire.script = (accept) => [...Array.from(accept, (byte) => Buffer.from([byte])), packets];
    expect(await expectSame()).toBe(10);
    wire.script = (accept) => [Buffer.concat([accept, packets])];
    expect(await expectSame()).toBe(10);
    wire.script = (accept) => [
      Buffer.concat([Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'), accept, packets]),
    ];
    expect(await expectSame()).toBe(10);
    wire.script = (accept) => [
      accept.subarray(0, -2),
      Buffer.concat([accept.subarray(-2), packets.subarray(0, 1)]),
      packets.subarray(1),
    ];
    expect(await expectSame()).toBe(10);
  });

  it.each([
    [
      'a refusal',
      'HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nrate limit'.replace('rate limit', 'too often'),
    ],
    [
      'a wrong proof',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: none\r\n\r\n',
    ],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['headers without an end', `HTTP/1.1 101 Switching Protocols\r\n${'a: b\r\n'.repeat(20_000)}`],
    ['nothing', ''],
  ])('leaves %s to the library', async (_what, answer) => {
    wire.script = () => [Buffer.from(answer)];
    expect(await expectSame()).toBe(0);
  });

  it('delivers nothing more after a message that the library refuses, in later reads neither', async () => {
    const packet = frame(2, Buffer.alloc(51, 1));
    const refused = frame(1, Buffer.from([0xff, 0xfe]));
    wire.script = (accept) => [accept, packet, refused, ...Array.from({ length: 20 }, () => packet)];
    expect(await expectSame()).toBe(1);
  });

  it('delivers packets again after a text, a ping, a fragmented or a long message', async () => {
    const packet = frame(2, Buffer.alloc(51, 1));
    for (const other of [
      frame(1, Buffer.from('pong')),
      frame(9, Buffer.alloc(0)),
      Buffer.concat([frame(2, Buffer.alloc(9), { final: false }), frame(0, Buffer.alloc(9))]),
      frame(2, Buffer.alloc(40_000)),
    ]) {
      wire.script = (accept) => [accept, Buffer.concat([packet, packet, other, packet, packet])];
      expect(await expectSame()).toBe(4);
    }
  });

  it('delivers what one read brought in one go, and a packet cut in two with the second part', async () => {
    const sizes: number[] = [];
    const packets = Buffer.concat(Array.from({ length: 100 }, (_, k) => frame(2, Buffer.alloc(51, k))));
    wire.script = (accept) => [accept, packets.subarray(0, 30), packets.subarray(30)];
    let inlet: FrameTap | undefined;
    const ws = new WebSocket(url(), {
      ...bounds,
      createConnection: ((connection: FrameTapOptions['connection']) => {
        inlet = new FrameTap({ connection, secure: false, deliver: ({ count }) => void sizes.push(count) });
        return inlet;
      }) as never,
    });
    ws.once('open', () => process.nextTick(() => inlet!.open()));
    await once(ws, 'close');
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100);
    expect(sizes.length).toBeLessThanOrEqual(2);
  });
});
