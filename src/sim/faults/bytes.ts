/** Writing to a socket below the WebSocket library: frames of its own making, byte by byte or a great many of them. */

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

const BINARY_MESSAGE = 0x82;
/** What the second byte says of the length: it itself, or how many bytes of it follow. */
const [MAX_SHORT_LENGTH, TWO_BYTES, EIGHT_BYTES] = [126, 126, 127];
/** What one write of a burst holds: as much as may wait in our memory. */
const WRITE_BYTES = 64 * 1024;

/** The bytes on the wire of one binary message. */
export function messageBytes(payload: Uint8Array): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < MAX_SHORT_LENGTH ? 2 : length < 0x10000 ? 4 : 10);
  head[0] = BINARY_MESSAGE;
  head[1] = head.length === 2 ? length : head.length === 4 ? TWO_BYTES : EIGHT_BYTES;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  else if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** The two functions by which a stream hands on what is written to it; an instance's own come before its class's. */
interface Writing {
  _write: (chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void) => void;
  _writev: unknown;
}

/**
 * Makes a socket that can be written to byte by byte. What else is written waits behind, in order: the stream takes one chunk after the
 * other. Returns the function that writes so.
 */
export function byteWriter(raw: Socket): (bytes: Buffer) => void {
  const single = new WeakSet<Buffer>();
  const writing = raw as unknown as Writing;
  const write = writing._write.bind(raw);
  // Without it every chunk comes by itself.
  writing._writev = null;
  writing._write = (chunk, encoding, done) => {
    if (!single.has(chunk)) {
      write(chunk, encoding, done);
      return;
    }
    const next = (at: number): void => {
      if (at === chunk.length || raw.destroyed) done();
      else
        write(chunk.subarray(at, at + 1), encoding, (error) =>
          error ? done(error) : void setImmediate(next, at + 1),
        );
    };
    next(0);
  };
  raw.setNoDelay(true);
  return (bytes) => {
    single.add(bytes);
    raw.write(bytes);
  };
}

/**
 * Sends `count` messages, `payloads` again and again, as the client reads them: the next write waits for the last. `sent` hears of every write,
 * also of the last one. Ends when the socket does.
 */
export function sendBurst({
  socket,
  raw,
  payloads,
  count,
  sent,
}: {
  socket: WebSocket;
  raw: Socket;
  payloads: readonly Uint8Array[];
  count: number;
  sent: (messages: number) => void;
}): void {
  const messages = payloads.map(messageBytes);
  const longest = Math.max(...messages.map(({ length }) => length));
  let at = 0;
  const more = (): void => {
    const batch = Math.min(count - at, Math.max(1, Math.floor(WRITE_BYTES / longest)));
    if (batch === 0 || socket.readyState !== socket.OPEN) return;
    const bytes = Buffer.concat(
      Array.from({ length: batch }, (_, k) => messages[(at + k) % messages.length]),
    );
    at += batch;
    raw.write(bytes, (error) => {
      if (error) return;
      sent(batch);
      // A turn for everything else, also when the kernel takes all at once.
      setImmediate(more);
    });
  };
  more();
}
