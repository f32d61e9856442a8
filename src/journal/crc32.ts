/** CRC-32 as in zlib, gzip and PNG (reflected polynomial 0xEDB88320), eight bytes a step, so that any tool can check a journal. */
import zlib from 'node:zlib';

const TABLES = makeTables();

/** Table 0 takes one byte forward; table k takes it forward behind k more zero bytes. */
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

/** Node's own, which takes many bytes a step and some time to be called; it came with 20.15. */
const native = (zlib as { readonly crc32?: (bytes: Uint8Array) => number }).crc32;
/** Bytes from which on it is quicker. */
const LONG = 1024;

/** The CRC of `bytes[from, to)`, an unsigned 32-bit integer. */
export function crc32(bytes: Uint8Array, from: number, to: number): number {
  return native !== undefined && to - from >= LONG ? native(bytes.subarray(from, to)) : ownCrc32(bytes, from, to);
}

/** The same without Node's help. Allocates nothing. */
export function ownCrc32(bytes: Uint8Array, from: number, to: number): number {
  const t = TABLES;
  let crc = -1;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    const low = crc ^ (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
    crc =
      t[1792 + (low & 0xff)] ^ t[1536 + ((low >>> 8) & 0xff)] ^ t[1280 + ((low >>> 16) & 0xff)] ^ t[1024 + (low >>> 24)] ^
      t[768 + bytes[at + 4]] ^ t[512 + bytes[at + 5]] ^ t[256 + bytes[at + 6]] ^ t[bytes[at + 7]];
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]) & 0xff];
  return (crc ^ -1) >>> 0;
}
