/**
 * Journals for tests: written by the writer, and read by a reader of the test's own, made from
 * docs/journal-format.md.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SystemClock } from '../../src/clock.js';
import { KIND, type Kind, type BlockStamp } from '../../src/journal/format.js';
import { readJournal, type JournalExtent } from '../../src/journal/reader.js';
import { JournalWriter, type JournalOptions } from '../../src/journal/writer.js';
import { unpackedByDocument } from './unpacked-by-document.js';

export interface Entry {
  readonly kind: number;
  readonly bytes: string;
  readonly stamp: BlockStamp;
}

export const stampAt = (k: number): BlockStamp => ({
  connection: k % 3,
  monoMs: 1000.25 + k,
  wallMs: 1_795_000_000_000 + k,
  marketMs: 1_795_000_000_500.5 + k,
});

/** A writer, by default without hooks. */
export function writerIn(folder: string, more: Partial<JournalOptions> = {}): JournalWriter {
  return new JournalWriter({
    folder,
    runId: 'run-1',
    clock: new SystemClock(),
    onTrouble: () => undefined,
    ...more,
  });
}

/** The frame of block `k`: its length depends on k, so no two are alike. */
export const frameOf = (k: number): Buffer => Buffer.alloc(20 + (k % 7), k);

/** Writes block `k`: a frame and a decision. */
export function block(writer: JournalWriter, k: number): void {
  writer.open(stampAt(k));
  writer.frame(frameOf(k));
  if (k % 4 === 0) writer.numbers(KIND.seal, k);
  writer.commit();
}

/** A journal of `blocks` blocks, whole. */
export async function journalOf(
  folder: string,
  blocks: number,
  more: Partial<JournalOptions> = {},
): Promise<void> {
  const writer = writerIn(folder, more);
  await writer.start({ taken: () => undefined, written: () => undefined });
  for (let k = 0; k < blocks; k++) {
    block(writer, k);
    await writer.flush();
  }
  await writer.stop();
}

/** Where the segment's header ends, and each of its blocks. */
export function endsOf(segment: Buffer): number[] {
  const ends = [64];
  while (ends.at(-1)! < segment.length) ends.push(ends.at(-1)! + segment.readUInt32LE(ends.at(-1)));
  return ends;
}

/** What the program's own reader finds. */
export async function found(folder: string): Promise<{ extent: JournalExtent; entries: Entry[] }> {
  const entries: Entry[] = [];
  const extent = await readJournal(folder, {
    entry: (kind: Kind, bytes, stamp) => void entries.push({ kind, bytes: bytes.toString('hex'), stamp }),
  });
  return { extent, entries };
}

/** Reads a whole journal without checks, from the document alone. */
export function foundByDocument(folder: string): Entry[] {
  const names = readdirSync(folder).sort();
  // Of a segment that is there twice, the raw one counts.
  const chosen = names.filter(
    (name) => !name.endsWith('.packed') || !names.includes(name.replace('.packed', '.journal')),
  );
  return chosen.flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    return entriesOf(name.endsWith('.packed') ? unpackedByDocument(bytes) : bytes);
  });
}

/** The entries of a raw segment. */
export function entriesOf(bytes: Buffer): Entry[] {
  const entries: Entry[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = view.getUint16(10, true); at < bytes.length;) {
    const end = at + view.getUint32(at, true);
    const stamp = {
      connection: view.getUint32(at + 12, true),
      monoMs: view.getFloat64(at + 16, true),
      wallMs: view.getFloat64(at + 24, true),
      marketMs: view.getFloat64(at + 32, true),
    };
    for (at += 40; at < end;) {
      const length = view.getUint32(at + 4, true);
      entries.push({
        kind: bytes[at],
        bytes: bytes.subarray(at + 8, at + 8 + length).toString('hex'),
        stamp,
      });
      at += 8 + length;
    }
  }
  return entries;
}
