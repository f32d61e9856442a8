import { describe, expect, it } from 'vitest';
import { crc32, ownCrc32 } from '../../src/journal/crc32.js';
import { seededRandom } from '../../src/random.js';

/** Bit by bit, as the definition has it. */
function slowly(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

// By Node's own where it has one, and by ours, which serves short pieces and older versions.
describe.each([['crc32', crc32], ['ownCrc32', ownCrc32]] as const)('%s', (_, sum) => {
  it('is the published check value of CRC-32', () => {
    expect(sum(Buffer.from('123456789'), 0, 9)).toBe(0xcbf43926);
    expect(sum(Buffer.alloc(0), 0, 0)).toBe(0);
  });

  it('is that of the definition, for any length and place', () => {
    const random = seededRandom(7);
    const bytes = Buffer.from(Array.from({ length: 1100 }, () => Math.floor(random() * 256)));
    for (let from = 0; from < 12; from++) for (let to = from; to < from + 40; to++) expect(sum(bytes, from, to)).toBe(slowly(bytes.subarray(from, to)));
    for (const to of [255, 1023, 1024, 1025, 1026, 1100]) expect(sum(bytes, 1, to)).toBe(slowly(bytes.subarray(1, to)));
  });
});
