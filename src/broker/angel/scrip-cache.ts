/** Downloaded instrument files: one a day, with the rows that matter, in the broker's format. */
import { createReadStream, existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, sentenceOf } from '../../errors.js';
import { writeWhole } from '../../text/atomic-file.js';
import type { CachedFile } from '../broker.js';
import { readLines, readMaster, type ScripMaster, type Wanted } from './scrip-master.js';
import type { MasterRow } from './scrip-rows.js';

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

/** A download's other half: what is no cash equity of NSE, stock future or index. Runs of these do not read it. */
const othersOf = (path: string): string => path.replace(/OpenAPIScripMaster(?=-[\d-]+\.json$)/, 'others');

/**
 * Reads a file from disk; of a download, also its other half if `wanted` asks for it. Throws EngineError INSTRUMENT in
 * one sentence.
 */
export async function readMasterFile(path: string, wanted?: Wanted): Promise<ScripMaster> {
  const others = othersOf(path);
  if (wanted === undefined || others === path || !existsSync(others)) return readOne(path, wanted);
  const first = await readOne(path);
  const second = await reading(others, () => readLines(linesIn(others), others, wanted));
  return {
    ...first,
    others: new Map([...first.others, ...second.others]),
    conflicts: new Map([...second.conflicts, ...first.conflicts]),
    rows: first.rows + second.rows,
    unreadable: first.unreadable + second.unreadable,
  };
}

/** Opens the file when the first chunk is asked for: a stream that fails before that would end the process. */
async function* chunksIn(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}

async function* linesIn(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunksIn(path)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  yield rest;
}

function readOne(path: string, wanted?: Wanted): Promise<ScripMaster> {
  return reading(path, () => readMaster(chunksIn(path), path, wanted));
}

/** Throws EngineError INSTRUMENT for a file that cannot be read. */
async function reading(path: string, read: () => Promise<ScripMaster>): Promise<ScripMaster> {
  try {
    return await read();
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
 * Writes the rows as the files of `date`, whole or not at all, and removes all but the last few. Throws EngineError
 * OUTPUT.
 */
export async function keep(
  folder: string,
  date: string,
  rows: readonly MasterRow[],
  others: readonly MasterRow[] = [],
): Promise<string> {
  const path = pathOf(folder, date);
  const refusal = (reason: string): string =>
    `${path} cannot be written (${reason}): let this user write there.`;
  // A row a line, for diff between days.
  const textOf = (list: readonly MasterRow[]): string =>
    `[\n${list.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`;
  if (others.length > 0) writeWhole(othersOf(path), textOf(others), refusal);
  writeWhole(path, textOf(rows), refusal);
  try {
    for (const old of (await cachedDates(folder)).filter((one) => one <= date).slice(0, -DAYS_KEPT))
      for (const file of [pathOf(folder, old), othersOf(pathOf(folder, old))])
        await rm(file, { force: true });
  } catch (error) {
    throw new EngineError('OUTPUT', refusal(sentenceOf(error)), { cause: error });
  }
  return path;
}
