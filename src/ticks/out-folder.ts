/**
 * The folder of an export. It is written aside and renamed into place, so it is there whole or not at all. A file in
 * it lists the others: a folder that holds exactly those, unchanged, may be replaced, and no other.
 */
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EngineError, sentenceOf } from '../errors.js';
import { asideNames, asideOf, leftoversOf, newTag, syncFolder, writeWhole } from '../text/atomic-file.js';
import { isObject } from '../text/json.js';
import type { TickFileFigures } from './tick-files.js';

/** The file that lists the others. */
const LIST_NAME = 'export.json';

/** What an export says of itself. */
export interface ExportList {
  readonly what: 'ticks';
  readonly [more: string]: unknown;
  readonly files: readonly TickFileFigures[];
}

function refusal(folder: string, why: string): EngineError {
  return new EngineError('OUTPUT', `${folder} ${why}: name another --out, or empty it.`);
}

function listOf(folder: string): ExportList | undefined {
  try {
    const list: unknown = JSON.parse(readFileSync(join(folder, LIST_NAME), 'utf8'));
    return isObject(list) && list['what'] === 'ticks' && Array.isArray(list['files'])
      ? (list as unknown as ExportList)
      : undefined;
  } catch (error) {
    // Without a list that can be read the folder is not an export of ours, which the caller says.
    void error;
    return undefined;
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * Throws EngineError OUTPUT unless `folder` is absent, empty, or a whole and unchanged export.
 */
export async function checkReplaceable(folder: string): Promise<void> {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isDirectory()) throw refusal(folder, 'is a file and no folder');
  const names = readdirSync(folder);
  if (names.length === 0) return;
  const list = listOf(folder);
  if (list === undefined) throw refusal(folder, 'holds files that are no export of ticks');
  const listed = new Map(list.files.map((file) => [file.name, file]));
  for (const name of names) {
    if (name === LIST_NAME) continue;
    const file = listed.get(name);
    if (file === undefined) throw refusal(folder, `holds ${name}, which is not of the export there`);
    if ((await sha256Of(join(folder, name))) !== file.sha256)
      throw refusal(folder, `holds ${name}, which was changed since it was exported`);
  }
}

/** A folder that is being written. */
export interface NewFolder {
  /** Where the files go until then. */
  readonly aside: string;
  /** Renames it into place, over what `checkReplaceable` allowed. Throws EngineError OUTPUT. */
  keep(): Promise<void>;
  /** Removes it. */
  drop(): void;
}

/**
 * Makes a hidden folder next to `folder`, and removes those that killed processes left there. Throws EngineError
 * OUTPUT.
 */
export async function newFolder(folder: string): Promise<NewFolder> {
  const parent = dirname(folder);
  const aside = asideOf(folder, newTag());
  const before = asideOf(folder, newTag());
  try {
    await mkdir(parent, { recursive: true });
    for (const { path } of leftoversOf(folder, await asideNames(parent)))
      rmSync(path, { recursive: true, force: true });
    await mkdir(aside);
  } catch (error) {
    throw new EngineError('OUTPUT', `${folder} cannot be made (${sentenceOf(error)}); name another.`, {
      cause: error,
    });
  }
  const drop = (): void => rmSync(aside, { recursive: true, force: true });
  const keep = async (): Promise<void> => {
    try {
      await syncFolder(aside);
      const replaces = statSync(folder, { throwIfNoEntry: false }) !== undefined;
      if (replaces) renameSync(folder, before);
      try {
        renameSync(aside, folder);
      } catch (error) {
        if (replaces) renameSync(before, folder);
        throw error;
      }
      rmSync(before, { recursive: true, force: true });
      await syncFolder(parent);
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw new EngineError(
        'OUTPUT',
        `${basename(folder)} cannot be put into ${parent} (${sentenceOf(error)}); name another.`,
        { cause: error },
      );
    }
  };
  return { aside, keep, drop };
}

/** Writes the list, last. Throws EngineError OUTPUT. */
export function writeList(folder: string, list: ExportList): void {
  const path = join(folder, LIST_NAME);
  writeWhole(
    path,
    `${JSON.stringify(list, null, 2)}\n`,
    (reason) => `${path} cannot be written (${reason}).`,
  );
}
