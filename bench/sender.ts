/**
 * A process that sends frames over loopback as fast as they are read: `node sender.js MODE COUNT STEP_MS PER_SECOND`.
 * PER_SECOND other than 0 is their number a second, in bursts. It reports
 * its port to its parent. A client that begins with an HTTP request gets a WebSocket handshake and each frame as a
 * message; any other client gets the same bytes without one. All bytes are made beforehand, so that sending costs
 * only the kernel.
 */
import { createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { framesOf, wireBytes } from './market.js';
import { monoMs } from '../src/clock.js';
import type { ModeName } from '../src/market/packet.js';

const CHUNK_BYTES = 65_536;
const BURST_MS = 5;
/** Real ms before the first frame: what comes right after subscribing passes for a cached packet. */
const BEFORE_MS = 500;
const KEY = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const [mode, count, stepMs, perSecond] = process.argv.slice(2);
const { buf, frameBytes } = framesOf(mode as ModeName, Number(count), Number(stepMs));
/** A message's header: final, binary, unmasked, its length. */
const header =
  frameBytes < 126
    ? Buffer.from([0x82, frameBytes])
    : Buffer.from([0x82, 126, frameBytes >> 8, frameBytes & 0xff]);
const wire = Buffer.alloc(Number(count) * wireBytes(frameBytes));
for (let k = 0; k < Number(count); k++) {
  const at = k * wireBytes(frameBytes);
  header.copy(wire, at);
  buf.copy(wire, at + header.length, k * frameBytes, (k + 1) * frameBytes);
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

/** What is due by the clock is written together, every BURST_MS. */
function sendPaced(socket: Socket): void {
  const beganMs = monoMs();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(Number(count), Math.floor(((monoMs() - beganMs) * Number(perSecond)) / 1000));
    socket.write(wire.subarray(sent * wireBytes(frameBytes), due * wireBytes(frameBytes)));
    sent = due;
    if (sent === Number(count) || socket.destroyed) clearInterval(timer);
  }, BURST_MS);
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
    setTimeout(() => (Number(perSecond) > 0 ? sendPaced(socket) : sendAll(socket)), BEFORE_MS);
  });
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
