/**
 * The files of one run's journal: whole blocks go into the last segment until it is large enough. Throws the file
 * system's errors; the same write may then be repeated.
 */
import { close, existsSync, fdatasync, ftruncate, mkdirSync, open, rm, truncateSync, write } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Blocks } from './blocks.js';
import type { JournalExtent } from './reader.js';
import { SEGMENT, segmentHeader, segmentName } from './format.js';

const openFile = promisify(open);
const writeFile = promisify(write);
const syncFile = promisify(fdatasync);
const truncateFile = promisify(ftruncate);
const closeFile = promisify(close);
const removeFile = promisify(rm);

/** Where an earlier process stopped, and what exists already. */
export interface JournalPosition {
  readonly segment: number;
  readonly block: number;
  readonly frames: number;
  readonly bytes: number;
  /** Market time of the last block, epoch ms; undefined at the beginning. */
  readonly marketMs?: number | undefined;
}

export const BEGINNING: JournalPosition = { segment: 1, block: 0, frames: 0, bytes: 0 };

/** Removes what a killed process wrote of a block. A compacted segment is whole: then the next has no header. */
export function cutTornTail(
  folder: string,
  { tornBytes, segment, offset }: Pick<JournalExtent, 'tornBytes' | 'segment' | 'offset'>,
): void {
  const path = join(folder, segmentName(segment));
  if (tornBytes > 0 && existsSync(path)) truncateSync(path, Math.max(offset, SEGMENT.size));
}

export interface SegmentsOptions {
  /** The run's own folder. */
  readonly folder: string;
  readonly runId: string;
  readonly wallMs: () => number;
  readonly from: JournalPosition;
  /** Beyond this size a segment takes no further group. */
  readonly segmentBytes: number;
  /** A segment takes no more, and is durable. */
  readonly onClosed?: (number: number) => void;
}

interface Header {
  readonly number: number;
  readonly firstBlock: number;
  readonly wallMs: number;
}

export class Segments {
  readonly #options: SegmentsOptions;
  #file: number | undefined;
  /** Offset of the next group, after the last whole block. */
  #at = 0;
  #dirty = false;
  #syncing: Promise<void> | undefined;
  /** Of the last segment. */
  #header: Header | undefined;
  /** Of the segment with flags. */
  #marked: Header | undefined;
  /** Market time of the last whole block, epoch ms. */
  marketMs: number | undefined;
  /** Of the whole journal, also an earlier process's. */
  segments: number;
  blocks: number;
  frames: number;
  bytes: number;

  constructor(options: SegmentsOptions) {
    this.#options = options;
    const { segment, block, frames, bytes, marketMs } = options.from;
    this.marketMs = marketMs;
    this.segments = segment - 1;
    this.blocks = block;
    this.frames = frames;
    this.bytes = bytes;
  }

  /** Makes the folder and the first segment. Another run's files are never opened. */
  async start(): Promise<void> {
    const { folder, from } = this.#options;
    mkdirSync(folder, { recursive: true });
    // The killed process may have begun this segment, without a whole header.
    if (from !== BEGINNING) await removeFile(join(folder, segmentName(from.segment)), { force: true });
    await this.#begin();
  }

  /** Writes a group after the last whole one, over one written in part. */
  async write({ bytes, length, blocks, frames, marketMs }: Blocks): Promise<void> {
    if (this.#file === undefined || this.#at + length > this.#options.segmentBytes) await this.#begin();
    for (let from = 0; from < length;) {
      const { bytesWritten } = await writeFile(this.#file!, bytes, from, length - from, this.#at + from);
      from += bytesWritten;
    }
    this.#at += length;
    this.bytes += length;
    this.blocks += blocks;
    this.frames += frames;
    this.marketMs = marketMs;
    this.#dirty = true;
  }

  /** Makes written groups durable. A call during a sync waits for it and does no more. */
  async sync(): Promise<void> {
    if (this.#syncing !== undefined) return this.#syncing;
    if (!this.#dirty || this.#file === undefined) return;
    this.#dirty = false;
    this.#syncing = syncFile(this.#file).finally(() => (this.#syncing = undefined));
    await this.#syncing;
  }

  /** Sets FLAG bits of the last segment, or of the one that has some, durably. */
  async mark(flags: number): Promise<void> {
    const { folder, runId } = this.#options;
    const header = this.#marked ?? this.#header;
    if (header === undefined) return;
    this.#marked = flags === 0 ? undefined : header;
    const file = await openFile(join(folder, segmentName(header.number)), 'r+');
    try {
      await writeFile(file, segmentHeader({ runId, ...header, flags }), 0, SEGMENT.size, 0);
      await syncFile(file);
    } finally {
      await closeFile(file);
    }
  }

  /** Ends the last segment, durably. `cut`: first removes bytes after its last whole block. */
  async end(cut: boolean): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    if (cut) await truncateFile(file, this.#at);
    await this.#seal(file);
  }

  async #begin(): Promise<void> {
    const { folder, runId, wallMs } = this.#options;
    const number = this.segments + 1;
    const header = { number, firstBlock: this.blocks, wallMs: wallMs() };
    const path = join(folder, segmentName(number));
    // The first file claims the folder: no other run can have it.
    const file = await openFile(path, this.#file === undefined ? 'wx' : 'w');
    try {
      await writeFile(file, segmentHeader({ runId, ...header }), 0, SEGMENT.size, 0);
    } catch (error) {
      await closeFile(file);
      if (this.#file === undefined) await removeFile(path, { force: true });
      throw error;
    }
    const [before, last] = [this.#file, this.#header];
    this.#file = file;
    this.#header = header;
    this.segments++;
    this.#at = SEGMENT.size;
    this.bytes += SEGMENT.size;
    if (before === undefined) return;
    await this.#seal(before);
    // One with flags may lose them.
    if (last !== undefined && this.#marked !== last) this.#options.onClosed?.(last.number);
  }

  async #seal(file: number): Promise<void> {
    try {
      await this.#syncing;
      await syncFile(file);
    } finally {
      await closeFile(file);
    }
  }
}
