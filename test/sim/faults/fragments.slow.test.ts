/** Frames written byte by byte, below the WebSocket library, over real sockets. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { byteWriter, messageBytes } from '../../../src/sim/faults/bytes.js';
import { logIn } from '../client.js';
import { ALL, hexOf, listener, secondOf, faultlessPackets, withFaults } from './scene.js';

/** Both ends of a connection. */
async function pair(): Promise<{ near: Socket; far: Socket; close: () => void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = await accepted;
  return { near, far, close: () => [near.destroy(), far.destroy(), server.close()] };
}

describe('byte-wise writing', () => {
  it('hands the kernel one byte a turn, and everything else after it in order', async () => {
    const { near, far, close } = await pair();
    const written: number[] = [];
    const turns: number[] = [];
    let turn = 0;
    const counting = (): void => void (turn++, near.destroyed || setImmediate(counting));
    setImmediate(counting);
    const spied = near as unknown as { _write: (chunk: Buffer, encoding: string, done: () => void) => void };
    const write = spied._write.bind(near);
    spied._write = (chunk, encoding, done) => {
      written.push(chunk.length);
      turns.push(turn);
      write(chunk, encoding, done);
    };
    const writeByteWise = byteWriter(near);
    near.write('before');
    writeByteWise(Buffer.from('slow bytes'));
    near.cork();
    near.write('after');
    near.write(' it');
    near.uncork();
    writeByteWise(Buffer.from('!'));
    near.end('end');
    let text = '';
    far.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(far, 'end');
    close();
    expect(text).toBe('beforeslow bytesafter it!end');
    expect(written).toStrictEqual([6, ...Array.from({ length: 10 }, () => 1), 5, 3, 1, 3]);
    expect(new Set(turns.slice(1, 11)).size).toBe(10);
  });

  it('gives up when the connection does', async () => {
    const { near, far, close } = await pair();
    // `once` would throw on the error.
    const closed = new Promise((resolve) => near.on('error', () => undefined).on('close', resolve));
    byteWriter(near)(Buffer.alloc(1_000_000));
    far.once('data', () => far.destroy());
    await closed;
    close();
  });
});

describe('messageBytes', () => {
  it.each([
    [0, [0x82, 0]],
    [125, [0x82, 125]],
    [126, [0x82, 126, 0, 126]],
    [379, [0x82, 126, 1, 123]],
    [65_535, [0x82, 126, 255, 255]],
    [65_536, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
  ])('%i bytes', (length, head) => {
    expect([...messageBytes(Buffer.alloc(length)).subarray(0, head.length)]).toStrictEqual(head);
    expect(messageBytes(Buffer.alloc(length)).length).toBe(length + head.length);
  });
});

describe('fragments', () => {
  it('are the frames that they should be, pongs between them whole', () =>
    withFaults(['fragments:at=10,for=15,every=3'], async (scene) => {
      const client = await listener(scene.broker);
      for (let second = 1; second <= 40; second++) {
        client.socket.ping();
        await scene.to(second, client);
      }
      const sent = faultlessPackets(40);
      expect(hexOf(client.frames)).toStrictEqual(sent.map(({ hex }) => hex));
      const within = sent.filter(({ frame }) => secondOf(frame) >= 10 && secondOf(frame) < 25);
      expect((await scene.strikes())[0].strikes).toBe(Math.ceil(within.length / 3));
    }));

  it('reach a bare client in pieces', () =>
    withFaults(['fragments:at=0,every=1'], async (scene) => {
      const { feedToken } = await logIn(scene.broker);
      const socket = connect(scene.broker.port, '127.0.0.1');
      const reads: number[] = [];
      const upgraded = once(socket, 'data');
      socket.write(
        `GET /smart-stream?clientCode=GUEST1&feedToken=${feedToken} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      );
      await upgraded;
      socket.on('data', (chunk: Buffer) => reads.push(chunk.length));
      const ask = Buffer.from(
        JSON.stringify({
          correlationID: 'a',
          action: 1,
          params: { mode: 3, tokenList: [{ exchangeType: 1, tokens: ALL }] },
        }),
      );
      // Masked with zeros.
      socket.write(
        Buffer.concat([Buffer.of(0x81, 0x80 | 126, ask.length >> 8, ask.length & 0xff, 0, 0, 0, 0), ask]),
      );
      const bytes = 3 * (379 + 4);
      while (reads.reduce((sum, length) => sum + length, 0) < bytes) await once(socket, 'data');
      socket.destroy();
      // Server and client share this thread, so each turn of the event loop is one read.
      expect(reads.length).toBeGreaterThan(bytes / 2);
    }));
});
