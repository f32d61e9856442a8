/** Makes blocks in memory: the writing side of the format, without a file. Entries are copied, so a caller's bytes are free when a call returns. */
import { viewOf, type MessageBatch } from '../broker/messages.js';
import { crc32 } from './crc32.js';
import { BLOCK, ENTRY, KIND, type Kind, type BlockStamp } from './format.js';

const MIN_BYTES = 256 * 1024;

/** Whole blocks, ready to be written. */
export interface Blocks {
  readonly bytes: Buffer;
  /** How much of `bytes` is in use. */
  readonly length: number;
  readonly blocks: number;
  readonly frames: number;
}

export class BlockBuilder {
  #bytes: Buffer = Buffer.allocUnsafe(MIN_BYTES);
  #view = viewOf(this.#bytes);
  #length = 0;
  /** Where the open block begins; -1 when none is open. */
  #open = -1;
  /** Where the last binary message stands, and its length. */
  #frameAt = 0;
  #frameLength = 0;
  #blocks = 0;
  #frames = 0;
  #number: number;

  /** `number`: that of the next block of the run. */
  constructor(number: number) {
    this.#number = number;
  }

  /** Bytes of closed and open blocks that were not taken. */
  get length(): number {
    return this.#length;
  }

  /** Opens a block for what arrives at `stamp`. The one before is closed. */
  open({ connection, monoMs, wallMs, marketMs }: BlockStamp): void {
    this.close();
    this.#reserve(BLOCK.header);
    const at = this.#length;
    this.#open = at;
    const bytes = this.#bytes;
    bytes.writeUInt32LE(this.#number, at + BLOCK.number);
    bytes.writeUInt32LE(connection, at + BLOCK.connection);
    bytes.writeDoubleLE(monoMs, at + BLOCK.monoMs);
    bytes.writeDoubleLE(wallMs, at + BLOCK.wallMs);
    bytes.writeDoubleLE(marketMs, at + BLOCK.marketMs);
    this.#length += BLOCK.header;
  }

  /** Appends an entry to the open block. */
  put(kind: Kind, payload: Uint8Array): void {
    const at = this.#begin(kind, payload.length);
    this.#bytes.set(payload, at);
  }

  /** Appends a binary message. */
  frame(payload: Uint8Array): void {
    this.put(KIND.frame, payload);
    this.#frameLength = payload.length;
    this.#frameAt = this.#length - payload.length;
    this.#frames++;
  }

  /** Appends `count` binary messages from the one of number `first` on. */
  frames(messages: MessageBatch, first: number, count: number): void {
    const { places, view } = messages;
    let bytes = 0;
    for (let k = first; k < first + count; k++) bytes += ENTRY.header + places[2 * k + 1];
    this.#reserve(bytes);
    const target = this.#view;
    let to = this.#length;
    for (let k = first; k < first + count; k++) {
      const from = places[2 * k];
      const length = places[2 * k + 1];
      target.setUint32(to + ENTRY.kind, KIND.frame, true);
      target.setUint32(to + ENTRY.length, length, true);
      to += ENTRY.header;
      // By the word: a call for so few bytes would take longer than they do.
      let at = 0;
      for (; at + 4 <= length; at += 4) target.setInt32(to + at, view.getInt32(from + at, true), true);
      for (; at < length; at++) target.setUint8(to + at, view.getUint8(from + at));
      to += length;
    }
    this.#length = to;
    this.#frames += count;
  }

  /** Appends an entry of doubles. */
  numbers(kind: Kind, numbers: readonly number[]): void {
    const at = this.#begin(kind, 8 * numbers.length);
    for (const [k, number] of numbers.entries()) this.#bytes.writeDoubleLE(number, at + 8 * k);
  }

  /** The bytes of the last binary message, to be changed before its block is closed; their number stays. */
  get lastFrame(): Buffer {
    return this.#bytes.subarray(this.#frameAt, this.#frameAt + this.#frameLength);
  }

  /** Seals the open block. */
  close(): void {
    const at = this.#open;
    if (at < 0) return;
    this.#open = -1;
    const bytes = this.#bytes;
    bytes.writeUInt32LE(this.#length - at, at + BLOCK.size);
    bytes.writeUInt32LE(crc32(bytes, at + BLOCK.number, this.#length), at + BLOCK.crc);
    this.#blocks++;
    this.#number = (this.#number + 1) >>> 0;
  }

  /** Hands over all closed blocks and goes on in `spare`. */
  take(spare: Buffer): Blocks {
    this.close();
    const taken: Blocks = {
      bytes: this.#bytes,
      length: this.#length,
      blocks: this.#blocks,
      frames: this.#frames,
    };
    this.#bytes = spare;
    this.#view = viewOf(spare);
    this.#length = 0;
    this.#blocks = 0;
    this.#frames = 0;
    return taken;
  }

  #begin(kind: Kind, length: number): number {
    this.#reserve(ENTRY.header + length);
    const at = this.#length;
    this.#bytes.writeUInt32LE(kind, at + ENTRY.kind);
    this.#bytes.writeUInt32LE(length, at + ENTRY.length);
    this.#length = at + ENTRY.header + length;
    return at + ENTRY.header;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    let size = Math.max(MIN_BYTES, this.#bytes.length);
    while (size < needed) size *= 2;
    const larger = Buffer.allocUnsafe(size);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }
}
