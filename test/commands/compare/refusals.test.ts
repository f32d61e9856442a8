/** What `compare` refuses to begin with, and by which code. */
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { candleOf, comparing, inFolders, minutes, writeOurs, writeReference } from './folders.js';

const ours = (from: number, to: number) => minutes(from, to).map((minute) => candleOf({ minute }));
const rest = (from: number, to: number) => minutes(from, to).map((minute) => ({ minute }));

describe('refusals', () => {
  const refused = async (
    folders: Parameters<typeof comparing>[0],
    options: Parameters<typeof comparing>[1],
    code: string,
    sentence: string,
  ): Promise<void> =>
    expect(comparing(folders, options)).rejects.toMatchObject({
      code,
      exitCode: 2,
      message: expect.stringContaining(sentence),
    });

  it('name what is wrong with folders and symbols', () =>
    inFolders(async (folders) => {
      const { root, ours: mine, reference } = folders;
      await refused(folders, {}, 'HISTORY', 'has no NSE_{SYMBOL}_1m_test.parquet');
      await writeOurs(mine, ours(0, 1));
      await refused(folders, { ours: join(root, 'nowhere') }, 'USAGE', '--ours: ');
      await refused(folders, { reference: join(root, 'nowhere') }, 'USAGE', '--reference: ');
      await refused(
        folders,
        { reference: join(mine, 'NSE_RELIANCE_1m_test.parquet') },
        'USAGE',
        'is no folder',
      );
      await refused(folders, { reference: join(mine, '..', 'ours') }, 'USAGE', 'are the same folder');
      await symlink(mine, join(root, 'alias'));
      await refused(folders, { reference: join(root, 'alias') }, 'USAGE', 'are the same folder');
      await refused(
        folders,
        { symbols: ['RELIANCE', 'TCS', 'INFY'] },
        'HISTORY',
        'has no candles of TCS, INFY: name others with --symbols, or another folder.',
      );
      await refused(folders, { symbols: [] }, 'USAGE', 'names no symbol');
      await refused(folders, { symbols: ['../x'] }, 'INSTRUMENT', 'is no trading symbol');
      expect(await readdir(reference)).toStrictEqual([]);
    }));

  it('name the file that cannot be read', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours(0, 1));
      await writeFile(join(folders.reference, 'NSE_RELIANCE_1m.parquet'), 'PAR1 and nothing more');
      await refused(folders, {}, 'HISTORY', 'NSE_RELIANCE_1m.parquet is no whole Parquet file');
      await rm(join(folders.reference, 'NSE_RELIANCE_1m.parquet'));
      await writeFile(join(folders.ours, 'quality', 'NSE_RELIANCE_1m_quality.parquet'), 'PAR1');
      await refused(folders, {}, 'HISTORY', 'NSE_RELIANCE_1m_quality.parquet is no whole Parquet file');
    }));

  it('a file of ours that another program has rewritten', () =>
    inFolders(async (folders) => {
      await mkdir(join(folders.root, 'other'));
      const path = await writeReference(join(folders.root, 'other'), rest(0, 3));
      await rename(path, join(folders.ours, 'NSE_RELIANCE_1m_test.parquet'));
      await refused(folders, {}, 'HISTORY', 'has no footer key `feed`');
    }));
});
