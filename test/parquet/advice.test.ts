/** A sentence about a user's file says how to read or rewrite it, never to delete it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openParquet } from '../../src/parquet/reader.js';
import { inFolder } from './candles.js';

describe('a file that cannot be read', () => {
  it.each([
    ['is cut off', 'PAR1', 'write it again from where it comes'],
    ['has a footer that is not understood', `PAR1${'x'.repeat(40)}\u0008\0\0\0PAR1`, 'rewrite it with them'],
  ])('is never to be deleted: it %s', (_what, content, advice) =>
    inFolder(async (folder) => {
      const path = join(folder, 'NSE_TCS_1m.parquet');
      await writeFile(path, content);
      const error: unknown = await openParquet(path, 'HISTORY').catch((thrown: unknown) => thrown);
      expect(String(error)).toContain(advice);
      expect(String(error)).not.toMatch(/delete|remove/);
    }),
  );
});
