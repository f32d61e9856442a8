/** Writes the rows of a recording as a run's journal: as a run would have that received them. */
import type { FrameCodec } from '../broker/broker.js';
import { SystemClock } from '../clock.js';
import { EngineError } from '../errors.js';
import { KIND, type BlockStamp } from '../journal/format.js';
import type { RunMeta } from '../journal/meta.js';
import { JournalWriter } from '../journal/writer.js';
import { MODE, Packet } from '../market/packet.js';
import { isAloneAhead, type Choice } from './choice.js';
import type { RowReceipt } from './recording-row.js';
import type { RowStore } from './row-store.js';

/** Frames of one block: a run's reads hold fewer. */
const BLOCK_FRAMES = 256;
/** Frames between two writes. */
const WRITE_FRAMES = 4096;
/** Market ms between two notes that nothing came. */
const SILENT_TICK_MS = 1000;
const NOTHING = Buffer.alloc(0);

/** The clocks at which rows came. Neither goes back. */
class ArrivalClock {
  readonly #store: RowStore;
  readonly #choice: Choice;
  #marketMs = -Infinity;
  #wallMs = -Infinity;

  constructor(store: RowStore, choice: Choice) {
    this.#store = store;
    this.#choice = choice;
  }

  /** Of row `at` in the order of arrival: market and wall clock, epoch ms. */
  at(at: number, { receivedMs, wallMs }: RowReceipt): { marketMs: number; wallMs: number } {
    const { received, order } = this.#choice;
    // Without receive times the newest stamp is the time, but for one that is alone in the future.
    const ms = received
      ? receivedMs
      : isAloneAhead(this.#store, order, at) && this.#marketMs > -Infinity
        ? this.#marketMs
        : this.#store.exchangeMs(order[at]);
    this.#marketMs = Math.max(this.#marketMs, ms);
    this.#wallMs = Math.max(this.#wallMs, received && !Number.isNaN(wallMs) ? wallMs : this.#marketMs);
    return { marketMs: this.#marketMs, wallMs: this.#wallMs };
  }
}

/** Puts what a run would have: openings, frames in blocks, silences, the end. */
class Transcript {
  readonly #journal: JournalWriter;
  readonly #silenceMs: number;
  #stamp: BlockStamp;
  #frames = 0;
  /** In the open block. */
  #blockFrames = 0;

  constructor(journal: JournalWriter, meta: RunMeta) {
    this.#journal = journal;
    this.#silenceMs = meta.silenceMs;
    this.#stamp = { connection: 0, monoMs: 0, wallMs: meta.wallMs, marketMs: meta.marketMs };
    this.#note(KIND.meta, this.#stamp, Buffer.from(JSON.stringify(meta)));
  }

  /** A row's frame. Resolves when enough is written. */
  async frame(bytes: Uint8Array, stamp: BlockStamp, subscribedMs: number): Promise<void> {
    const before = this.#stamp;
    if (stamp.connection !== before.connection) this.#connect(stamp, subscribedMs);
    else if (stamp.marketMs - before.marketMs > this.#silenceMs) this.#silence(before, stamp);
    const isNew =
      this.#blockFrames === 0 ||
      this.#blockFrames === BLOCK_FRAMES ||
      stamp.marketMs !== before.marketMs ||
      stamp.wallMs !== before.wallMs;
    if (isNew) {
      this.#journal.open(stamp);
      this.#blockFrames = 0;
    }
    this.#journal.frame(bytes);
    this.#blockFrames++;
    this.#stamp = stamp;
    if (++this.#frames % WRITE_FRAMES === 0) await this.write();
  }

  /** Throws EngineError OUTPUT if the disk refuses. */
  async write(): Promise<void> {
    this.#blockFrames = 0;
    await this.#journal.flush();
    const { trouble } = this.#journal.figures;
    if (trouble !== undefined) throw new EngineError('OUTPUT', trouble);
  }

  async end(): Promise<void> {
    this.#note(KIND.end, { ...this.#stamp, connection: 0 });
    await this.write();
    await this.#journal.conclude();
  }

  #note(kind: (typeof KIND)[keyof typeof KIND], stamp: BlockStamp, bytes: Buffer = NOTHING): void {
    this.#journal.open(stamp);
    this.#journal.put(kind, bytes);
    this.#blockFrames = 0;
  }

  #connect(stamp: BlockStamp, subscribedMs: number): void {
    const { connection } = this.#stamp;
    if (connection > 0) {
      const end = {
        connection,
        ...{ cause: 'network', reason: '', livedMs: 0 },
        sentence: 'The recording continues with another connection.',
      };
      this.#note(KIND.ended, { ...this.#stamp, connection }, Buffer.from(JSON.stringify(end)));
    }
    // What passed between subscribing and the packet, by one clock for all three.
    const elapsedMs = Number.isNaN(subscribedMs) ? 0 : Math.max(0, stamp.marketMs - subscribedMs);
    const subscribed = {
      ...stamp,
      monoMs: stamp.monoMs - elapsedMs,
      wallMs: stamp.wallMs - elapsedMs,
      marketMs: stamp.marketMs - elapsedMs,
    };
    this.#note(KIND.opened, subscribed);
    this.#note(KIND.subscribed, subscribed);
  }

  /** Without frames a run lets the clock move market time. */
  #silence(before: BlockStamp, next: BlockStamp): void {
    const lasts = next.marketMs - before.marketMs;
    for (let ms = this.#silenceMs; ms < lasts; ms += SILENT_TICK_MS)
      this.#note(KIND.tick, {
        connection: 0,
        monoMs: before.monoMs + ms,
        wallMs: before.wallMs + ms,
        marketMs: before.marketMs + ms,
      });
  }
}

/**
 * Writes the journal into `folder`, which must not hold one. `metaAt`: what the run was, from the clocks of its first
 * row. Throws EngineError OUTPUT.
 */
export async function writeRecording(
  folder: string,
  codec: FrameCodec,
  store: RowStore,
  choice: Choice,
  metaAt: (first: { marketMs: number; wallMs: number }) => RunMeta,
): Promise<void> {
  const { order, mode } = choice;
  const packet = new Packet();
  const receipt: RowReceipt = {
    receivedMs: NaN,
    wallMs: NaN,
    subscribedMs: NaN,
    arrival: NaN,
    connection: 0,
  };
  const clock = new ArrivalClock(store, choice);
  let transcript: Transcript | undefined;
  let journal: JournalWriter | undefined;
  let firstWallMs = 0;
  try {
    for (let at = 0; at < order.length; at++) {
      store.read(order[at], MODE[mode], packet, receipt);
      const { marketMs, wallMs } = clock.at(at, receipt);
      if (transcript === undefined) {
        const meta = metaAt({ marketMs, wallMs });
        journal = new JournalWriter({
          folder,
          runId: meta.runId,
          clock: new SystemClock(),
          onTrouble: () => undefined,
        });
        await journal.start({ taken: () => undefined, written: () => undefined });
        transcript = new Transcript(journal, meta);
        firstWallMs = wallMs;
      }
      const stamp = { connection: receipt.connection || 1, monoMs: wallMs - firstWallMs, wallMs, marketMs };
      await transcript.frame(codec.encode(packet), stamp, receipt.subscribedMs);
    }
    await transcript!.end();
  } catch (error) {
    await journal?.stop();
    throw error;
  }
}
