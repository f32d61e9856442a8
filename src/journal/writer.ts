/**
 * Writes a journal from the main thread, which never waits: while one group of blocks is written, the next collects
 * in memory. `GroupHooks` reports a group once the operating system has it, so nothing was used before a kill that
 * is not in the journal. fsync once a second guards against power failures.
 *
 * A disk that refuses is reported once, and the journal's last segment says that it is incomplete. Refused groups are
 * kept, up to a bound, and retried every second. Beyond the bound the journal ends at its last whole block.
 */
import type { Clock, Timer } from '../clock.js';
import { sentenceOf } from '../errors.js';
import { istStamp } from '../market/session.js';
import type { MessageBatch } from '../broker/messages.js';
import { BlockBuilder, type Blocks } from './blocks.js';
import { FLAG, type Kind, type BlockStamp } from './format.js';
import { BEGINNING, Segments, type JournalPosition } from './segments.js';

const SEGMENT_BYTES = 64 * 1024 * 1024;
/** Real ms: what a power failure can lose. */
const FSYNC_MS = 1000;
/** Real ms, while a disk refuses. */
const RETRY_MS = 1000;
/** Refused bytes kept: about ten minutes of the NIFTY 50. */
const MAX_BACKLOG_BYTES = 16 * 1024 * 1024;
/** Unwritten bytes at which reading from the socket pauses: the disk is slower than the feed. */
const HIGH_WATER_BYTES = 8 * 1024 * 1024;
const MIB = 1024 * 1024;

/** For each group: when it leaves the builder, and when written or given up. */
export interface GroupHooks {
  taken(): void;
  written(): void;
}

export interface JournalOptions {
  /** The run's own folder. */
  readonly folder: string;
  readonly runId: string;
  readonly clock: Clock;
  /** Where an earlier process stopped. */
  readonly from?: JournalPosition | undefined;
  /** False while what is left of the disk is kept for the candles. */
  readonly hasRoom?: (() => boolean) | undefined;
  /** Sentences: once when the disk refuses, when it accepts again, when the journal ends early. */
  readonly onTrouble: (sentence: string) => void;
  /** A segment takes no more, and is durable. */
  readonly onClosed?: ((number: number) => void) | undefined;
  readonly segmentBytes?: number;
  readonly maxBacklogBytes?: number;
}

/** What of a journal is compacted so far. */
export interface CompactionFigures {
  readonly segments: number;
  /** Of those segments, as they were and as they are. */
  readonly rawBytes: number;
  readonly bytes: number;
  /** Why some stay as they were, a sentence. */
  readonly trouble: string | undefined;
}

export interface JournalFigures {
  readonly folder: string;
  readonly segments: number;
  readonly blocks: number;
  readonly frames: number;
  /** As written, before anything was compacted. */
  readonly bytes: number;
  readonly compaction?: CompactionFigures | undefined;
  /** Frames not in the journal. */
  readonly missing: number;
  /** Market time of its last block, epoch ms; undefined without one. */
  readonly untilMs: number | undefined;
  /** Why it is not whole, a sentence. */
  readonly trouble: string | undefined;
}

const framesOf = (groups: readonly Blocks[]): number => groups.reduce((sum, { frames }) => sum + frames, 0);

export class JournalWriter {
  readonly #options: JournalOptions;
  readonly #builder: BlockBuilder;
  readonly #segments: Segments;
  readonly #maxBacklogBytes: number;
  #hooks: GroupHooks = { taken: () => undefined, written: () => undefined };
  #spare: Buffer = Buffer.allocUnsafe(0);
  #missing = 0;
  /** Groups that the disk refused, oldest first. */
  #backlog: Blocks[] = [];
  #backlogBytes = 0;
  #inFlightBytes = 0;
  #trouble: string | undefined;
  /** Why the oldest of the backlog was refused. */
  #refusal = '';
  /** Given up before the run's end. */
  #incomplete = false;
  /** The journal takes no more. */
  #ended = false;
  #marking: Promise<unknown> = Promise.resolve();
  #draining: Promise<void> | undefined;
  #retrying: Promise<void> | undefined;
  #fsyncTimer: Timer | undefined;
  #retryTimer: Timer | undefined;

  constructor(options: JournalOptions) {
    const {
      folder,
      runId,
      clock,
      from = BEGINNING,
      segmentBytes = SEGMENT_BYTES,
      onClosed = () => undefined,
    } = options;
    this.#options = options;
    this.#builder = new BlockBuilder(from.block);
    this.#segments = new Segments({
      folder,
      runId,
      wallMs: () => clock.wallMs(),
      from,
      segmentBytes,
      onClosed,
    });
    this.#maxBacklogBytes = options.maxBacklogBytes ?? MAX_BACKLOG_BYTES;
  }

  /** Throws the file system's error. */
  async start(hooks: GroupHooks): Promise<void> {
    this.#hooks = hooks;
    await this.#segments.start();
    this.#fsyncTimer = this.#options.clock.every(FSYNC_MS, () => {
      this.#segments
        .sync()
        .catch((error: unknown) => this.#report(`cannot be made durable (${sentenceOf(error)})`));
    });
  }

  /** A block for what arrives at `stamp`. */
  open(stamp: BlockStamp): void {
    if (!this.#ended) this.#builder.open(stamp);
  }

  /** Into the open block. */
  put(kind: Kind, payload: Uint8Array): void {
    if (!this.#ended) this.#builder.put(kind, payload);
  }

  /** A binary message into the open block. */
  frame(payload: Uint8Array): void {
    if (this.#ended) this.#missing++;
    else this.#builder.frame(payload);
  }

  /** `count` binary messages from number `first`. */
  frames(messages: MessageBatch, first: number, count: number): void {
    if (this.#ended) this.#missing += count;
    else this.#builder.frames(messages, first, count);
  }

  /** Doubles into the open block. */
  numbers(kind: Kind, ...numbers: readonly number[]): void {
    if (!this.#ended) this.#builder.numbers(kind, numbers);
  }

  /** Edits the last binary message in place, before writing. */
  changeFrame(change: (bytes: Buffer) => void): void {
    if (!this.#ended) change(this.#builder.lastFrame);
  }

  /** Closes the block and starts writing. */
  commit(): void {
    this.#builder.close();
    if (this.#ended) {
      this.#hooks.taken();
      this.#hooks.written();
    }
    this.#draining ??= this.#drain().finally(() => (this.#draining = undefined));
  }

  /** Something put is not yet written, or kept for a disk that refuses. */
  get busy(): boolean {
    return this.#builder.length > 0 || this.#draining !== undefined;
  }

  /** Reading must pause until the disk catches up. */
  get aboveHighWater(): boolean {
    return this.#builder.length + this.#inFlightBytes > HIGH_WATER_BYTES;
  }

  get figures(): JournalFigures {
    const { segments, blocks, frames, bytes } = this.#segments;
    return {
      folder: this.#options.folder,
      segments,
      blocks,
      frames,
      bytes,
      missing: this.#missing + framesOf(this.#backlog),
      untilMs: this.#segments.marketMs,
      trouble: this.#trouble,
    };
  }

  /** Resolves when everything is written, or kept for a disk that refuses. */
  async flush(): Promise<void> {
    this.commit();
    await this.#draining;
  }

  /** Resolves when everything is written, or given up. */
  async settle(): Promise<void> {
    await this.flush();
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    await this.#retrying;
    if (this.#backlog.length > 0) await this.#retryBacklog();
    if (this.#backlog.length > 0) await this.#giveUp(`the disk refused it to the end (${this.#refusal})`);
  }

  /** Resolves when everything put is on the disk for good; false if the disk does not take it. */
  async durable(): Promise<boolean> {
    await this.settle();
    if (this.#ended) return false;
    try {
      // The first call may only wait for a sync that began before the last write.
      await this.#segments.sync();
      await this.#segments.sync();
      return true;
    } catch (error) {
      this.#report(`cannot be made durable (${sentenceOf(error)})`);
      return false;
    }
  }

  /** Writes and fsyncs the rest, closes the file. May be called twice. */
  async stop(): Promise<void> {
    await this.settle();
    this.#fsyncTimer?.cancel();
    this.#ended = true;
    await this.#end(false);
  }

  /** Stops a journal whose run came to its end. One that is incomplete says so, as it has no room for the sum. */
  async conclude(): Promise<void> {
    await this.stop();
    if (this.#incomplete) await this.#mark(FLAG.incomplete | FLAG.over);
  }

  async #drain(): Promise<void> {
    // Arrivals during a write are the next group.
    while (this.#builder.length > 0) {
      const group = this.#builder.take(this.#spare);
      this.#hooks.taken();
      this.#inFlightBytes = group.length;
      await this.#put(group);
      this.#inFlightBytes = 0;
      this.#spare = group.bytes;
      this.#hooks.written();
    }
  }

  /** Writes a group; keeps it if the disk refuses. */
  async #put(group: Blocks): Promise<void> {
    if (this.#ended) this.#missing += group.frames;
    else if (this.#backlog.length > 0) await this.#addToBacklog(group);
    else {
      try {
        await this.#write(group);
      } catch (error) {
        this.#refusal = sentenceOf(error);
        this.#report(`cannot be written (${this.#refusal}); what arrives is kept and it is tried again`);
        // Before the frames are used: if the process is killed now, others must know that candles have more.
        await this.#mark(FLAG.incomplete);
        await this.#addToBacklog(group);
      }
    }
  }

  async #write(group: Blocks): Promise<void> {
    if (this.#options.hasRoom?.() === false)
      throw new Error('what is left of the disk is kept for the candles');
    await this.#segments.write(group);
  }

  /** One at a time. Resolves with why the journal's files cannot say it, the end of a sentence. */
  #mark(flags: number): Promise<string> {
    const marked = this.#marking
      .then(() => this.#segments.mark(flags))
      .then(
        () => '',
        (error: unknown) => `; its files do not say so (${sentenceOf(error)})`,
      );
    this.#marking = marked;
    return marked;
  }

  async #addToBacklog(group: Blocks): Promise<void> {
    // A copy: the group's buffer may be far larger.
    this.#backlog.push({ ...group, bytes: Buffer.from(group.bytes.subarray(0, group.length)) });
    this.#backlogBytes += group.length;
    if (this.#backlogBytes > this.#maxBacklogBytes)
      await this.#giveUp(
        `more than ${Math.round(this.#maxBacklogBytes / MIB)} MiB waited for the disk (${this.#refusal})`,
      );
    else this.#scheduleRetry();
  }

  #scheduleRetry(): void {
    this.#retryTimer ??= this.#options.clock.after(RETRY_MS, () => {
      this.#retryTimer = undefined;
      // A retry that was under way may have written all.
      if (!this.#ended && this.#backlog.length > 0)
        this.#retrying ??= this.#retryBacklog().finally(() => (this.#retrying = undefined));
    });
  }

  async #retryBacklog(): Promise<void> {
    while (this.#backlog.length > 0) {
      const [group] = this.#backlog;
      try {
        await this.#write(group);
      } catch (error) {
        // Reported when the refusal began; losses are reported at the end.
        this.#refusal = sentenceOf(error);
        this.#scheduleRetry();
        return;
      }
      // Given up during the write.
      if (this.#backlog[0] !== group) return;
      this.#backlog.shift();
      this.#backlogBytes -= group.length;
    }
    this.#trouble = undefined;
    this.#options.onTrouble(
      `The journal ${this.#options.folder} is written again; nothing of it is missing.`,
    );
    await this.#mark(0);
  }

  /** Ends the journal at its last whole block. */
  async #giveUp(why: string, group?: Blocks): Promise<void> {
    this.#ended = true;
    this.#incomplete = true;
    this.#missing += framesOf(this.#backlog) + (group?.frames ?? 0);
    this.#backlog = [];
    this.#backlogBytes = 0;
    const { marketMs } = this.#segments;
    const from = marketMs === undefined ? 'nothing of the run' : `nothing after ${istStamp(marketMs)}`;
    await this.#end(true);
    const unmarked = await this.#mark(FLAG.incomplete);
    this.#trouble = `The journal ${this.#options.folder} has ${from}: ${why}${unmarked}. Replay and --resume reach no further.`;
    this.#options.onTrouble(this.#trouble);
  }

  async #end(cut: boolean): Promise<void> {
    try {
      await this.#segments.end(cut);
    } catch (error) {
      this.#report(`cannot be made durable (${sentenceOf(error)})`);
    }
  }

  #report(what: string): void {
    if (this.#trouble !== undefined) return;
    this.#trouble = `The journal ${this.#options.folder} ${what}.`;
    this.#options.onTrouble(this.#trouble);
  }
}
