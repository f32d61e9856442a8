/**
 * Unpacks compacted segments in a thread of its own, some packs ahead of the reader, which has other work
 * (docs/performance-tried.md).
 */
import { Worker } from 'node:worker_threads';
import type { FromUnpacker, ToUnpacker } from './unpacker.js';

/** A pack's blocks in memory; undefined for a damaged pack. */
export type AheadBlocks = { readonly bytes: Buffer; readonly blocks: number } | undefined;

interface Arrived {
  readonly slot: number | undefined;
  readonly blocks: AheadBlocks;
}

export class ReadAhead {
  #worker: Worker | undefined;
  #ready = false;
  /** Memory by slot. */
  readonly #memories: Buffer[] = [];
  #arrived: Arrived[] = [];
  #wanted:
    { readonly resolve: (blocks: Arrived) => void; readonly reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;
  /** The slot that the reader has. */
  #slot: number | undefined;

  /** Starts the thread. May be called again. */
  start(): void {
    if (this.#worker !== undefined) return;
    const worker = new Worker(new URL('../../workers/unpacker.js', import.meta.url));
    worker.on('message', (message: FromUnpacker) => this.#hear(message));
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => this.#fail(new Error('its thread ended')));
    this.#worker = worker;
  }

  /** False until the thread runs, and when it failed: the reader unpacks meanwhile. */
  get ready(): boolean {
    return this.#ready;
  }

  /** From now on `next` gives the packs of the file at `path`, `count` from offset `at` on. */
  begin(path: string, at: number, count: number): void {
    this.#send({ kind: 'read', path, at, count });
  }

  /** The next pack's blocks, valid until the next call. Throws if the file cannot be read. */
  async next(): Promise<AheadBlocks> {
    if (this.#slot !== undefined) this.#send({ kind: 'free', slot: this.#slot });
    const { slot, blocks } =
      this.#arrived.shift() ??
      (await new Promise<Arrived>((resolve, reject) => {
        if (this.#failure === undefined) this.#wanted = { resolve, reject };
        else reject(this.#failure);
      }));
    this.#slot = slot;
    return blocks;
  }

  async stop(): Promise<void> {
    this.#ready = false;
    await this.#worker?.terminate();
  }

  #send(message: ToUnpacker): void {
    this.#worker?.postMessage(message);
  }

  #hear(message: FromUnpacker): void {
    if (message.kind === 'ready') this.#ready = true;
    else if (message.kind === 'failed') this.#fail(message.error);
    else if (message.kind === 'damaged') this.#arrive({ slot: undefined, blocks: undefined });
    else {
      const { slot, memory, bytes, blocks } = message;
      if (memory !== undefined) this.#memories[slot] = Buffer.from(memory);
      this.#arrive({ slot, blocks: { bytes: this.#memories[slot].subarray(0, bytes), blocks } });
    }
  }

  #arrive(blocks: Arrived): void {
    if (this.#wanted === undefined) this.#arrived.push(blocks);
    else {
      this.#wanted.resolve(blocks);
      this.#wanted = undefined;
    }
  }

  #fail(error: Error): void {
    this.#ready = false;
    this.#failure ??= error;
    this.#wanted?.reject(this.#failure);
    this.#wanted = undefined;
  }
}
