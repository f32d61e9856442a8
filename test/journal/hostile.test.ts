/** Foreign journals with correct checksums, as the fuzzer (test/fuzz) found them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { segmentHeader } from '../../src/journal/format.js';
import { parseMeta } from '../../src/journal/meta.js';
import { readJournal } from '../../src/journal/reader.js';
import { metaSample } from '../fuzz/targets/meta.js';
import { inFolder } from '../parquet/candles.js';

const visitor = { entry: () => undefined };

describe('a journal of somebody else', () => {
  it.each(['sessions', 'instruments'])(
    'with a million %s is refused in a sentence, not by a stack that is full',
    (name) => {
      const bytes = Buffer.from(
        JSON.stringify({ ...metaSample, [name]: Array.from({ length: 1_000_000 }, () => 0) }),
      );
      expect(() => parseMeta(bytes, 'the journal')).toThrow(
        expect.objectContaining({
          code: 'JOURNAL',
          message: `the journal says nothing usable of its run: \`${name}\` is not as it must be; name the journal of another run.`,
        }) as Error,
      );
    },
  );

  it.each(['', '../../elsewhere', '\u001b[2J', 'a name'])(
    'whose run is called %j is refused: the name becomes a folder, and is shown',
    (runId) =>
      inFolder(async (folder) => {
        await writeFile(
          join(folder, '000001.journal'),
          segmentHeader({ runId, number: 1, firstBlock: 0, wallMs: 0 }),
        );
        await expect(readJournal(folder, visitor)).rejects.toMatchObject({
          code: 'JOURNAL',
          message: expect.stringContaining('has no name of a run in its header') as string,
        });
      }),
  );

  it('in which a segment is a folder is refused in a sentence', () =>
    inFolder(async (folder) => {
      await mkdir(join(folder, '000001.journal'));
      await expect(readJournal(folder, visitor)).rejects.toMatchObject({ code: 'JOURNAL' });
    }));
});
