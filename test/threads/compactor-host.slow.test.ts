/**
 * Closed segments are compacted meanwhile, in order. One that cannot be stays raw, which is said once, and the others
 * follow. Broken on purpose and caught: a thread that died is waited for; small segments start a thread.
 */
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LEDGER } from '../../src/memory/io-ledger.js';
import { CompactorHost, type CompactorHostOptions } from '../../src/threads/compactor-host.js';
import { found, stampAt, writerIn } from '../journal/made.js';
import { inFolder } from '../parquet/candles.js';

interface Hosted {
  readonly host: CompactorHost;
  readonly said: string[];
  /** Writes a journal of five segments; each is handed over when it is closed. */
  readonly written: () => Promise<void>;
}

function hosted(folder: string, more: Partial<CompactorHostOptions> = {}, segmentBytes = 300_000): Hosted {
  const said: string[] = [];
  const host = new CompactorHost({
    folder,
    ledger: new SharedArrayBuffer(LEDGER.words * 4),
    hasRoom: () => true,
    onTrouble: (sentence) => said.push(sentence),
    ...more,
  });
  const written = async (): Promise<void> => {
    const writer = writerIn(folder, { segmentBytes, onClosed: (number) => host.add(number) });
    await writer.start({ taken: () => undefined, written: () => undefined });
    for (let k = 0; k < 5 * 30; k++) {
      writer.open(stampAt(k));
      for (let n = 0; n < 25; n++) writer.frame(Buffer.alloc(379, k + n));
      await writer.flush();
    }
    await writer.stop();
  };
  return { host, said, written };
}

/** However long it takes on a busy machine. */
async function finished(host: CompactorHost): Promise<void> {
  while (!(await host.finish()));
}

it('compacts each segment once it is closed, and the last when it is handed over', async () => {
  await inFolder(async (folder) => {
    const { host, said, written } = hosted(folder);
    await written();
    await finished(host);
    const names = readdirSync(folder).sort();
    expect(names.slice(0, -1)).toEqual(names.slice(0, -1).map((_, k) => `00000${k + 1}.packed`));
    expect(names.at(-1)).toMatch(/journal$/);
    host.add(names.length);
    await finished(host);
    expect(host.figures).toMatchObject({ segments: names.length, trouble: undefined });
    expect(host.figures.bytes).toBeLessThan(host.figures.rawBytes / 5);
    expect(readdirSync(folder).every((name) => name.endsWith('.packed'))).toBe(true);
    expect((await found(folder)).extent).toMatchObject({ blocks: 150, broken: undefined });
    expect(said).toEqual([]);
    await host.stop();
  });
});

it('leaves small segments raw, and any while the disk is kept for the candles', async () => {
  await inFolder(async (folder) => {
    const small = hosted(join(folder, 'small'), {}, 100_000);
    await small.written();
    await finished(small.host);
    expect(small.host.figures).toMatchObject({ segments: 0, trouble: undefined });
    let room = false;
    const { host, written } = hosted(join(folder, 'large'), { hasRoom: () => room });
    await written();
    await finished(host);
    expect(host.figures.segments).toBe(0);
    room = true;
    await finished(host);
    expect(host.figures.segments).toBeGreaterThan(3);
    await host.stop();
  });
});

it('leaves one raw that the system refuses, says so once, and continues', async () => {
  await inFolder(async (folder) => {
    for (const name of ['000001.packed', '000003.packed'])
      mkdirSync(join(folder, name, 'full'), { recursive: true });
    const { host, said, written } = hosted(folder);
    await written();
    await finished(host);
    expect(said).toEqual([
      expect.stringMatching(/^Segment 1 of the journal \S+ stays as it is, whole but not compacted: \S+000001\.packed cannot be replaced: .* `tickshard journals --compact` does it later\.$/),
    ]); // prettier-ignore
    expect(host.figures.trouble).toMatch(/^Segment 3 /);
    await host.stop();
    const names = readdirSync(folder);
    expect(names).toEqual(expect.arrayContaining(['000001.journal', '000002.packed', '000003.journal']));
    expect(names.filter((name) => name.startsWith('.'))).toEqual([]);
    for (const name of ['000001.packed', '000003.packed']) {
      rmdirSync(join(folder, name, 'full'));
      rmdirSync(join(folder, name));
    }
    expect((await found(folder)).extent).toMatchObject({ blocks: 150, broken: undefined });
  });
});

it('ends with its thread, whose segments stay raw', async () => {
  await inFolder(async (folder) => {
    const { host, said, written } = hosted(folder, {
      workerUrl: new URL('./dying-compactor.js', import.meta.url),
    });
    await written();
    await finished(host);
    await expect.poll(() => said).toHaveLength(1);
    expect(said[0]).toMatch(/^Segment 1 of the journal \S+ stays as it is, .*: its thread died \(.*\)\. /);
    expect(readdirSync(folder).every((name) => name.endsWith('.journal'))).toBe(true);
    await host.stop();
  });
});
