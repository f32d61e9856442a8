/**
 * Pausing: while the consumer is full nothing more is delivered, whatever happens to the connection, and nothing is
 * lost that need not be.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { FeedClientOptions } from '../../src/feed/client.js';
import { FEED_LIMITS } from '../../src/feed/connection-machine.js';
import { FakeClock } from './fake-clock.js';
import { accept, bare, hostileServer, type HostileServer } from './hostile-server.js';
import { listen, pass, until, type Listening } from './listening.js';

let server: HostileServer;
let listening: Listening;
beforeEach(async () => {
  server = await hostileServer();
});
afterEach(async () => {
  await listening.client.stop();
  await server.close();
});

/** Most messages of one read of the socket: 64 KiB of frames of 51 bytes and a header of 2. */
const ONE_READ = Math.ceil(65_536 / 53) + 1;

const numbered = (index: number): Buffer => {
  const bytes = Buffer.alloc(51);
  bytes[0] = 1;
  bytes.writeUInt32LE(index, 27);
  return bytes;
};
const framed = (index: number): Buffer => Buffer.concat([Buffer.from([0x82, 51]), numbered(index)]);
const batch = (from: number, count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => framed(from + index)));
const indices = () => listening.heard.binary.map(({ bytes }) => bytes.readUInt32LE(27));

function handlers(given: Partial<FeedClientOptions['handlers']>): FeedClientOptions['handlers'] {
  const nothing = (): void => undefined;
  return {
    opened: nothing,
    subscribed: nothing,
    binary: nothing,
    text: nothing,
    closed: nothing,
    failed: nothing,
    ...given,
  };
}

it('before the open: the first packets wait for the resume', async () => {
  server.handshakes = [bare((socket) => void socket.write(batch(0, 3000)))];
  listening = listen(server);
  listening.client.pause();
  await listening.client.start();
  await pass(50);
  expect(listening.heard.binary).toEqual([]);
  listening.client.resume();
  await until(() => listening.heard.binary.length === 3000, 'all of them');
  expect(indices()).toEqual(Array.from({ length: 3000 }, (_, index) => index));
});

it('within a packet: at most the rest of the read is still delivered', async () => {
  const total = 40_000;
  let count = 0;
  let most = 0;
  server.handshakes = [bare((socket) => void socket.write(batch(0, total)))];
  listening = listen(server, {
    handlers: handlers({
      binary: (messages) => {
        count += messages.count;
        if (count === messages.count) {
          listening.client.pause();
          setTimeout(() => {
            most = Math.max(most, count);
            count = 0;
            listening.client.resume();
          }, 2);
        }
      },
    }),
  });
  await listening.client.start();
  await until(() => listening.heard.binary.length === total, 'all of them');
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(ONE_READ);
  expect(indices()).toEqual(Array.from({ length: total }, (_, index) => index));
});

it('through a reconnect: the next socket is paused too', async () => {
  server.handshakes = [
    accept({ onRequest: ({ socket }) => void socket.resetAndDestroy() }),
    bare((socket) => void socket.write(batch(0, 100))),
  ];
  listening = listen(server);
  listening.client.pause();
  await listening.client.start();
  await until(() => listening.heard.events.includes('subscribed 2'), 'the next connection');
  await pass(50);
  expect(listening.heard.binary).toEqual([]);
  listening.client.resume();
  await until(() => listening.heard.binary.length === 100, 'what came meanwhile');
});

it('a FIN meanwhile: what was sent before it is delivered, then the end', async () => {
  server.handshakes = [bare((socket) => void socket.end(batch(0, 5000))), accept()];
  listening = listen(server);
  listening.client.pause();
  await listening.client.start();
  await pass(50);
  expect(listening.heard.binary).toEqual([]);
  listening.client.resume();
  await until(() => listening.heard.ends.length === 1, 'the end');
  expect(listening.heard.binary).toHaveLength(5000);
});

it('a reset meanwhile: a full consumer is given nothing, and the connection is replaced', async () => {
  let paused = false;
  let whilePaused = 0;
  const packets = 1200;
  server.handshakes = [
    bare((socket) => {
      socket.write(framed(0));
      setTimeout(() => socket.write(batch(1, packets)), 30);
      setTimeout(() => socket.resetAndDestroy(), 80);
    }),
    bare((socket) => void socket.write(batch(7000, 10))),
  ];
  listening = listen(server, {
    // No one reads, so a ping meets the reset.
    limits: { ...FEED_LIMITS, pingEveryMs: 50 },
    handlers: handlers({
      binary: (messages) => {
        if (paused) whilePaused += messages.count;
        else {
          paused = true;
          listening.client.pause();
        }
      },
    }),
  });
  await listening.client.start();
  await until(() => listening.heard.events.includes('subscribed 2'), 'the next connection');
  await pass(50);
  expect(whilePaused).toBe(0);
  expect(listening.heard.ends).toEqual([expect.objectContaining({ cause: 'dropped', code: 1006 })]);
  paused = false;
  listening.client.resume();
  await until(
    () => listening.heard.binary.some(({ connection }) => connection === 2),
    'packets of the next connection',
  );
});

it('a stop meanwhile: the close frame is answered all the same', async () => {
  server.handshakes = [accept({ then: ({ ws }) => ws!.send(numbered(1)) })];
  // The clock stands still, and the library's patience lasts a second: what ends the wait sooner is the server's
  // answer.
  listening = listen(server, { clock: new FakeClock() });
  listening.client.pause();
  await listening.client.start();
  let stopped = false;
  void listening.client.stop().then(() => (stopped = true));
  await until(() => stopped, 'the end', 800);
  expect(server.peers[0].closeCode).toBe(1000);
  expect(listening.heard.binary).toEqual([]);
});
