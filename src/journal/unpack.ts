/** The blocks of a pack (src/journal/pack.ts). Any bytes give blocks that were packed, or a refusal. */
import { viewOf } from '../broker/messages.js';
import { newBlockWords, writeBlockWords } from './block-words.js';
import { crc32 } from './crc32.js';
import { BLOCK, ENTRY, KIND } from './format.js';
import { headOf, MAX_RAW_BYTES, METHOD, PACK, WORDS } from './packed-format.js';

/** Columns hold each byte once, and a map: they are never larger than this many times the raw bytes. */
const MAX_GROWTH = 2;
/** More than a pack's messages have words. */
const MAX_PARTS = 512;
const PARTS_BEFORE_COLUMNS = 3;

export interface PackHeader {
  readonly size: number;
  readonly firstBlock: number;
  readonly blocks: number;
  readonly rawBytes: number;
  readonly rawCrc: number;
  readonly method: number;
  readonly plainBytes: number;
}

/** A larger size of a pack means damage. */
const MAX_PACK_BYTES = MAX_GROWTH * MAX_RAW_BYTES;

/** Undefined for sizes that no pack has. */
export function readPackHeader(bytes: Buffer): PackHeader | undefined {
  if (bytes.length < PACK.header) return undefined;
  const header = {
    size: bytes.readUInt32LE(PACK.size),
    firstBlock: bytes.readUInt32LE(PACK.firstBlock),
    blocks: bytes.readUInt32LE(PACK.blocks),
    rawBytes: bytes.readUInt32LE(PACK.rawBytes),
    rawCrc: bytes.readUInt32LE(PACK.rawCrc),
    method: bytes[PACK.method],
    plainBytes: bytes.readUInt32LE(PACK.plainBytes),
  };
  const sound =
    header.size >= PACK.header &&
    header.size <= MAX_PACK_BYTES &&
    header.rawBytes <= MAX_RAW_BYTES &&
    header.blocks * BLOCK.header <= header.rawBytes &&
    header.plainBytes <= MAX_GROWTH * MAX_RAW_BYTES;
  return sound ? header : undefined;
}

/** True if a whole pack's checksum matches. */
export function packIsIntact(pack: Buffer): boolean {
  return pack.readUInt32LE(PACK.crc) === crc32(pack, PACK.firstBlock, pack.length);
}

/** Puts the raw blocks together. Whether every part was read to its end and not beyond is asked when all is read. */
class Unpacker {
  readonly #plain: Buffer;
  readonly #plainView: DataView;
  readonly #out: Buffer;
  readonly #view: DataView;
  /** Where each part continues, and where it ends. */
  readonly #at: Int32Array;
  readonly #ends: Int32Array;
  /** Last messages by slot: start and length. */
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  readonly #words = newBlockWords();
  #lastSlot = 0;
  #length = 0;
  #before = -1;

  constructor(plain: Buffer, out: Buffer) {
    this.#plain = plain;
    this.#plainView = viewOf(plain);
    this.#out = out;
    this.#view = viewOf(out);
    const parts = plain.length < 4 ? 0 : Math.min(MAX_PARTS, plain.readUInt32LE(0));
    this.#at = new Int32Array(MAX_PARTS);
    this.#ends = new Int32Array(MAX_PARTS);
    let at = 4 + 4 * parts;
    for (let part = 0; part < MAX_PARTS; part++) {
      this.#at[part] = at;
      if (part < parts && 8 + 4 * part <= plain.length)
        at = Math.min(plain.length, at + plain.readUInt32LE(4 + 4 * part));
      this.#ends[part] = at;
    }
  }

  /** Blocks from number `first`; false if the parts do not make them. */
  blocks(first: number, count: number): boolean {
    for (let k = 0; k < count; k++) if (!this.#block((first + k) >>> 0)) return false;
    return this.#length === this.#out.length && this.#at.every((at, part) => at === this.#ends[part]);
  }

  #block(number: number): boolean {
    const from = this.#length;
    if (from + BLOCK.header > this.#out.length) return false;
    const view = this.#view;
    for (let k = 0; k < WORDS.block; k++) this.#words[k] = this.#word(k);
    writeBlockWords(view, from, this.#before, this.#words);
    this.#before = from;
    this.#length = from + BLOCK.header;
    for (let entries = this.#word(WORDS.entries) >>> 0; entries > 0; entries--)
      if (!this.#entry()) return false;
    view.setUint32(from + BLOCK.size, this.#length - from, true);
    view.setUint32(from + BLOCK.crc, 0, true);
    view.setUint32(from + BLOCK.number, number, true);
    return true;
  }

  #entry(): boolean {
    const what = this.#varint(0);
    if (what >= 2) return this.#following(what - 2);
    const kind = what === 1 ? KIND.frame : this.#plain[this.#at[0]++];
    const length = this.#varint(0);
    if (!this.#begin(kind, length)) return false;
    if (what === 1) {
      this.#lastSlot = this.#starts.length;
      this.#starts.push(this.#length);
      this.#lengths.push(length);
    }
    const literal = this.#at[2];
    if (literal + length > this.#ends[2]) return false;
    this.#plain.copy(this.#out, this.#length, literal, literal + length);
    this.#at[2] = literal + length;
    this.#length += length;
    return true;
  }

  #begin(kind: number, length: number): boolean {
    const at = this.#length;
    if (at + ENTRY.header + length > this.#out.length) return false;
    this.#view.setUint32(at + ENTRY.kind, kind, true);
    this.#view.setUint32(at + ENTRY.length, length, true);
    this.#length = at + ENTRY.header;
    return true;
  }

  #following(step: number): boolean {
    const slot = this.#lastSlot + ((step >>> 1) ^ -(step & 1));
    if (slot < 0 || slot >= this.#starts.length) return false;
    const length = this.#lengths[slot];
    const before = this.#starts[slot];
    if (!this.#begin(KIND.frame, length)) return false;
    const start = this.#length;
    this.#out.copyWithin(start, before, before + length);
    this.#starts[slot] = start;
    this.#lastSlot = slot;
    this.#length = start + length;
    return this.#change(start, length, start - before);
  }

  /** Adds the differences to a copy of the message `back` before. False if its map has bits beyond its words. */
  #change(start: number, length: number, back: number): boolean {
    const [at, view, plain] = [this.#at, this.#view, this.#plainView];
    const end = start + length;
    let column = PARTS_BEFORE_COLUMNS + WORDS.message;
    let map = at[1];
    for (let word = start + headOf(length); word < end; word += 128, column += 32) {
      let left = plain.getInt32(map, true);
      map += 4;
      const words = (end - word) >> 2;
      if (words < 32 && left >>> words !== 0) return false;
      while (left !== 0) {
        const bit = 31 - Math.clz32(left);
        left ^= 1 << bit;
        const from = at[column + bit];
        at[column + bit] = from + 4;
        const place = word + 4 * bit;
        // Of the message before, because the copy's bytes are still on their way.
        view.setInt32(place, view.getInt32(place - back, true) + plain.getInt32(from, true), true);
      }
    }
    at[1] = map;
    return true;
  }

  /** The next word of a column. */
  #word(column: number): number {
    const part = PARTS_BEFORE_COLUMNS + column;
    const from = this.#at[part];
    this.#at[part] = from + 4;
    return this.#plainView.getInt32(from, true);
  }

  #varint(part: number): number {
    let value = 0;
    let at = this.#at[part];
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#plain[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    this.#at[part] = at;
    return value >>> 0;
  }
}

/**
 * Writes a pack's blocks into `out`, which has room for its raw bytes exactly; `plain`: its inflated bytes. The
 * checksum of each block is 0. False if that does not give the bytes that were packed.
 */
export function unpack(header: PackHeader, plain: Buffer, out: Buffer): boolean {
  if (plain.length !== header.plainBytes || out.length !== header.rawBytes) return false;
  if (header.method === METHOD.blocks) {
    if (plain.length !== out.length) return false;
    plain.copy(out);
  } else if (header.method !== METHOD.columns || !columnsUnpacked(header, plain, out)) return false;
  return crc32(out, 0, out.length) === header.rawCrc;
}

function columnsUnpacked({ firstBlock, blocks }: PackHeader, plain: Buffer, out: Buffer): boolean {
  try {
    return new Unpacker(plain, out).blocks(firstBlock, blocks);
  } catch (error) {
    // Beyond the bytes: a check for each word would take a tenth of the time.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Puts the checksum into each of the blocks that `unpack` made. */
export function sumBlocks(blocks: Buffer): void {
  for (let at = 0; at < blocks.length;) {
    const end = at + blocks.readUInt32LE(at + BLOCK.size);
    blocks.writeUInt32LE(crc32(blocks, at + BLOCK.number, end), at + BLOCK.crc);
    at = end;
  }
}
