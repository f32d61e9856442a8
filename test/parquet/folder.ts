/** A store in a folder, and the folder's contents, for the tests of the store. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ParquetStore, type ParquetStoreOptions } from '../../src/parquet/store.js';
import { IDENTITY, noWait } from './candles.js';

export const RELIANCE = { exchange: 'NSE', symbol: 'RELIANCE' };

export function storeIn(outDir: string, more: Partial<ParquetStoreOptions> = {}): ParquetStore {
  return new ParquetStore({ outDir, identity: IDENTITY, wait: noWait, ...more });
}

/** Every file under a folder with its bytes. */
export async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path, (await readFile(path)).toString('base64')] as const)),
  );
}
