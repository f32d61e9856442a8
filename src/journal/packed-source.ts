/** Reads a compacted segment as the raw one that it was, pack after pack. */
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { BLOCK, SEGMENT } from './format.js';
import { bytesAt, inflateOptions, readPack, type PackInFile } from './pack-file.js';
import { PACK, PACK_BYTES, PACKED, readPackedHeader, type PackedHeader } from './packed-format.js';
import type { ReadAhead } from './read-ahead.js';
import { BlockAt, type BlockSource } from './segment-source.js';
import { unpack } from './unpack.js';

const inflate = promisify(inflateRaw);

/** A thread costs some 50 ms: it is started for the second of at least this number of packs. */
const MIN_PACKS = 4;

export class PackedSource implements BlockSource {
  readonly #file: FileHandle;
  readonly #path: string;
  /** Of the file. */
  readonly #fileSize: number;
  readonly #ahead: ReadAhead | undefined;
  #header: PackedHeader | undefined;
  /** Offset of the next pack. */
  #next = PACKED.size as number;
  /** Packs taken. */
  #packs = 0;
  /** Blocks of those packs. */
  #blocks = 0;
  /** The rest of the packs come from the thread. */
  #threaded = false;
  #memory = Buffer.allocUnsafe(0);
  /** The current pack's blocks. */
  #block = new BlockAt(this.#memory);
  #from = 0;
  #to = 0;
  at = 0;

  constructor(file: FileHandle, path: string, fileSize: number, ahead?: ReadAhead) {
    this.#file = file;
    this.#path = path;
    this.#fileSize = fileSize;
    this.#ahead = ahead;
  }

  /** Of the raw segment; before its header is read, and without one, of the file. */
  get size(): number {
    return this.#header?.bytes ?? this.#fileSize;
  }

  async header(): Promise<Buffer | string> {
    const header = readPackedHeader(await bytesAt(this.#file, 0, PACKED.size));
    if (typeof header === 'string') return header;
    if (header.packs * PACK.header > this.#fileSize) return 'has a damaged header';
    this.#header = header;
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
    this.#delegate(header.packs - this.#packs);
    if (!(await (this.#threaded ? this.#fromThread() : this.#fromFile()))) return 'damaged';
    this.#packs++;
    // A header that says less than its packs hold was made so.
    if (this.at + this.#to > header.bytes) return 'damaged';
    return this.bufferedBlock() ?? 'damaged';
  }

  take(length: number): void {
    if (this.at >= SEGMENT.size) this.#from += length;
    this.at += length;
  }

  /** Starts the thread once it is worth it; leaves it the packs that are left once it runs. */
  #delegate(left: number): void {
    const ahead = this.#ahead;
    if (ahead === undefined || this.#threaded) return;
    if (ahead.ready) {
      this.#threaded = true;
      ahead.begin(this.#path, this.#next, left);
    } else if (this.#packs > 0 && left >= MIN_PACKS) ahead.start();
  }

  async #fromThread(): Promise<boolean> {
    const ahead = await this.#ahead!.next();
    if (ahead === undefined) return false;
    this.#show(ahead.bytes, ahead.blocks);
    return true;
  }

  async #fromFile(): Promise<boolean> {
    const pack = await readPack(this.#file, this.#next);
    if (pack === undefined) return false;
    const { header } = pack;
    this.#next += header.size;
    if (this.#memory.length < header.rawBytes)
      this.#memory = Buffer.allocUnsafe(Math.max(PACK_BYTES, header.rawBytes));
    const blocks = this.#memory.subarray(0, header.rawBytes);
    const plain = await inflated(pack);
    if (plain === undefined || !unpack(header, plain, blocks)) return false;
    this.#show(blocks, header.blocks);
    return true;
  }

  #show(bytes: Buffer, blocks: number): void {
    this.#block = new BlockAt(bytes);
    this.#from = 0;
    this.#to = bytes.length;
    this.#blocks += blocks;
  }
}

/** Undefined for bytes that no pack has, whose checksum matches all the same. */
async function inflated({ header, body }: PackInFile): Promise<Buffer | undefined> {
  try {
    return await inflate(body, inflateOptions(header));
  } catch {
    return undefined;
  }
}
