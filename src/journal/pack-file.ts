/** Packs as they lie in a file. */
import type { FileHandle } from 'node:fs/promises';
import { PACK } from './packed-format.js';
import { packIsIntact, readPackHeader, type PackHeader } from './unpack.js';

/** `length` bytes from `at` on; fewer at the end of the file. */
export async function bytesAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, at + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

export interface PackInFile {
  readonly header: PackHeader;
  /** Deflated. */
  readonly body: Buffer;
}

/** The pack at `at`, its checksum compared; undefined if it is damaged. Throws the file system's errors. */
export async function readPack(file: FileHandle, at: number): Promise<PackInFile | undefined> {
  const header = readPackHeader(await bytesAt(file, at, PACK.header));
  if (header === undefined) return undefined;
  const bytes = await bytesAt(file, at, header.size);
  return bytes.length === header.size && packIsIntact(bytes)
    ? { header, body: bytes.subarray(PACK.header) }
    : undefined;
}

/** For zlib: a pack's bytes when inflated, in one piece, and no more than it says. */
export const inflateOptions = ({
  plainBytes,
}: PackHeader): { maxOutputLength: number; chunkSize: number } => ({
  maxOutputLength: Math.max(1, plainBytes),
  chunkSize: Math.max(64, plainBytes),
});
