/**
 * CRC-32 as in zlib, gzip and PNG (reflected polynomial 0xEDB88320), so any tool can check a journal. Eight bytes a
 * step.
 */
import zlib from 'node:zlib';

const TABLES = makeTables();

/** Table 0 advances a CRC by one byte; table k by that byte and k zero bytes. */
function makeTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    tables[byte] = value;
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let k = 1; k < 8; k++) {
      const before = tables[(k - 1) * 256 + byte];
      tables[k * 256 + byte] = (before >>> 8) ^ tables[before & 0xff];
    }
  }
  return tables;
}

/** Block lengths are below 2^24. */
const POWERS = 24;
const SHIFT_TABLES = makeShiftTables();

/**
 * Part k advances a CRC by 2^k zero bytes, with a table for each of its four bytes: the part before, applied twice.
 */
function makeShiftTables(): Int32Array {
  const tables = new Int32Array(POWERS * 1024);
  for (let byte = 0; byte < 256; byte++) {
    tables[byte] = TABLES[byte];
    for (let place = 1; place < 4; place++) tables[256 * place + byte] = byte << (8 * (place - 1));
  }
  for (let at = 1024; at < tables.length; at++)
    tables[at] = shifted(tables, at - 1024 - (at & 1023), tables[at - 1024]);
  return tables;
}

function shifted(tables: Int32Array, part: number, crc: number): number {
  return (
    tables[part + (crc & 0xff)] ^
    tables[part + 256 + ((crc >>> 8) & 0xff)] ^
    tables[part + 512 + ((crc >>> 16) & 0xff)] ^
    tables[part + 768 + (crc >>> 24)]
  );
}

/**
 * CRC of two joined pieces, from their CRCs and the second's `length` (below 2^24). Algebra: zlib's crc32_combine.
 */
export function combineCrc32(first: number, second: number, length: number): number {
  let crc = first | 0;
  for (let left = length | 0, part = 0; left !== 0; left >>>= 1, part += 1024)
    if ((left & 1) === 1) crc = shifted(SHIFT_TABLES, part, crc);
  return (crc ^ second) >>> 0;
}

/** Since Node 20.15: fast per byte, slow to call. */
export const nativeCrc32 = (zlib as { readonly crc32?: (bytes: Uint8Array) => number }).crc32;
/** From here Node's CRC is faster. */
const MIN_NATIVE_BYTES = 1024;

/** CRC of `bytes[from, to)`, unsigned 32-bit. */
export function crc32(bytes: Uint8Array, from: number, to: number): number {
  return nativeCrc32 !== undefined && to - from >= MIN_NATIVE_BYTES
    ? nativeCrc32(bytes.subarray(from, to))
    : ownCrc32(bytes, from, to);
}

/** Without Node's CRC. `before`: CRC of the preceding bytes. Allocates nothing. */
export function ownCrc32(bytes: Uint8Array, from: number, to: number, before = 0): number {
  const t = TABLES;
  let crc = ~before;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    const low = crc ^ (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
    crc =
      t[1792 + (low & 0xff)] ^
      t[1536 + ((low >>> 8) & 0xff)] ^
      t[1280 + ((low >>> 16) & 0xff)] ^
      t[1024 + (low >>> 24)] ^
      t[768 + bytes[at + 4]] ^
      t[512 + bytes[at + 5]] ^
      t[256 + bytes[at + 6]] ^
      t[bytes[at + 7]];
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]) & 0xff];
  return (crc ^ -1) >>> 0;
}
