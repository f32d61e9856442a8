/**
 * A compacted segment holds every byte of the raw one, and is read as that is. Broken on purpose and caught: a borrow
 * that is lost between the halves of a time, the rest of a message's length after whole words, a map of 32 words only.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/clock.js';
import { compactSegment } from '../../src/journal/compact.js';
import { crc32 } from '../../src/journal/crc32.js';
import { KIND, segmentHeader, segmentName } from '../../src/journal/format.js';
import { pack } from '../../src/journal/pack.js';
import { packedHeader } from '../../src/journal/packed-format.js';
import { readJournal } from '../../src/journal/reader.js';
import { cutTornTail } from '../../src/journal/segments.js';
import { readPackHeader, sumBlocks, unpack } from '../../src/journal/unpack.js';
import { seededRandom, type Random } from '../../src/random.js';
import { below, chance, pick, randomBytes } from '../fuzz/bytes.js';
import { inFolder } from '../parquet/candles.js';
import { perTier, seedsOf } from '../volume.js';
import { block, endsOf, found, foundByDocument, frameOf, journalOf, stampAt, writerIn } from './made.js';
import { unpackedByDocument } from './unpacked-by-document.js';

const ROUNDS = perTier(30, 120, 3_000);
const LENGTHS = [0, 1, 26, 27, 30, 31, 32, 33, 51, 123, 379, 380, 1023, 1024, 1025, 3000];
const TIMES = [0, -0, 1, -1, 5e-324, -5e-324, 2 ** 53, -(2 ** 53), 1.5, 1e300, -1e300, 1_795_000_000_000.25];

/** Packets like those before, packets of any bytes, and what else a block may hold. */
function entry(random: Random, earlier: Buffer[]): Buffer {
  const head = Buffer.alloc(8);
  const other = chance(random, 0.2);
  let bytes: Buffer = randomBytes(random, pick(random, LENGTHS));
  if (earlier.length > 0 && chance(random, 0.8)) {
    bytes = Buffer.from(pick(random, earlier));
    for (let changes = below(random, 6); changes > 0 && bytes.length > 0; changes--)
      bytes[below(random, bytes.length)] += pick(random, [1, -1, 128, below(random, 256)]);
  }
  if (!other) earlier.push(bytes);
  head[0] = other ? below(random, 256) : KIND.frame;
  // Our writer never does this; a journal with a right checksum may.
  if (chance(random, 0.001)) head[1 + below(random, 3)] = 1;
  head.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

function blocksOf(random: Random, first: number): Buffer {
  const earlier: Buffer[] = [];
  const blocks: Buffer[] = [];
  let [mono, wall, market] = [64_998_655.847, 1_795_000_000_000, 1_795_000_000_000.25];
  for (let k = below(random, 30); k >= 0; k--) {
    const entries = Array.from({ length: below(random, 8) }, () => entry(random, earlier));
    const head = Buffer.alloc(40);
    head.writeUInt32LE(first + blocks.length, 8);
    head.writeUInt32LE(chance(random, 0.1) ? 0xffff_ffff : below(random, 3), 12);
    mono += 40 * random();
    wall += 40 * random();
    market += 40 * random();
    const strange = chance(random, 0.1);
    for (const [n, time] of [mono, wall, market].entries())
      head.writeDoubleLE(strange ? pick(random, TIMES) : time, 16 + 8 * n);
    const bytes = Buffer.concat([head, ...entries]);
    bytes.writeUInt32LE(bytes.length, 0);
    bytes.writeUInt32LE(crc32(bytes, 8, bytes.length), 4);
    blocks.push(bytes);
  }
  return Buffer.concat(blocks);
}

describe('a pack', () => {
  it.each(seedsOf(20261130))(
    'gives the bytes that were packed, also by the document alone (seed %i)',
    (seed) => {
      const random = seededRandom(seed, 0);
      const methods = new Set<number>();
      for (let round = 0; round < ROUNDS; round++) {
        const first = below(random, 2 ** 31);
        const raw = blocksOf(random, first);
        const packed = pack(raw, first);
        const header = readPackHeader(packed)!;
        methods.add(header.method);
        const out = Buffer.alloc(header.rawBytes, 0xee);
        expect(unpack(header, inflateRawSync(packed.subarray(32)), out)).toBe(true);
        sumBlocks(out);
        expect(out.equals(raw)).toBe(true);
        const head = segmentHeader({ runId: 'run-1', number: 1, firstBlock: first, wallMs: 1 });
        const file = packedHeader({ packs: 1, bytes: 64 + raw.length, blocks: 1, frames: 1, raw: head });
        expect(unpackedByDocument(Buffer.concat([file, packed])).equals(Buffer.concat([head, raw]))).toBe(
          true,
        );
      }
      expect([...methods].sort()).toEqual([0, 1]);
    },
  );

  it('of plain bytes that no one packed gives a refusal, and no exception', () => {
    const random = seededRandom(7, 0);
    for (let round = 0; round < 5 * ROUNDS; round++) {
      const packed = pack(blocksOf(random, 0), 0);
      const header = readPackHeader(packed)!;
      const plain = inflateRawSync(packed.subarray(32));
      for (let changes = 1 + below(random, 4); changes > 0; changes--)
        plain[below(random, Math.min(plain.length, chance(random, 0.5) ? 80 : Infinity))] = below(
          random,
          256,
        );
      const cut = chance(random, 0.1) ? plain.subarray(0, below(random, plain.length)) : plain;
      const out = Buffer.alloc(header.rawBytes);
      expect([true, false]).toContain(unpack({ ...header, plainBytes: cut.length }, cut, out));
    }
  });
});

/** Compacts those of the segments. */
async function compacted(folder: string, ...numbers: number[]): Promise<void> {
  for (const number of numbers)
    expect(await compactSegment(folder, number)).toMatchObject({ number, rawBytes: expect.any(Number) });
}

describe('a journal that is compacted in part', () => {
  it('is read as the raw one was, by its own reader and by one that was made from the document', async () => {
    await inFolder(async (folder) => {
      await journalOf(folder, 60, { segmentBytes: 900 });
      const before = await found(folder);
      const raw = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
      expect(before.extent.segments).toBeGreaterThan(4);
      await compacted(folder, 1, 3);
      expect(readdirSync(folder).slice(0, 3)).toEqual(['000001.packed', '000002.journal', '000003.packed']);
      expect(await found(folder)).toEqual(before);
      expect(foundByDocument(folder)).toEqual(before.entries);
      expect(unpackedByDocument(readFileSync(join(folder, '000003.packed')))).toEqual(
        raw.get('000003.journal'),
      );
      await compacted(
        folder,
        ...[...raw.keys()]
          .map((name) => Number.parseInt(name))
          .filter((number) => number !== 1 && number !== 3),
      );
      expect(await found(folder)).toEqual(before);
      // A compaction that was killed before the raw segment went: that one counts.
      writeFileSync(join(folder, '000002.journal'), raw.get('000002.journal')!);
      writeFileSync(join(folder, '000002.packed'), 'any bytes');
      expect(await found(folder)).toEqual(before);
      expect(foundByDocument(folder)).toEqual(before.entries);
    });
  });

  it('has blocks beyond the size of a pack, in packs of their own', async () => {
    await inFolder(async (folder) => {
      const writer = writerIn(folder);
      await writer.start({ taken: () => undefined, written: () => undefined });
      const random = seededRandom(3, 0);
      for (let k = 0; k < 4; k++) {
        writer.open(stampAt(k));
        writer.put(KIND.text, randomBytes(random, k === 1 ? 5_000_000 : 1_500_000));
        writer.frame(frameOf(k));
        await writer.flush();
      }
      await writer.stop();
      const before = await found(folder);
      await compacted(folder, 1);
      expect(readFileSync(join(folder, '000001.packed')).readUInt32LE(12)).toBe(3);
      expect(await found(folder)).toEqual(before);
    });
  });

  it('is unpacked by a thread ahead of the reader where it is long, up to a damaged pack', async () => {
    await inFolder(async (folder) => {
      const writer = writerIn(folder);
      await writer.start({ taken: () => undefined, written: () => undefined });
      for (let k = 0; k < 600; k++) {
        writer.open(stampAt(k));
        for (let n = 0; n < 140; n++) writer.frame(Buffer.alloc(379, k + n));
        await writer.flush();
      }
      await writer.stop();
      const read = async (): Promise<[number, string, string | undefined]> => {
        const hash = createHash('sha256');
        let turn = 0;
        const { blocks, broken } = await readJournal(folder, {
          entry: () => undefined,
          frames: (messages, { monoMs }) => {
            hash.update(`${monoMs}`);
            for (let n = 0; n < messages.count; n++) hash.update(messages.slice(n));
          },
          // The thread has time to start.
          blockOver: () => (turn++ % 10 === 0 ? sleep(0) : undefined),
        });
        return [blocks, hash.digest('hex'), broken];
      };
      const before = await read();
      await compacted(folder, 1);
      expect(await read()).toEqual(before);
      const path = join(folder, '000001.packed');
      const bytes = readFileSync(path);
      expect(bytes.readUInt32LE(12)).toBeGreaterThan(7);
      bytes[bytes.length - 1] ^= 1;
      writeFileSync(path, bytes);
      const [blocks, , broken] = await read();
      expect([blocks > 400, blocks < 600, broken]).toEqual([true, true, 'damaged']);
    });
  });

  it('with any bit of a pack turned, ends before that pack; with one of a header, at the segment', async () => {
    await inFolder(async (folder) => {
      await journalOf(folder, 60, { segmentBytes: 2000 });
      const whole = await found(folder);
      const first = endsOf(readFileSync(join(folder, segmentName(1)))).length - 1;
      await compacted(folder, 1, 2);
      for (const [name, blocks] of [
        ['000001.packed', 0],
        ['000002.packed', first],
      ] as const) {
        const path = join(folder, name);
        const bytes = readFileSync(path);
        for (let at = 0; at < bytes.length; at += perTier(5, 1, 1)) {
          const turned = Buffer.from(bytes);
          turned[at] ^= 1 << (at % 8);
          writeFileSync(path, turned);
          if (at < 100 && blocks === 0)
            await expect(found(folder)).rejects.toMatchObject({ code: 'JOURNAL' });
          else expect((await found(folder)).extent).toMatchObject({ blocks, broken: 'damaged' });
        }
        truncateSync(path, bytes.length - 1);
        expect((await found(folder)).extent).toMatchObject({ blocks, broken: 'damaged' });
        writeFileSync(path, bytes);
      }
      expect(await found(folder)).toEqual(whole);
    });
  });

  it('whose header says fewer bytes than its packs hold is damaged', async () => {
    await inFolder(async (folder) => {
      await journalOf(folder, 12);
      await compacted(folder, 1);
      const path = join(folder, '000001.packed');
      const bytes = readFileSync(path);
      bytes.writeDoubleLE(100, 16);
      bytes.writeUInt32LE(crc32(bytes, 0, 96), 96);
      writeFileSync(path, bytes);
      expect((await found(folder)).extent).toMatchObject({ blocks: 0, tornBytes: 36, broken: 'damaged' });
    });
  });

  it('is continued by a resumed run, also where the next segment was begun without a header', async () => {
    await inFolder(async (folder) => {
      await journalOf(folder, 12);
      await compacted(folder, 1);
      writeFileSync(join(folder, segmentName(2)), 'TICK');
      const { extent } = await found(folder);
      expect(extent).toMatchObject({ segment: 1, blocks: 12, tornBytes: 4, broken: 'torn' });
      cutTornTail(folder, extent);
      const from = { segment: extent.segment + 1, block: extent.blocks, frames: 12, bytes: extent.bytes };
      const writer = writerIn(folder, { from });
      await writer.start({ taken: () => undefined, written: () => undefined });
      for (let k = 12; k < 20; k++) block(writer, k);
      await writer.stop();
      expect(readdirSync(folder)).toEqual(['000001.packed', '000002.journal']);
      expect((await found(folder)).extent).toMatchObject({ segments: 2, blocks: 20, broken: undefined });
    });
  });

  it('of another version says which one it is', async () => {
    await inFolder(async (folder) => {
      await journalOf(folder, 3);
      await compacted(folder, 1);
      const path = join(folder, '000001.packed');
      const bytes = readFileSync(path);
      bytes.writeUInt16LE(2, 8);
      writeFileSync(path, bytes);
      await expect(found(folder)).rejects.toMatchObject({
        message: expect.stringMatching(
          /is compacted in version 2, and this program reads version 1; name the journal of another run\.$/,
        ) as string,
      });
    });
  });
});

describe('a segment stays raw', () => {
  it.each<[string, (path: string) => void]>([
    ['with a tail that is cut off', (path) => truncateSync(path, statSync(path).size - 3)],
    ['with bytes after its last block', (path) => writeFileSync(path, 'more', { flag: 'a' })],
    ['with a bit turned', (path) => writeFileSync(path, flipped(readFileSync(path), 200))],
    ['with a damaged header', (path) => writeFileSync(path, flipped(readFileSync(path), 14))],
    ['that says that the journal is incomplete', (path) => writeFileSync(path, flagged(readFileSync(path)))],
  ])('%s', async (_, change) => {
    await inFolder(async (folder) => {
      await journalOf(folder, 12);
      const path = join(folder, segmentName(1));
      change(path);
      const bytes = readFileSync(path);
      expect(await compactSegment(folder, 1)).toEqual(expect.any(String));
      expect(readdirSync(folder)).toEqual(['000001.journal']);
      expect(readFileSync(path)).toEqual(bytes);
    });
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[at] ^= 4;
  return bytes;
}

function flagged(bytes: Buffer): Buffer {
  const header = segmentHeader({ runId: 'run-1', number: 1, firstBlock: 0, wallMs: 1, flags: 1 });
  header.copy(bytes);
  return bytes;
}

it('a compaction removes what a killed one left, and nothing else', async () => {
  await inFolder(async (folder) => {
    const writer = writerIn(folder);
    await writer.start({ taken: () => undefined, written: () => undefined });
    block(writer, 0);
    await writer.stop();
    // No process has this number.
    writeFileSync(join(folder, '.000001.packed.99999999-0-0.writing'), 'half');
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    await compacted(folder, 1);
    expect(readdirSync(folder).sort()).toEqual(['000001.packed', 'notes.txt']);
    rmSync(join(folder, 'notes.txt'));
  });
});
