/**
 * Compacts a closed segment. The packs are written aside and fsynced, read back and compared with the raw segment byte
 * by byte, renamed, and the folder is fsynced; only then the raw segment goes. A kill between leaves the raw segment,
 * with or without the compacted one: a reader then takes the raw one.
 */
import { open, rm, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { sleep } from '../clock.js';
import { asideNames, asideOf, leftoversOf, newTag, renameOver, syncFolder } from '../text/atomic-file.js';
import { BLOCK, ENTRY, KIND, packedName, readSegmentHeader, SEGMENT, segmentName } from './format.js';
import { pack } from './pack.js';
import { bytesAt, inflateOptions, readPack } from './pack-file.js';
import { PACK_BYTES, PACKED, packedHeader } from './packed-format.js';
import { SegmentSource, type BlockAt } from './segment-source.js';
import { sumBlocks, unpack } from './unpack.js';

const inflate = promisify(inflateRaw);

/** What is smaller stays raw in a run: there is nothing to gain. */
export const MIN_COMPACTED_BYTES = 256 * 1024;

export interface CompactedSegment {
  readonly number: number;
  readonly rawBytes: number;
  readonly bytes: number;
}

/** After which a compaction may rest, or be killed. */
export type CompactionStep = 'packed' | 'written' | 'compared' | 'renamed' | 'removed';

interface Contents {
  readonly packs: number;
  readonly blocks: number;
  readonly frames: number;
}

/** The raw segment is not one that may be compacted. */
class Unfit extends Error {}

/**
 * Compacts segment `number` of the run in `folder`. Returns why it stays raw, the end of a sentence: it has
 * flags, or is not whole. Throws the system's errors, and EngineError OUTPUT; the raw segment is then unchanged.
 */
export async function compactSegment(
  folder: string,
  number: number,
  after: (step: CompactionStep) => Promise<void> | void = () => undefined,
): Promise<CompactedSegment | string> {
  const raw = join(folder, segmentName(number));
  const target = join(folder, packedName(number));
  await removeLeftovers(folder, number);
  const aside = asideOf(target, newTag());
  const source = await open(raw, 'r');
  try {
    const { size, atime, mtime } = await source.stat();
    const bytes = await write(aside, source, size, number, after);
    await after('written');
    await compare(aside, source);
    // Retention goes by when the run wrote.
    await utimes(aside, atime, mtime);
    await after('compared');
    await renameOver(aside, target, { wait: sleep });
    await syncFolder(folder);
    await after('renamed');
    await rm(raw);
    await after('removed');
    return { number, rawBytes: size, bytes };
  } catch (error) {
    await rm(aside, { force: true });
    if (error instanceof Unfit) return error.message;
    throw error;
  } finally {
    await source.close();
  }
}

/** Removes what an ended compaction of the segment left, also one of this process. */
export async function removeLeftovers(folder: string, number: number): Promise<void> {
  const target = join(folder, packedName(number));
  for (const { path } of leftoversOf(target, await asideNames(folder))) await rm(path, { force: true });
}

/** Resolves with the size of the new file, which is durable. */
async function write(
  path: string,
  source: FileHandle,
  size: number,
  number: number,
  after: (step: CompactionStep) => Promise<void> | void,
): Promise<number> {
  const file = await open(path, 'w');
  try {
    const segment = new SegmentSource(source, size);
    const raw = Buffer.from(await segment.header());
    const header = readSegmentHeader(raw);
    if (typeof header === 'string') throw new Unfit(header);
    if (header.flags !== 0 || header.number !== number) throw new Unfit('is not whole');
    segment.take(SEGMENT.size);
    let at: number = PACKED.size;
    let contents: Contents = { packs: 0, blocks: 0, frames: 0 };
    for (;;) {
      const stretch = await nextStretch(segment, header.firstBlock + contents.blocks);
      if (stretch === undefined) break;
      const bytes = pack(stretch.bytes, header.firstBlock + contents.blocks);
      await writeWhole(file, bytes, at);
      at += bytes.length;
      contents = {
        packs: contents.packs + 1,
        blocks: contents.blocks + stretch.blocks,
        frames: contents.frames + stretch.frames,
      };
      await after('packed');
    }
    await writeWhole(file, packedHeader({ ...contents, bytes: size, raw }), 0);
    await file.sync();
    return at;
  } finally {
    await file.close();
  }
}

async function writeWhole(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let from = 0; from < bytes.length;)
    from += (await file.write(bytes, from, bytes.length - from, at + from)).bytesWritten;
}

interface Stretch {
  readonly bytes: Buffer;
  readonly blocks: number;
  readonly frames: number;
}

/** The next blocks, a pack's worth; undefined at the end. Throws Unfit. */
async function nextStretch(segment: SegmentSource, firstBlock: number): Promise<Stretch | undefined> {
  const parts: Buffer[] = [];
  let [length, frames] = [0, 0];
  for (;;) {
    const block = segment.bufferedBlock() ?? (await segment.nextBlock());
    if (block === undefined) break;
    if (typeof block === 'string') throw new Unfit('is not whole');
    const bytes = block.bytes.subarray(block.from, block.to);
    if (length > 0 && length + bytes.length > PACK_BYTES) break;
    if (bytes.readUInt32LE(BLOCK.number) !== firstBlock + parts.length) throw new Unfit('is not whole');
    frames += framesOf(block);
    parts.push(Buffer.from(bytes));
    length += bytes.length;
    segment.take(bytes.length);
  }
  return parts.length === 0 ? undefined : { bytes: Buffer.concat(parts), blocks: parts.length, frames };
}

/** Binary messages of a block. Throws Unfit if its entries do not fill it. */
function framesOf({ view, from, to }: BlockAt): number {
  let frames = 0;
  let at = from + BLOCK.header;
  while (at + ENTRY.header <= to) {
    if (view.getUint8(at + ENTRY.kind) === KIND.frame) frames++;
    at += ENTRY.header + view.getUint32(at + ENTRY.length, true);
  }
  if (at !== to) throw new Unfit('is not whole');
  return frames;
}

/** Throws if the file does not hold the raw segment, byte for byte. */
async function compare(path: string, source: FileHandle): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await source.stat();
    const header = await bytesAt(file, 0, PACKED.size);
    let same = header.subarray(PACKED.header, PACKED.crc).equals(await bytesAt(source, 0, SEGMENT.size));
    let [at, rawAt] = [PACKED.size as number, SEGMENT.size as number];
    for (let packs = header.readUInt32LE(PACKED.packs); same && packs > 0; packs--) {
      const blocks = await unpackAt(file, at);
      if (blocks === undefined) break;
      same = blocks.bytes.equals(await bytesAt(source, rawAt, blocks.bytes.length));
      at += blocks.size;
      rawAt += blocks.bytes.length;
    }
    if (!same || rawAt !== size) throw new Error('what was written is not what was read');
  } finally {
    await file.close();
  }
}

/** The raw blocks of the pack at `at`, and the size of the pack; undefined if it is damaged. */
async function unpackAt(
  file: FileHandle,
  at: number,
): Promise<{ readonly bytes: Buffer; readonly size: number } | undefined> {
  const pack = await readPack(file, at);
  if (pack === undefined) return undefined;
  const { header, body } = pack;
  const bytes = Buffer.allocUnsafe(header.rawBytes);
  if (!unpack(header, await inflate(body, inflateOptions(header)), bytes)) return undefined;
  sumBlocks(bytes);
  return { bytes, size: header.size };
}
