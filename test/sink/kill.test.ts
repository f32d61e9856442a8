/** A process killed while it writes leaves whole files, and the next write makes the two agree. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ParquetSink } from '../../src/sink/sink.js';
import { checkExisting } from '../../src/sink/stored.js';
import { IDENTITY, candleOf, inFolder, noWait } from './candles.js';

const RELIANCE = { exchange: 'NSE', symbol: 'RELIANCE' };
const KILLS = 12;

function writerIn(folder: string, ...more: string[]) {
  return spawn(process.execPath, [fileURLToPath(new URL('./endless-writer.js', import.meta.url)), folder, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Checks both files, settles what was left aside, and returns the revision that all rows have and agree on. */
async function settledRevision(folder: string): Promise<number> {
  await checkExisting(folder, [RELIANCE], IDENTITY);
  const sink = new ParquetSink({ outDir: folder, identity: IDENTITY, wait: noWait });
  // A row that loses to every other, so that only the leftovers are settled.
  await sink.write(RELIANCE, [candleOf({ minute: 0, partial: true })]);
  const rows = await sink.readBack(RELIANCE);
  expect(rows).toHaveLength(60);
  for (const { candle, quality } of rows) expect(candle.close).toBe(100 + quality!.revision / 100);
  expect(new Set(rows.map(({ quality }) => quality!.revision)).size).toBe(1);
  expect((await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.writing'))).toStrictEqual([]);
  return rows[0].quality!.revision;
}

describe('SIGKILL while writing', () => {
  it('at any moment leaves every file readable', () =>
    inFolder(async (folder) => {
      for (let kill = 0; kill < KILLS; kill++) {
        const child = writerIn(folder);
        const exited = once(child, 'exit');
        await once(child.stdout, 'data');
        // Spread over a write's length, so that kills fall on every part of it.
        await new Promise((resolve) => setTimeout(resolve, kill * 3.7));
        child.kill('SIGKILL');
        await exited;
        await settledRevision(folder);
      }
    }));

  // Each round renames quality, then candles: before its quality is in place a round never happened, after that it did.
  it.each([[3, 0], [4, 1], [5, 1], [6, 2]])('before rename %d leaves revision %d', (rename, revision) =>
    inFolder(async (folder) => {
      const child = writerIn(folder, String(rename));
      child.stdout.resume();
      expect(await once(child, 'exit')).toStrictEqual([null, 'SIGKILL']);
      expect(await settledRevision(folder)).toBe(revision);
    }),
  );
});
