/**
 * Unpacks compacted segments in a thread of its own, some packs ahead of the reader. The reader then does less than
 * with raw segments, whose checksums it computes itself.
 */
import { Worker } from 'node:worker_threads';
import type { FromUnpacker, ToUnpacker, UnpackedBlocks } from './unpacker.js';

export class ReadAhead {
  #worker: Worker | undefined;
  #ready = false;
  #arrived: UnpackedBlocks[] = [];
  #wanted:
    | { readonly resolve: (blocks: UnpackedBlocks) => void; readonly reject: (error: Error) => void }
    | undefined;
  #failure: Error | undefined;
  #taken: UnpackedBlocks | undefined;

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
    this.#arrived = [];
    this.#send({ kind: 'read', path, at, count });
  }

  /** The next pack's blocks, valid until the next call. Throws if the file cannot be read. */
  async next(): Promise<UnpackedBlocks> {
    const taken = this.#taken;
    this.#taken = undefined;
    if (taken?.memory !== undefined)
      this.#worker?.postMessage({ kind: 'free', memory: taken.memory } satisfies ToUnpacker, [taken.memory]);
    const blocks =
      this.#arrived.shift() ??
      (await new Promise<UnpackedBlocks>((resolve, reject) => {
        if (this.#failure === undefined) this.#wanted = { resolve, reject };
        else reject(this.#failure);
      }));
    this.#taken = blocks;
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
    else if (this.#wanted === undefined) this.#arrived.push(message);
    else {
      this.#wanted.resolve(message);
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
