/** The thread of `ReadAhead`: reads packs of a file, and hands over their blocks in shared memory. */
import { open, type FileHandle } from 'node:fs/promises';
import type { MessagePort } from 'node:worker_threads';
import { inflateRawSync } from 'node:zlib';
import { inflateOptions, readPack, type PackInFile } from './pack-file.js';
import { PACK_BYTES } from './packed-format.js';
import { unpack } from './unpack.js';

/** Packs in memory: one that is read, and those that wait. */
const SLOTS = 4;

export type FromUnpacker =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'blocks';
      readonly slot: number;
      /** The slot's memory, if it is another than before. */
      readonly memory: SharedArrayBuffer | undefined;
      /** Of the memory, in use. */
      readonly bytes: number;
      readonly blocks: number;
    }
  /** The next pack is damaged, and none follows. */
  | { readonly kind: 'damaged' }
  /** The system's error. */
  | { readonly kind: 'failed'; readonly error: Error };

export type ToUnpacker =
  | { readonly kind: 'read'; readonly path: string; readonly at: number; readonly count: number }
  /** The reader is done with a slot's blocks. */
  | { readonly kind: 'free'; readonly slot: number };

export class Unpacker {
  readonly #port: MessagePort;
  readonly #memories: (SharedArrayBuffer | undefined)[] = Array.from({ length: SLOTS });
  readonly #free = this.#memories.map((_, slot) => slot);
  #freed = (): void => undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Until the thread is ended. */
  run(): void {
    let reading: Promise<void> = Promise.resolve();
    this.#port.on('message', (message: ToUnpacker) => {
      if (message.kind === 'free') {
        this.#free.push(message.slot);
        this.#freed();
      } else reading = reading.then(() => this.#read(message));
    });
    this.#say({ kind: 'ready' });
  }

  #say(message: FromUnpacker): void {
    this.#port.postMessage(message);
  }

  async #read({ path, at, count }: Extract<ToUnpacker, { kind: 'read' }>): Promise<void> {
    try {
      const file = await open(path, 'r');
      try {
        await this.#packs(file, at, count);
      } finally {
        await file.close();
      }
    } catch (error) {
      this.#say({ kind: 'failed', error: error as Error });
    }
  }

  async #packs(file: FileHandle, from: number, count: number): Promise<void> {
    let at = from;
    for (let left = count; left > 0; left--) {
      while (this.#free.length === 0) await new Promise<void>((resolve) => (this.#freed = resolve));
      const slot = this.#free.pop()!;
      const pack = await readPack(file, at);
      if (pack === undefined) return this.#say({ kind: 'damaged' });
      const { rawBytes: bytes, blocks, size } = pack.header;
      const before = this.#memories[slot];
      const memory = before !== undefined && before.byteLength >= bytes ? before : roomFor(bytes);
      if (!unpacked(pack, memory)) return this.#say({ kind: 'damaged' });
      this.#memories[slot] = memory;
      this.#say({ kind: 'blocks', slot, memory: memory === before ? undefined : memory, bytes, blocks });
      at += size;
    }
  }
}

const roomFor = (bytes: number): SharedArrayBuffer => {
  const PACK_ROOM = Math.max(PACK_BYTES, bytes);
  return new SharedArrayBuffer(PACK_ROOM);
};

function unpacked(pack: PackInFile, memory: SharedArrayBuffer): boolean {
  const plain = inflated(pack);
  return plain !== undefined && unpack(pack.header, plain, Buffer.from(memory, 0, pack.header.rawBytes));
}

/** Undefined for bytes that no pack has, whose checksum matches all the same. */
function inflated({ header, body }: PackInFile): Buffer | undefined {
  try {
    return inflateRawSync(body, inflateOptions(header));
  } catch {
    return undefined;
  }
}
