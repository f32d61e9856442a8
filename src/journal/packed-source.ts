/** Reads a compacted segment as the raw one that it was: pack after pack, the next one inflated meanwhile. */
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { BLOCK, SEGMENT } from './format.js';
import { PACK, PACK_BYTES, PACKED, readPackedHeader, type PackedHeader } from './packed-format.js';
import { BlockAt, type BlockSource } from './segment-source.js';
import { packIsIntact, readPackHeader, unpack, type PackHeader } from './unpack.js';

const inflate = promisify(inflateRaw);

/** A pack with its inflated bytes, and where the next one begins. */
interface Inflated {
  readonly header: PackHeader;
  readonly plain: Buffer;
  readonly next: number;
}

export class PackedSource implements BlockSource {
  readonly #file: FileHandle;
  /** Of the file. */
  readonly #fileSize: number;
  #header: PackedHeader | undefined;
  /** Packs taken. */
  #packs = 0;
  /** Blocks before the current pack. */
  #blocks = 0;
  #coming: Promise<Inflated | undefined> | undefined;
  #memory = Buffer.allocUnsafe(0);
  /** The current pack's blocks. */
  #block = new BlockAt(this.#memory);
  #from = 0;
  #to = 0;
  at = 0;

  constructor(file: FileHandle, fileSize: number) {
    this.#file = file;
    this.#fileSize = fileSize;
  }

  /** Of the raw segment; before its header is read, and without one, of the file. */
  get size(): number {
    return this.#header?.bytes ?? this.#fileSize;
  }

  async header(): Promise<Buffer | string> {
    const header = readPackedHeader(await this.#bytes(0, PACKED.size));
    if (typeof header === 'string') return header;
    this.#header = header;
    this.#await(PACKED.size);
    return header.raw;
  }

  bufferedBlock(): BlockAt | undefined {
    const from = this.#from;
    if (from + BLOCK.header > this.#to) return undefined;
    const block = this.#block;
    block.from = from;
    block.to = from + block.view.getUint32(from + BLOCK.size, true);
    // The sum over all blocks of the pack was compared: a pack with other sizes was made so.
    return block.to >= from + BLOCK.header && block.to <= this.#to ? block : undefined;
  }

  async nextBlock(): Promise<BlockAt | 'damaged' | undefined> {
    if (this.#from < this.#to) return this.bufferedBlock() ?? 'damaged';
    const header = this.#header!;
    if (this.#packs === header.packs)
      return this.at === header.bytes && this.#blocks === header.blocks ? undefined : 'damaged';
    const pack = await this.#coming;
    if (pack === undefined || !this.#open(pack)) return 'damaged';
    this.#packs++;
    this.#blocks += pack.header.blocks;
    if (this.#packs < header.packs) this.#await(pack.next);
    return this.bufferedBlock() ?? 'damaged';
  }

  take(length: number): void {
    if (this.at >= SEGMENT.size) this.#from += length;
    this.at += length;
  }

  #open({ header, plain }: Inflated): boolean {
    if (this.#memory.length < header.rawBytes)
      this.#memory = Buffer.allocUnsafe(Math.max(PACK_BYTES, header.rawBytes));
    const blocks = this.#memory.subarray(0, header.rawBytes);
    if (!unpack(header, plain, blocks)) return false;
    if (this.#block.bytes.length !== blocks.length || this.#block.bytes.buffer !== blocks.buffer)
      this.#block = new BlockAt(blocks);
    this.#from = 0;
    this.#to = blocks.length;
    return true;
  }

  /** Begins to read and inflate the pack at `at`. */
  #await(at: number): void {
    const coming = this.#inflated(at);
    // Awaited only if the reader comes so far.
    coming.catch(() => undefined);
    this.#coming = coming;
  }

  /** Undefined if it is damaged. Throws the file system's errors. */
  async #inflated(at: number): Promise<Inflated | undefined> {
    const header = readPackHeader(await this.#bytes(at, PACK.header));
    if (header === undefined) return undefined;
    const pack = await this.#bytes(at, header.size);
    if (pack.length < header.size || !packIsIntact(pack)) return undefined;
    try {
      const plain = await inflate(pack.subarray(PACK.header), {
        maxOutputLength: Math.max(1, header.plainBytes),
        // One piece: each costs the main thread a callback.
        chunkSize: Math.max(64, header.plainBytes),
      });
      return { header, plain, next: at + header.size };
    } catch {
      // Its checksum matches, so it was made so: no pack of ours.
      return undefined;
    }
  }

  /** Fewer at the end of the file. */
  async #bytes(at: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    let read = 0;
    while (read < length) {
      const { bytesRead } = await this.#file.read(bytes, read, length - read, at + read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return bytes.subarray(0, read);
  }
}
