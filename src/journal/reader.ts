/**
 * Reads a journal: blocks in order, each checked before use; bytes after the last whole block only count. Any bytes
 * in the files give a shorter journal or an EngineError, never another exception, within one block's memory.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, sentenceOf } from '../errors.js';
import { MessageBatch } from '../broker/messages.js';
import { segmentsOf } from './folder.js';
import {
  BLOCK,
  ENTRY,
  FLAG,
  KIND,
  packedName,
  readSegmentHeader,
  SEGMENT,
  segmentName,
  type Kind,
  type BlockStamp,
} from './format.js';
import { PackedSource } from './packed-source.js';
import { ReadAhead } from './read-ahead.js';
import { SegmentSource, type BlockAt, type BlockSource } from './segment-source.js';

/** Takes entries in order. Bytes are valid during the call only. */
export interface JournalVisitor {
  /** `stamp`: its block's. */
  entry(kind: Kind, bytes: Buffer, stamp: BlockStamp): void;
  /** Consecutive binary messages of a block, instead of `entry` for each: saves a view per message. */
  frames?(messages: MessageBatch, stamp: BlockStamp): void;
  /** Before a block that arrived at `stamp`: a replay by time waits here. */
  blockBegins?(stamp: BlockStamp): Promise<void> | undefined;
  /** After a block: a visitor may wait for other threads. */
  blockOver?(stamp: BlockStamp): Promise<void> | undefined;
  /** What came next is not in the journal (FLAG.incomplete). `over`: the run came to its end after that. */
  incomplete?(over: boolean): void;
  /** After each block; true ends the reading. */
  seenEnough?(): boolean;
}

/** How far a journal could be read. */
export interface JournalExtent {
  readonly runId: string;
  readonly segments: number;
  readonly blocks: number;
  /** Of whole blocks and headers. */
  readonly bytes: number;
  /** Where the next block would go: segment number, offset in it. */
  readonly segment: number;
  readonly offset: number;
  /** Bytes after the last whole block. */
  readonly tornBytes: number;
  /**
   * Undefined when everything was read. `torn`: the last write was cut off. `damaged`: more follows the bad block,
   * or a segment is another run's.
   */
  readonly broken: 'torn' | 'damaged' | undefined;
}

function unreadable(path: string, why: string): EngineError {
  return new EngineError('JOURNAL', `${path} ${why}; name the journal of another run.`);
}

/**
 * True if the block's entries fill it exactly and its times are numbers: a checksum proves bytes as written, not
 * rightly written. Fills `messages` if all are binary messages; else leaves it empty.
 */
function parseEntries({ bytes, view, from, to }: BlockAt, messages: MessageBatch): boolean {
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

/** Hands over a block's entries; `messages`, if not empty, holds all of them. */
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
    const batched = kind === KIND.frame && visitor.frames !== undefined;
    if (batched) messages.add(payload, length);
    // A batch ends at another kind of entry, when full, and with the block.
    if (messages.count > 0 && (!batched || messages.isFull || at === to)) {
      visitor.frames!(messages, stamp);
      messages.count = 0;
    }
    if (!batched) visitor.entry(kind, bytes.subarray(payload, payload + length), stamp);
  }
}

/** True if an intact block has the expected number and entries that fill it. */
function isNext(block: BlockAt, number: number, messages: MessageBatch): boolean {
  return block.view.getUint32(block.from + BLOCK.number, true) === number && parseEntries(block, messages);
}

/** The next block if in memory, intact and expected, as nearly all are; undefined: ask `nextBlock`. */
function bufferedBlock(source: BlockSource, number: number, messages: MessageBatch): BlockAt | undefined {
  const block = source.bufferedBlock();
  return block !== undefined && isNext(block, number, messages) ? block : undefined;
}

/** The source's next block, `damaged` also if it is not the expected one. */
async function nextBlock(
  source: BlockSource,
  number: number,
  messages: MessageBatch,
): Promise<BlockAt | 'torn' | 'damaged' | undefined> {
  const block = await source.nextBlock();
  return block === undefined || typeof block === 'string' || isNext(block, number, messages)
    ? block
    : 'damaged';
}

/** One pass over a run's segments, for one visitor. */
class JournalPass {
  readonly #numbers: readonly number[];
  readonly #visitor: JournalVisitor;
  readonly #messages = new MessageBatch();
  readonly #alone: boolean;
  #runId = '';
  #flags = 0;
  #blocks = 0;
  #bytes = 0;
  /** The last segment read to its end, and its size. */
  #segment = 0;
  #offset = 0;

  /** `alone`: the first of the segments begins where it says, not the run. */
  constructor(numbers: readonly number[], visitor: JournalVisitor, alone = false) {
    this.#numbers = numbers;
    this.#visitor = visitor;
    this.#alone = alone;
  }

  /** The extent when every segment was read to its end. */
  complete(): JournalExtent {
    return this.#extent(this.#numbers.length, this.#segment, this.#offset, 0, undefined);
  }

  /**
   * Reads segment `index` of the list. Returns where reading ended; undefined at the segment's end. Throws
   * EngineError JOURNAL if the first segment does not begin a run.
   */
  async segment(index: number, path: string, source: BlockSource): Promise<JournalExtent | undefined> {
    const unfit = await this.#header(index, path, source);
    if (unfit !== undefined) return unfit;
    const number = this.#numbers[index];
    for (;;) {
      const at = source.at;
      const block =
        bufferedBlock(source, this.#blocks, this.#messages) ??
        (await nextBlock(source, this.#blocks, this.#messages));
      if (block === undefined) break;
      if (typeof block === 'string') {
        this.#tellFlags();
        const broken = this.#isLast(index) ? block : 'damaged';
        return this.#extent(index + 1, number, at, source.size - at, broken);
      }
      const stamp = stampOf(block);
      // An await for every block is slow.
      const early = this.#visitor.blockBegins?.(stamp);
      if (early !== undefined) await early;
      visitEntries(block, this.#messages, stamp, this.#visitor);
      const size = block.to - block.from;
      source.take(size);
      this.#bytes += size;
      this.#blocks++;
      const full = this.#visitor.blockOver?.(stamp);
      if (full !== undefined) await full;
      if (this.#visitor.seenEnough?.() === true)
        return this.#extent(index + 1, number, source.at, 0, undefined);
    }
    this.#tellFlags();
    this.#segment = number;
    this.#offset = source.at;
    return undefined;
  }

  #tellFlags(): void {
    if ((this.#flags & FLAG.incomplete) !== 0) this.#visitor.incomplete?.((this.#flags & FLAG.over) !== 0);
  }

  /** Takes a header. Returns where reading ends if it does not continue the segments before. */
  async #header(index: number, path: string, source: BlockSource): Promise<JournalExtent | undefined> {
    const number = this.#numbers[index];
    const bytes = await source.header();
    const header = typeof bytes === 'string' ? bytes : readSegmentHeader(bytes);
    if (this.#alone && typeof header !== 'string') this.#blocks = header.firstBlock;
    if (
      typeof header !== 'string' &&
      (number === index + 1 || this.#alone) &&
      header.number === number &&
      header.firstBlock === this.#blocks &&
      (index === 0 || header.runId === this.#runId)
    ) {
      this.#runId = header.runId;
      this.#flags = header.flags;
      source.take(SEGMENT.size);
      this.#bytes += SEGMENT.size;
      return undefined;
    }
    if (index === 0)
      throw unreadable(path, typeof header === 'string' ? header : 'is not the first segment of a run');
    // The cut write may be the first into a new segment. A compacted one was whole.
    const broken =
      this.#isLast(index) && typeof bytes !== 'string' && typeof header === 'string' ? 'torn' : 'damaged';
    return this.#extent(index, this.#segment, this.#offset, source.size, broken);
  }

  #isLast(index: number): boolean {
    return index === this.#numbers.length - 1;
  }

  #extent(
    segments: number,
    segment: number,
    offset: number,
    tornBytes: number,
    broken: JournalExtent['broken'],
  ): JournalExtent {
    const [runId, blocks, bytes] = [this.#runId, this.#blocks, this.#bytes];
    return { runId, segments, blocks, bytes, segment, offset, tornBytes, broken };
  }
}

/** The raw segment if it is there: it is removed only when its compacted form is proven and durable. */
async function openSegment(folder: string, number: number): Promise<OpenSegment> {
  const names = [segmentName(number), packedName(number)];
  for (const [k, name] of names.entries()) {
    const path = join(folder, name);
    try {
      const file = await open(path, 'r');
      return { file, path, packed: k === 1 };
    } catch (error) {
      if (k === 0 && (error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw unreadable(path, `cannot be read (${sentenceOf(error)})`);
    }
  }
  throw unreadable(join(folder, names[0]), 'is gone');
}

interface OpenSegment {
  readonly file: FileHandle;
  readonly path: string;
  readonly packed: boolean;
}

/**
 * Hands `visitor` every whole block of the run's journal in `folder`. Throws EngineError JOURNAL without a journal
 * or its first segment, or if that is not a journal's or of another version.
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
  const ahead = new ReadAhead();
  try {
    return await readSegments(folder, numbers, new JournalPass(numbers, visitor), ahead);
  } finally {
    await ahead.stop();
  }
}

/**
 * The same for the blocks of one segment, wherever in the run it is. Throws EngineError JOURNAL if it is no segment
 * of a journal.
 */
export function readSegment(folder: string, number: number, visitor: JournalVisitor): Promise<JournalExtent> {
  return readSegments(folder, [number], new JournalPass([number], visitor, true));
}

async function readSegments(
  folder: string,
  numbers: readonly number[],
  pass: JournalPass,
  ahead?: ReadAhead,
): Promise<JournalExtent> {
  for (const [index, number] of numbers.entries()) {
    const { file, path, packed } = await openSegment(folder, number);
    try {
      const { size } = await file.stat();
      const source = packed ? new PackedSource(file, path, size, ahead) : new SegmentSource(file, size);
      const ended = await pass.segment(index, path, source);
      if (ended !== undefined) return ended;
    } catch (error) {
      if (error instanceof EngineError || !isSystemError(error)) throw error;
      throw unreadable(path, `cannot be read (${sentenceOf(error)})`);
    } finally {
      await file.close();
    }
  }
  return pass.complete();
}

function isSystemError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException | undefined)?.errno === 'number';
}
