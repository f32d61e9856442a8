/** A process killed while it writes leaves whole files, and the next write makes the two agree. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ParquetStore } from '../../src/parquet/store.js';
import { checkExisting } from '../../src/parquet/existing.js';
import { IDENTITY, candleOf, inFolder, noWait } from './candles.js';

const KILLS = 8;
const BOTH = ['RELIANCE', 'M&M'];

function writerIn(folder: string, lastRename: number, symbols: readonly string[]) {
  return spawn(
    process.execPath,
    [fileURLToPath(new URL('./endless-writer.js', import.meta.url)), folder, String(lastRename), ...symbols],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
}

/**
 * Checks all files and settles what was left. Returns the revision that all rows of each symbol have.
 */
async function settledRevisions(folder: string, symbols: readonly string[]): Promise<number[]> {
  const instruments = symbols.map((symbol) => ({ exchange: 'NSE', symbol }));
  await checkExisting(folder, instruments, ['1m'], IDENTITY);
  const sink = new ParquetStore({ outDir: folder, identity: IDENTITY, wait: noWait });
  const revisions: number[] = [];
  for (const instrument of instruments) {
    // A row that loses to every other: the write only settles what was left.
    await sink.write(instrument, [candleOf({ symbol: instrument.symbol, minute: 0, partial: true })]);
    const rows = await sink.readBack(instrument);
    expect(rows).toHaveLength(60);
    for (const { candle, quality } of rows) expect(candle.close).toBe(100 + quality!.revision / 100);
    expect(new Set(rows.map(({ quality }) => quality!.revision)).size).toBe(1);
    revisions.push(rows[0].quality!.revision);
  }
  expect(
    (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.writing')),
  ).toStrictEqual([]);
  return revisions;
}

describe('SIGKILL while writing', () => {
  it('at any moment leaves every file readable', () =>
    inFolder(async (folder) => {
      for (let kill = 0; kill < KILLS; kill++) {
        const child = writerIn(folder, 0, BOTH);
        const exited = once(child, 'exit');
        await once(child.stdout, 'data');
        // Spread over a write's length, so that kills fall on every part of it.
        await new Promise((resolve) => setTimeout(resolve, kill * 5.5));
        child.kill('SIGKILL');
        await exited;
        await settledRevisions(folder, BOTH);
      }
    }));

  // Each round renames quality, then candles: before its quality is in place a round never happened, after that it did.
  it.each([
    [3, 0],
    [4, 1],
    [5, 1],
    [6, 2],
  ])('before rename %d leaves revision %d', (rename, revision) =>
    inFolder(async (folder) => {
      const child = writerIn(folder, rename, ['RELIANCE']);
      child.stdout.resume();
      expect(await once(child, 'exit')).toStrictEqual([null, 'SIGKILL']);
      expect(await settledRevisions(folder, ['RELIANCE'])).toStrictEqual([revision]);
    }),
  );

  // Of two symbols together the quality of both is renamed, then the candles of both.
  it.each([
    [5, [0, 0]],
    [6, [1, 0]],
    [7, [1, 1]],
    [8, [1, 1]],
    [9, [1, 1]],
    [10, [2, 1]],
  ] as const)('of two symbols, before rename %d leaves revisions %j', (rename, revisions) =>
    inFolder(async (folder) => {
      const child = writerIn(folder, rename, BOTH);
      child.stdout.resume();
      expect(await once(child, 'exit')).toStrictEqual([null, 'SIGKILL']);
      expect(await settledRevisions(folder, BOTH)).toStrictEqual(revisions);
    }),
  );
});
