/**
 * Bytes are in the journal before they are used. A disk that refuses loses nothing within the bound, and is
 * reported. Mutations that were caught: `written` is called before the write, a group is lost when its write
 * fails, a segment begins with the wrong block number.
 */
import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { KIND } from '../../src/journal/format.js';
import { readJournal } from '../../src/journal/reader.js';
import { inFolder } from '../parquet/candles.js';
import { block, found, frameOf, journalOf, stampAt, writerIn } from './made.js';

const noHooks = { taken: (): void => undefined, written: (): void => undefined };

it('says that a group is written when its file has it, and takes what comes meanwhile as the next', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, '000001.journal');
    const writer = writerIn(folder);
    let offered = 0;
    let marked = 0;
    const shown: number[] = [];
    await writer.start({
      taken: () => (marked = offered),
      written: () => {
        shown.push(marked);
        // Every frame that may be used now is in the file.
        const file = readFileSync(path);
        for (let k = 0; k < marked; k++) expect(file.includes(frameOf(k))).toBe(true);
      },
    });
    for (let k = 0; k < 50; k++) {
      offered = k + 1;
      block(writer, k);
      if (k % 7 === 0) await writer.flush();
    }
    await writer.flush();
    expect(shown.at(-1)).toBe(50);
    expect(shown.length).toBeLessThan(50);
    await writer.stop();
    expect(writer.figures).toMatchObject({
      blocks: 50,
      frames: 50,
      segments: 1,
      missing: 0,
      trouble: undefined,
      bytes: statSync(path).size,
    });
  });
});

it('changes the last frame in place before it is written, and no other byte', async () => {
  await inFolder(async (folder) => {
    const writer = writerIn(folder);
    await writer.start(noHooks);
    writer.open(stampAt(0));
    writer.frame(Buffer.from('keep me'));
    writer.frame(Buffer.from('secret'));
    writer.numbers(KIND.seal, 3);
    writer.changeFrame((bytes) => bytes.fill('*'));
    await writer.stop();
    const { entries } = await found(folder);
    expect(entries.map(({ bytes }) => Buffer.from(bytes, 'hex').toString('latin1'))).toEqual([
      'keep me',
      '******',
      Buffer.from(new Float64Array([3]).buffer).toString('latin1'),
    ]);
  });
});

it('keeps what the disk refuses, continues, and writes it when the disk accepts it: nothing is missing', async () => {
  await inFolder(async (folder) => {
    const said: string[] = [];
    const writer = writerIn(folder, { segmentBytes: 400, onTrouble: (sentence) => said.push(sentence) });
    let shown = 0;
    await writer.start({ taken: () => undefined, written: () => shown++ });
    // A folder has the name of the next segment, so it cannot be opened.
    mkdirSync(join(folder, '000002.journal'));
    for (let k = 0; k < 20; k++) {
      block(writer, k);
      await writer.flush();
    }
    expect(shown).toBe(20);
    expect(said).toEqual([
      expect.stringMatching(/cannot be written \(EISDIR.*; what arrives is kept and it is tried again\.$/),
    ]);
    expect(writer.figures).toMatchObject({ trouble: said[0] });
    expect(writer.figures.missing).toBeGreaterThan(0);
    rmdirSync(join(folder, '000002.journal'));
    await vi.waitFor(() => expect(said).toHaveLength(2), 5000);
    expect(said[1]).toMatch(/is written again; nothing of it is missing\.$/);
    block(writer, 20);
    await writer.stop();
    expect(writer.figures).toMatchObject({ blocks: 21, frames: 21, missing: 0, trouble: undefined });
    expect((await found(folder)).extent).toMatchObject({ blocks: 21, broken: undefined });
  });
});

it.skipIf(process.platform !== 'linux')('says a full disk by its name', async () => {
  const { symlinkSync } = await import('node:fs');
  await inFolder(async (folder) => {
    const said: string[] = [];
    const writer = writerIn(folder, { segmentBytes: 400, onTrouble: (sentence) => said.push(sentence) });
    await writer.start(noHooks);
    symlinkSync('/dev/full', join(folder, '000002.journal'));
    for (let k = 0; k < 10; k++) block(writer, k);
    await writer.flush();
    block(writer, 10);
    await writer.stop();
    expect(said[0]).toMatch(/cannot be written \(ENOSPC/);
    expect(said[1]).toMatch(
      /has nothing after 2026-11-\S+\+05:30: the disk refused it to the end \(ENOSPC[^)]*\)\. Replay and --resume reach no further\.$/,
    );
    expect(writer.figures.missing).toBeGreaterThan(0);
  });
});

it('gives up beyond its bound, at its last whole block, and says how much is missing', async () => {
  await inFolder(async (folder) => {
    const said: string[] = [];
    const writer = writerIn(folder, {
      segmentBytes: 400,
      maxBacklogBytes: 500,
      onTrouble: (sentence) => said.push(sentence),
    });
    let shown = 0;
    await writer.start({ taken: () => undefined, written: () => shown++ });
    mkdirSync(join(folder, '000002.journal'));
    for (let k = 0; k < 30; k++) {
      block(writer, k);
      await writer.flush();
    }
    expect(said.at(-1)).toMatch(/has nothing after \S+: more than \d+ MiB waited for the disk/);
    // The waiting caller is released.
    expect(shown).toBeGreaterThanOrEqual(30);
    await writer.stop();
    rmdirSync(join(folder, '000002.journal'));
    const { extent } = await found(folder);
    expect(extent.broken).toBeUndefined();
    expect(writer.figures).toMatchObject({ frames: extent.blocks, missing: 30 - extent.blocks });
  });
});

/** What a reader finds at a journal's end. */
async function endOf(folder: string): Promise<{ blocks: number; incomplete: readonly boolean[] }> {
  const incomplete: boolean[] = [];
  const { blocks } = await readJournal(folder, {
    entry: () => undefined,
    incomplete: (over) => void incomplete.push(over),
  });
  return { blocks, incomplete };
}

it('says on the disk that it is incomplete from the first refusal on, no longer when all is written, and that the run ended', () =>
  inFolder(async (folder) => {
    let room = false;
    const writer = writerIn(folder, { hasRoom: () => room });
    await writer.start(noHooks);
    expect(await endOf(folder)).toEqual({ blocks: 0, incomplete: [] });
    block(writer, 0);
    await writer.flush();
    // A process that is killed now has used a frame that its journal lacks.
    expect(await endOf(folder)).toEqual({ blocks: 0, incomplete: [false] });
    expect(writer.figures.trouble).toMatch(/what is left of the disk is kept for the candles/);
    room = true;
    await vi.waitFor(() => expect(writer.figures.trouble).toBeUndefined(), 5000);
    block(writer, 1);
    await writer.flush();
    expect(await endOf(folder)).toEqual({ blocks: 2, incomplete: [] });
    room = false;
    block(writer, 2);
    await writer.flush();
    expect(await endOf(folder)).toEqual({ blocks: 2, incomplete: [false] });
    await writer.conclude();
    expect(await endOf(folder)).toEqual({ blocks: 2, incomplete: [true] });
    expect(writer.figures).toMatchObject({ missing: 1, untilMs: stampAt(1).marketMs });
  }));

it('says so where not even its files can say that it is incomplete', () =>
  inFolder(async (parent) => {
    const folder = join(parent, 'run');
    const writer = writerIn(folder, { hasRoom: () => false });
    await writer.start(noHooks);
    rmSync(folder, { recursive: true });
    block(writer, 0);
    await writer.stop();
    expect(writer.figures.trouble).toMatch(
      /has nothing of the run: the disk refused it to the end \(what is left [^)]*\); its files do not say so \(ENOENT[^)]*\)\. Replay/,
    );
  }));

it('continues where an earlier process stopped', async () => {
  await inFolder(async (folder) => {
    await journalOf(folder, 5);
    const { extent } = await found(folder);
    const writer = writerIn(folder, {
      from: { segment: extent.segment + 1, block: extent.blocks, frames: 5, bytes: extent.bytes },
    });
    await writer.start(noHooks);
    for (let k = 5; k < 9; k++) block(writer, k);
    await writer.stop();
    expect(writer.figures).toMatchObject({ segments: 2, blocks: 9, frames: 9 });
    expect((await found(folder)).extent).toMatchObject({
      segments: 2,
      blocks: 9,
      broken: undefined,
      bytes: writer.figures.bytes,
    });
  });
});

it("never opens another run's file, and leaves it as it was", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, '000001.journal');
    writeFileSync(path, "another run's");
    await expect(writerIn(folder).start(noHooks)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(readFileSync(path, 'utf8')).toBe("another run's");
  });
});
