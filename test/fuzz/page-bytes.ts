/** Bytes of Parquet pages: honest values, and packed ones that say more than they hold. */
import type { Column } from '../../src/parquet/columns.js';
import { varint } from './thrift.js';

/** Honest values of a column in plain encoding. */
export function plainValues({ type, name }: Column, rows: number): Buffer {
  switch (type) {
    case 'string': {
      const text = Buffer.from(name === 'exchange' ? 'NSE' : name === 'source' ? 'continuous' : 'RELIANCE');
      const one = Buffer.concat([Buffer.alloc(4), text]);
      one.writeUInt32LE(text.length);
      return Buffer.concat(Array.from({ length: rows }, () => one));
    }
    case 'boolean':
      return Buffer.alloc(Math.ceil(rows / 8));
    case 'double':
    case 'int64':
    case 'timestamp': {
      const bytes = Buffer.alloc(8 * rows);
      for (let row = 0; row < rows; row++) {
        if (type === 'double') bytes.writeDoubleLE(100 + row, 8 * row);
        else
          bytes.writeBigInt64LE(
            type === 'timestamp'
              ? BigInt(Date.parse('2026-11-16T09:15:00+05:30') + row * 60_000)
              : BigInt(row),
            8 * row,
          );
      }
      return bytes;
    }
  }
}

/** Snappy data that copies one byte again and again, and so expands twentyfold. */
export function snappyRepeated(byte: number, length: number): Buffer {
  const parts = [varint(BigInt(length)), Buffer.from([0, byte])];
  for (let left = length - 1; left > 0; left -= 64)
    parts.push(Buffer.from([((Math.min(64, left) - 1) << 2) | 2, 1, 0]));
  return Buffer.concat(parts);
}
