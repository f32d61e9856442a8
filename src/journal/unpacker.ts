/** The thread of `ReadAhead`: reads packs of a file, and hands over their blocks in memory that goes to and fro. */
import { open, type FileHandle } from 'node:fs/promises';
import type { MessagePort } from 'node:worker_threads';
import { inflateRawSync } from 'node:zlib';
import { inflateOptions, readPack, type PackInFile } from './pack-file.js';
import { PACK_BYTES } from './packed-format.js';
import { unpack } from './unpack.js';

/** Packs that wait for the reader. */
const AHEAD = 3;

export interface UnpackedBlocks {
  readonly kind: 'blocks';
  /** Undefined: the pack is damaged, and none follows. */
  readonly memory: ArrayBuffer | undefined;
  /** Of `memory`, in use. */
  readonly bytes: number;
  readonly blocks: number;
}

export type FromUnpacker =
  | { readonly kind: 'ready' }
  | UnpackedBlocks
  /** The system's error. */
  | { readonly kind: 'failed'; readonly error: Error };

export type ToUnpacker =
  | { readonly kind: 'read'; readonly path: string; readonly at: number; readonly count: number }
  /** The reader is done with a pack's blocks. */
  | { readonly kind: 'free'; readonly memory: ArrayBuffer };

export class Unpacker {
  readonly #port: MessagePort;
  readonly #free: ArrayBuffer[] = [];
  /** Handed over, and not given back. */
  #out = 0;
  #freed = (): void => undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Until the thread is ended. */
  run(): void {
    let reading: Promise<void> = Promise.resolve();
    this.#port.on('message', (message: ToUnpacker) => {
      if (message.kind === 'free') {
        this.#free.push(message.memory);
        this.#out--;
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
      while (this.#out >= AHEAD) await new Promise<void>((resolve) => (this.#freed = resolve));
      const pack = await readPack(file, at);
      const memory = pack === undefined ? undefined : this.#unpacked(pack);
      if (pack === undefined || memory === undefined)
        return this.#say({ kind: 'blocks', memory: undefined, bytes: 0, blocks: 0 });
      const { rawBytes: bytes, blocks, size } = pack.header;
      this.#out++;
      this.#port.postMessage({ kind: 'blocks', memory, bytes, blocks } satisfies FromUnpacker, [memory]);
      at += size;
    }
  }

  #unpacked(pack: PackInFile): ArrayBuffer | undefined {
    const { header } = pack;
    const plain = inflated(pack);
    const memory = this.#memory(header.rawBytes);
    return plain !== undefined && unpack(header, plain, Buffer.from(memory, 0, header.rawBytes))
      ? memory
      : undefined;
  }

  #memory(bytes: number): ArrayBuffer {
    const free = this.#free.pop();
    return free !== undefined && free.byteLength >= bytes
      ? free
      : new ArrayBuffer(Math.max(PACK_BYTES, bytes));
  }
}

/** Undefined for bytes that no pack has, whose checksum matches all the same. */
function inflated({ header, body }: PackInFile): Buffer | undefined {
  try {
    return inflateRawSync(body, inflateOptions(header));
  } catch {
    return undefined;
  }
}
