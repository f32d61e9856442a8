/**
 * Writes text to a file descriptor at the pace of its reader, and never blocks the thread on a pipe: a thread that
 * waits in the system could not be ended. The main thread has the pipe set to non-blocking (`process.stdout` does
 * that), and owns it.
 */
import { writeSync } from 'node:fs';
import { sleep } from '../clock.js';

/** Real ms between two attempts while the pipe is full: at first, and at most. */
const MIN_WAIT_MS = 1;
const MAX_WAIT_MS = 20;

export class OutputPipe {
  readonly #fd: number;
  #taken = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Bytes that the system has taken for the reader: rises while the reader reads. */
  get taken(): number {
    return this.#taken;
  }

  /** Resolves when all is taken. Throws the system's error, EPIPE if the reader has gone. */
  async write(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    let waitMs = MIN_WAIT_MS;
    for (let at = 0; at < bytes.length;) {
      const count = this.#attempt(bytes.subarray(at));
      if (count === 0) {
        await sleep(waitMs);
        waitMs = Math.min(MAX_WAIT_MS, 2 * waitMs);
        continue;
      }
      waitMs = MIN_WAIT_MS;
      at += count;
      this.#taken += count;
    }
  }

  /** 0 if the pipe is full. */
  #attempt(bytes: Buffer): number {
    try {
      return writeSync(this.#fd, bytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      throw error;
    }
  }
}
