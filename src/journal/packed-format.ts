/**
 * The bytes of a compacted segment (docs/journal-format.md): a header, the raw segment's header, and packs. A pack
 * holds a stretch of whole blocks, and needs no other pack.
 */
import { crc32 } from './crc32.js';
import { MAX_BLOCK_BYTES, readSegmentHeader, SEGMENT } from './format.js';

const VERSION = 1;
const MAGIC = 'TICKPACK';

/** Offsets in the file's header. */
export const PACKED = {
  magic: 0,
  version: 8,
  headerBytes: 10,
  packs: 12,
  /** Of the raw segment. */
  bytes: 16,
  blocks: 24,
  frames: 28,
  /** The raw segment's header, as it was. */
  header: 32,
  crc: 96,
  size: 100,
} as const;

/** Offsets in a pack's header. */
export const PACK = {
  size: 0,
  /** Of all bytes of the pack after this field. */
  crc: 4,
  firstBlock: 8,
  blocks: 12,
  rawBytes: 16,
  /** Of the raw blocks, with 0 in place of the checksum of each. */
  rawCrc: 20,
  method: 24,
  plainBytes: 28,
  header: 32,
} as const;

/** What the deflated bytes of a pack are. */
export const METHOD = {
  /** The raw blocks, with 0 in place of the checksum of each. */
  blocks: 0,
  /** Differences by column (src/journal/pack.ts). */
  columns: 1,
} as const;

/** A pack takes no further block beyond these raw bytes; a single block may be larger. */
export const PACK_BYTES = 4 * 1024 * 1024;
/** Raw bytes of any pack. */
export const MAX_RAW_BYTES = PACK_BYTES + MAX_BLOCK_BYTES;

/**
 * Words of columns. A message follows an earlier one of the same length and the same head; then its words of 32 bits
 * are written as differences. In today's packets the head is mode, exchange and token, and each field begins at a word
 * or at the half of one.
 */
export const WORDS = {
  headBytes: 27,
  /** Longer messages follow none. */
  maxBytes: 1024,
  /** Columns before those of a message's words: a block's connection and times, its number of entries. */
  block: 7,
  entries: 7,
  message: 8,
} as const;

/** Bytes of a message before its words. */
export const headOf = (length: number): number => WORDS.headBytes + ((length - WORDS.headBytes) & 3);

export const canFollow = (length: number): boolean =>
  length >= WORDS.headBytes + 4 && length <= WORDS.maxBytes;

export interface PackedHeader {
  readonly packs: number;
  /** Of the raw segment. */
  readonly bytes: number;
  readonly blocks: number;
  readonly frames: number;
  /** The raw segment's header. */
  readonly raw: Buffer;
}

export function packedHeader({ packs, bytes, blocks, frames, raw }: PackedHeader): Buffer {
  const header = Buffer.alloc(PACKED.size);
  header.write(MAGIC, PACKED.magic, 'latin1');
  header.writeUInt16LE(VERSION, PACKED.version);
  header.writeUInt16LE(PACKED.size, PACKED.headerBytes);
  header.writeUInt32LE(packs, PACKED.packs);
  header.writeDoubleLE(bytes, PACKED.bytes);
  header.writeUInt32LE(blocks, PACKED.blocks);
  header.writeUInt32LE(frames, PACKED.frames);
  raw.copy(header, PACKED.header, 0, SEGMENT.size);
  header.writeUInt32LE(crc32(header, 0, PACKED.crc), PACKED.crc);
  return header;
}

/** Returns the end of a sentence for bytes that are no header of this version. */
export function readPackedHeader(bytes: Buffer): PackedHeader | string {
  if (bytes.length < PACKED.size || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC)
    return 'is no compacted journal of tickshard';
  const version = bytes.readUInt16LE(PACKED.version);
  if (version !== VERSION)
    return `is compacted in version ${version}, and this program reads version ${VERSION}`;
  if (bytes.readUInt32LE(PACKED.crc) !== crc32(bytes, 0, PACKED.crc)) return 'has a damaged header';
  const raw = Buffer.from(bytes.subarray(PACKED.header, PACKED.header + SEGMENT.size));
  const unfit = readSegmentHeader(raw);
  if (typeof unfit === 'string') return unfit;
  const size = bytes.readDoubleLE(PACKED.bytes);
  const packs = bytes.readUInt32LE(PACKED.packs);
  const sound = Number.isSafeInteger(size) && size >= SEGMENT.size;
  if (!sound || size > SEGMENT.size + packs * MAX_RAW_BYTES) return 'has a damaged header';
  return {
    packs,
    bytes: size,
    blocks: bytes.readUInt32LE(PACKED.blocks),
    frames: bytes.readUInt32LE(PACKED.frames),
    raw,
  };
}
