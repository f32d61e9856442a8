/** Room on the disk that a run's candles can still need. */
import { statSync } from 'node:fs';
import { candlesPath, type FileInstrument } from './candles-file.js';
import { qualityPath } from './quality-file.js';

/** Of ext4, XFS and tmpfs. */
const BLOCK_BYTES = 4096;
/** Of a file with few rows: schema, Arrow schema, footer. test/parquet/room.test.ts measures these. */
const FIXED_BYTES = { candles: 2048, quality: 3712 } as const;
/** Without symbol and exchange. */
const ROW_BYTES = { candles: 60, quality: 125 } as const;
/** Names in folders, temporary ones included. */
const NAME_BYTES = 512;

/** Bytes that a file of `bytes` takes on the disk. */
export function onDisk(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Upper bounds of an instrument's two new files with `rows` rows, bytes. */
export function fileBytes(
  { symbol, exchange }: FileInstrument,
  rows: number,
): { readonly candles: number; readonly quality: number } {
  return {
    candles: FIXED_BYTES.candles + rows * (ROW_BYTES.candles + symbol.length + exchange.length),
    quality: FIXED_BYTES.quality + rows * ROW_BYTES.quality,
  };
}

/**
 * Bytes by which the files of `instruments` can grow by `rows` rows each, with the temporary files that the largest
 * instruments' write needs. Reads the sizes of existing files. Throws the file system's error.
 */
export function roomForCandles(outDir: string, instruments: readonly FileInstrument[], rows: number): number {
  let growth = 0;
  let largest = 0;
  for (const instrument of instruments) {
    const more = fileBytes(instrument, rows);
    let pair = 0;
    for (const [path, bytes] of [
      [candlesPath(outDir, instrument), more.candles],
      [qualityPath(outDir, instrument), more.quality],
    ] as const) {
      const there = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      const whole = onDisk(there + bytes);
      growth += whole - onDisk(there);
      pair += whole;
    }
    largest = Math.max(largest, pair);
  }
  // Two instruments are encoded concurrently; one block for the folder of quality rows.
  return growth + 2 * largest + BLOCK_BYTES + onDisk(NAME_BYTES * instruments.length);
}
