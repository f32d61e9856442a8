/** A compacted segment as the raw one, by docs/journal-format.md alone. Slow and without checks. Imports no `src`. */
import { crc32, inflateRawSync } from 'node:zlib';

export function unpackedByDocument(file: Buffer): Buffer {
  const parts = [file.subarray(32, 96)];
  let at = file.readUInt16LE(10);
  for (let pack = 0; pack < file.readUInt32LE(12); pack++) {
    const size = file.readUInt32LE(at);
    parts.push(packBlocks(file.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat(parts);
}

function packBlocks(pack: Buffer): Buffer {
  const plain = inflateRawSync(pack.subarray(32));
  const blocks =
    pack[24] === 0
      ? plain
      : Buffer.concat([...blocksOfColumns(plain, pack.readUInt32LE(8), pack.readUInt32LE(12))]);
  for (let at = 0; at < blocks.length;) {
    const end = at + blocks.readUInt32LE(at);
    blocks.writeUInt32LE(crc32(blocks.subarray(at + 8, end)), at + 4);
    at = end;
  }
  return blocks;
}

/** A part of the plain bytes, read from its beginning. */
class Part {
  #at: number;

  constructor(
    private readonly plain: Buffer,
    begin: number,
  ) {
    this.#at = begin;
  }

  take(length: number): Buffer {
    return this.plain.subarray(this.#at, (this.#at += length));
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const [byte] = this.take(1);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  }

  word(): bigint {
    return BigInt(this.take(4).readInt32LE());
  }
}

function partsOf(plain: Buffer): Part[] {
  const count = plain.readUInt32LE(0);
  let at = 4 + 4 * count;
  return Array.from({ length: count }, (_, k) => {
    const part = new Part(plain, at);
    at += plain.readUInt32LE(4 + 4 * k);
    return part;
  });
}

interface Before {
  connection: number;
  times: readonly number[];
}

const bitsOf = (value: number): bigint => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes.readBigInt64LE();
};

const doubleOf = (bits: bigint): number => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, bits));
  return bytes.readDoubleLE();
};

function* blocksOfColumns(plain: Buffer, first: number, count: number): Generator<Buffer> {
  const [entries, maps, literals, ...columns] = partsOf(plain);
  const slots: Buffer[] = [];
  let slot = 0;
  let before: Before | undefined;
  for (let k = 0; k < count; k++) {
    const connection = Number(BigInt.asUintN(32, BigInt(before?.connection ?? 0) + columns[0].word()));
    const times: number[] = [];
    for (const time of [0, 1, 2]) {
      const word = columns[1 + 2 * time].word();
      const rest = columns[2 + 2 * time].word();
      let expected = before?.times[time] ?? 0;
      if (time === 2 && before !== undefined) expected += times[0] - before.times[0];
      times.push(doubleOf(bitsOf(expected) + word + rest * 4294967296n));
    }
    before = { connection, times };
    const body: Buffer[] = [];
    for (let left = columns[7].word(); left > 0n; left--) {
      const what = Number(entries.varint());
      const kind = what === 0 ? entries.take(1)[0] : 5;
      let bytes: Buffer;
      if (what < 2) {
        bytes = Buffer.from(literals.take(Number(entries.varint())));
        if (what === 1) slot = slots.push(bytes) - 1;
      } else {
        slot += (what - 2) % 2 === 0 ? (what - 2) / 2 : -(what - 1) / 2;
        bytes = following(slots[slot], maps, columns);
        slots[slot] = bytes;
      }
      const head = Buffer.alloc(8);
      head[0] = kind;
      head.writeUInt32LE(bytes.length, 4);
      body.push(head, bytes);
    }
    const head = Buffer.alloc(40);
    head.writeUInt32LE(40 + body.reduce((sum, { length }) => sum + length, 0), 0);
    head.writeUInt32LE(first + k, 8);
    head.writeUInt32LE(connection, 12);
    for (const [n, time] of times.entries()) head.writeDoubleLE(time, 16 + 8 * n);
    yield Buffer.concat([head, ...body]);
  }
}

function following(before: Buffer, maps: Part, columns: readonly Part[]): Buffer {
  const bytes = Buffer.from(before);
  const words = Math.floor((bytes.length - 27) / 4);
  const map = maps.take(4 * Math.ceil(words / 32));
  for (let word = 0; word < words; word++) {
    if ((map[word >> 3] & (1 << (word & 7))) === 0) continue;
    const at = bytes.length - 4 * (words - word);
    bytes.writeUInt32LE(
      Number(BigInt.asUintN(32, BigInt(bytes.readUInt32LE(at)) + columns[8 + word].word())),
      at,
    );
  }
  return bytes;
}
