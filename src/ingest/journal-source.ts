/**
 * A journal as a source. It repeats the live pipeline's calls in order, so the rings get the same records, and
 * compares the journal's decisions with those made now.
 */
import { EngineError } from '../errors.js';
import { KIND, type Kind, type BlockStamp } from '../journal/format.js';
import { parseMeta, readGivenEntry, type RunMeta } from '../journal/meta.js';
import { readJournal, type JournalExtent, type JournalVisitor } from '../journal/reader.js';
import { shareNumbers, type WarmUpCandles } from '../candles/warm-up-candles.js';
import { readPolledEntry } from './polled-entry.js';
import { layPolled, tellPolled } from '../memory/polled.js';
import type { Engine } from './engine.js';
import type { MessageBatch } from '../broker/messages.js';
import { RUN_VERDICTS, type RunVerdict } from '../memory/notices.js';
import type { ConnectionEnd } from '../feed/disconnects.js';
import type { Intake } from './intake.js';
import { endOf, sumOf, textOf } from './journal-entries.js';
import { namedBy, nameOf } from '../market/instrument.js';

/** Between the last block before it and the resumption of the run; undefined: to the end. */
export interface JournalHole {
  readonly after: BlockStamp;
  readonly resumed: BlockStamp | undefined;
}

export interface JournalSummary {
  readonly folder: string;
  readonly meta: RunMeta;
  /** The last one to write; a run may have been resumed. */
  readonly lastProcess: Pick<RunMeta, 'processId' | 'processStart'>;
  /** Warm-up candles by name, as doubles (layout.ts, WARM_UP_CANDLE). */
  readonly given: Readonly<Record<string, Float64Array>>;
  readonly extent: JournalExtent;
  /** When the run ended in any way; undefined if it did not. */
  readonly ended: BlockStamp | undefined;
  /** Hashes of the run's rows by kind; undefined if it did not write them. */
  readonly sum: Readonly<Record<string, string>> | undefined;
  /** Null if it came to none, or did not write it. */
  readonly verdict: RunVerdict | null;
  /** Times that the journal lacks (FLAG.incomplete); more than one only if the run was resumed. */
  readonly lacks: readonly JournalHole[];
  /** The run came to its end although the journal does not. */
  readonly over: boolean;
  readonly frames: number;
  readonly resumes: number;
  /** Minutes that a back-fill polled. */
  readonly polled: number;
  readonly lastConnection: number;
  /** Of the first and the last block. */
  readonly first: BlockStamp;
  readonly last: BlockStamp;
  /** Openings and ends of its connections, in order. */
  readonly connections: readonly (
    | { readonly opened: BlockStamp }
    | { readonly ended: ConnectionEnd; readonly stamp: BlockStamp }
    | { /** The last stamp before a process was killed. */ readonly killed: BlockStamp }
  )[];
}

/** Builds it while a journal is read. */
export class JournalSummaryBuilder {
  meta: RunMeta | undefined;
  readonly given: Record<string, Float64Array> = {};
  readonly #folder: string;
  readonly #connections: JournalSummary['connections'][number][] = [];
  #lastProcess: JournalSummary['lastProcess'] | undefined;
  #sum: JournalSummary['sum'];
  #verdict: RunVerdict | null = null;
  #first: BlockStamp | undefined;
  #last: BlockStamp | undefined;
  #ended: BlockStamp | undefined;
  #frames = 0;
  #resumes = 0;
  #polled = 0;
  #lastConnection = 0;
  readonly #lacks: JournalHole[] = [];
  #over = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  frames(count: number, stamp: BlockStamp): void {
    this.#first ??= stamp;
    this.#last = stamp;
    this.#frames += count;
  }

  incomplete(over: boolean): void {
    if (this.#last !== undefined) this.#lacks.push({ after: this.#last, resumed: undefined });
    this.#over = over;
  }

  entry(kind: Kind, bytes: Buffer, stamp: BlockStamp): void {
    const folder = this.#folder;
    this.#first ??= stamp;
    const before = this.#last;
    this.#last = stamp;
    if (kind === KIND.meta) {
      if (before !== undefined && this.#ended === undefined) this.#connections.push({ killed: before });
      this.#lastProcess = parseMeta(bytes, folder);
      this.meta ??= this.#lastProcess as RunMeta;
    } else if (kind === KIND.given) {
      const entry = readGivenEntry(bytes);
      const instrument = entry && namedBy(entry.name, this.meta?.instruments ?? []);
      if (instrument !== undefined) this.given[nameOf(instrument)] = entry!.numbers;
    } else if (kind === KIND.opened) {
      this.#lastConnection = Math.max(this.#lastConnection, stamp.connection);
      this.#connections.push({ opened: stamp });
    } else if (kind === KIND.ended) {
      this.#lastConnection = Math.max(this.#lastConnection, stamp.connection);
      this.#connections.push({ ended: endOf(bytes, folder), stamp });
    } else if (kind === KIND.resumed) {
      this.#resumes++;
      const hole = this.#lacks.at(-1);
      if (hole !== undefined && hole.resumed === undefined)
        this.#lacks[this.#lacks.length - 1] = { ...hole, resumed: stamp };
    } else if (kind === KIND.end) this.#ended = stamp;
    else if (kind === KIND.polled) this.#polled++;
    else if (kind === KIND.sum) {
      const { verdict, ...sum } = sumOf(bytes, folder);
      this.#sum = sum;
      this.#verdict = RUN_VERDICTS.find((one) => one === verdict) ?? null;
    }
  }

  /** The summary after `extent`. Throws EngineError JOURNAL if the journal does not name its run. */
  build(extent: JournalExtent): JournalSummary {
    const folder = this.#folder;
    const { meta, given } = this;
    const [lastProcess, first, last] = [this.#lastProcess, this.#first, this.#last];
    if (meta === undefined || lastProcess === undefined || first === undefined || last === undefined)
      throw new EngineError(
        'JOURNAL',
        `${folder} ends before it says what its run was: nothing of it can be used.`,
      );
    const [ended, sum, frames, resumes, lastConnection, connections] = [
      this.#ended,
      this.#sum,
      this.#frames,
      this.#resumes,
      this.#lastConnection,
      this.#connections,
    ];
    return {
      folder,
      meta,
      lastProcess,
      given,
      extent,
      ended,
      sum,
      verdict: this.#verdict,
      lacks: this.#lacks,
      over: this.#over,
      frames,
      resumes,
      polled: this.#polled,
      lastConnection,
      first,
      last,
      connections,
    };
  }
}

/** Reads a whole journal without applying it. Throws EngineError JOURNAL if unusable. */
export async function readJournalSummary(folder: string): Promise<JournalSummary> {
  const builder = new JournalSummaryBuilder(folder);
  const extent = await readJournal(folder, {
    entry: (kind, bytes, stamp) => builder.entry(kind, bytes, stamp),
    frames: ({ count }, stamp) => builder.frames(count, stamp),
    incomplete: (over) => builder.incomplete(over),
  });
  return builder.build(extent);
}

/**
 * Reads a journal's run and warm-up candles; extent and counts cover that beginning only. Throws EngineError JOURNAL
 * if unusable.
 */
export async function readJournalHead(folder: string): Promise<JournalSummary> {
  const builder = new JournalSummaryBuilder(folder);
  let over = false;
  const extent = await readJournal(folder, {
    entry: (kind, bytes, stamp) => {
      builder.entry(kind, bytes, stamp);
      if (kind !== KIND.meta && kind !== KIND.given) over = true;
    },
    seenEnough: () => over,
  });
  return builder.build(extent);
}

/** The run's warm-up candles; undefined if it had none. */
export function warmUpCandlesOf({ meta, given }: JournalSummary): WarmUpCandles | undefined {
  if (meta.given === null) return undefined;
  return {
    volumeKind: meta.given,
    rows: Object.fromEntries(Object.entries(given).map(([name, numbers]) => [name, shareNumbers(numbers)])),
  };
}

export interface JournalSourceOptions {
  readonly folder: string;
  readonly engine: Engine;
  readonly intake: Intake;
  /** Called before each block; resolves when its time has come. */
  readonly pace?: ((stamp: BlockStamp) => Promise<void> | undefined) | undefined;
  /** Ends the reading after a block. */
  readonly signal?: AbortSignal | undefined;
}

/** Real ms between two checks of full rings, at most: a shard that takes records says so. */
const LOW_WATER_CHECK_MS = 5;
/** Frames between two publishes at full speed. */
const PUBLISH_FRAMES = 2048;
/** Records that one entry can make in a ring: held packets, its own, SEAL, GAP. */
const RECORDS_PER_ENTRY = 16;

export class JournalSource implements JournalVisitor {
  readonly #options: JournalSourceOptions;
  /** Decisions not yet found in the journal. */
  readonly #decisions: string[] = [];
  readonly #summary: JournalSummaryBuilder;
  #unpublished = 0;
  #difference: string | undefined;

  constructor(options: JournalSourceOptions) {
    this.#options = options;
    this.#summary = new JournalSummaryBuilder(options.folder);
    // Another process's arrival times say nothing of this one's latency.
    options.engine.router.fastPath.measures = false;
    const made = (kind: Kind, ...numbers: number[]): void =>
      void this.#decisions.push(`${kind} ${numbers.join(' ')}`);
    options.engine.router.observeDecisions({
      sealed: (through) => made(KIND.seal, through),
      gap: (startMs, endMs) => made(KIND.gap, startMs, endMs),
      ended: (endMs) => made(KIND.sealedEnd, endMs),
    });
  }

  /** Applies the whole journal. Resolves with its summary when all is in the rings. */
  async run(): Promise<JournalSummary> {
    const extent = await readJournal(this.#options.folder, this);
    this.#options.engine.router.publish();
    if (this.#decisions.length > 0)
      this.#noteDifference(`decided ${this.#decisions[0]}, which the run did not`);
    return this.#summary.build(extent);
  }

  /** A sentence on the first decision that differs from the run's; undefined if none. */
  get difference(): string | undefined {
    return this.#difference;
  }

  blockBegins(stamp: BlockStamp): Promise<void> | undefined {
    return this.#options.pace?.(stamp);
  }

  frames(messages: MessageBatch, stamp: BlockStamp): void {
    this.#expectRoom(messages.count + RECORDS_PER_ENTRY);
    this.#summary.frames(messages.count, stamp);
    this.#unpublished += messages.count;
    this.#options.intake.batch(messages, stamp);
  }

  entry(kind: Kind, bytes: Buffer, stamp: BlockStamp): void {
    const { intake, folder } = this.#options;
    this.#expectRoom(RECORDS_PER_ENTRY);
    this.#summary.entry(kind, bytes, stamp);
    switch (kind) {
      case KIND.text:
        intake.text(textOf(bytes, folder));
        return;
      case KIND.subscribed:
        intake.subscribed(stamp);
        return;
      case KIND.ended:
      case KIND.resumed:
        intake.disconnected();
        return;
      case KIND.tick:
        intake.advanceTo(stamp.marketMs);
        return;
      case KIND.excuse:
        intake.resetSilence(stamp.marketMs);
        return;
      case KIND.end:
        intake.end();
        return;
      case KIND.polled:
        this.#layPolled(bytes);
        return;
      case KIND.seal:
      case KIND.gap:
      case KIND.sealedEnd:
        this.#compareDecision(kind, bytes);
        return;
      // Frames arrive through `frames`; the others change no candle.
      case KIND.frame:
      case KIND.meta:
      case KIND.given:
      case KIND.opened:
      case KIND.sum:
        return;
      default:
        throw new EngineError(
          'JOURNAL',
          `${folder} holds an entry of kind ${String(kind)}, which this program does not know: use the version that wrote it.`,
        );
    }
  }

  incomplete(over: boolean): void {
    this.#summary.incomplete(over);
  }

  seenEnough(): boolean {
    return this.#options.signal?.aborted === true;
  }

  blockOver(): Promise<void> | undefined {
    const { engine, pace } = this.#options;
    const { router } = engine;
    // At full speed a wake-up a block would cost more than its frames.
    if (pace === undefined && this.#unpublished < PUBLISH_FRAMES && !router.aboveHighWater) return undefined;
    this.#unpublished = 0;
    router.publish();
    return router.aboveHighWater ? this.#belowLowWater() : undefined;
  }

  /** Our blocks hold one read of a socket; a foreign file's may exceed a ring. */
  #expectRoom(records: number): void {
    const { folder, engine } = this.#options;
    if (!engine.router.hasFree(records))
      throw new EngineError(
        'JOURNAL',
        `${folder} holds a block of more frames than any run writes into one: it is no journal of ours.`,
      );
  }

  /** Reading a file may wait; the live pipeline may not. */
  async #belowLowWater(): Promise<void> {
    const { router } = this.#options.engine;
    while (!router.belowLowWater) await router.progress(LOW_WATER_CHECK_MS);
  }

  /** Readers lay it over its minute once they know the gaps, which END completes. */
  #layPolled(bytes: Buffer): void {
    const { engine, folder } = this.#options;
    const polled = readPolledEntry(bytes, engine.places.length);
    if (polled === undefined || !layPolled(engine, polled))
      throw new EngineError(
        'JOURNAL',
        `${folder} holds a polled minute that its run does not have, or has twice; name the journal of another run.`,
      );
    tellPolled(engine.memories);
  }

  #compareDecision(kind: Kind, bytes: Buffer): void {
    const numbers = Array.from({ length: bytes.length >> 3 }, (_, k) => bytes.readDoubleLE(8 * k));
    const decision = `${kind} ${numbers.join(' ')}`;
    const made = this.#decisions.shift();
    if (made !== decision)
      this.#noteDifference(`decided ${made ?? 'nothing'} where the run decided ${decision}`);
  }

  #noteDifference(what: string): void {
    this.#difference ??= `The replay ${what} (kinds and numbers as in docs/journal-format.md).`;
  }
}
