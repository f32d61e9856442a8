/** HTTP and WebSocket over a bare socket, so that the server receives exactly a transcript's bytes. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** One whole message of the server. */
export interface Frame {
  /** 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  readonly opcode: number;
  readonly payload: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

export class RawClient {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #ended = false;
  #fences = 0;
  #wake = (): void => undefined;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    this.#socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
    this.#socket.on('error', () => undefined); // A reset counts as an end.
  }

  write(bytes: Buffer | string): void {
    this.#socket.write(bytes);
  }

  /** Waits until `read` returns something for the bytes so far. */
  async #until<T>(read: () => T | undefined): Promise<T> {
    for (;;) {
      const value = read();
      if (value !== undefined) return value;
      if (this.#ended)
        throw new Error(
          `the server ended the connection after ${JSON.stringify(this.#bytes.toString('latin1').slice(0, 200))}`,
        );
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The next HTTP answer. */
  reply(): Promise<Reply> {
    return this.#until(() => {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return undefined;
      const head = this.#bytes.toString('latin1', 0, end);
      const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
      const from = end + 4;
      if (this.#bytes.length < from + length) return undefined;
      const body = this.#bytes.toString('utf8', from, from + length);
      this.#bytes = this.#bytes.subarray(from + length);
      return { status: Number(head.slice(9, 12)), head, body };
    });
  }

  /** The next frame; the server sends frames whole and unmasked. */
  frame(): Promise<Frame> {
    return this.#until(() => {
      const bytes = this.#bytes;
      if (bytes.length < 2) return undefined;
      const short = bytes[1] & 0x7f;
      const from = short === 126 ? 4 : 2;
      if (bytes.length < from) return undefined;
      const length = short === 126 ? bytes.readUInt16BE(2) : short;
      if (bytes.length < from + length) return undefined;
      this.#bytes = bytes.subarray(from + length);
      return { opcode: bytes[0] & 0x0f, payload: bytes.subarray(from, from + length) };
    });
  }

  /** Sends one frame, masked. `fin` false starts a message of several frames. */
  send(opcode: number, payload: Buffer | string, fin = true): void {
    this.write(maskedFrame(opcode, payload, fin));
  }

  /** Sends one frame byte by byte, each in its own turn of the event loop. */
  async trickle(opcode: number, payload: Buffer | string): Promise<void> {
    this.#socket.setNoDelay(true);
    for (const byte of maskedFrame(opcode, payload)) {
      this.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Resolves when the broker has handled all requests so far. Returns the frames until then. */
  async settled(): Promise<Frame[]> {
    const fence = `fence ${++this.#fences}`;
    this.send(9, fence);
    const heard: Frame[] = [];
    for (;;) {
      const frame = await this.frame();
      if (frame.opcode === 10 && frame.payload.toString() === fence) return heard;
      heard.push(frame);
    }
  }

  /** Half-closes the connection. */
  finish(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** A frame with less than 64 KiB of payload. */
function maskedFrame(opcode: number, payload: Buffer | string, fin = true): Buffer {
  const bytes = Buffer.from(payload);
  const mask = randomBytes(4);
  const first = opcode | (fin ? 0x80 : 0);
  const head =
    bytes.length < 126
      ? [first, 0x80 | bytes.length]
      : [first, 0x80 | 126, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from(head), mask, bytes.map((byte, k) => byte ^ mask[k % 4])]);
}
