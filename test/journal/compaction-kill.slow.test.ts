/**
 * A compaction that is killed at any moment leaves a journal that is read as it was, and that the next one compacts.
 * Broken on purpose and caught: the raw segment goes before the other is renamed; both are read.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { compactSegment, type CompactionStep } from '../../src/journal/compact.js';
import { seededRandom } from '../../src/random.js';
import { inFolder } from '../parquet/candles.js';
import { perTier } from '../volume.js';
import { found, stampAt, writerIn } from './made.js';

const script = fileURLToPath(new URL('./mortal-compaction.js', import.meta.url));
/** Real ms within which a kill by time comes. */
const LONGEST_MS = 600;
const TRIALS = perTier(5, 8, 150);

/** Two segments of three packs each. */
async function journal(folder: string): Promise<void> {
  const writer = writerIn(folder, { segmentBytes: 10_000_000 });
  await writer.start({ taken: () => undefined, written: () => undefined });
  for (let k = 0; k < 32; k++) {
    writer.open(stampAt(k));
    for (let n = 0; n < 1500; n++) writer.frame(Buffer.alloc(379, k + n));
    await writer.flush();
  }
  await writer.stop();
}

/** Resolves with the signal that ended it. */
function compaction(args: readonly string[], killAfterMs?: number): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [script, ...args], { stdio: 'inherit' });
  if (killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)));
}

/** What the reader finds, in short. */
async function summary(folder: string): Promise<unknown> {
  const { extent, entries } = await found(folder);
  return [extent, entries.length, entries.at(-1), entries[Math.floor(entries.length / 2)]];
}

it('killed at each of its steps, and then at any time', async () => {
  await inFolder(async (folder) => {
    await journal(folder);
    const before = await summary(folder);
    const steps: readonly (readonly [CompactionStep, number, readonly string[]])[] = [
      ['packed', 1, ['.aside', '000001.journal']],
      ['packed', 3, ['.aside', '000001.journal']],
      ['written', 1, ['.aside', '000001.journal']],
      ['compared', 1, ['.aside', '000001.journal']],
      ['renamed', 1, ['000001.journal', '000001.packed']],
      ['removed', 1, ['000001.packed']],
    ];
    for (const [step, times, names] of steps) {
      expect(await compaction([folder, '1', step, String(times)])).toBe('SIGKILL');
      const left = readdirSync(folder).map((name) => (name.startsWith('.') ? '.aside' : name));
      expect(left.sort(), step).toEqual([...names, '000002.journal'].sort());
      expect(await summary(folder), step).toEqual(before);
    }
    const random = seededRandom(20261130, 0);
    const raw = readFileSync(join(folder, '000002.journal'));
    let kills = 0;
    for (let trial = 0; trial < TRIALS; trial++) {
      writeFileSync(join(folder, '000002.journal'), raw);
      const signal = await compaction([folder, '2', 'none', '0'], Math.floor(LONGEST_MS * random()));
      if (signal !== null) kills++;
      expect(await summary(folder), `trial ${trial}`).toEqual(before);
    }
    expect(kills).toBeGreaterThan(0);
    writeFileSync(join(folder, '000002.journal'), raw);
    expect(await compactSegment(folder, 2)).toMatchObject({ number: 2 });
    expect(readdirSync(folder).sort()).toEqual(['000001.packed', '000002.packed']);
    expect(await summary(folder)).toEqual(before);
  });
});
