import { describe, expect, it } from 'vitest';
import { crc32, combineCrc32, ownCrc32 } from '../../src/journal/crc32.js';
import { seededRandom } from '../../src/random.js';

/** Bit by bit, by the definition. */
function slowly(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

// By Node's code where it exists, and by ours, which serves short pieces and older versions.
describe.each([
  ['crc32', crc32],
  ['ownCrc32', ownCrc32],
] as const)('%s', (_, sum) => {
  it('is the published check value of CRC-32', () => {
    expect(sum(Buffer.from('123456789'), 0, 9)).toBe(0xcbf43926);
    expect(sum(Buffer.alloc(0), 0, 0)).toBe(0);
  });

  it('is that of the definition, for any length and place', () => {
    const random = seededRandom(7);
    const bytes = Buffer.from(Array.from({ length: 1100 }, () => Math.floor(random() * 256)));
    for (let from = 0; from < 12; from++)
      for (let to = from; to < from + 40; to++)
        expect(sum(bytes, from, to)).toBe(slowly(bytes.subarray(from, to)));
    for (const to of [255, 1023, 1024, 1025, 1026, 1100])
      expect(sum(bytes, 1, to)).toBe(slowly(bytes.subarray(1, to)));
  });
});

describe('the CRC of bytes in two parts', () => {
  const random = seededRandom(8);
  const bytes = Buffer.from(Array.from({ length: 70_000 }, () => Math.floor(random() * 256)));

  it('continues from the CRC of the first', () => {
    for (let cut = 0; cut <= 40; cut++)
      expect(ownCrc32(bytes, cut, 40, ownCrc32(bytes, 0, cut))).toBe(slowly(bytes.subarray(0, 40)));
  });

  it('follows from those of both and the length of the second', () => {
    for (const [cut, end] of [
      [0, 0],
      [0, 5],
      [5, 5],
      [3, 4],
      [8, 504],
      [100, 1123],
      [1, 4097],
      [30, 65_566],
      [1, 70_000],
    ]) {
      expect(combineCrc32(slowly(bytes.subarray(0, cut)), slowly(bytes.subarray(cut, end)), end - cut)).toBe(
        slowly(bytes.subarray(0, end)),
      );
    }
    const zeros = Buffer.alloc(2 ** 23 + 1);
    expect(combineCrc32(crc32(bytes, 0, 9), crc32(zeros, 0, zeros.length), zeros.length)).toBe(
      ownCrc32(zeros, 0, zeros.length, crc32(bytes, 0, 9)),
    );
  });
});
