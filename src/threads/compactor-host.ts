/**
 * The main thread's side of the compactor: gives its thread the closed segments, one at a time. Whatever it cannot
 * do stays raw, and no run waits for it but at its end, within a bound.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { sleep } from '../clock.js';
import { sentenceOf } from '../errors.js';
import { MIN_COMPACTED_BYTES, removeLeftovers } from '../journal/compact.js';
import { segmentName } from '../journal/format.js';
import type { CompactionFigures } from '../journal/writer.js';
import type { CompactorTask, FromCompactor, ToCompactor } from './compactor-messages.js';
import { ThreadHost, type ThreadTask } from './thread-host.js';

/** Real ms that a run's end waits at most. A segment takes about one second. */
const PATIENCE_MS = 10_000;

export interface CompactorHostOptions {
  /** The run's own folder. */
  readonly folder: string;
  readonly ledger: SharedArrayBuffer;
  /** False while what is left of the disk is kept for the candles. */
  readonly hasRoom: () => boolean;
  /** A sentence, once, when a segment cannot be compacted. */
  readonly onTrouble: (sentence: string) => void;
  /** The compiled thread entry; default the package's own. */
  readonly workerUrl?: URL | undefined;
}

export class CompactorHost {
  readonly #options: CompactorHostOptions;
  #host: ThreadHost | undefined;
  #port: MessagePort | undefined;
  readonly #waiting: number[] = [];
  #current: number | undefined;
  #idle: () => void = () => undefined;
  #segments = 0;
  #rawBytes = 0;
  #bytes = 0;
  #trouble: string | undefined;

  constructor(options: CompactorHostOptions) {
    this.#options = options;
  }

  get figures(): CompactionFigures {
    const [segments, rawBytes, bytes, trouble] = [this.#segments, this.#rawBytes, this.#bytes, this.#trouble];
    return { segments, rawBytes, bytes, trouble };
  }

  /** Segment `number` is closed. A small one stays raw. */
  add(number: number): void {
    const file = statSync(join(this.#options.folder, segmentName(number)), { throwIfNoEntry: false });
    if (file === undefined || file.size < MIN_COMPACTED_BYTES) return;
    this.#waiting.push(number);
    this.#next();
  }

  /** Resolves with true when all is compacted that can be, or with false after PATIENCE_MS. */
  async finish(): Promise<boolean> {
    this.#send({ kind: 'hurry' });
    this.#next();
    if (this.#current === undefined) return true;
    const idle = new Promise<boolean>((resolve) => (this.#idle = () => resolve(true)));
    return Promise.race([idle, sleep(PATIENCE_MS).then(() => false)]);
  }

  /** Ends the thread at once. What it had not finished stays raw. */
  async stop(): Promise<void> {
    const current = this.#current;
    this.#waiting.length = 0;
    this.#current = undefined;
    await this.#host?.stop();
    this.#port?.close();
    if (current !== undefined) await removeLeftovers(this.#options.folder, current);
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const number = this.#options.hasRoom() ? this.#waiting.shift() : undefined;
    this.#current = number;
    if (number === undefined) return this.#idle();
    if (this.#host === undefined) this.#start();
    this.#send({ kind: 'compact', number });
  }

  #send(message: ToCompactor): void {
    this.#port?.postMessage(message);
  }

  #start(): void {
    const { workerUrl: entry = new URL('../../workers/compactor.js', import.meta.url) } = this.#options;
    this.#host = new ThreadHost({ entry });
    this.#host
      .run(
        () => this.#task(),
        (error) => {
          throw error;
        },
      )
      .catch((error: unknown) => {
        // Another thread would die of the same segment.
        this.#waiting.length = 0;
        this.#refused(`its thread died (${sentenceOf(error)})`);
      });
  }

  #task(): ThreadTask {
    const { folder, ledger } = this.#options;
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (message: FromCompactor) => this.#hear(message));
    this.#port = port1;
    const value: CompactorTask = { port: port2, folder, ledger };
    return { value, transfer: [port2] };
  }

  #hear(message: FromCompactor): void {
    if (this.#current === undefined) return;
    if (message.kind === 'failed') return this.#refused(message.sentence);
    if (message.kind === 'compacted') {
      this.#segments++;
      this.#rawBytes += message.segment.rawBytes;
      this.#bytes += message.segment.bytes;
    }
    this.#current = undefined;
    this.#next();
  }

  #refused(why: string): void {
    const { folder, onTrouble } = this.#options;
    const first = this.#trouble === undefined;
    this.#trouble = `Segment ${this.#current} of the journal ${folder} stays as it is, whole but not compacted: ${why}. \`tickshard journals --compact\` does it later.`;
    this.#current = undefined;
    if (first) onTrouble(this.#trouble);
    this.#next();
  }
}
