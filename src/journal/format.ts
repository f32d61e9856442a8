/**
 * The journal's bytes (docs/journal-format.md). A run is a folder of segments; a segment is a header and
 * blocks; a block is what arrived at one moment, as entries. Little-endian. No other file has an offset of it.
 *
 * ```
 * segment   magic "TICKJRNL" | u16 version | u16 64 | u32 segment | u32 first block | u32 flags | f64 wall ms
 * | run id, 24 bytes | u32 0 | u32 crc of the 60 before
 * block     u32 size | u32 crc of the rest | u32 number | u32 connection | f64 mono ms | f64 wall ms
 * | f64 market ms | entries
 * entry     u8 kind | 3 zero | u32 length | bytes
 * ```
 */
import { crc32 } from './crc32.js';

const VERSION = 1;
const MAGIC = 'TICKJRNL';

/** Offsets in a segment's header. */
export const SEGMENT = {
  magic: 0,
  version: 8,
  headerBytes: 10,
  number: 12,
  firstBlock: 16,
  flags: 20,
  wallMs: 24,
  runId: 32,
  crc: 60,
  size: 64,
} as const;
const RUN_ID_BYTES = 24;

/** Flags of a segment. They replace bytes that the file has, so a full disk takes them. */
export const FLAG = {
  /** What came after the segment's last block is not in the journal: the disk refused it. */
  incomplete: 1,
  /** The run came to its end after that. */
  over: 2,
} as const;

/** A folder name, and printed. */
export const RUN_ID = /^[A-Za-z0-9-]{1,24}$/;

/** Offsets in a block's header. */
export const BLOCK = {
  size: 0,
  crc: 4,
  number: 8,
  connection: 12,
  monoMs: 16,
  wallMs: 24,
  marketMs: 32,
  header: 40,
} as const;

/** Offsets in an entry's header. */
export const ENTRY = { kind: 0, length: 4, header: 8 } as const;

/** A larger size means damage. */
export const MAX_BLOCK_BYTES = 8 * 1024 * 1024;

/** Inputs drive a replay; decisions are what its results are compared with; notes are neither. */
export const KIND = {
  /** Note: RunMeta, JSON. First entry of a run, and after a resume. */
  meta: 1,
  /** Note: earlier minutes' candles from the simulated broker: symbol, NUL, doubles (layout.ts, GIVEN). */
  given: 2,
  /** Input: a connection is open. */
  opened: 3,
  /** Input: its subscriptions were sent. */
  subscribed: 4,
  /** Input: a binary message as received. */
  frame: 5,
  /** Input: a text message, classified, JSON. */
  text: 6,
  /** Input: the connection ended, or an attempt failed, JSON. */
  ended: 7,
  /** Input: nothing arrived, and the clock moved market time. */
  tick: 8,
  /** Input: a pause of this process ended. */
  excuse: 9,
  /** Input: the run ended. */
  end: 10,
  /** Decision: all bars up to this one are sealed, f64. */
  seal: 11,
  /** Decision: nothing could be seen from, to: two f64, the second infinite while the gap is open. */
  gap: 12,
  /** Decision: END was written to the rings at this market time, f64. */
  sealedEnd: 13,
  /** Note: hashes of the run's rows, JSON. Last entry of a run that ended in order, and of each back-fill after it. */
  sum: 14,
  /** Input: another process resumed the killed run from here. */
  resumed: 15,
  /**
   * Input: the broker's candle of a minute that a gap touched, after `end`: eight f64 (ingest/polled-entry.ts).
   */
  polled: 16,
} as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

/** Arrival of a block's entries, and their connection. Milliseconds: monotonic real, wall epoch, market epoch. */
export interface BlockStamp {
  readonly connection: number;
  readonly monoMs: number;
  readonly wallMs: number;
  readonly marketMs: number;
}

export function segmentHeader(options: {
  runId: string;
  number: number;
  firstBlock: number;
  wallMs: number;
  flags?: number;
}): Buffer {
  const bytes = Buffer.alloc(SEGMENT.size);
  bytes.write(MAGIC, SEGMENT.magic, 'latin1');
  bytes.writeUInt16LE(VERSION, SEGMENT.version);
  bytes.writeUInt16LE(SEGMENT.size, SEGMENT.headerBytes);
  bytes.writeUInt32LE(options.number, SEGMENT.number);
  bytes.writeUInt32LE(options.firstBlock, SEGMENT.firstBlock);
  bytes.writeUInt32LE(options.flags ?? 0, SEGMENT.flags);
  bytes.writeDoubleLE(options.wallMs, SEGMENT.wallMs);
  bytes.write(options.runId, SEGMENT.runId, RUN_ID_BYTES, 'latin1');
  bytes.writeUInt32LE(crc32(bytes, 0, SEGMENT.crc), SEGMENT.crc);
  return bytes;
}

export interface SegmentHeader {
  readonly number: number;
  readonly firstBlock: number;
  /** FLAG. */
  readonly flags: number;
  readonly runId: string;
}

/** Returns the end of a sentence for bytes that are no header of this version. */
export function readSegmentHeader(bytes: Buffer): SegmentHeader | string {
  if (bytes.length < SEGMENT.size || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC)
    return 'is no journal of tickshard';
  const version = bytes.readUInt16LE(SEGMENT.version);
  if (version !== VERSION) return `is of version ${version}, and this program reads version ${VERSION}`;
  if (bytes.readUInt32LE(SEGMENT.crc) !== crc32(bytes, 0, SEGMENT.crc)) return 'has a damaged header';
  const runId = bytes.toString('latin1', SEGMENT.runId, SEGMENT.runId + RUN_ID_BYTES).replace(/\0.*$/s, '');
  if (!RUN_ID.test(runId)) return 'has no name of a run in its header';
  return {
    number: bytes.readUInt32LE(SEGMENT.number),
    firstBlock: bytes.readUInt32LE(SEGMENT.firstBlock),
    flags: bytes.readUInt32LE(SEGMENT.flags),
    runId,
  };
}

/** Names sort in the order of segments. */
export function segmentName(number: number): string {
  return `${String(number).padStart(6, '0')}.journal`;
}

/** Of a compacted segment (packed-format.ts). */
export function packedName(number: number): string {
  return `${String(number).padStart(6, '0')}.packed`;
}

/** A segment's number, and whether the file is its compacted form; undefined for other files. */
export function segmentOf(name: string): { readonly number: number; readonly packed: boolean } | undefined {
  const parts = /^(\d{6})\.(journal|packed)$/.exec(name);
  return parts === null ? undefined : { number: Number(parts[1]), packed: parts[2] === 'packed' };
}
