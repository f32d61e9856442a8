/**
 * The rows of a recording on disk, each as the longest frame and what it lacks; in memory only what their order and
 * choice need. The file is removed with `drop`.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { FrameCodec } from '../broker/broker.js';
import { EngineError, sentenceOf } from '../errors.js';
import { FIELD, MODE, Packet } from '../market/packet.js';
import type { RowReceipt } from './recording-row.js';

/** Of one recording: a day of 1,000 instruments is some 35 million packets, of the NIFTY 50 1.7 million. */
const MAX_ROWS = 40_000_000;
/** Offsets in a record: doubles, the connection, the frame. */
const AT = { received: 0, wall: 8, subscribed: 16, connection: 24, frame: 32 } as const;
const BUFFER_ROWS = 2048;

/** Doubles of a row in memory. */
const KEY = { exchangeMs: 0, receivedMs: 1, arrival: 2, sequence: 3, size: 4 } as const;
/** Unsigned integers of a row in memory. */
const TAG = { instrument: 0, mode: 1, has: 2, size: 3 } as const;

export class RowStore {
  readonly #path: string;
  readonly #codec: FrameCodec;
  readonly #file: number;
  readonly #recordBytes: number;
  readonly #buffer: Buffer;
  #buffered = 0;
  /** Rows in the buffer while it is read, and the row read last. */
  #readFrom = 0;
  #readTo = 0;
  #last = -1;
  #keys = new Float64Array(KEY.size * 1024);
  #tags = new Uint32Array(TAG.size * 1024);
  count = 0;

  /** Makes the file. Throws EngineError OUTPUT. */
  constructor(path: string, codec: FrameCodec) {
    this.#path = path;
    this.#codec = codec;
    const longest = new Packet();
    longest.mode = MODE.snapquote;
    this.#recordBytes = AT.frame + codec.encode(longest).length;
    this.#buffer = Buffer.alloc(BUFFER_ROWS * this.#recordBytes);
    this.#file = this.#attempt(() => openSync(path, 'wx+'));
  }

  /** Keeps a row. Throws EngineError OUTPUT for a disk that refuses, USAGE for too many rows. */
  add(packet: Packet, receipt: RowReceipt, tag: { instrument: number; has: number }): void {
    if (this.count === MAX_ROWS)
      throw new EngineError('USAGE', `The recording has more than ${MAX_ROWS} packets: split it.`);
    const at = this.#buffered * this.#recordBytes;
    const bytes = this.#buffer;
    bytes.writeDoubleLE(receipt.receivedMs, at + AT.received);
    bytes.writeDoubleLE(receipt.wallMs, at + AT.wall);
    bytes.writeDoubleLE(receipt.subscribedMs, at + AT.subscribed);
    bytes.writeUInt32LE(receipt.connection, at + AT.connection);
    const { mode } = packet;
    packet.mode = MODE.snapquote;
    bytes.set(this.#codec.encode(packet), at + AT.frame);
    packet.mode = mode;
    this.#remember(packet, receipt, tag);
    if (++this.#buffered === BUFFER_ROWS) this.#flush();
  }

  /** Epoch ms. */
  exchangeMs(k: number): number {
    return this.#keys[KEY.size * k + KEY.exchangeMs];
  }

  /** Epoch ms; NaN if the row does not say. */
  receivedMs(k: number): number {
    return this.#keys[KEY.size * k + KEY.receivedMs];
  }

  /** Number of the message, from 1; NaN if the row does not say. */
  arrival(k: number): number {
    return this.#keys[KEY.size * k + KEY.arrival];
  }

  sequence(k: number): number {
    return this.#keys[KEY.size * k + KEY.sequence];
  }

  /** Index in the recording. */
  instrument(k: number): number {
    return this.#tags[TAG.size * k + TAG.instrument];
  }

  mode(k: number): number {
    return this.#tags[TAG.size * k + TAG.mode];
  }

  /** True if row `k` had what the bit of HAS says. */
  has(k: number, bit: number): boolean {
    return (this.#tags[TAG.size * k + TAG.has] & bit) !== 0;
  }

  /** Reads row `k` into `packet`, its mode set to `mode`, and `receipt`. Throws EngineError OUTPUT. */
  read(k: number, mode: number, packet: Packet, receipt: RowReceipt): void {
    if (this.#buffered > 0) this.#flush();
    if (k < this.#readFrom || k >= this.#readTo) {
      // In the order of the file many rows are read at once; in another order each is elsewhere.
      const rows = k === this.#last + 1 ? BUFFER_ROWS : 1;
      const bytes = rows * this.#recordBytes;
      this.#attempt(() => readSync(this.#file, this.#buffer, 0, bytes, k * this.#recordBytes));
      this.#readFrom = k;
      this.#readTo = k + rows;
    }
    this.#last = k;
    const at = (k - this.#readFrom) * this.#recordBytes;
    const bytes = this.#buffer;
    this.#codec.decode(bytes.subarray(at + AT.frame, at + this.#recordBytes), packet);
    packet.mode = mode;
    receipt.receivedMs = bytes.readDoubleLE(at + AT.received);
    receipt.wallMs = bytes.readDoubleLE(at + AT.wall);
    receipt.subscribedMs = bytes.readDoubleLE(at + AT.subscribed);
    receipt.connection = bytes.readUInt32LE(at + AT.connection);
    receipt.arrival = this.arrival(k);
  }

  /** Closes and removes the file. */
  drop(): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }

  #remember(
    packet: Packet,
    { receivedMs, arrival }: RowReceipt,
    { instrument, has }: { instrument: number; has: number },
  ): void {
    const k = this.count++;
    if (KEY.size * this.count > this.#keys.length) {
      this.#keys = grown(this.#keys, new Float64Array(2 * this.#keys.length));
      this.#tags = grown(this.#tags, new Uint32Array(2 * this.#tags.length));
    }
    const exchangeMs = packet.number(FIELD.exchangeMs);
    this.#keys.set([exchangeMs, receivedMs, arrival, packet.number(FIELD.sequence)], KEY.size * k);
    this.#tags.set([instrument, packet.mode, has], TAG.size * k);
  }

  #flush(): void {
    const length = this.#buffered * this.#recordBytes;
    const start = (this.count - this.#buffered) * this.#recordBytes;
    this.#attempt(() => {
      for (let from = 0; from < length;)
        from += writeSync(this.#file, this.#buffer, from, length - from, start + from);
    });
    this.#buffered = 0;
    this.#readTo = 0;
  }

  #attempt<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      throw new EngineError('OUTPUT', `${this.#path} cannot be used (${sentenceOf(error)}).`, {
        cause: error,
        retryable: true,
      });
    }
  }
}

function grown<T extends Float64Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
