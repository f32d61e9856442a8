import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { BlockBuilder } from '../../../src/journal/blocks.js';
import { crc32 } from '../../../src/journal/crc32.js';
import {
  BLOCK,
  ENTRY,
  KIND,
  MAX_BLOCK_BYTES,
  packedName,
  SEGMENT,
  segmentHeader,
  segmentName,
  type Kind,
} from '../../../src/journal/format.js';
import { readGivenEntry } from '../../../src/journal/meta.js';
import { pack } from '../../../src/journal/pack.js';
import { MAX_RAW_BYTES, PACK, packedHeader } from '../../../src/journal/packed-format.js';
import { readJournal } from '../../../src/journal/reader.js';
import type { Random } from '../../../src/random.js';
import { below, chance, EDGES, mutated, pick, randomBytes, size } from '../bytes.js';
import { refusedAs, type Target } from '../target.js';

const KINDS = Object.values(KIND);

/** A file of the folder; a number at or above this one stands for a folder in its place. */
const FOLDER = 2 ** 20;
/** At or above this one for a compacted segment. */
const PACKED_FILE = 2 ** 21;
interface Segment {
  readonly number: number;
  readonly bytes: Buffer;
}

/** Closed blocks of a run from `first` on. */
function blocks(random: Random, first: number, count: number): Buffer {
  const builder = new BlockBuilder(first);
  for (let block = 0; block < count; block++) {
    builder.open({
      connection: 1,
      monoMs: block,
      wallMs: 1e12 + block,
      marketMs: chance(random, 0.1) ? NaN : 1e12,
    });
    for (let entry = below(random, 6); entry > 0; entry--) {
      const kind = pick(random, KINDS);
      if (chance(random, 0.3)) builder.numbers(kind, [random(), NaN]);
      else builder.put(kind, randomBytes(random, size(random, 400) - 1));
    }
  }
  const { bytes, length } = builder.take(Buffer.alloc(0));
  return Buffer.from(bytes.subarray(0, length));
}

const edge = (random: Random): number => Number(BigInt.asUintN(32, pick(random, EDGES)));

/** Changes one number of a header (segment, block or entry) and corrects the checksum, as only a forger would. */
function lie(random: Random, bytes: Buffer): void {
  if (chance(random, 0.2) && bytes.length >= SEGMENT.size) {
    if (chance(random, 0.5))
      bytes.writeUInt32LE(edge(random), pick(random, [SEGMENT.number, SEGMENT.firstBlock, SEGMENT.magic]));
    else randomBytes(random, 8).copy(bytes, SEGMENT.runId);
    bytes.writeUInt32LE(crc32(bytes, 0, SEGMENT.crc), SEGMENT.crc);
    return;
  }
  const places: { at: number; length: number }[] = [];
  for (let at: number = SEGMENT.size; at + BLOCK.header <= bytes.length;) {
    const length = bytes.readUInt32LE(at);
    if (length < BLOCK.header || at + length > bytes.length) break;
    places.push({ at, length });
    at += length;
  }
  if (places.length === 0) return;
  const { at, length } = pick(random, places);
  if (chance(random, 0.3))
    bytes.writeUInt32LE(edge(random), at + pick(random, [BLOCK.size, BLOCK.number, BLOCK.connection]));
  else if (length > BLOCK.header)
    bytes.writeUInt32LE(edge(random), at + BLOCK.header + pick(random, [ENTRY.kind, ENTRY.length]));
  bytes.writeUInt32LE(crc32(bytes, at + BLOCK.number, at + length), at + BLOCK.crc);
}

/** A compacted segment of these blocks, sometimes changed in its columns or its headers, with right checksums. */
function compacted(random: Random, number: number, firstBlock: number, raw: Buffer): Buffer {
  const packed = pack(raw, firstBlock);
  const plain = inflateRawSync(packed.subarray(PACK.header));
  for (let change = below(random, 3); change > 0; change--)
    plain.writeUInt8(
      below(random, 256),
      below(random, chance(random, 0.5) ? Math.min(80, plain.length) : plain.length),
    );
  const bytes = Buffer.concat([packed.subarray(0, PACK.header), deflateRawSync(plain)]);
  bytes.writeUInt32LE(bytes.length, PACK.size);
  if (chance(random, 0.2))
    bytes.writeUInt32LE(
      edge(random),
      pick(random, [PACK.size, PACK.firstBlock, PACK.blocks, PACK.rawBytes, PACK.method, PACK.plainBytes]),
    );
  bytes.writeUInt32LE(crc32(bytes, PACK.firstBlock, bytes.length), PACK.crc);
  const header = packedHeader({
    packs: chance(random, 0.1) ? edge(random) : 1,
    bytes: chance(random, 0.1) ? 2 ** below(random, 60) : SEGMENT.size + raw.length,
    blocks: bytes.readUInt32LE(PACK.blocks),
    frames: 0,
    raw: segmentHeader({ runId: 'run-1', number, firstBlock, wallMs: 1e12 }),
  });
  return Buffer.concat([header, bytes]);
}

function segments(random: Random): Segment[] {
  const all: Segment[] = [];
  let first = 0;
  for (let number = 1; number <= 1 + below(random, 3); number++) {
    const count = below(random, 8);
    let bytes: Buffer = Buffer.concat([
      segmentHeader({ runId: 'run-1', number, firstBlock: first, wallMs: 1e12 }),
      blocks(random, first, count),
    ]);
    if (count > 0 && chance(random, 0.3)) {
      const raw = bytes.subarray(SEGMENT.size);
      all.push({ number: PACKED_FILE + number, bytes: compacted(random, number, first, raw) });
      first += count;
      continue;
    }
    first += count;
    for (let change = below(random, 3); change > 0; change--) lie(random, bytes);
    if (chance(random, 0.3)) bytes = mutated(random, [bytes]);
    // What a disk has after a power cut before fsync.
    if (chance(random, 0.1)) bytes = Buffer.concat([bytes, Buffer.alloc(size(random, 3_000_000))]);
    if (!chance(random, 0.03))
      all.push({
        number: chance(random, 0.03) ? pick(random, [0, 2, 999_999, FOLDER + number]) : number,
        bytes,
      });
  }
  return all;
}

/** A folder in one buffer: number, length and bytes of each file. */
function input(random: Random): Buffer {
  const files = chance(random, 0.05)
    ? [{ number: 1, bytes: randomBytes(random, size(random, 10_000) - 1) }]
    : segments(random);
  return Buffer.concat(
    files.flatMap(({ number, bytes }) => {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(number);
      head.writeUInt32LE(bytes.length, 4);
      return [head, bytes];
    }),
  );
}

async function unpack(bytes: Buffer, folder: string): Promise<number> {
  let total = 0;
  const seen = new Set<number>();
  for (let at = 0; at + 8 <= bytes.length;) {
    const number = bytes.readUInt32LE(at);
    const from = at + 8;
    at = from + bytes.readUInt32LE(at + 4);
    const content = bytes.subarray(from, at);
    if (seen.has(number % FOLDER)) continue;
    seen.add(number % FOLDER);
    if (number >= PACKED_FILE) await writeFile(join(folder, packedName(number % FOLDER)), content);
    else if (number >= FOLDER) await mkdir(join(folder, segmentName(number - FOLDER)), { recursive: true });
    else await writeFile(join(folder, segmentName(number)), content);
    total += number >= PACKED_FILE ? content.length * MAX_RAW_BYTES : content.length;
  }
  return total;
}

export const journal: Target = {
  name: 'journal',
  description: 'folders of journal segments, with checksums that are right and wrong',
  files: true,
  mostMb: 160,
  input,
  async run(bytes, folder) {
    const total = await unpack(Buffer.from(bytes), folder);
    let whole = 0;
    try {
      const extent = await readJournal(folder, {
        entry(kind: Kind, payload, stamp) {
          if (payload.length > MAX_BLOCK_BYTES || !Number.isInteger(stamp.connection))
            throw new Error(`an entry of kind ${kind} with ${payload.length} bytes`);
          // The length is before its bytes.
          if (Buffer.from(payload.buffer, payload.byteOffset - 4, 4).readUInt32LE() !== payload.length)
            throw new Error('an entry that goes beyond its block');
          if (kind !== KIND.given) return;
          const given = readGivenEntry(payload);
          if (given !== undefined && given.name.length + 1 + 8 * given.numbers.length !== payload.length)
            throw new Error('given candles that are no part of their entry');
        },
        blockOver: () => void whole++,
      });
      if (extent.blocks !== whole)
        throw new Error(`${whole} blocks were handed over and ${extent.blocks} counted`);
      if (!(
        extent.tornBytes >= 0 &&
        extent.offset >= 0 &&
        extent.offset + extent.tornBytes <= total + SEGMENT.size
      ))
        throw new Error(`an extent ${JSON.stringify(extent)} of ${total} bytes`);
      if (!/^[A-Za-z0-9-]{1,24}$/.test(extent.runId))
        throw new Error(`a run ${JSON.stringify(extent.runId)}`);
      return extent.broken === undefined ? 'accepted' : 'refused';
    } catch (error) {
      return refusedAs(error, 'JOURNAL');
    }
  },
};
