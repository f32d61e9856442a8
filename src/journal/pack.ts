/**
 * Packs blocks of a journal. Consecutive packets of an instrument are nearly alike: of a packet only the words that
 * changed are kept, as differences, each word's in a column of its own, because those are alike too. Deflate takes
 * what is left. Whatever has another form (texts, notes, damaged packets) is kept as it is.
 */
import { deflateRawSync } from 'node:zlib';
import { viewOf } from '../broker/messages.js';
import { blockWords, newBlockWords } from './block-words.js';
import { ByteSink } from './byte-sink.js';
import { crc32 } from './crc32.js';
import { BLOCK, ENTRY, KIND } from './format.js';
import { canFollow, headOf, METHOD, PACK, WORDS } from './packed-format.js';

/** Of zlib, 1 to 9: with 6 a pack is a tenth smaller and takes three times as long (docs/performance-tried.md). */
const LEVEL = 1;

interface Slot {
  readonly number: number;
  /** Where its last message begins in the raw bytes. */
  at: number;
}

class Columns {
  readonly #all: ByteSink[] = [];

  of(number: number): ByteSink {
    while (this.#all.length <= number) this.#all.push(new ByteSink());
    return this.#all[number];
  }

  get all(): readonly ByteSink[] {
    return this.#all;
  }
}

class Packer {
  readonly #raw: Buffer;
  readonly #view: DataView;
  readonly #columns = new Columns();
  readonly #entries = new ByteSink(65_536);
  readonly #maps = new ByteSink(65_536);
  readonly #literals = new ByteSink(65_536);
  readonly #slots = new Map<string, Slot>();
  readonly #words = newBlockWords();
  #lastSlot = 0;
  /** Start of the block before. */
  #before = -1;

  constructor(raw: Buffer) {
    this.#raw = raw;
    this.#view = viewOf(raw);
  }

  /** The columns in one piece; undefined for blocks with bytes that columns do not hold. */
  plain(): Buffer | undefined {
    const raw = this.#raw;
    for (let at = 0; at < raw.length;) {
      const end = at + this.#view.getUint32(at + BLOCK.size, true);
      if (!this.#block(at, end)) return undefined;
      at = end;
    }
    const parts = [this.#entries, this.#maps, this.#literals, ...this.#columns.all];
    const head = new ByteSink(4 * parts.length + 4);
    head.word(parts.length);
    for (const { length } of parts) head.word(length);
    return Buffer.concat([head.bytes, ...parts.map(({ bytes }) => bytes)]);
  }

  #block(from: number, to: number): boolean {
    const view = this.#view;
    blockWords(view, from, this.#before, this.#words);
    for (let k = 0; k < WORDS.block; k++) this.#columns.of(k).word(this.#words[k]);
    this.#before = from;
    let entries = 0;
    for (let at = from + BLOCK.header; at < to; entries++) {
      const kind = view.getUint32(at + ENTRY.kind, true);
      const length = view.getUint32(at + ENTRY.length, true);
      at += ENTRY.header + length;
      // Bytes that are to be 0 are not.
      if (kind > 0xff || at > to) return false;
      if (kind === KIND.frame) this.#message(at - length, length);
      else this.#other(kind, at - length, length);
    }
    this.#columns.of(WORDS.entries).word(entries);
    return true;
  }

  #other(kind: number, at: number, length: number): void {
    this.#entries.varint(0);
    this.#entries.byte(kind);
    this.#entries.varint(length);
    this.#literals.put(this.#raw.subarray(at, at + length));
  }

  #message(at: number, length: number): void {
    const key = canFollow(length)
      ? `${length} ${this.#raw.toString('latin1', at, at + headOf(length))}`
      : `${this.#slots.size} alone`;
    const slot = this.#slots.get(key);
    if (slot === undefined) {
      this.#lastSlot = this.#slots.size;
      this.#slots.set(key, { number: this.#lastSlot, at });
      this.#entries.varint(1);
      this.#entries.varint(length);
      this.#literals.put(this.#raw.subarray(at, at + length));
      return;
    }
    const step = slot.number - this.#lastSlot;
    this.#entries.varint(2 + ((step << 1) ^ (step >> 31)));
    this.#lastSlot = slot.number;
    this.#differences(slot.at, at, length);
    slot.at = at;
  }

  #differences(before: number, at: number, length: number): void {
    const view = this.#view;
    const end = at + length;
    let column: number = WORDS.message;
    const back = before - at;
    for (let word = at + headOf(length); word < end;) {
      let map = 0;
      for (let bit = 0; bit < 32 && word < end; bit++, word += 4, column++) {
        const difference = (view.getInt32(word, true) - view.getInt32(word + back, true)) | 0;
        if (difference === 0) continue;
        map |= 1 << bit;
        this.#columns.of(column).word(difference);
      }
      this.#maps.word(map);
    }
  }
}

function packOf(raw: Buffer, plain: Buffer, method: number, counts: PackCounts): Buffer {
  const deflated = deflateRawSync(plain, { level: LEVEL });
  const pack = Buffer.alloc(PACK.header + deflated.length);
  pack.writeUInt32LE(pack.length, PACK.size);
  pack.writeUInt32LE(counts.firstBlock, PACK.firstBlock);
  pack.writeUInt32LE(counts.blocks, PACK.blocks);
  pack.writeUInt32LE(raw.length, PACK.rawBytes);
  pack.writeUInt32LE(counts.rawCrc, PACK.rawCrc);
  pack[PACK.method] = method;
  pack.writeUInt32LE(plain.length, PACK.plainBytes);
  deflated.copy(pack, PACK.header);
  pack.writeUInt32LE(crc32(pack, PACK.firstBlock, pack.length), PACK.crc);
  return pack;
}

interface PackCounts {
  readonly firstBlock: number;
  readonly blocks: number;
  readonly rawCrc: number;
}

/**
 * A pack of `raw`: whole blocks one after the other, each proven by its checksum and filled by its entries, numbered
 * from `firstBlock`.
 */
export function pack(raw: Buffer, firstBlock: number): Buffer {
  let blocks = 0;
  const unsummed = Buffer.from(raw);
  for (let at = 0; at < raw.length; blocks++) {
    unsummed.writeUInt32LE(0, at + BLOCK.crc);
    at += raw.readUInt32LE(at + BLOCK.size);
  }
  const counts = { firstBlock, blocks, rawCrc: crc32(unsummed, 0, unsummed.length) };
  const plain = new Packer(raw).plain();
  return plain === undefined
    ? packOf(raw, unsummed, METHOD.blocks, counts)
    : packOf(raw, plain, METHOD.columns, counts);
}
