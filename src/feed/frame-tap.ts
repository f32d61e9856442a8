/**
 * What lies between the network and the WebSocket library: a stream that keeps for itself what the feed consists of,
 * whole unfragmented binary messages, and hands them over where they lie, a read at a time. All else is the
 * library's, byte for byte and in its place: the handshake, texts, pings, closing, fragments, long messages, and
 * whatever is no WebSocket. The library makes three objects of a message and calls four functions; of a packet of the
 * feed nothing is needed but where it is.
 *
 *   socket ──► one buffer ──┬─ whole binary messages ──► deliver(messages)
 *             (of all reads)└─ copies of all else ─────► the library, at a message's end at each delivery
 *
 * A message is kept only while the library has read all that came before it, so the order stays; while the library is
 * paused everything goes its way. Framing: RFC 6455, 5.2.
 */
import { connect as connectPlain, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectSecure, type ConnectionOptions } from 'node:tls';
import { MessageBatch, READ_BYTES } from '../broker/messages.js';

/**
 * The longest message that is kept; no packet is as long. In front of the read there is room for the beginning of one.
 */
const MAX_KEPT = 500;
const ROOM = 512;

/** A handshake's answer that is longer is the library's to refuse. */
const MAX_ANSWER = 32_768;
const ANSWER_END = '\r\n\r\n';
const SWITCHED = /^HTTP\/1\.\d 101\b/;
/** Other answers that announce another. */
const PRELIMINARY = /^HTTP\/1\.\d 1\d\d\b/;

const FINAL_BINARY = 0x82;
const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const PING = 9;
const PONG = 10;
/** In the second byte: the length is in the two bytes that follow, or in eight. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;

export interface FrameTapOptions {
  /** As the library has them for a connection of its own. */
  readonly connection: TcpNetConnectOpts & ConnectionOptions;
  readonly secure: boolean;
  /** Messages of one read, in order. They are valid during the call. */
  readonly deliver: (messages: MessageBatch) => void;
}

export class FrameTap extends Duplex {
  readonly #socket: Socket;
  readonly #deliver: (messages: MessageBatch) => void;
  readonly #bytes = Buffer.allocUnsafeSlow(ROOM + READ_BYTES);
  readonly #messages = new MessageBatch();
  /** The answer to the handshake as far as it came; undefined when it is over. */
  #answer: Buffer | undefined = Buffer.alloc(0);
  /** What followed the answer before `open`; undefined after `open`, and where no messages will come. */
  #followed: Buffer | undefined;
  /** How many bytes in front of the read are the beginning of a message. */
  #begun = 0;
  /** How many bytes are left of the message that is the library's. */
  #left = 0;
  /** A message came in part: what is between its parts is for the library to judge. */
  #fragmented = false;
  /** From here on everything is the library's. */
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
    // As the library does it: the path is that of the request, not of a local socket; and the name that the
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

  /** The library has the connection open: what comes from now on may be messages. */
  open(): void {
    const followed = this.#followed;
    this.#followed = undefined;
    if (followed === undefined || this.destroyed) return;
    followed.copy(this.#bytes, ROOM);
    this.#take(ROOM, ROOM + followed.length);
    this._read();
  }

  /**
   * The library has room again. While it is paused one read more is kept for it, so that the connection's end is
   * noticed.
   */
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

  /** A read of `length` bytes. Returns whether to read on. */
  #read(length: number): boolean {
    if (this.#answer !== undefined)
      this.#takeAnswer(this.#answer, Buffer.from(this.#bytes.subarray(ROOM, ROOM + length)));
    else this.#take(ROOM - this.#begun, ROOM + length);
    return this.#followed === undefined && this.readableLength < this.readableHighWaterMark;
  }

  /** The answer to the handshake, or a part of it: the library's, without what follows it. */
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

  /**
   * Whether messages may be delivered, at the beginning of one: the library has read all that came before, and is in
   * the midst of none.
   */
  #mayDeliver(): boolean {
    return !this.#fragmented && this.#readsAtOnce();
  }

  #readsAtOnce(): boolean {
    return this.readableFlowing === true && this.readableLength === 0;
  }

  /** Divides the bytes from `from` to `to`, which begin with a message unless the library has a part of it. */
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
          // What the library is still to be given comes first. Where it does not read at once there is no hurry.
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
   * Length of the header of the message at `at`; -1 where more bytes are needed to know it. One of eight bytes'
   * length is no packet's: the rest is the library's.
   */
  #headerAt(at: number, to: number): number {
    if (to - at < 2) return -1;
    const length = this.#bytes[at + 1] & 0x7f;
    if (length === LENGTH_64) this.#over = true;
    if (length !== LENGTH_16) return 2;
    return to - at < 4 ? -1 : 4;
  }

  /**
   * A message of `size` bytes is the library's. One that it will refuse, or that closes, is the last that anybody
   * knows the length of.
   */
  #begin(at: number, size: number): void {
    const bytes = this.#bytes;
    const opcode = bytes[at] & 0x0f;
    const final = (bytes[at] & 0x80) !== 0;
    if ((bytes[at] & 0x70) !== 0 || bytes[at + 1] >= 0x80) this.#over = true;
    else if (opcode === TEXT || opcode === BINARY || opcode === CONTINUATION) this.#fragmented = !final;
    else if (opcode !== PING && opcode !== PONG) this.#over = true;
    this.#left = size;
  }

  /** Delivers what was found. Returns whether the connection is still there. */
  #flush(): boolean {
    const messages = this.#messages;
    if (messages.count > 0) {
      this.#deliver(messages);
      messages.count = 0;
    }
    return !this.destroyed;
  }

  /** Gives the library a copy of the bytes from `from` to `to`: what they stand in is read into again. */
  #pass(from: number, to: number): void {
    this.push(Buffer.from(this.#bytes.subarray(from, to)));
  }

  /** Puts the beginning of a message in front of the next read. */
  #keep(from: number, to: number): void {
    this.#begun = to - from;
    this.#bytes.copy(this.#bytes, ROOM - this.#begun, from, to);
  }

  /** The connection is over: a message that had begun is the library's. */
  #passBegun(): void {
    if (this.#begun > 0) this.#pass(ROOM - this.#begun, ROOM);
    this.#begun = 0;
  }
}
