/**
 * A process that sends LTP frames over loopback as fast as they are read: `node sender.js COUNT STEP_MS`. It reports
 * its port to its parent. A client that begins with an HTTP request gets a WebSocket handshake and each frame as a
 * message; any other client gets the same bytes without one. All bytes are made beforehand, so that sending costs
 * only the kernel.
 */
import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { frames } from './baselines.js';
import { FRAME_BYTES } from './market.js';

/** A message's header: final, binary, unmasked, its length. */
const HEADER = Buffer.from([0x82, FRAME_BYTES]);
const CHUNK_BYTES = 65_536;
/** Real ms before the first frame: what comes right after subscribing passes for a cached packet. */
const BEFORE_MS = 500;
const KEY = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const [count, stepMs] = process.argv.slice(2).map(Number);
const { buf } = frames(count, 50, stepMs);
const wire = Buffer.alloc(count * (HEADER.length + FRAME_BYTES));
for (let k = 0; k < count; k++) {
  const at = k * (HEADER.length + FRAME_BYTES);
  HEADER.copy(wire, at);
  buf.copy(wire, at + HEADER.length, k * FRAME_BYTES, (k + 1) * FRAME_BYTES);
}

function sendAll(socket: Socket): void {
  let at = 0;
  const more = (): void => {
    while (at < wire.length) {
      const chunk = wire.subarray(at, at + CHUNK_BYTES);
      at += chunk.length;
      if (!socket.write(chunk)) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
}

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', (first) => {
    const key = /sec-websocket-key: (\S+)/i.exec(first.toString('latin1'))?.[1];
    if (key !== undefined) {
      const proof = createHash('sha1').update(`${key}${KEY}`).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`,
      );
    }
    socket.on('data', () => undefined);
    setTimeout(() => sendAll(socket), BEFORE_MS);
  });
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
