/**
 * The journal's reading side: blocks in order, each checked before anything of it is handed over. What follows the last whole block is
 * counted and never used. Any bytes may be in the files: they make a shorter journal or a sentence, no exception of another kind, and
 * no more memory than one block.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, sentenceOf } from '../errors.js';
import { MessageBatch, viewOf } from '../broker/messages.js';
import { crc32, joinedCrc32, nativeCrc32, ownCrc32 } from './crc32.js';
import { segmentsOf } from './folder.js';
import {
  BLOCK,
  ENTRY,
  KIND,
  MOST_BLOCK_BYTES,
  readSegmentHeader,
  SEGMENT,
  segmentName,
  type Kind,
  type BlockStamp,
} from './format.js';

/** Takes what a journal holds, in order. Bytes are valid during the call only. */
export interface JournalVisitor {
  /** One entry; `stamp` is that of its block. */
  entry(kind: Kind, bytes: Buffer, stamp: BlockStamp): void;
  /** Binary messages that follow each other in a block, in place of as many calls of `entry`: for visitors that want no view made of each. */
  frames?(messages: MessageBatch, stamp: BlockStamp): void;
  /** A block that arrived at `stamp` comes next: a visitor that goes by time waits here. */
  blockBegins?(stamp: BlockStamp): Promise<void> | undefined;
  /** A block is over: a visitor that must wait for others does so here. */
  blockOver?(stamp: BlockStamp): Promise<void> | undefined;
  /** Asked behind each block: whether the visitor has seen enough. */
  seenEnough?(): boolean;
}

/** How far a journal could be read. */
export interface JournalExtent {
  readonly runId: string;
  readonly segments: number;
  readonly blocks: number;
  /** Of whole blocks and headers. */
  readonly bytes: number;
  /** Where the next block would stand. */
  readonly segment: number;
  readonly offset: number;
  /** Bytes behind the last whole block that are none. */
  readonly tornBytes: number;
  /** Why reading ended before the files did: `torn`, a last write that was cut off; `damaged`, more behind it or another's data. Undefined when it did not. */
  readonly broken: 'torn' | 'damaged' | undefined;
}

const CHUNK_BYTES = 1024 * 1024;

function unreadable(path: string, why: string): EngineError {
  return new EngineError('JOURNAL', `${path} ${why}; name the journal of another run.`);
}

/** A whole block, and where it stands. */
class BlockAt {
  readonly bytes: Buffer;
  readonly view: DataView;
  from = 0;
  to = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.to = bytes.length;
  }
}

/** Reads a file piece by piece. */
class Source {
  readonly #file: FileHandle;
  readonly size: number;
  #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  #held = new BlockAt(this.#buffer);
  #from = 0;
  #to = 0;
  /** Up to here the blocks in memory are as they were written; undefined when nobody looked yet. */
  #provenTo: number | undefined;
  /** Offset in the file of what is taken next. */
  at = 0;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** The next `length` bytes, not yet taken; fewer at the end of the file. */
  async peek(length: number): Promise<Buffer> {
    if (this.#to - this.#from < length) await this.#fill(length);
    return this.#buffer.subarray(this.#from, Math.min(this.#to, this.#from + length));
  }

  /** The next block where all of it is in memory, and its bytes are as they were written; else undefined. Until the next is asked for. */
  heldBlock(): BlockAt | undefined {
    const from = this.#from;
    if (this.#to - from < BLOCK.header) return undefined;
    const block = this.#held;
    const size = block.view.getUint32(from + BLOCK.size, true);
    if (size < BLOCK.header || size > this.#to - from) return undefined;
    block.from = from;
    block.to = from + size;
    this.#provenTo ??= provenUntil(block, this.#to);
    return block.to <= this.#provenTo || isWhole(block) ? block : undefined;
  }

  /** Whether nothing but zeros is left: room that was made for a write that never came. */
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
    if (target !== this.#buffer) this.#held = new BlockAt(target);
    this.#buffer = target;
    this.#provenTo = undefined;
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

/**
 * Takes a block's entries apart. Returns whether they fill its bytes exactly and its times are numbers: a checksum proves that they are as written, not that they
 * were written well. Puts its binary messages into `messages` where it holds nothing else; where it does, there are none.
 */
function takeApart({ bytes, view, from, to }: BlockAt, messages: MessageBatch): boolean {
  if (messages.bytes !== bytes) messages.within(bytes);
  messages.count = 0;
  let mixed = false;
  let at = from + BLOCK.header;
  while (at + ENTRY.header <= to) {
    const length = view.getUint32(at + ENTRY.length, true);
    if (bytes[at + ENTRY.kind] !== KIND.frame || messages.isFull) mixed = true;
    else messages.add(at + ENTRY.header, length);
    at += ENTRY.header + length;
  }
  if (mixed) messages.count = 0;
  if (at !== to) return false;
  return Number.isFinite(
    view.getFloat64(from + BLOCK.monoMs, true) +
      view.getFloat64(from + BLOCK.wallMs, true) +
      view.getFloat64(from + BLOCK.marketMs, true),
  );
}

function stampOf({ view, from }: BlockAt): BlockStamp {
  return {
    connection: view.getUint32(from + BLOCK.connection, true),
    monoMs: view.getFloat64(from + BLOCK.monoMs, true),
    wallMs: view.getFloat64(from + BLOCK.wallMs, true),
    marketMs: view.getFloat64(from + BLOCK.marketMs, true),
  };
}

/** Hands over the entries of a block; those that `messages` holds already are all. */
function visitEntries(
  { bytes, view, from, to }: BlockAt,
  messages: MessageBatch,
  stamp: BlockStamp,
  visitor: JournalVisitor,
): void {
  if (visitor.frames !== undefined && messages.count > 0) return visitor.frames(messages, stamp);
  messages.count = 0;
  for (let at = from + BLOCK.header; at < to;) {
    const length = view.getUint32(at + ENTRY.length, true);
    const payload = at + ENTRY.header;
    const kind = bytes[at + ENTRY.kind] as Kind;
    at = payload + length;
    const together = kind === KIND.frame && visitor.frames !== undefined;
    if (together) messages.add(payload, length);
    // Whatever ends a stretch of them.
    if (messages.count > 0 && (!together || messages.isFull || at === to)) {
      visitor.frames!(messages, stamp);
      messages.count = 0;
    }
    if (!together) visitor.entry(kind, bytes.subarray(payload, payload + length), stamp);
  }
}

/** The next block where it is in memory, whole and the right one, as nearly all are; else undefined, and `nextBlock` says what there is. */
function blockAtHand(source: Source, number: number, messages: MessageBatch): BlockAt | undefined {
  const block = source.heldBlock();
  return block !== undefined && isNext(block, number, messages) ? block : undefined;
}

/** Whether a whole block is the one of this number, with entries that fill it. */
function isNext(block: BlockAt, number: number, messages: MessageBatch): boolean {
  return block.view.getUint32(block.from + BLOCK.number, true) === number && takeApart(block, messages);
}

/**
 * Where the last of the whole blocks ends that stand one behind the other from `block` on, when all of them are as they were written; else where `block` begins.
 * All checksums at once: that of all these bytes, by Node's own code, is held to the one that follows from the blocks' sums. One wrong bit anywhere shows, as
 * it would in its own block; of two damaged blocks it is as likely as of one that their damage goes unseen, once in 2^32.
 */
function provenUntil({ bytes, view, from }: BlockAt, held: number): number {
  if (nativeCrc32 === undefined) return from;
  let sum = 0;
  let end = from;
  while (held - end >= BLOCK.header) {
    const size = view.getUint32(end + BLOCK.size, true);
    if (size < BLOCK.header || size > held - end || size > MOST_BLOCK_BYTES) break;
    sum = ownCrc32(bytes, end, end + BLOCK.number, sum);
    sum = joinedCrc32(sum, view.getUint32(end + BLOCK.crc, true), size - BLOCK.number);
    end += size;
  }
  return nativeCrc32(bytes.subarray(from, end)) === sum ? end : from;
}

/** Whether a block's bytes are as they were written. */
function isWhole({ bytes, view, from, to }: BlockAt): boolean {
  return view.getUint32(from + BLOCK.crc, true) === crc32(bytes, from + BLOCK.number, to);
}

/**
 * The next block when it is whole and the right one; undefined at the end. `torn`: the file ends in it, as after a write that was cut
 * off. `damaged`: it cannot be used although its end is there.
 */
async function nextBlock(
  source: Source,
  number: number,
  messages: MessageBatch,
): Promise<BlockAt | 'torn' | 'damaged' | undefined> {
  const left = source.size - source.at;
  if (left === 0) return undefined;
  const head = await source.peek(BLOCK.header);
  if (head.length < BLOCK.header) return 'torn';
  const size = head.readUInt32LE(BLOCK.size);
  if (size === 0) return (await source.isZero()) ? 'torn' : 'damaged';
  if (size < BLOCK.header || size > MOST_BLOCK_BYTES) return 'damaged';
  if (size > left) return 'torn';
  const block = new BlockAt(await source.peek(size));
  // A write that was cut off leaves zeros or nothing at the end; what is followed by more was whole once.
  if (block.to !== size || !isWhole(block)) return size === left ? 'torn' : 'damaged';
  return isNext(block, number, messages) ? block : 'damaged';
}

/**
 * Reads the run's journal in `folder` from its first segment on and hands `visitor` every whole block. Throws EngineError JOURNAL when
 * there is none, it begins later than its run, or its first segment is none of ours or of another version.
 */
export async function readJournal(folder: string, visitor: JournalVisitor): Promise<JournalExtent> {
  const numbers = segmentsOf(folder);
  if (numbers.length === 0)
    throw new EngineError(
      'JOURNAL',
      `${folder} holds no journal: name the folder of a run (its segments are called 000001.journal and so on).`,
    );
  if (numbers[0] !== 1)
    throw unreadable(folder, `begins with segment ${numbers[0]}: the beginning of the run is not there`);
  const messages = new MessageBatch();
  let runId = '';
  let blocks = 0;
  let bytes = 0;
  let offset = 0;
  let segment = 0;
  for (const [index, number] of numbers.entries()) {
    const path = join(folder, segmentName(number));
    const file = await open(path, 'r').catch((error: unknown) => {
      throw unreadable(path, `cannot be read (${sentenceOf(error)})`);
    });
    try {
      const source = new Source(file, (await file.stat()).size);
      const header = readSegmentHeader(await source.peek(SEGMENT.size));
      const fits =
        typeof header !== 'string' &&
        number === index + 1 &&
        header.number === number &&
        header.firstBlock === blocks &&
        (index === 0 || header.runId === runId);
      if (!fits) {
        if (index === 0)
          throw unreadable(path, typeof header === 'string' ? header : 'is not the first segment of a run');
        // The first write into a new segment may have been the one that was cut off.
        return {
          runId,
          segments: index,
          blocks,
          bytes,
          segment,
          offset,
          tornBytes: source.size,
          broken: index === numbers.length - 1 && typeof header === 'string' ? 'torn' : 'damaged',
        };
      }
      runId = header.runId;
      source.take(SEGMENT.size);
      bytes += SEGMENT.size;
      for (;;) {
        const at = source.at;
        const block = blockAtHand(source, blocks, messages) ?? (await nextBlock(source, blocks, messages));
        if (block === undefined) break;
        if (typeof block === 'string') {
          const broken = index === numbers.length - 1 ? block : 'damaged';
          return {
            runId,
            segments: index + 1,
            blocks,
            bytes,
            segment: number,
            offset: at,
            tornBytes: source.size - at,
            broken,
          };
        }
        const stamp = stampOf(block);
        const early = visitor.blockBegins?.(stamp);
        if (early !== undefined) await early;
        visitEntries(block, messages, stamp, visitor);
        const size = block.to - block.from;
        source.take(size);
        bytes += size;
        blocks++;
        const full = visitor.blockOver?.(stamp);
        if (full !== undefined) await full;
        if (visitor.seenEnough?.() === true)
          return {
            runId,
            segments: index + 1,
            blocks,
            bytes,
            segment: number,
            offset: source.at,
            tornBytes: 0,
            broken: undefined,
          };
      }
      segment = number;
      offset = source.at;
    } catch (error) {
      if (error instanceof EngineError || !isSystemError(error)) throw error;
      throw unreadable(path, `cannot be read (${sentenceOf(error)})`);
    } finally {
      await file.close();
    }
  }
  return { runId, segments: numbers.length, blocks, bytes, segment, offset, tornBytes: 0, broken: undefined };
}

function isSystemError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException | undefined)?.errno === 'number';
}
