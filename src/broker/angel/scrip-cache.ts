/** Downloaded instrument files: one a day, with the rows that matter, in the broker's format. */
import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, sentenceOf } from '../../errors.js';
import { writeWhole } from '../../text/atomic-file.js';
import type { CachedFile } from '../broker.js';
import { readMaster, type ScripMaster, type MasterRow } from './scrip-master.js';

/** Where `tickshard instruments --fetch` keeps its files. */
export const CACHE_FOLDER = 'data/test/instruments';
const DAYS_KEPT = 5;
const NAME = /^OpenAPIScripMaster-(\d{4}-\d{2}-\d{2})\.json$/;
const DAY_MS = 86_400_000;

async function cachedDates(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).flatMap((name) => NAME.exec(name)?.[1] ?? []).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new EngineError(
      'INSTRUMENT',
      `${folder} cannot be read (${sentenceOf(error)}): let this user read it.`,
      { cause: error },
    );
  }
}

const pathOf = (folder: string, date: string): string => join(folder, `OpenAPIScripMaster-${date}.json`);

/** The newest file up to `today` (IST), if any. */
export async function newestCached(folder: string, today: string): Promise<CachedFile | undefined> {
  const date = (await cachedDates(folder)).filter((one) => one <= today).at(-1);
  if (date === undefined) return undefined;
  return {
    path: pathOf(folder, date),
    date,
    ageDays: Math.round((Date.parse(today) - Date.parse(date)) / DAY_MS),
  };
}

/** Reads a file from disk. Throws EngineError INSTRUMENT in one sentence. */
export async function readMasterFile(path: string): Promise<ScripMaster> {
  try {
    return await readMaster(createReadStream(path) as AsyncIterable<Uint8Array>, path);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError(
      'INSTRUMENT',
      `${path} cannot be read (${sentenceOf(error)}): fetch it again with \`tickshard instruments --fetch\`.`,
      { cause: error },
    );
  }
}

/**
 * Writes `rows` as the file of `date`, whole or not at all, and removes all but the last few. Throws EngineError
 * OUTPUT.
 */
export async function keep(folder: string, date: string, rows: readonly MasterRow[]): Promise<string> {
  const path = pathOf(folder, date);
  const refusal = (reason: string): string =>
    `${path} cannot be written (${reason}): let this user write there.`;
  // A row a line, for diff between days.
  writeWhole(path, `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`, refusal);
  try {
    for (const old of (await cachedDates(folder)).filter((one) => one <= date).slice(0, -DAYS_KEPT))
      await rm(pathOf(folder, old));
  } catch (error) {
    throw new EngineError('OUTPUT', refusal(sentenceOf(error)), { cause: error });
  }
  return path;
}
