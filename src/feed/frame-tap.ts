/**
 * A stream between the network and the WebSocket library. It keeps whole unfragmented binary messages, of which the
 * feed consists, and delivers them in place, a read at a time. All else is the library's, unchanged and in its order:
 * the handshake, texts, pings, closing, fragments, long messages, what is no WebSocket. The library makes three
 * objects and four calls of a message; of a packet only its place is needed.
 *
 *   socket ──► one buffer ──┬─ whole binary messages ──► deliver(messages)
 *             (of all reads)└─ copies of all else ─────► the library, at a message's end at each delivery
 *
 * A message is kept only while the library has read all before it, so the order stays; while the library is paused
 * everything is its own. Framing: RFC 6455, 5.2.
 */
import { connect as connectPlain, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectSecure, type ConnectionOptions } from 'node:tls';
import { MessageBatch, READ_BYTES } from '../broker/messages.js';

/** The longest message kept; no packet is as long. The room in front of the read takes the beginning of one. */
const MAX_KEPT = 500;
const ROOM = 512;

/** The library refuses a longer answer to the handshake. */
const MAX_ANSWER = 32_768;
const ANSWER_END = '\r\n\r\n';
const SWITCHED = /^HTTP\/1\.\d 101\b/;
/** Another answer follows these. */
const PRELIMINARY = /^HTTP\/1\.\d 1\d\d\b/;

const FINAL_BINARY = 0x82;
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const PING = 9;
const PONG = 10;
/** In the second byte: two or eight bytes of length follow. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;

export interface FrameTapOptions {
  /** As the library has them for its own connections. */
  readonly connection: TcpNetConnectOpts & ConnectionOptions;
  readonly secure: boolean;
  /** Messages of one read, in order; valid during the call. */
  readonly deliver: (messages: MessageBatch) => void;
}

export class FrameTap extends Duplex {
  readonly #socket: Socket;
  readonly #deliver: (messages: MessageBatch) => void;
  readonly #bytes = Buffer.allocUnsafeSlow(ROOM + READ_BYTES);
  readonly #messages = new MessageBatch();
  /** The handshake's answer so far; undefined after it. */
  #answer: Buffer | undefined = Buffer.alloc(0);
  /** What followed the answer before `open`; undefined after `open`, and where no messages will come. */
  #followed: Buffer | undefined;
  /** Bytes of a begun message in front of the read. */
  #begun = 0;
  /** Bytes left of the library's message. */
  #left = 0;
  /** In the midst of a message in fragments: what is between them is the library's. */
  #fragmented = false;
  /** Everything is the library's from now on. */
  #over = false;

  /** Connects at once. */
  constructor({ connection, secure, deliver }: FrameTapOptions) {
    super();
    this.#deliver = deliver;
    this.#messages.within(this.#bytes);
    const onread = {
      buffer: this.#bytes.subarray(ROOM),
      callback: (length: number): boolean => this.#read(length),
    };
    const { host } = connection;
    // As in the library: the path is the request's, not a local socket's; `servername` is the name that the
    // certificate must have.
    const named = connection.servername ?? (host === undefined || isIP(host) !== 0 ? '' : host);
    this.#socket = secure
      ? connectSecure({ ...connection, path: undefined, servername: named, onread } as ConnectionOptions)
      : connectPlain({ ...connection, path: undefined, onread } as TcpNetConnectOpts);
    this.#socket.setNoDelay(true);
    this.#socket.on('error', (error) => this.destroy(error));
    this.#socket.on('end', () => {
      this.#passBegun();
      this.push(null);
    });
    this.#socket.on('close', () => this.destroy());
  }

  /** The library's connection is open: messages may come. */
  open(): void {
    const followed = this.#followed;
    this.#followed = undefined;
    if (followed === undefined || this.destroyed) return;
    followed.copy(this.#bytes, ROOM);
    this.#take(ROOM, ROOM + followed.length);
    this._read();
  }

  /** The library has room again. While paused it gets one read more, so that the connection's end is noticed. */
  override _read(): void {
    if (this.#followed === undefined) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  /** Takes a read of `length` bytes. Returns whether to read on. */
  #read(length: number): boolean {
    if (this.#answer !== undefined)
      this.#takeAnswer(this.#answer, Buffer.from(this.#bytes.subarray(ROOM, ROOM + length)));
    else this.#take(ROOM - this.#begun, ROOM + length);
    return this.#followed === undefined && this.readableLength < this.readableHighWaterMark;
  }

  /** Passes the handshake's answer, or a part of it, without what follows. */
  #takeAnswer(before: Buffer, part: Buffer): void {
    const answer = Buffer.concat([before, part]);
    const end = answer.indexOf(ANSWER_END);
    if (end < 0) {
      this.#answer = answer;
      if (answer.length > MAX_ANSWER) this.#giveUp();
      this.push(part);
      return;
    }
    const [said, followed] = [
      answer.subarray(0, end + ANSWER_END.length),
      answer.subarray(end + ANSWER_END.length),
    ];
    const line = said.toString('latin1', 0, 32);
    if (!SWITCHED.test(line)) {
      if (!PRELIMINARY.test(line)) this.#giveUp();
      else this.#answer = Buffer.alloc(0);
    } else {
      this.#answer = undefined;
      this.#followed = followed;
    }
    if (said.length > before.length) this.push(said.subarray(before.length));
    if (followed.length === 0 || this.#followed !== undefined) return;
    if (this.#answer !== undefined) this.#takeAnswer(this.#answer, followed);
    else this.push(followed);
  }

  #giveUp(): void {
    this.#answer = undefined;
    this.#over = true;
  }

  /** At the beginning of a message: true if the library has read all before it and is in the midst of none. */
  #mayDeliver(): boolean {
    return !this.#fragmented && this.#readsAtOnce();
  }

  /** After an error the library lets the rest flow away: it no longer listens. */
  #readsAtOnce(): boolean {
    return this.readableFlowing === true && this.readableLength === 0 && this.listenerCount('data') > 0;
  }

  /** Divides the bytes from `from` to `to`; they begin with a message unless the library has a part of it. */
  #take(from: number, to: number): void {
    const bytes = this.#bytes;
    const messages = this.#messages;
    messages.count = 0;
    this.#begun = 0;
    let at = from;
    let passed = from;
    let may = this.#mayDeliver();
    while (at < to) {
      if (this.#over) at = to;
      else if (this.#left > 0) {
        const part = Math.min(this.#left, to - at);
        this.#left -= part;
        at += part;
      } else {
        const header = this.#headerAt(at, to);
        if (header < 0) break;
        const length = header === 2 ? bytes[at + 1] & 0x7f : messages.view.getUint16(at + 2);
        if (bytes[at] === FINAL_BINARY && bytes[at + 1] < 0x80 && length <= MAX_KEPT && !this.#over) {
          // The library's bytes come first; where it does not read at once they can wait.
          if (at > passed) {
            may = this.#readsAtOnce();
            if (may) {
              this.#pass(passed, at);
              passed = at;
              may = this.#mayDeliver();
            }
          }
          if (may) {
            if (at + header + length > to) break;
            messages.add(at + header, length);
            at += header + length;
            passed = at;
            if (messages.isFull && !this.#flush()) return;
            continue;
          }
        }
        if (!this.#flush()) return;
        this.#begin(at, header + length);
      }
    }
    if (!this.#flush()) return;
    if (at > passed) this.#pass(passed, at);
    if (at < to) this.#keep(at, to);
  }

  /**
   * Length of the header at `at`; -1 where more bytes are needed. A length of eight bytes is no packet's: the rest is
   * the library's.
   */
  #headerAt(at: number, to: number): number {
    if (to - at < 2) return -1;
    const length = this.#bytes[at + 1] & 0x7f;
    if (length === LENGTH_64) this.#over = true;
    if (length !== LENGTH_16) return 2;
    return to - at < 4 ? -1 : 4;
  }

  /** Gives the library a message of `size` bytes. After one that it refuses, or that closes, no length is known. */
  #begin(at: number, size: number): void {
    const bytes = this.#bytes;
    const opcode = bytes[at] & 0x0f;
    const final = (bytes[at] & 0x80) !== 0;
    if ((bytes[at] & 0x70) !== 0 || bytes[at + 1] >= 0x80) this.#over = true;
    else if (opcode === TEXT || opcode === BINARY || opcode === CONTINUATION) this.#fragmented = !final;
    else if (opcode !== PING && opcode !== PONG) this.#over = true;
    this.#left = size;
  }

  /** Delivers what was found. Returns false if the connection is gone. */
  #flush(): boolean {
    const messages = this.#messages;
    if (messages.count > 0) {
      this.#deliver(messages);
      messages.count = 0;
    }
    return !this.destroyed;
  }

  /** Copies the bytes for the library: the next read overwrites them. */
  #pass(from: number, to: number): void {
    this.push(Buffer.from(this.#bytes.subarray(from, to)));
  }

  /** Puts the beginning of a message in front of the next read. */
  #keep(from: number, to: number): void {
    this.#begun = to - from;
    this.#bytes.copy(this.#bytes, ROOM - this.#begun, from, to);
  }

  /** At the connection's end a begun message is the library's. */
  #passBegun(): void {
    if (this.#begun > 0) this.#pass(ROOM - this.#begun, ROOM);
    this.#begun = 0;
  }
}
