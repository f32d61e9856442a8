/** Reads a segment in chunks and finds the blocks, each proven by its checksum. */
import type { FileHandle } from 'node:fs/promises';
import { viewOf } from '../broker/messages.js';
import { combineCrc32, crc32, nativeCrc32, ownCrc32 } from './crc32.js';
import { BLOCK, MAX_BLOCK_BYTES, SEGMENT } from './format.js';

const CHUNK_BYTES = 1024 * 1024;

/** A block in memory: `bytes[from, to)`. */
export class BlockAt {
  readonly bytes: Buffer;
  readonly view: DataView;
  from = 0;
  to = 0;

  /** All of `bytes`. */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.to = bytes.length;
  }
}

/** True if a block's checksum matches. */
function isIntact({ bytes, view, from, to }: BlockAt): boolean {
  return view.getUint32(from + BLOCK.crc, true) === crc32(bytes, from + BLOCK.number, to);
}

/**
 * The end of the consecutive blocks in memory from `block` on if all their checksums match; else the start of
 * `block`. One step proves all: Node's CRC over all bytes must equal the one combined from the blocks' sums. Any
 * single wrong bit is found; damage in two blocks goes unseen once in 2^32, as in one block.
 */
function intactUntil({ bytes, view, from }: BlockAt, held: number): number {
  if (nativeCrc32 === undefined) return from;
  let sum = 0;
  let end = from;
  while (held - end >= BLOCK.header) {
    const size = view.getUint32(end + BLOCK.size, true);
    if (size < BLOCK.header || size > held - end || size > MAX_BLOCK_BYTES) break;
    sum = ownCrc32(bytes, end, end + BLOCK.number, sum);
    sum = combineCrc32(sum, view.getUint32(end + BLOCK.crc, true), size - BLOCK.number);
    end += size;
  }
  return nativeCrc32(bytes.subarray(from, end)) === sum ? end : from;
}

/** What the reader needs of a segment, raw or compacted. Sizes and offsets are those of the raw one. */
export interface BlockSource {
  readonly size: number;
  /** Offset of the next byte. */
  readonly at: number;
  /** The segment's header, not taken; the end of a sentence if its file has none. */
  header(): Promise<Buffer | string>;
  /** The next block if in memory and intact. Valid until the next call. */
  bufferedBlock(): BlockAt | undefined;
  /**
   * The next block if intact; undefined at the end. `torn`: the file ends inside it (a write cut off). `damaged`:
   * complete but unusable.
   */
  nextBlock(): Promise<BlockAt | 'torn' | 'damaged' | undefined>;
  take(length: number): void;
}

export class SegmentSource implements BlockSource {
  readonly #file: FileHandle;
  /** Of the file. */
  readonly size: number;
  #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  #block = new BlockAt(this.#buffer);
  #from = 0;
  #to = 0;
  /** Blocks in memory are intact up to here; undefined before the first look. */
  #intactTo: number | undefined;
  /** Offset in the file of the next byte. */
  at = 0;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** `length` bytes, not taken; fewer at the end of the file. */
  async peek(length: number): Promise<Buffer> {
    if (this.#to - this.#from < length) await this.#fill(length);
    return this.#buffer.subarray(this.#from, Math.min(this.#to, this.#from + length));
  }

  header(): Promise<Buffer> {
    return this.peek(SEGMENT.size);
  }

  async nextBlock(): Promise<BlockAt | 'torn' | 'damaged' | undefined> {
    const left = this.size - this.at;
    if (left === 0) return undefined;
    const head = await this.peek(BLOCK.header);
    if (head.length < BLOCK.header) return 'torn';
    const size = head.readUInt32LE(BLOCK.size);
    if (size === 0) return (await this.isZero()) ? 'torn' : 'damaged';
    if (size < BLOCK.header || size > MAX_BLOCK_BYTES) return 'damaged';
    if (size > left) return 'torn';
    const block = new BlockAt(await this.peek(size));
    // Only the last thing in a file can be cut off; a bad block before more bytes was whole once.
    if (block.to !== size || !isIntact(block)) return size === left ? 'torn' : 'damaged';
    return block;
  }

  bufferedBlock(): BlockAt | undefined {
    const from = this.#from;
    if (this.#to - from < BLOCK.header) return undefined;
    const block = this.#block;
    const size = block.view.getUint32(from + BLOCK.size, true);
    if (size < BLOCK.header || size > this.#to - from) return undefined;
    block.from = from;
    block.to = from + size;
    this.#intactTo ??= intactUntil(block, this.#to);
    return block.to <= this.#intactTo || isIntact(block) ? block : undefined;
  }

  /** Takes the rest. True if all zeros: allocated for a write that never came. */
  async isZero(): Promise<boolean> {
    for (;;) {
      const bytes = await this.peek(CHUNK_BYTES);
      if (bytes.some((byte) => byte !== 0)) return false;
      if (this.at + bytes.length >= this.size) return true;
      this.take(bytes.length);
    }
  }

  take(length: number): void {
    this.#from += length;
    this.at += length;
  }

  async #fill(length: number): Promise<void> {
    const rest = this.#buffer.subarray(this.#from, this.#to);
    const target = length > this.#buffer.length ? Buffer.allocUnsafe(length) : this.#buffer;
    target.set(rest);
    if (target !== this.#buffer) this.#block = new BlockAt(target);
    this.#buffer = target;
    this.#intactTo = undefined;
    this.#from = 0;
    this.#to = rest.length;
    while (this.#to < this.#buffer.length) {
      const { bytesRead } = await this.#file.read(
        this.#buffer,
        this.#to,
        this.#buffer.length - this.#to,
        this.at + this.#to,
      );
      if (bytesRead === 0) return;
      this.#to += bytesRead;
    }
  }
}
