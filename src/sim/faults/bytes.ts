/** Writes to a socket below the WebSocket library: own frames, byte by byte or in bulk. */

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

const BINARY_MESSAGE = 0x82;
/** A frame's second byte: the length, or a marker for two or eight bytes of length. */
const [MAX_SHORT_LENGTH, TWO_BYTES, EIGHT_BYTES] = [126, 126, 127];
/** One write of a burst: bounds the memory. */
const WRITE_BYTES = 64 * 1024;

/** One binary message on the wire. */
export function messageBytes(payload: Uint8Array): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < MAX_SHORT_LENGTH ? 2 : length < 0x10000 ? 4 : 10);
  head[0] = BINARY_MESSAGE;
  head[1] = head.length === 2 ? length : head.length === 4 ? TWO_BYTES : EIGHT_BYTES;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  else if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** A stream's internal writes; an instance's own take precedence over its class's. */
interface Writing {
  _write: (chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void) => void;
  _writev: unknown;
}

/**
 * Makes a socket writable byte by byte and returns the function that does. Other writes wait in order: a stream
 * takes one chunk after the other.
 */
export function byteWriter(raw: Socket): (bytes: Buffer) => void {
  const single = new WeakSet<Buffer>();
  const writing = raw as unknown as Writing;
  const write = writing._write.bind(raw);
  // Without `_writev` every chunk comes alone.
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
 * Sends `count` messages, cycling through `payloads`, as fast as the client reads: each write, reported by `sent`,
 * waits for the previous one. Ends with the socket.
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
      // Yields to the event loop, even if the kernel takes everything at once.
      setImmediate(more);
    });
  };
  more();
}
